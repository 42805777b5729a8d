"""Invoices drawn in plain text, one file each: what is in them, an empty line, and the page.

The place of a text on the page is its column and row. Two spaces or more set texts apart, `^` sets a line large, and a
line `---` begins a new page. Amounts end at their last column, as in print. A value may be followed by `derived`, when
it is not printed but follows from what is. All firms and people are invented.
"""

import io
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources

from reportlab.pdfgen import canvas

WIDTH, HEIGHT = 595, 842
LEFT, TOP, COLUMN, ROW = 36, 40, 5.0, 12.5
SIZE, LARGE = 8.5, 15
_AMOUNT = re.compile(
    r"[-(]?\s?(?:[A-Z]{3}|US\$|R\$|[€$£]|kr\.?)?\s?-?\d[\d., '’]*[.,]\d\d\)?\s?(?:[A-Z]{3}|[€$£%]|Kc|kr\.?|zl|Euro)?"
)
_STROKED = str.maketrans("łŁ", "lL")


@dataclass(frozen=True)
class MockUp:
    """`values` are by path, such as supplier.name; `derived` are the paths of those that are not printed."""

    values: dict[str, str]
    derived: frozenset[str]
    pages: tuple[str, ...]

    def pdf(self) -> bytes:
        buffer = io.BytesIO()
        paper = canvas.Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1)
        for page in self.pages:
            _draw(paper, page)
        paper.save()
        return buffer.getvalue()


def names() -> list[str]:
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(name.removesuffix(".txt") for name in files if name.endswith(".txt"))


def mock_up(name: str) -> MockUp:
    head, _, pages = _printable((resources.files(__name__) / f"{name}.txt").read_text(encoding="utf-8")).partition(
        "\n\n"
    )
    pairs = dict(line.split(": ", 1) for line in head.splitlines())
    return MockUp(
        {path: value.removesuffix(" derived") for path, value in pairs.items()},
        frozenset(path for path, value in pairs.items() if value.endswith(" derived")),
        tuple(pages.split("\n---\n")),
    )


def _printable(text: str) -> str:
    """`text` in the letters that the standard fonts of PDF have; the others lose their accents."""
    return "".join(
        character if _is_in_standard_fonts(character) else unicodedata.normalize("NFKD", character)[0]
        for character in text.translate(_STROKED)
    )


def _is_in_standard_fonts(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _draw(paper: canvas.Canvas, page: str) -> None:
    top = float(TOP)
    for row in page.split("\n"):
        large, line = row.startswith("^"), row.removeprefix("^")
        size = LARGE if large else SIZE
        paper.setFont("Helvetica", size)
        top += size - SIZE
        for match in re.finditer(r"\S+(?: \S+)*", line):
            if _AMOUNT.fullmatch(match[0]):
                paper.drawRightString(LEFT + COLUMN * match.end(), HEIGHT - top, match[0])
            else:
                paper.drawString(LEFT + COLUMN * match.start(), HEIGHT - top, match[0])
        top += ROW + size - SIZE
    paper.showPage()
