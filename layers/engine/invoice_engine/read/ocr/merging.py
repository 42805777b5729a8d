"""Two readings of one page made into one: of each line, what was read with more certainty."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median

from invoice_engine.read.ocr.tsv import Read, ReadPage, lines_of_read

# Words of less confidence (of 100) speak against a reading, the more letters they have; others speak for it.
NEUTRAL = 50.0
# The second reading of a line must be better by this part: less says nothing, and the first way is the better one.
MARGIN = 0.1
# Lines of two readings are the same when they share this part of the lower one's height.
SAME_HEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class _Line:
    words: tuple[Read, ...]
    of_second: bool
    left: float
    top: float
    right: float
    bottom: float

    def is_same(self, other: "_Line") -> bool:
        """Whether both are readings of the same print."""
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        across = min(self.right, other.right) - max(self.left, other.left)
        lower = min(self.bottom - self.top, other.bottom - other.top)
        return self.of_second != other.of_second and across > 0 and down > SAME_HEIGHT * lower


def certainty(words: Iterable[Read]) -> float:
    """The mean confidence, from 0 to 100, in which each letter and digit counts the same. 0 without any."""
    weighed = [(_letters(word), word.confidence) for word in words]
    letters = sum(count for count, _ in weighed)
    return sum(count * confidence for count, confidence in weighed) / letters if letters else 0.0


def merged(first: ReadPage, second: ReadPage) -> ReadPage:
    """The page in the size of `first`, which may differ from that of `second`.

    Where one reading has a line in two, and the other in one, they are compared together.
    """
    across, down = first.width / second.width, first.height / second.height
    scaled = [
        replace(
            word,
            line=("second", *word.line),
            left=word.left * across,
            right=word.right * across,
            top=word.top * down,
            bottom=word.bottom * down,
        )
        for word in second.words
    ]
    lines = [_line(words, False) for words in lines_of_read(first.words)]
    lines += [_line(words, True) for words in lines_of_read(scaled)]
    chosen = [line for group in _groups(lines) for line in _better(group)]
    return ReadPage(first.width, first.height, tuple(word for line in chosen for word in line.words))


def _line(words: Sequence[Read], of_second: bool) -> _Line:
    return _Line(
        tuple(words),
        of_second,
        min(word.left for word in words),
        median(word.top for word in words),
        max(word.right for word in words),
        median(word.bottom for word in words),
    )


def _groups(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Lines that are readings of the same print, however many of either reading."""
    within_reach: list[list[_Line]] = []
    for line in sorted(lines, key=lambda line: (line.top, line.left)):
        yield from (group for group in within_reach if not _reaches(group, line))
        near = [group for group in within_reach if _reaches(group, line)]
        same = [group for group in near if any(line.is_same(other) for other in group)]
        within_reach = [group for group in near if group not in same]
        within_reach.append([*chain.from_iterable(same), line])
    yield from within_reach


def _reaches(group: Sequence[_Line], line: _Line) -> bool:
    return max(other.bottom for other in group) > line.top


def _better(group: Sequence[_Line]) -> list[_Line]:
    first = [line for line in group if not line.of_second]
    second = [line for line in group if line.of_second]
    return second if _worth(second) > _worth(first) + MARGIN * abs(_worth(first)) else first


def _worth(lines: Iterable[_Line]) -> float:
    return sum(_letters(word) * (word.confidence - NEUTRAL) for line in lines for word in line.words)


def _letters(word: Read) -> int:
    return sum(map(str.isalnum, word.text))
