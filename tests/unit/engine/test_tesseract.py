"""How Tesseract is called: a stand-in program on the PATH records its arguments and answers with TSV.

The stand-in keeps to the command line of the real one: it refuses what it does not know, reads the picture from the
path it is given. A list of answers is one for each page.
"""

import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from invoice_engine import Limits, extract
from invoice_engine.errors import MachineBusy, NoTextLayer, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline
from invoice_engine.read.images import page_images
from invoice_engine.read.ocr.port import PageImage
from invoice_engine.read.ocr.tesseract import TesseractReader
from tests.unit.engine import documents
from tests.waiting import PATIENCE_SECONDS

PROGRAM = """#!{python}
import json, os, pathlib, sys, time
home = pathlib.Path({home!r})
script = json.loads((home / "script.json").read_text())
if sys.argv[1:] == ["--list-langs"]:
    print("List of available languages in \\"/data\\" (3):", *script["languages"], "osd", sep="\\n")
    sys.exit()
picture, to, *rest = sys.argv[1:]
assert to == "stdout" and os.environ["OMP_THREAD_LIMIT"] == "1"
options = dict(tsv=rest[-1:] == ["tsv"])
rest = rest[: -1 if options["tsv"] else None]
for name, value in zip(rest[::2], rest[1::2], strict=True):
    assert name in ("--psm", "-l", "--dpi", "-c"), name
    if name == "-c":
        name, _, value = value.partition("=")
    options[name.lstrip("-")] = value
path = pathlib.Path(picture)
data = path.read_bytes()
options["first"] = data[:4].hex()
if data[:2] == b"P5":
    _, across, down, _, pixels = data.split(None, 4)
    options["size"], options["darkest"] = [int(across), int(down)], min(pixels)
options["picture"] = path.name.partition("-")[0]
with (home / "calls").open("a") as log:
    log.write(json.dumps(options) + "\\n")
keys = [options["picture"], options["psm"] + options.get("l", ""), options["psm"]]
answer = next((script[key] for key in keys if key in script), "")
if isinstance(answer, list):
    answer = answer[int(path.stem.rpartition("-")[2])]
if answer == "work":
    while True:
        pass
if answer == "wait":
    time.sleep(0.6)
if answer == "sleep":
    time.sleep(120)
if answer == "eat":
    bytearray(10**9)
if answer == "crash":
    sys.exit(1)
print(answer)
"""

