"""``dashboard``: the figures of CloudWatch's dashboard, in the terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from invoice_capture_cli.dashboard_figures import Dashboard, Drawn, Widget
from invoice_capture_cli.errors import ALL_WELL, STOPPED, Aborted
from invoice_capture_cli.running import Run
from invoice_capture_cli.tables import clean, heading, show_parts

# CloudWatch is asked about some thirty metrics at each look, and charges a cent for a thousand.
EVERY_SECONDS_HERE, EVERY_SECONDS_AT_AWS = 3.0, 60.0
_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = 36
_FIGURE_WIDTH = 9
# Labels have more room below each other than side by side, which is how two widgets stand from a width on.
_LABEL_BELOW, _LABEL_BESIDE = 28, 19
_WIDE = 138

Seen = Sequence[tuple[Widget, Sequence[Drawn]]]


def dashboard(run: Run, hours: float, every_seconds: float | None, *, once: bool) -> int:
    """Draw the last hours, again and again on a terminal. Raises CommandError."""
    shown = Dashboard(run.target.stack("The dashboard"))
    widgets = shown.widgets()

    def look() -> Seen:
        now = datetime.now(UTC)
        return [(widget, shown.drawn(widget, now, hours, _COLUMNS)) for widget in widgets]

    if run.json:
        run.emit({"hours": hours, "widgets": [_as_json(widget, drawn) for widget, drawn in look()]})
    elif once or not run.out.is_terminal:
        show_parts(run.out, _page(run, look(), hours))
    else:
        every = every_seconds or (EVERY_SECONDS_HERE if run.target.endpoint else EVERY_SECONDS_AT_AWS)
        _draw_again(run, look, hours, every)
    return ALL_WELL


def _draw_again(run: Run, look: Any, hours: float, every_seconds: float) -> None:
    try:
        with Live(console=run.out, auto_refresh=False, screen=True) as live:
            while True:
                caption = Text(f"Every {every_seconds:g} s; Ctrl-C stops looking, nothing else", style="dim")
                live.update(Group(_page(run, look(), hours), caption), refresh=True)
                time.sleep(every_seconds)
    except KeyboardInterrupt:
        raise Aborted("Stopped looking; the stack goes on.", STOPPED) from None


def _page(run: Run, seen: Seen, hours: float) -> Group:
    title = Text(heading(f"Stack {run.target.stack_name}, the last {hours:g} h", run.target.simulated), style="bold")
    if not any(drawn for _, drawn in seen):
        nothing = f"Nothing was measured in the last {hours:g} h. Submit a document, or look further back with --hours."
        return Group(title, Text(nothing))
    is_wide = run.out.width >= _WIDE
    parts = [_part(widget, drawn, _LABEL_BESIDE if is_wide else _LABEL_BELOW) for widget, drawn in seen]
    if not is_wide:
        return Group(title, *parts)
    grid = Table.grid(padding=(0, 4, 0, 0))
    for left, right in zip(parts[::2], [*parts[1::2], Text()], strict=False):
        grid.add_row(left, right)
    return Group(title, Text(), grid)


def _part(widget: Widget, drawn: Sequence[Drawn], label_width: int) -> RenderableType:
    if not drawn:
        return Text.assemble((widget.title, "bold"), "  ", ("nothing yet", "dim"))
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=label_width, no_wrap=True, overflow="ellipsis")
    table.add_column(width=_COLUMNS, style="cyan")
    table.add_column(width=_FIGURE_WIDTH, justify="right")
    for each in drawn:
        table.add_row(clean(each.series.label), _bars(each.values), _figure(each.figure))
    return Group(Text(widget.title, style="bold"), table)


def _bars(values: Sequence[float | None]) -> str:
    """One character a period, a blank where nothing was measured; as high as its share of the largest."""
    largest = max((value for value in values if value is not None), default=0.0)
    return "".join(" " if value is None else _bar(value, largest) for value in values).rjust(_COLUMNS)


def _bar(value: float, largest: float) -> str:
    return _BARS[round((len(_BARS) - 1) * value / largest)] if largest > 0 else _BARS[0]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.1f}"


def _as_json(widget: Widget, drawn: Sequence[Drawn]) -> Mapping[str, Any]:
    series = [
        {
            "label": each.series.label,
            "metric": each.series.name,
            "dimensions": dict(each.series.dimensions),
            "stat": each.series.stat,
            "figure": each.figure,
            "values": list(each.values),
        }
        for each in drawn
    ]
    return {"title": widget.title, "series": series}
