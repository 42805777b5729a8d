"""An evaluation as tables of the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from invoice_capture_cli.evaluation.groups import WEAK, Group, by_group, spreads
from invoice_capture_cli.evaluation.results import Part, Results
from invoice_capture_cli.evaluation.scores import Score
from invoice_capture_cli.tables import Column, Sheet, clean

_SCORE_COLUMNS = ("Wanted", "Right", "Wrong", "Missing", "Recall", "Precision", "Confidence")


def all_tables(results: Results, *, groups: bool) -> Iterator[RenderableType]:
    """Fields of each kind, then the kinds, then how confidences hold, then layout groups if they are wanted."""
    parts = [*results.kinds, *([results.all] if len(results.kinds) > 1 else [])]
    for part in parts:
        yield _fields(part)
    yield _kinds(parts)
    if any(part.lines.wanted for part in parts):
        yield _lines(parts)
    if results.all.bins:
        yield _reliability(results.all)
    if groups:
        compared = by_group(results.judged)
        yield _groups(compared)
        yield Text("\n".join(spread_lines(compared)))


def _fields(part: Part) -> Sheet:
    what = "All kinds" if len({label.kind for label in part.labels}) > 1 else part.kind
    documents = _table(f"{what}: {_documents(len(part.labels))}", "Field", *_SCORE_COLUMNS)
    for name, score in part.fields.items():
        documents.add(name, *_score(score))
    documents.end_section()
    documents.add("in all", *_score(part.total), style="bold")
    return documents


def _kinds(parts: Sequence[Part]) -> Sheet:
    columns = ("Documents", "Refused", "Recall", "Precision", "Calibration error", "Median", "Longest")
    kinds = _table("Kinds of documents", "Kind", *columns)
    for part in parts:
        kinds.add(
            part.kind,
            str(len(part.labels)),
            str(part.refused) if part.refused else "–",
            share(part.total.recall),
            share(part.total.precision),
            "–" if part.calibration_error is None else f"{part.calibration_error:.3f}",
            f"{statistics.median(part.seconds):.3f} s" if part.seconds else "–",
            f"{max(part.seconds):.3f} s" if part.seconds else "–",
        )
    return kinds


def _lines(parts: Sequence[Part]) -> Sheet:
    items = _table(
        "Line items: description, quantity and amount",
        "Kind",
        "Wanted",
        "Right",
        "Recall",
        "Precision",
        "Word for word",
    )
    for part in parts:
        lines = part.lines
        if lines.wanted:
            exact = share(lines.exact / lines.wanted)
            items.add(
                part.kind, str(lines.wanted), str(lines.right), share(lines.recall), share(lines.precision), exact
            )
    return items


def _reliability(part: Part) -> Sheet:
    bins = _table("Confidences: what they say, and what is right", "Confidence", "Values", "Mean", "Right")
    for one in part.bins:
        bins.add(f"{one.lower:.1f} to {one.upper:.1f}", str(one.count), f"{one.confidence:.3f}", share(one.right))
    return bins


def _groups(groups: Sequence[Group]) -> Sheet:
    columns = ("Kinds", "Documents", "Wanted", "Recall", "Precision")
    each = _table("Layout groups", "Group", *columns)
    for group in groups:
        each.add(
            clean(group.name, "yellow" if group.is_weak else ""),
            ", ".join(group.kinds),
            str(group.documents),
            str(group.score.wanted),
            share(group.score.recall),
            share(group.score.precision),
        )
    return each


def spread_lines(groups: Sequence[Group]) -> Iterator[str]:
    """How far the groups lie apart, in words; the weak ones are counted."""
    for name, spread in spreads(groups).items():
        yield (
            f"{name} of {spread.count} groups: least {share(spread.least)}, quartiles {share(spread.lower_quartile)}, "
            f"{share(spread.median)}, {share(spread.upper_quartile)}, most {share(spread.most)}, "
            f"standard deviation {100 * spread.deviation:.1f} points"
        )
    yield f"groups below {share(WEAK)} in recall or precision: {sum(group.is_weak for group in groups)}"


def _score(score: Score) -> Sequence[str]:
    counts = (score.wanted, score.right, score.wrong, score.missing)
    sure = "–" if score.confidence is None else f"{score.confidence:.3f}"
    return [*map(str, counts), share(score.recall), share(score.precision), sure]


def _table(title: str, first: str, *others: str) -> Sheet:
    names = {"Kinds"}
    return Sheet(
        title,
        Column(first, wraps=True),
        *(Column(name, right=name not in names, wraps=name in names) for name in others),
    )


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


def share(value: float | None) -> str:
    """A share in percent; a dash when there is nothing to share."""
    return "–" if value is None else f"{100 * value:.1f} %"
