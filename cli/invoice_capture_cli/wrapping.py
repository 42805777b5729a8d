"""Breaking text into lines: between words, else where names have their joints, and anywhere only in what has none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells
from rich.text import Text

# Behind an underscore, a slash or a hyphen, and before a dot, but never between digits, as in amounts and dates.
_JOINT = re.compile(r"(?<=[^\d][_/\-])(?=.)|(?<=\d[_/\-])(?=\D)|(?<=.)(?=\.\D)")
_WORD = re.compile(r"\S+")


def pieces(text: str) -> Iterator[str]:
    """What is not to be broken."""
    for word in text.split():
        yield from _JOINT.split(word)


def wrapped(text: Text, width: int) -> list[Text]:
    """The lines of ``text``, none wider than ``width``, with its styles. Where it has lines of its own, they stay."""
    return [part for line in text.split("\n", allow_blank=True) for part in _lines(line, max(1, width))]


def _lines(text: Text, width: int) -> list[Text]:
    lines: list[tuple[int, int]] = []
    for begin, end in _unbroken(text.plain, width):
        if lines and cell_len(text.plain[lines[-1][0] : end]) <= width:
            lines[-1] = lines[-1][0], end
        else:
            lines.append((begin, end))
    return [text[begin:end] for begin, end in lines] or [Text()]


def _unbroken(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where words begin and end; of those that are too wide for a line, their pieces."""
    for word in _WORD.finditer(text):
        at = word.start()
        if cell_len(word[0]) <= width:
            yield at, word.end()
            continue
        for piece in _JOINT.split(word[0]):
            for part in chop_cells(piece, width):
                yield at, at + len(part)
                at += len(part)
