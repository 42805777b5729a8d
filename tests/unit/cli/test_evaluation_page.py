"""The page of misses: every value at its place, and nothing that a document says is more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from invoice_capture_cli.evaluation.engine import read_document
from invoice_capture_cli.evaluation.labels import Label
from invoice_capture_cli.evaluation.misses import choose_misses
from invoice_capture_cli.evaluation.page import render
from invoice_capture_cli.evaluation.pictures import draw_pages
from invoice_capture_cli.evaluation.reading import Place, Reading, Refusal
from invoice_capture_cli.evaluation.results import Results
from tests.unit.cli.conftest import Cli
from tests.unit.cli.labelled import PRINTED, SHEET, a_picture, a_row, an_invoice, write
from tests.unit.engine import documents

ABOUT = {"folder": "letters", "version": "1", "made": "today"}
BOX = [0.1, 0.2, 0.3, 0.25]


class Elements(HTMLParser):
    """All elements with their attributes, and all text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in {"style", "script"}:
            self.text += data

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.found if name in (attributes.get("class") or "").split()]


def a_leaf(value: str | None, *candidates: str, page: int | None = 0) -> dict[str, Any]:
    others = [{"value": one, "confidence": 0.25, "page": page, "box": BOX, "source": "text"} for one in candidates]
    box = None if value is None else BOX
    return {
        "value": value,
        "confidence": 0.5,
        "page": None if value is None else page,
        "box": box,
        "candidates": others,
    }


def results_of(label: Label, reading: Reading) -> Results:
    return Results([label], {label.file: reading})


