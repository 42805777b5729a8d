"""All that an evaluation tells: per kind and field, in all, and by group."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

from invoice_capture_cli.evaluation.groups import by_group, spreads
from invoice_capture_cli.evaluation.judging import SCORED_FIELDS, Judged, judge_all
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.reading import Reading, Refusal
from invoice_capture_cli.evaluation.scores import (
    Bin,
    LineScore,
    Score,
    calibration_error,
    confidences,
    reliability,
    rounded,
)

ALL_KINDS = "all"


@dataclass(frozen=True)
class Part:
    """The documents of one kind, or all of them."""

    kind: str
    labels: Sequence[Label]
    readings: Mapping[str, Reading]
    judged: Sequence[Judged]

    @cached_property
    def fields(self) -> dict[str, Score]:
        """The fields for which any value is wanted."""
        scores = {name: Score.of(one for one in self.judged if one.field == name) for name in SCORED_FIELDS}
        return {name: score for name, score in scores.items() if score.wanted}

    @cached_property
    def total(self) -> Score:
        return Score.of(self.judged)

    @cached_property
    def bins(self) -> list[Bin]:
        return reliability(confidences(self.judged))

    @property
    def calibration_error(self) -> float | None:
        return calibration_error(self.bins)

    def calibration_error_of(self, field: str) -> float | None:
        return calibration_error(reliability(confidences(one for one in self.judged if one.field == field)))

    @cached_property
    def lines(self) -> LineScore:
        each = (LineScore.of(label, self.readings.get(label.file)) for label in self.labels)
        return reduce(LineScore.__add__, each, LineScore(0, 0, 0, 0))

    @property
    def refused(self) -> int:
        return sum(
            label.file in self.readings and self.readings[label.file].refusal is not None for label in self.labels
        )

    @cached_property
    def seconds(self) -> list[float]:
        return [self.readings[label.file].seconds for label in self.labels if label.file in self.readings]

    def to_json(self) -> dict[str, Any]:
        fields = {
            name: score.to_json() | {"calibration_error": rounded(self.calibration_error_of(name))}
            for name, score in self.fields.items()
        }
        median, longest = (statistics.median(self.seconds), max(self.seconds)) if self.seconds else (None, None)
        return {
            "kind": self.kind,
            "documents": len(self.labels),
            "refused": self.refused,
            **self.total.to_json(),
            "calibration_error": rounded(self.calibration_error),
            "reliability": [one.to_json() for one in self.bins],
            "fields": fields,
            "lines": self.lines.to_json(),
            "seconds": {"median": rounded(median), "max": rounded(longest)},
        }


class Results:
    """Labels and readings of the same documents, judged."""

    def __init__(self, labels: Sequence[Label], readings: Mapping[str, Reading]) -> None:
        self.labels = labels
        self.readings = readings
        self.judged = judge_all(labels, readings)
        self.all = Part(ALL_KINDS, labels, readings, self.judged)

    @cached_property
    def kinds(self) -> list[Part]:
        """The documents of each kind."""
        return [
            Part(
                kind,
                [label for label in self.labels if label.kind == kind],
                self.readings,
                [one for one in self.judged if one.kind == kind],
            )
            for kind in sorted({label.kind for label in self.labels})
        ]

    @cached_property
    def refusals(self) -> list[tuple[Refusal, list[str]]]:
        """Why documents were refused, each reason with its documents, the most frequent first."""
        files: dict[Refusal, list[str]] = {}
        for label in self.labels:
            reading = self.readings.get(label.file)
            if reading and reading.refusal:
                files.setdefault(reading.refusal, []).append(label.file)
        frequency = Counter({refusal: len(those) for refusal, those in files.items()})
        return [(refusal, files[refusal]) for refusal, _ in frequency.most_common()]

    def to_json(self, *, groups: bool) -> dict[str, Any]:
        document: dict[str, Any] = {
            "kinds": [part.to_json() for part in self.kinds],
            "all": self.all.to_json(),
            "refused": [
                {"code": refusal.code, "message": refusal.message, "files": files} for refusal, files in self.refusals
            ],
            "misses": [
                {
                    "file": one.file,
                    "field": one.field,
                    "outcome": one.outcome.value,
                    "wanted": one.wanted,
                    "given": one.given,
                    "confidence": one.confidence,
                }
                for one in self.judged
                if one.counts and not one.is_right
            ],
        }
        if groups:
            each = by_group(self.judged)
            document["groups"] = {
                "spread": {name: spread.to_json() for name, spread in spreads(each).items()},
                "each": [group.to_json() for group in each],
            }
        return document