Install = Callable[..., Callable[[], list[dict[str, Any]]]]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put the stand-in on the PATH, with its answers by kind of picture, mode and language, or mode.

    The result lists its calls.
    """

    def prepare(answers: dict[str, Any], languages: tuple[str, ...] = ("deu", "eng")) -> Callable[[], Any]:
        program = tmp_path / "tesseract"
        program.write_text(PROGRAM.format(python=sys.executable, home=str(tmp_path)), encoding="utf-8")
        program.chmod(0o755)
        (tmp_path / "script.json").write_text(json.dumps({**answers, "languages": languages}), encoding="utf-8")
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return lambda: [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]

    return prepare


def image(width: int = 595, height: int = 842, kind: str = "PNG", pages: int = 1) -> bytes:
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": [Image.new("L", (width, height))] * (pages - 1)} if pages > 1 else {}
    Image.new("L", (width, height), 255).save(buffer, kind, **more)
    return buffer.getvalue()


def tsv(texts: list[documents.Text], confidence: float = 95, width: int = 595, height: int = 842) -> str:
    rows = ["level\tpage_num", f"1\t1\t0\t0\t0\t0\t0\t0\t{width}\t{height}\t-1\t"]
    for line, (x, y, text) in enumerate(texts):
        at = x
        for part in text.split(" "):
            rows.append(f"5\t1\t1\t1\t{line}\t1\t{at}\t{y}\t{6 * len(part) - 3}\t8\t{confidence}\t{part}")
            at += 6 * len(part) + 3
    return "\n".join(rows)


GERMAN = tsv(documents.GERMAN_INVOICE)
LOOK = tsv([(60, 100, "Rechnung Rechnungsnummer Rechnungsdatum Kundennummer Betrag zahlbar")])
ENGLISH_LOOK = tsv([(60, 100, "Invoice number issued payment terms amount due quantity")])
GARBAGE = tsv([(60, 100, "a3x i1l ~~ oq")], confidence=20)


def test_the_language_of_a_stripe_decides_how_the_page_is_read(install: Install) -> None:
    calls = install({"4eng": LOOK, "3deu": GERMAN})
    extraction = extract(image())
    assert (extraction.source, extraction.notes) == ("ocr", [])
    assert extraction.invoice.invoice_number.value == "KL-2026-17"
    assert str(extraction.invoice.total.value) == "1297.10"
    (look,) = (call for call in calls() if call["picture"] == "stripe")
    (page,) = (call for call in calls() if call.get("l") == "deu")
    assert (look["psm"], look["l"], look["size"]) == ("4", "eng", [595, 101])
    assert (page["psm"], page["l"], page["size"], page["tsv"]) == ("3", "deu", [595, 842], True)
    assert "dpi" not in page


def test_reading_a_page_as_english_is_given_up_when_it_is_not(install: Install) -> None:
    calls = install({"4eng": LOOK, "3eng": "sleep", "3deu": GERMAN})
    assert extract(image()).invoice.invoice_number.value == "KL-2026-17"
    assert ways(calls)[-1] == ("page", "3", "deu")


def test_a_second_stripe_is_looked_at_when_the_first_is_empty(install: Install) -> None:
    calls = install({"4eng": GARBAGE, "3eng": GERMAN})
    page = Image.new("L", (595, 842), 255)
    page.paste(0, (0, 300, 595, 310))  # above it is the first stripe, in the second it is
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    extract(buffer.getvalue())
    assert [call["darkest"] for call in calls() if call["picture"] == "stripe"] == [255, 0]


def test_without_another_language_there_is_no_first_look(install: Install) -> None:
    calls = install({"3eng": GERMAN}, languages=("eng",))
    extract(image())
    assert [call["psm"] for call in calls()] == ["3"]


def test_a_language_that_is_not_installed_is_named(install: Install) -> None:
    install({"4eng": LOOK, "3eng": GERMAN}, languages=("eng", "fra"))
    (note,) = extract(image()).notes
    assert note.code == "language_not_installed"
    assert "tesseract-ocr-deu" in note.message


def ways(calls: Callable[[], list[dict[str, Any]]]) -> list[tuple[str, str, str]]:
    """How the page was read; the look for the language goes on at the same time."""
    called = [(call["picture"], call["psm"], call.get("l", "")) for call in calls()]
    return [one for one in called if one[0] != "stripe"]


def test_a_receipt_is_one_block_of_english_in_even_light(install: Install) -> None:
    calls = install({"6eng": tsv(documents.GERMAN_INVOICE, height=1200, confidence=96)})
    assert extract(image(595, 1200)).source == "ocr"
    assert ways(calls) == [("even", "6", "eng")]


def test_a_receipt_that_is_badly_read_is_read_again_in_its_language(install: Install) -> None:
    first = [(60, 60, "Bar Rechnung Betrag MwSt Sunme zahlbar Rechnungsdatum"), (60, 90, "Total 3,70")]
    second = [(60, 60, "Bar Rechnung Betrag"), (60, 90, "Total 3,10")]
    calls = install({"6eng": tsv(first, 70, height=1200), "4deu": tsv(second, 94, height=1200)})
    (page,) = TesseractReader().read(page_images(image(595, 1200), Limits()), Limits(), Deadline(20)).pages
    assert ways(calls) == [("even", "6", "eng"), ("even", "4", "deu")]
    # The second reading has less of the first line, but is sure of the amount.
    assert [word.text for word in page.words if "Su" in word.text or "3," in word.text] == ["Sunme", "3,10"]
    assert {word.confidence for word in page.words} == {0.7, 0.94}


def test_a_badly_read_page_is_read_again_in_even_light(install: Install) -> None:
    faint = tsv([(60, 60, "Invoice number date total amount due payment")], confidence=70)
    calls = install({"stripe": ENGLISH_LOOK, "3eng": faint, "even": tsv(documents.GERMAN_INVOICE)})
    assert extract(image()).invoice.invoice_number.value == "KL-2026-17"
    assert ways(calls) == [("page", "3", "eng"), ("even", "4", "eng")]


def test_boxes_are_fractions_of_the_page_whatever_the_size_it_is_read_in(install: Install) -> None:
    drawn = tsv([(50, 30, "Invoice number and some more words that make sense here")], width=500, height=300)
    install({"stripe": ENGLISH_LOOK, "3eng": drawn})
    limits = Limits(max_drawn_pixels=150_000)
    (page,) = TesseractReader().read(page_images(image(1000, 600), limits), limits, Deadline(20)).pages
    assert page.words[0].box[:2] == pytest.approx((0.1, 0.1))


def test_a_picture_only_tesseract_can_open_is_handed_over_as_it_is(install: Install) -> None:
    calls = install({"4": ENGLISH_LOOK, "3": GERMAN})
    cut = image(kind="JPEG")[:-3000]
    assert extract(cut).invoice.invoice_number.value == "KL-2026-17"
    assert [(call["first"], call["tessedit_page_number"]) for call in calls()] == [(cut[:4].hex(), "0")]


def test_the_resolution_a_scanner_wrote_is_told(install: Install) -> None:
    buffer = io.BytesIO()
    Image.new("L", (1000, 1400), 255).save(buffer, "PNG", dpi=(300, 300))
    calls = install({"4": ENGLISH_LOOK, "3eng": GERMAN})
    extract(buffer.getvalue(), Limits(max_drawn_pixels=350_000))
    assert {call["dpi"] for call in calls()} == {"150"}


def test_no_more_pages_lie_on_the_disk_than_are_being_read(install: Install, tmp_path: Path) -> None:
    install({"4": ENGLISH_LOOK, "3eng": GERMAN})
    found = []

    def images() -> Iterator[PageImage]:
        for number, one in enumerate(page_images(image(kind="TIFF", pages=9), Limits())):
            yield one
            found.append((number, len(list(tmp_path.glob("invoice-ocr-*/*.pgm")))))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        TesseractReader(workers=2).read(images(), Limits(), Deadline(20))
    assert len(found) == 9
    assert max(files for _, files in found) <= 3


def test_a_page_lying_on_its_side_is_read_again_and_turned(install: Install) -> None:
    turned = "\n".join(
        ["level", "1\t1\t0\t0\t0\t0\t0\t0\t842\t595\t-1\t"]
        + [
            f"5\t1\t1\t1\t{line}\t1\t{y}\t{595 - x - 6 * len(text) + 3}\t8\t{6 * len(text) - 3}\t95\t{text}"
            for line, (x, y, text) in enumerate(
                (x + 6 * text.index(part), y, part) for x, y, text in documents.GERMAN_INVOICE for part in text.split()
            )
        ]
    )
    calls = install({"4": GARBAGE, "3": GARBAGE, "0": "Orientation in degrees: 270\nRotate: 90\n", "1eng": turned})
    extraction = extract(image(842, 595))
    assert extraction.invoice.invoice_number.value == "KL-2026-17"
    assert extraction.invoice.invoice_number.chosen is not None
    box = extraction.invoice.invoice_number.chosen.box
    assert box is not None
    assert (box.left, box.top) == (pytest.approx(460 / 595, abs=0.01), pytest.approx(130 / 842, abs=0.01))
    assert [mode for _, mode, _ in ways(calls)] == ["3", "0", "1"]


def test_the_pages_of_a_tiff_are_read_one_by_one_and_in_order(install: Install) -> None:
    pages = [tsv([(60, 60, f"page{number} with enough words that make sense here")]) for number in range(4)]
    calls = install({"4": ENGLISH_LOOK, "3eng": pages})
    data = image(kind="TIFF", pages=4)
    result = TesseractReader(workers=3).read(page_images(data, Limits()), Limits(), Deadline(20))
    assert [(page.number, page.words[0].text) for page in result.pages] == [(n, f"page{n}") for n in range(4)]
    assert len(calls()) == 5  # one look, and a call for each page


def test_a_page_of_a_pdf_comes_with_its_resolution(install: Install) -> None:
    calls = install({"4eng": LOOK, "3deu": GERMAN})
    assert extract(documents.pdf([(300, 800, "Page 1")])).source == "ocr"
    assert {(call["dpi"], call["first"]) for call in calls()} == {("200", b"P5\n1".hex())}


def test_one_page_that_cannot_be_read_does_not_spoil_the_others(install: Install) -> None:
    install({"4": "crash", "3eng": [GERMAN, "crash"], "0": "crash"})
    result = TesseractReader(1).read(page_images(image(kind="TIFF", pages=2), Limits()), Limits(), Deadline(20))
    assert [bool(page.words) for page in result.pages] == [True, False]
    assert [note.message for note in result.notes] == ["OCR could not read these pages: 2."]


def test_a_picture_that_cannot_be_opened_is_damaged(install: Install) -> None:
    install({"4": "crash", "3": "crash", "0": "crash"})
    with pytest.raises(UnreadableDocument, match="damaged"):
        extract(image())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the processor time of a running process")
def test_a_page_that_takes_too_much_of_the_processor_is_stopped(install: Install) -> None:
    install({"4": LOOK, "3": "work"})
    with pytest.raises(TooLarge, match="longer than 1 seconds of processor time"):
        extract(image(), Limits(max_seconds=1, seconds_per_scan=0, max_wall_seconds=PATIENCE_SECONDS))


def test_a_page_that_only_waits_for_a_busy_machine_is_read(install: Install) -> None:
    """It is read twice, in 1.2 seconds by the clock and none of the processor, beside two looks."""
    install({"stripe": "wait", "3": "wait", "0": "wait"})
    with pytest.raises(NoTextLayer, match="found no text"):
        extract(image(), Limits(max_seconds=1, seconds_per_scan=0, max_wall_seconds=PATIENCE_SECONDS))


def test_a_page_that_waits_without_end_is_not_the_documents_fault(install: Install) -> None:
    install({"4": LOOK, "3": "sleep"})
    with pytest.raises(MachineBusy, match="within 1 seconds"):
        extract(image(), Limits(max_seconds=30, max_wall_seconds=1))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a running process")
def test_a_page_that_takes_too_much_memory_is_stopped(install: Install) -> None:
    install({"4": ENGLISH_LOOK, "3": "eat"})
    with pytest.raises(UnreadableDocument):
        extract(image(), Limits(max_ocr_memory=500_000_000))
    install({"stripe": ENGLISH_LOOK, "3": "eat"})
    with pytest.raises(NoTextLayer, match="found no text"):
        extract(image(), Limits(max_ocr_memory=4_000_000_000))


@pytest.mark.parametrize("data", [image(), documents.pdf([(300, 800, "Page 1")])])
def test_without_tesseract_the_package_to_install_is_named(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoTextLayer, match="Install the package tesseract-ocr"):
        extract(data)
    assert extract(documents.pdf(documents.GERMAN_INVOICE)).source == "pdf_text"


def test_without_any_language_the_package_to_install_is_named(install: Install) -> None:
    install({}, languages=())
    with pytest.raises(NoTextLayer, match="tesseract-ocr-eng"):
        extract(image())
