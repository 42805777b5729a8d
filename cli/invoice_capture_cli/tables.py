"""How every table looks, of the command line and of the local stack.

Numbers, amounts, dates and ids stand whole, on one line each, and nothing is ever cut off. A column in which nothing
stands is not drawn. A table that is too wide for its terminal gives way in this order, as far as needed:

1. Texts wrap, down to 32 characters.
2. Columns give way in their turns. What a person needs then stands below another column, in further lines of the row;
   what is only good to know leaves.
3. Texts wrap down to 12 characters.
4. Every row becomes a list of its values, one below the other, and all columns are back.

What is redirected has no width, unless COLUMNS gives it one: every row stands as it is.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from invoice_capture_cli.wrapping import pieces, wrapped

# More than any table needs, in characters, as all of these.
_NO_WIDTH = 1_000_000
_COMFORTABLE = 32
_LEAST = 12
# A number or an id within a text is wider than those, and stands whole all the same.
_WIDEST_PIECE = 40
_GAP = 2
_INDENT = "  "


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """A reader that has seen enough is no failure; rich would make it one."""
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """Standard output or standard error."""
    stream = sys.stderr if stderr else sys.stdout
    is_free = not stream.isatty() and "COLUMNS" not in os.environ
    return _Console(stderr=stderr, highlight=False, emoji=False, width=_NO_WIDTH if is_free else None)


def show_parts(console: Console, *parts: RenderableType) -> None:
    """Print tables and texts, with room around them."""
    console.print(Padding(Group(*parts), (1, 0, 1, 1), expand=False))


def clean(value: object, style: str = "") -> Text:
    """A value on one line, without what would move the cursor or turn the direction of writing."""
    characters = (
        " " if category == "Cc" or category.startswith("Z") else character
        for character in str(value)
        if (category := unicodedata.category(character)) not in {"Cf", "Cs"}
    )
    return Text("".join(characters), style=style)


def heading(title: str, simulated: Collection[str] = ()) -> str:
    """A title that says which providers were only simulated."""
    return " · ".join([title, *(provider_name(name, simulated=True) for name in sorted(simulated))])


def provider_name(name: str, *, simulated: bool) -> str:
    return f"{name} (simulated)" if simulated else name


@dataclass(frozen=True)
class Column:
    """What stands below ``title``. A text ``wraps``; all else is never broken.

    ``turn`` says when it gives way, 1 before 2, never when 0: then it stands ``below`` the column of this title, or
    leaves where none is named.
    """

    title: str
    style: str = ""
    right: bool = False
    wraps: bool = False
    turn: int = 0
    below: str = ""


@dataclass(frozen=True)
class _Slot:
    """The columns that stand in one, the first at the top."""

    columns: tuple[Column, ...]

    def indent(self, column: Column) -> str:
        """What shows that a value belongs to the one above it."""
        return "" if column.right or column == self.columns[0] else _INDENT


@dataclass(frozen=True)
class _Row:
    cells: dict[str, Text]
    style: str
    ends_section: bool = False


class Sheet:
    """A table that finds its form when it is drawn. Titles of columns differ."""

    def __init__(self, title: str, *columns: Column) -> None:
        self.title = title
        self._columns = columns
        self._rows: list[_Row] = []

    def add(self, *cells: str | Text, style: str = "") -> None:
        """A row. What comes from documents is given as str: it is made harmless here."""
        texts = (clean(cell) if isinstance(cell, str) else cell for cell in cells)
        self._rows.append(_Row({column.title: text for column, text in zip(self._columns, texts, strict=True)}, style))

    def end_section(self) -> None:
        """What follows stands apart."""
        self._rows[-1] = replace(self._rows[-1], ends_section=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._drawn(options.max_width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._drawn(options.max_width))

    def _drawn(self, room: int) -> Group:
        slots = self._slots(room)
        table = self._table(slots, room) if slots else self._list(room)
        title = [Text(self.title, style="bold")] if self.title else []
        return Group(*title, table, Text())

    # --- which columns stand where ------------------------------------------------------------------------------------

    def _slots(self, room: int) -> list[_Slot]:
        """None when no order of columns fits."""
        slots = [_Slot((column,)) for column in self._filled()]
        turns = sorted((column for column in self._filled() if column.turn), key=lambda column: column.turn)
        for column in turns:
            if self._least(slots, _COMFORTABLE) > room:
                slots = _given_way(slots, column)
        return slots if self._least(slots, _LEAST) <= room else []

    def _filled(self) -> Sequence[Column]:
        return [column for column in self._columns if any(row.cells[column.title].plain for row in self._rows)]

    def _least(self, slots: Sequence[_Slot], text_width: int) -> int:
        """The width of the table when its texts have that much."""
        return sum(self._slot_width(slot, text_width) for slot in slots) + _GAP * (len(slots) - 1)

    def _slot_width(self, slot: _Slot, text_width: int | None = None) -> int:
        """None leaves texts as they are."""
        return max(self._width(column, text_width) + len(slot.indent(column)) for column in slot.columns)

    def _width(self, column: Column, text_width: int | None) -> int:
        lines = [line for row in self._rows for line in row.cells[column.title].plain.split("\n")]
        widest = max(map(cell_len, lines))
        if column.wraps and text_width is not None:
            piece = max((cell_len(piece) for line in lines for piece in pieces(line)), default=0)
            widest = min(widest, max(text_width, min(piece, _WIDEST_PIECE)))
        return max(widest, cell_len(column.title))

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _table(self, slots: Sequence[_Slot], room: int) -> Table:
        table = Table(
            box=box.SIMPLE_HEAD, header_style="dim", padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, expand=False
        )
        widths = self._widths(slots, room)
        for slot, width in zip(slots, widths, strict=True):
            header = "\n".join(slot.indent(column) + column.title for column in slot.columns)
            table.add_column(
                Text(header), justify="right" if slot.columns[0].right else "left", width=width, overflow="fold"
            )
        for row in self._rows:
            cells = [_cell(row, slot, width) for slot, width in zip(slots, widths, strict=True)]
            table.add_row(*cells, style=row.style, end_section=row.ends_section)
        return table

    def _widths(self, slots: Sequence[_Slot], room: int) -> list[int]:
        """As much as each slot needs, and where that is too much, texts as equal as they can be."""
        natural = [self._slot_width(slot) for slot in slots]
        widths = [self._slot_width(slot, _LEAST) for slot in slots]
        left = room - _GAP * (len(slots) - 1) - sum(widths)
        while left > 0 and (short := [place for place, width in enumerate(widths) if width < natural[place]]):
            narrowest = min(short, key=lambda place: widths[place])
            widths[narrowest] += 1
            left -= 1
        return widths

    def _list(self, room: int) -> Table:
        """Each row as a list of its values."""
        listed = Table.grid(padding=(0, _GAP, 0, 0))
        names = max(cell_len(column.title) for column in self._filled())
        listed.add_column(style="dim", width=names)
        listed.add_column(overflow="fold")
        for row in self._rows:
            if row is not self._rows[0]:
                listed.add_row("", "")
            for column in self._filled():
                if text := _styled(row.cells[column.title], column):
                    listed.add_row(column.title, Text("\n").join(wrapped(text, room - names - _GAP)), style=row.style)
        return listed


def _given_way(slots: Sequence[_Slot], column: Column) -> list[_Slot]:
    """Without a slot for ``column``, which stands below the one that it names, if that is there."""
    others = [slot for slot in slots if slot.columns[0] != column]
    return [
        _Slot((*slot.columns, column)) if column.below and slot.columns[0].title == column.below else slot
        for slot in others
    ]


def _cell(row: _Row, slot: _Slot, width: int) -> Text:
    lines = []
    for column in slot.columns:
        if text := _styled(row.cells[column.title], column):
            indent = slot.indent(column)
            lines += [Text(indent).append_text(line) for line in wrapped(text, width - len(indent))]
    return Text("\n").join(lines)


def _styled(text: Text, column: Column) -> Text:
    styled = text.copy()
    styled.stylize_before(column.style)
    return styled
