"""Figures that are to hold: what a benchmark reached beside its bound, and the exit status that follows from it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

COLLECT = "FIGURES_FILE"
"""The environment's name of a file to which every benchmark adds its figures, one JSON object a line."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``unit`` stands behind both numbers: %, MB, s. A share counts from 0 to 1 and is shown in percent."""

    name: str
    reached: float
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """What is no number, because nothing was measured, doesn't."""
        return self.reached >= self.bound if self.at_least else self.reached <= self.bound

    @property
    def reached_text(self) -> str:
        return self._text(self.reached)

    @property
    def bound_text(self) -> str:
        return f"{'at least' if self.at_least else 'at most'} {self._text(self.bound)}"

    def _text(self, number: float) -> str:
        if self.unit == "%":
            return f"{100 * number:.4g} %"
        return f"{number:.4g} {self.unit}".rstrip()


def share(name: str, reached: float | None, bound: float) -> Figure:
    """A share, from 0 to 1, that is to be as large as can be."""
    return Figure(name, float("nan") if reached is None else reached, bound, "%", at_least=True)


def conclude(figures: Iterable[Figure]) -> int:
    """Print each figure, and whether it holds. The exit status: 1 when one is missed, or when there is none."""
    shown = list(figures)
    width = max((len(figure.name) for figure in shown), default=0)
    for figure in shown:
        verdict = "held" if figure.holds else "MISSED"
        print(f"{figure.name:{width}}  {figure.reached_text:>12}, {figure.bound_text}: {verdict}")
    if collected := os.environ.get(COLLECT):
        with Path(collected).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(figure)) + "\n" for figure in shown)
    return 0 if shown and all(figure.holds for figure in shown) else 1