def a_miss(wanted: str, given_: str | None, *candidates: str, file: str = "a.pdf") -> Results:
    label = Label(file, "digital", "g", {"supplier": wanted}, {}, [])
    return results_of(label, Reading(file, 1.0, {"supplier": a_leaf(given_, *candidates)}, pages=1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [a_row("a.pdf", total="100.00", invoice_id="X-1", date="2026-04-01"), a_row("b.pdf", group="other")]
    return write(tmp_path / "labelled", *rows, a=an_invoice(), b=an_invoice())


def test_the_page_of_a_real_folder(bare: Cli, folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "misses.html"
    result = bare("evaluate", folder, "--page", page)
    assert result.exit_code == 0, result.output
    assert f"{page} shows 3 wrong, " in result.stderr
    elements = Elements(page.read_text(encoding="utf-8"))
    misses = {miss["data-field"]: miss for miss in elements.of_class("miss")}
    assert {name for name, miss in misses.items() if miss["data-outcome"] == "wrong"} == {"total", "date", "invoice_id"}
    # The other document has values that are not labelled.
    pictures = [attributes["alt"] for tag, attributes in elements.found if tag == "img"]
    assert pictures == ["Page 1 of a.pdf", "Page 1 of b.pdf"]
    roles = {
        role: {mark["data-miss"] for mark in elements.of_class("mark") if role in (mark["class"] or "")}
        for role in ("given", "wanted")
    }
    numbers = {name: miss["data-number"] for name, miss in misses.items()}
    assert numbers["total"] in roles["given"] & roles["wanted"]
    assert numbers["date"] in roles["wanted"]
    assert numbers["invoice_id"] not in roles["wanted"]
    assert "not found among the words of the pages" in elements.text


def test_wanted_values_are_found_where_they_are_printed(folder: Path) -> None:
    label = Label("a.pdf", "digital", "g", {"total": "100.00", "due_date": "2026-03-02", "iban": "DE0"}, {}, [])
    places = read_document(folder, "a.pdf", label).places
    [total] = places["total"]
    assert total.page == 0
    # Drawn at 480 points from the left and 300 from the top of an A4 sheet, 9 points high.
    assert total.box[0] == pytest.approx(480 / 595, abs=0.01)
    assert total.box[3] == pytest.approx(300 / 842, abs=0.01)
    [due] = places["due_date"]
    assert due.box[0] == pytest.approx(460 / 595, abs=0.01)
    assert "iban" not in places


@pytest.mark.parametrize(
    ("wanted", "found"), [("KL-2026-17", 1), ("2026-17", 1), ("17", 0), ("KL-2026-18", 0), ("K", 0)]
)
def test_a_short_text_within_a_word_is_there_by_chance(folder: Path, wanted: str, found: int) -> None:
    label = Label("a.pdf", "digital", "g", {"swift": wanted}, {}, [])
    assert len(read_document(folder, "a.pdf", label).places.get("swift", ())) == found


def test_values_that_are_right_are_not_looked_for(folder: Path) -> None:
    assert read_document(folder, "a.pdf", Label("a.pdf", "digital", "g", PRINTED, {}, [])).places == {}


def test_a_name_in_two_lines_is_found_in_both(tmp_path: Path) -> None:
    texts = [*SHEET, (60, 600, "Association of Night"), (60, 612, "Watchmen and Lamplighters")]
    folder = write(tmp_path / "x", a=documents.pdf(texts))
    wanted = {"supplier": "Association of Night\nWatchmen and Lamplighters"}
    places = read_document(folder, "a.pdf", Label("a.pdf", "digital", "g", wanted, {}, [])).places
    assert [round(842 * place.box[3]) for place in places["supplier"]] == [
        pytest.approx(600, abs=4),
        pytest.approx(612, abs=4),
    ]


def test_marks_say_whose_they_are() -> None:
    shown = choose_misses(a_miss("Wanted Ltd", "Given Ltd", "Given Ltd", "Other Ltd"), 10)
    [page] = shown.documents[0].pages
    assert [(mark.role, mark.number, mark.left, mark.top, mark.width, mark.height) for mark in page.marks] == [
        ("given", 1, 10.0, 20.0, 20.0, 5.0),
        ("candidate", 1, 10.0, 20.0, 20.0, 5.0),
    ]
    assert [candidate.value for candidate in page.misses[0].candidates] == ["Other Ltd"]


def test_what_is_wanted_on_another_page_is_shown_there() -> None:
    label = Label("a.pdf", "digital", "g", {"total": "5.00"}, {}, [])
    places = {"total": [Place(2, (0.0, 0.0, 0.5, 0.5))]}
    shown = choose_misses(
        results_of(label, Reading("a.pdf", 1.0, {"total": a_leaf("4.00")}, pages=3, places=places)), 10
    )
    [document] = shown.documents
    assert document.drawn == [0, 2]
    assert [[mark.role for mark in page.marks] for page in document.pages] == [["given"], ["wanted"]]
    assert document.pages[0].misses[0].wanted_on == [3]


def test_a_missing_value_without_a_place_is_shown_at_the_first_page_and_xml_has_none() -> None:
    label = Label("a", "digital", "g", {"total": "5.00"}, {}, [])
    for pages, home in ((3, 0), (0, None)):
        shown = choose_misses(results_of(label, Reading("a", 1.0, {"total": a_leaf(None)}, pages=pages)), 10)
        assert [page.number for page in shown.documents[0].pages] == [home]


def test_beyond_the_limit_wrong_values_come_first_and_the_rest_is_counted() -> None:
    labels = [Label(str(n), "k", "g", {"total": "5.00"}, {}, []) for n in range(6)]
    leaves: list[dict[str, Any]] = [{}, {"total": a_leaf("4.00")}, {}, {"total": a_leaf("5.00"), "iban": a_leaf("X")}]
    readings = {str(n): Reading(str(n), 1.0, leaf, pages=1) for n, leaf in enumerate(leaves)}
    readings["4"] = Reading("4", 1.0, {"total": a_leaf("3.00")}, pages=1)
    readings["5"] = Reading("5", 1.0, refusal=Refusal("too_large", "It is too large."))
    shown = choose_misses(Results(labels, readings), 3)
    assert [document.file for document in shown.documents] == ["0", "1", "4"]
    assert [page.misses[0].number for document in shown.documents for page in document.pages] == [1, 2, 3]
    assert (shown.counts, shown.left_out) == ({"wrong": 2, "missing": 1}, {"missing": 1, "unlabelled": 1})
    page = render(Results(labels, readings), shown, {}, ABOUT)
    assert "1 missing, 1 unlabelled." in Elements(page).text
    assert "It is too large." in Elements(page).text


HOSTILE = (
    """</style></script><script>alert(1)</script><img src=x onerror=alert(1)>"' onmouseover='alert(1)' {{ 7 * 7 }}"""
)


def test_what_documents_say_is_text_and_nothing_else() -> None:
    harmless = a_miss("wanted", "given", "candidate")
    label = Label(HOSTILE, HOSTILE, HOSTILE, {"supplier": HOSTILE}, {"iban": HOSTILE}, [])
    leaves = {"supplier": a_leaf(HOSTILE + "x", HOSTILE), "iban": a_leaf(HOSTILE)}
    hostile = results_of(label, Reading(HOSTILE, 1.0, leaves, pages=1))
    refused = Results([label], {HOSTILE: Reading(HOSTILE, 1.0, refusal=Refusal("unreadable_document", HOSTILE))})
    pages = [
        render(results, choose_misses(results, 10), {}, ABOUT | {"folder": HOSTILE})
        for results in (harmless, hostile, refused)
    ]
    for page in pages:
        elements = Elements(page)
        assert [tag for tag, _ in elements.found].count("script") == 1
        assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
        assert HOSTILE in elements.text
        assert "49" not in elements.text
    assert Elements(pages[1]).of_class("miss")


@given(st.text(), st.text(), st.text())
def test_any_text_makes_the_same_elements(wanted: str, given_: str, file: str) -> None:
    reference, any_ = (
        a_miss(*texts, "c", file=name)
        for *texts, name in (("one", "two", "a"), (f"1{wanted}", f"2{given_}", f"a{file}"))
    )
    tags = [
        [tag for tag, _ in Elements(render(results, choose_misses(results, 10), {}, ABOUT)).found]
        for results in (reference, any_)
    ]
    assert tags[0] == tags[1]


def test_the_page_needs_nothing_from_outside_and_runs_its_own_script_only(
    bare: Cli, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "misses.html"
    assert bare("evaluate", folder, "--page", file).exit_code == 0
    elements = Elements(file.read_text(encoding="utf-8"))
    addresses = [
        value or "" for _, attributes in elements.found for name, value in attributes.items() if name in ("src", "href")
    ]
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses)
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in elements.found
        if tag == "meta" and "content" in attributes and attributes.get("http-equiv")
    ]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)


def test_without_any_miss_there_is_still_a_page() -> None:
    results = a_miss("Same Ltd", "Same Ltd")
    page = render(results, choose_misses(results, 10), {}, ABOUT)
    assert "None." in Elements(page).text


class TestPictures:
    def test_pages_of_a_pdf(self, tmp_path: Path) -> None:
        (tmp_path / "a.pdf").write_bytes(documents.pdf(SHEET, SHEET))
        pictures = draw_pages(tmp_path, "a.pdf", [1, 7])
        assert list(pictures) == [("a.pdf", 1)]
        picture = pictures["a.pdf", 1]
        assert picture.jpeg.startswith(b"\xff\xd8")
        assert (picture.width, picture.height) == (pytest.approx(595 / 0.72, abs=1), pytest.approx(842 / 0.72, abs=1))

    def test_an_image(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(a_picture())
        assert draw_pages(tmp_path, "a.png", [0])["a.png", 0].width == 300

    def test_a_long_page_is_drawn_small(self, tmp_path: Path) -> None:
        paper = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(200, 14_000))
        paper.showPage()
        paper.save()
        assert draw_pages(tmp_path, "a.pdf", [0])["a.pdf", 0].height == 2000

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing", b"\x89PNG\r\n\x1a\n", b"<xml/>"])
    def test_what_cannot_be_drawn_has_no_picture(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a").write_bytes(content)
        assert draw_pages(tmp_path, "a", [0]) == {}
        assert draw_pages(tmp_path, "gone", [0]) == {}
