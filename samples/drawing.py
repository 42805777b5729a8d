"""A page measured in millimetres from its top left corner, with the few shapes an invoice needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

Align = Literal["left", "right", "centre"]
INK = "#1f2430"
GREY = "#6b7280"


@dataclass(frozen=True)
class Column:
    """A table column. `x` (mm) is its left edge, or its right edge when it is aligned to the right."""

    title: str
    x: float
    align: Align = "left"


class Sheet:
    """A PDF in the making; `bold` and plain text use one of the standard fonts, which need no embedding."""

    def __init__(
        self,
        title: str,
        author: str,
        *,
        size: tuple[float, float] = A4,
        face: Literal["Helvetica", "Times", "Courier"] = "Helvetica",
    ) -> None:
        self._buffer = BytesIO()
        # Compressed streams differ between zlib builds, time stamps between runs: the files must not.
        self.canvas = Canvas(self._buffer, pagesize=size, pageCompression=0, invariant=1)
        self.canvas.setTitle(title)
        self.canvas.setAuthor(author)
        self._height = size[1]
        self._fonts = ("Times-Roman", "Times-Bold") if face == "Times" else (face, f"{face}-Bold")

    def text(
        self,
        x: float,
        y: float,
        value: str,
        *,
        size: float = 9,
        bold: bool = False,
        colour: str = INK,
        align: Align = "left",
    ) -> None:
        """Write one line; `x` is its left end, right end or middle, `y` its baseline, `size` in points."""
        self.canvas.setFont(self._fonts[bold], size)
        self.canvas.setFillColor(HexColor(colour))
        draw = {
            "left": self.canvas.drawString,
            "right": self.canvas.drawRightString,
            "centre": self.canvas.drawCentredString,
        }[align]
        draw(x * mm, self._y(y), value)

    def paragraph(
        self,
        x: float,
        y: float,
        lines: Iterable[str],
        *,
        size: float = 9,
        leading: float = 4.6,
        colour: str = INK,
        align: Align = "left",
    ) -> float:
        """Write lines below each other and return the baseline (mm) after the last."""
        for line in lines:
            self.text(x, y, line, size=size, colour=colour, align=align)
            y += leading
        return y

    def rule(self, x: float, y: float, width: float, *, weight: float = 0.6, colour: str = INK) -> None:
        self.canvas.setStrokeColor(HexColor(colour))
        self.canvas.setLineWidth(weight)
        self.canvas.line(x * mm, self._y(y), (x + width) * mm, self._y(y))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        stroke: str | None = None,
    ) -> None:
        """Draw a rectangle whose top left corner is at x, y."""
        if fill:
            self.canvas.setFillColor(HexColor(fill))
        if stroke:
            self.canvas.setStrokeColor(HexColor(stroke))
            self.canvas.setLineWidth(0.6)
        self.canvas.rect(
            x * mm,
            self._y(y + height),
            width * mm,
            height * mm,
            fill=fill is not None,
            stroke=stroke is not None,
        )

    def circle(self, x: float, y: float, radius: float, *, fill: str) -> None:
        self.canvas.setFillColor(HexColor(fill))
        self.canvas.circle(x * mm, self._y(y), radius * mm, stroke=0, fill=1)

    def shape(self, points: Sequence[tuple[float, float]], *, fill: str) -> None:
        """Fill the polygon with these corners."""
        path = self.canvas.beginPath()
        path.moveTo(points[0][0] * mm, self._y(points[0][1]))
        for x, y in points[1:]:
            path.lineTo(x * mm, self._y(y))
        path.close()
        self.canvas.setFillColor(HexColor(fill))
        self.canvas.drawPath(path, stroke=0, fill=1)

    def row(
        self,
        columns: Sequence[Column],
        cells: Sequence[str],
        y: float,
        *,
        size: float = 9,
        bold: bool = False,
        colour: str = INK,
    ) -> None:
        """Write one table row on the baseline `y`."""
        for column, cell in zip(columns, cells, strict=True):
            self.text(column.x, y, cell, size=size, bold=bold, colour=colour, align=column.align)

    def next_page(self) -> None:
        self.canvas.showPage()

    def finish(self) -> bytes:
        self.canvas.save()
        return self._buffer.getvalue()

    def _y(self, y: float) -> float:
        return self._height - y * mm
