"""Pages read by Textract: boto3's real client talks to a stand-in on the loopback interface, which knows the API."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from PIL import Image

from invoice_engine import Limits, extract
from invoice_engine.errors import OcrRefused, OcrUnavailable, UnreadableDocument
from invoice_engine.layout.lines import lines_of
from invoice_engine.limits import Deadline
from invoice_engine.read.ocr.port import OcrResult, PageImage
from invoice_engine.read.ocr.portable import LONGEST_SIDE, MOST_BYTES, is_portable, portable
from invoice_engine.read.ocr.textract import TextractReader, default_client
from tests.fakes.canned_server import Answer, CannedServer, Request
from tests.unit.engine import documents
from tests.waiting import PATIENCE_SECONDS

WIDTH, HEIGHT = documents.A4
Turn = Callable[[float, float], tuple[float, float]]
TURNS: dict[int, Turn] = {
    0: lambda x, y: (x, y),
    90: lambda x, y: (1 - y, x),
    180: lambda x, y: (1 - x, 1 - y),
    270: lambda x, y: (y, 1 - x),
}


def blocks(texts: list[documents.Text], degrees: int = 0, lean: float = 0.0) -> list[dict[str, Any]]:
    """What Textract says of a page: corners in the order of the text, boxes along the edges of the picture.

    The page is turned clockwise by `degrees`; before that it leans by so much of its height across its width.
    """
    found: list[dict[str, Any]] = [{"BlockType": "PAGE", "Id": "page"}]
    for number, (x, y, text) in enumerate(texts):
        ids = []
        for place, part in enumerate(text.split()):
            at = x + 6 * sum(len(before) + 1 for before in text.split()[:place])
            left, right = at / WIDTH, (at + 6 * len(part) - 3) / WIDTH
            top, bottom = (edge / HEIGHT for edge in (y, y + 8))
            upright = [(left, top), (right, top), (right, bottom), (left, bottom)]
            corners = [TURNS[degrees](across, down + lean * across) for across, down in upright]
            xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
            ids.append(f"word-{number}-{place}")
            found.append(
                {
                    "BlockType": "WORD",
                    "Id": ids[-1],
                    "Text": part,
                    "Confidence": 99.1,
                    "Geometry": {
                        "BoundingBox": {
                            "Left": min(xs),
                            "Top": min(ys),
                            "Width": max(xs) - min(xs),
                            "Height": max(ys) - min(ys),
                        },
                        "Polygon": [{"X": corner[0], "Y": corner[1]} for corner in corners],
                    },
                }
            )
        relations = [{"Type": "CHILD", "Ids": ids}]
        found.append({"BlockType": "LINE", "Id": f"line-{number}", "Text": text, "Relationships": relations})
    return found


class Textract(CannedServer):
    """Answers by the picture, and checks it: `says` maps the grey of its corner to blocks, an error code or a wait."""

    def __init__(self, says: dict[int, Any]) -> None:
        super().__init__()
        self.says = says
        self.lock, self.hangs = threading.Lock(), threading.Event()
        self.at_work = self.most_at_work = 0

    def answer_to(self, request: Request) -> Answer:
        assert request.headers["X-Amz-Target"] == "Textract.DetectDocumentText"
        data = base64.b64decode(request.json["Document"]["Bytes"])
        assert data.startswith((b"\x89PNG", b"\xff\xd8"))
        assert len(data) <= MOST_BYTES
        with self.lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        picture = Image.open(io.BytesIO(data)).convert("L")
        said = self.says[picture.getpixel((0, 0))]  # type: ignore[index]
        if isinstance(said, list) and said and not isinstance(said[0], dict):
            said = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(said, float):
            self.hangs.wait(said)
            said = []
        with self.lock:
            self.at_work -= 1
        if isinstance(said, str):
            code, _, status = said.partition(" ")
            return Answer.of({"__type": code, "message": "no"}, int(status or 400))
        return Answer.of({"DocumentMetadata": {"Pages": 1}, "Blocks": said})


@pytest.fixture
def textract(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Textract]]:
    servers: list[Textract] = []

    def start(says: dict[int, Any]) -> Textract:
        server = Textract(says)
        servers.append(server.__enter__())
        return server

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    yield start
    for server in servers:
        server.__exit__()


def client_of(server: Textract, attempts: int = 1, **options: Any) -> Any:
    retries = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client("textract", endpoint_url=server.url, config=Config(retries=retries, **options))


def picture(grey: int = 200, kind: str = "PNG", size: tuple[int, int] = (595, 842), number: int = 0) -> PageImage:
    buffer = io.BytesIO()
    Image.new("L", size, grey).save(buffer, kind)
    return PageImage(buffer.getvalue(), number, *size)


@dataclass
class Slots:
    """Slots for so many pages, each of which is sent again so many times; notes what it is asked."""

    pages: int = 100
    repeats: int = 0
    asked: list[Any] = field(default_factory=list)

    def take(self, pages: int) -> bool:
        self.asked.append(("take", pages))
        return pages <= self.pages

    def before_page(self) -> None:
        self.asked.append("before_page")

    def again(self, failures: int, throttled: bool) -> bool:
        self.asked.append(("again", failures, throttled))
        return failures <= self.repeats


def read(
    server: Textract, *images: PageImage, seconds: float = 20.0, workers: int = 4, slots: Slots | None = None
) -> OcrResult:
    reader = TextractReader(client_of(server), workers, slots or Slots())
    return reader.read(images, Limits(), Deadline(seconds, wall_seconds=seconds))


# --- what becomes of an answer -------------------------------------------------------------------------------------


def test_words_stand_where_textract_says_in_lines(textract: Callable[..., Textract]) -> None:
    server = textract({200: blocks([(60, 100, "Invoice No: INV-7"), (60, 130, "Total 12.00")])})
    [page] = read(server, picture()).pages
    assert [word.text for word in page.words] == ["Invoice", "No:", "INV-7", "Total", "12.00"]
    first = page.words[0].box
    assert first == pytest.approx((60 / WIDTH, 100 / HEIGHT, 99 / WIDTH, 108 / HEIGHT), abs=1e-3)
    # 200 dots per inch are assumed of a picture that does not say.
    assert (page.number, round(page.width), round(page.height)) == (0, 214, 303)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_page_is_upright_again(textract: Callable[..., Textract], degrees: int) -> None:
    server = textract({200: blocks(documents.GERMAN_INVOICE, degrees)})
    size = (595, 842) if degrees % 180 == 0 else (842, 595)
    buffer = io.BytesIO()
    Image.new("L", size, 200).save(buffer, "PNG")
    extraction = extract(buffer.getvalue(), ocr=TextractReader(client_of(server)))
    assert extraction.source == "ocr"
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert number.box is not None
    assert number.value == "KL-2026-17"
    assert (number.box.left, number.box.top) == pytest.approx((460 / WIDTH, 130 / HEIGHT), abs=0.01)
    assert str(extraction.invoice.total.value) == "1297.10"


@pytest.mark.parametrize("lean", [-0.02, 0.02])
def test_the_lines_of_a_leaning_page_are_even(textract: Callable[..., Textract], lean: float) -> None:
    texts: list[documents.Text] = [
        (60, 200 + 20 * row, f"row{row} and words up to its{row} end{row}") for row in range(9)
    ]
    [page] = read(textract({200: blocks(texts, lean=lean)}), picture()).pages
    assert [[word.text for cell in line.cells for word in cell.words] for line in lines_of(page)] == [
        text.split() for _, _, text in texts
    ]


def test_a_blank_page_has_no_words_and_is_no_failure(textract: Callable[..., Textract]) -> None:
    result = read(textract({200: blocks([]), 100: blocks([(60, 100, "words")])}), picture(), picture(100, number=1))
    assert ([len(page.words) for page in result.pages], result.notes) == ([0, 1], [])


def test_words_without_corners_and_of_no_line_are_kept(textract: Callable[..., Textract]) -> None:
    [_page, word, _line] = blocks([(60, 100, "Total")])
    del word["Geometry"]["Polygon"], word["Confidence"]
    blank = {**word, "Id": "blank", "Text": " "}
    [page] = read(textract({200: [word, blank]}), picture()).pages
    assert [word.text for word in page.words] == ["Total"]


# --- pages ---------------------------------------------------------------------------------------------------------


def test_pages_are_read_side_by_side_and_come_back_in_order(textract: Callable[..., Textract]) -> None:
    says: dict[int, Any] = {grey: 0.1 if grey % 2 else blocks([(60, 100, f"page{grey}")]) for grey in range(24)}
    server, drawn = textract(says), []

    def draw() -> Iterator[PageImage]:
        for grey in range(24):
            drawn.append((threading.current_thread(), len(server.requests)))
            yield picture(grey, number=grey, size=(60, 80))

    result = TextractReader(client_of(server), workers=3).read(draw(), Limits(), Deadline(20))
    assert [page.number for page in result.pages] == list(range(24))
    assert [page.words[0].text for page in result.pages[::2]] == [f"page{grey}" for grey in range(0, 24, 2)]
    assert server.most_at_work == 3
    assert {thread for thread, _ in drawn} == {threading.current_thread()}
    # No page is drawn long before it can be read.
    assert all(number - sent <= 7 for number, (_, sent) in enumerate(drawn))


def test_nothing_to_read_is_nothing_sent(textract: Callable[..., Textract]) -> None:
    server = textract({})
    assert read(server).pages == []
    assert server.requests == []


@pytest.mark.parametrize("code", ["BadDocumentException", "UnsupportedDocumentException", "InvalidParameterException"])
def test_a_page_that_textract_refuses_is_noted(textract: Callable[..., Textract], code: str) -> None:
    result = read(textract({200: code, 100: blocks([(60, 100, "words")])}), picture(), picture(100, number=1))
    assert [len(page.words) for page in result.pages] == [0, 1]
    assert [(note.code, note.message) for note in result.notes] == [
        ("pages_not_read", "OCR could not read these pages: 1.")
    ]


def test_a_document_of_which_textract_refuses_every_page_is_damaged(textract: Callable[..., Textract]) -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        read(textract({200: "BadDocumentException"}), picture())


# --- when Textract does not answer -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "InternalServerError 500",
        "SomethingNew 503",
    ],
)
def test_a_busy_textract_is_worth_trying_again(textract: Callable[..., Textract], said: str) -> None:
    with pytest.raises(OcrUnavailable, match=said.partition(" ")[0]):
        read(textract({200: said}), picture())


def test_what_is_charged_for_again_is_said(textract: Callable[..., Textract]) -> None:
    server = textract({200: blocks([(60, 100, "words")]), 100: "ThrottlingException"})
    with pytest.raises(OcrUnavailable, match="2 of its pages had been read, and will be charged for again"):
        read(server, picture(), picture(number=1), picture(100, number=2), workers=1)


def test_the_client_tries_again_by_itself(textract: Callable[..., Textract], monkeypatch: pytest.MonkeyPatch) -> None:
    server = textract(
        {200: ["ThrottlingException", "ProvisionedThroughputExceededException", blocks([(60, 9, "read")])]}
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_TEXTRACT", server.url)
    result = TextractReader().read([picture()], Limits(), Deadline(60))
    assert [word.text for word in result.pages[0].words] == ["read"]
    assert len(server.requests) == 3


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException"])
def test_a_textract_that_does_not_let_us_in_says_what_to_do(textract: Callable[..., Textract], code: str) -> None:
    with pytest.raises(OcrRefused, match=rf"{code}.*Allow textract:DetectDocumentText"):
        read(textract({200: code}), picture())


def test_no_region_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(OcrRefused, match="NoRegionError"):
        default_client()


def test_a_textract_out_of_reach_is_worth_trying_again(textract: Callable[..., Textract]) -> None:
    server = textract({})
    client = client_of(server)
    server.__exit__()
    server.__exit__ = lambda *_error: None  # type: ignore[method-assign]
    with pytest.raises(OcrUnavailable, match="EndpointConnectionError"):
        TextractReader(client, slots=Slots()).read([picture()], Limits(), Deadline(5))


def test_a_textract_that_hangs_is_not_waited_for_and_gets_no_more_pages(textract: Callable[..., Textract]) -> None:
    server = textract({200: PATIENCE_SECONDS})
    with pytest.raises(OcrUnavailable, match="not read the pages in time"):
        read(server, *(picture(number=number) for number in range(4)), seconds=1.0, workers=2)
    assert len(server.requests) == 2
    server.hangs.set()
    time.sleep(0.2)
    assert len(server.requests) == 2


# --- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_textract_takes_goes_as_it_is(kind: str) -> None:
    image = picture(kind=kind)
    assert portable(image) is image


@pytest.mark.parametrize("kind", ["TIFF", "BMP"])
def test_other_formats_become_png(kind: str) -> None:
    image = portable(picture(77, kind, number=3))
    assert (image.number, image.width, image.height, image.frame, image.data[:4]) == (3, 595, 842, 0, b"\x89PNG")
    assert Image.open(io.BytesIO(image.data)).getpixel((9, 9)) == 77


def test_every_page_of_a_tiff_is_a_picture_of_its_own(textract: Callable[..., Textract]) -> None:
    buffer = io.BytesIO()
    pages = [Image.new("L", (300, 400), grey) for grey in (100, 200)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    server = textract({100: blocks([(60, 100, "Cover")]), 200: blocks(documents.GERMAN_INVOICE)})
    extraction = extract(buffer.getvalue(), ocr=TextractReader(client_of(server)))
    number = extraction.invoice.invoice_number.chosen
    assert number is not None
    assert (extraction.pages, number.page, len(server.requests)) == (2, 1, 2)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "I;16"])
def test_every_kind_of_pixel_becomes_grey(mode: str) -> None:
    buffer = io.BytesIO()
    dark = Image.new("I;16", (40, 40), 20_000) if mode == "I;16" else Image.new("L", (40, 40), 78).convert(mode)
    dark.save(buffer, "TIFF")
    grey = Image.open(io.BytesIO(portable(PageImage(buffer.getvalue(), 0, 40, 40)).data))
    assert grey.mode == "L"
    assert mode == "1" or grey.getpixel((5, 5)) == pytest.approx(78, abs=2)


def test_a_picture_of_too_many_bytes_is_made_smaller_and_keeps_its_resolution() -> None:
    noise = Image.effect_noise((3000, 2500), 90)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    image = PageImage(buffer.getvalue(), 0, 3000, 2500, dpi=300)
    assert not is_portable(image)
    smaller = portable(image)
    assert is_portable(smaller)
    assert (smaller.data[:2], smaller.width, smaller.dpi) == (b"\xff\xd8", 3000, 300)


def test_a_picture_that_is_too_long_is_made_shorter() -> None:
    smaller = portable(PageImage(picture(size=(200, LONGEST_SIDE * 2)).data, 0, 200, LONGEST_SIDE * 2, dpi=300))
    assert (smaller.width, smaller.height, smaller.dpi) == (100, LONGEST_SIDE, 150)


def test_a_damaged_page_is_noted_and_nothing_is_sent_for_it(textract: Callable[..., Textract]) -> None:
    damaged = PageImage(b"II*\x00" + bytes(30), 0, 60, 80)
    with pytest.raises(UnreadableDocument, match="damaged"):
        portable(damaged)
    server = textract({200: blocks([(60, 100, "words")])})
    result = read(server, damaged, picture(number=1))
    assert [len(page.words) for page in result.pages] == [0, 1]
    assert [note.code for note in result.notes] == ["pages_not_read"]
    assert len(server.requests) == 1


def test_a_result_is_the_same_in_another_process(textract: Callable[..., Textract]) -> None:
    result = read(textract({200: blocks(documents.GERMAN_INVOICE), 9: "BadDocumentException"}), picture(), picture(9))
    assert OcrResult.from_json(json.loads(json.dumps(result.to_json()))) == result
