"""The size of a picture is known before it is decoded, whatever its format."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from invoice_engine import EngineError, Limits, extract
from invoice_engine.errors import TooLarge, UnreadableDocument, UnsupportedDocument
from invoice_engine.read.images import page_images

LIMITS = Limits()


def picture(kind: str, width: int = 31, height: int = 47, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), 255).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(*directories: tuple[int, int], order: str = "<", last: int = 0) -> bytes:
    """The directories of a TIFF without any pixels; the last one points to `last`."""
    data = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    for number, (width, height) in enumerate(directories, start=1):
        following = last if number == len(directories) else len(data) + 30
        data += struct.pack(order + "HHHII", 2, 256, 4, 1, width) + struct.pack(order + "HHIHH", 257, 3, 1, height, 0)
        data += struct.pack(order + "I", following)
    return data


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_the_size_is_that_of_the_picture(kind: str) -> None:
    (page,) = page_images(picture(kind), LIMITS)
    assert (page.width, page.height, page.number, page.frame) == (31, 47, 0, 0)


def test_a_progressive_jpeg_with_a_comment_is_understood() -> None:
    (page,) = page_images(picture("JPEG", progressive=True, comment=b"x" * 500), LIMITS)
    assert (page.width, page.height) == (31, 47)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_page_of_a_tiff_counts(order: str) -> None:
    pages = page_images(tiff((10, 20), (30, 40), (50, 60), order=order), LIMITS)
    assert [(page.number, page.frame, page.width, page.height) for page in pages] == [
        (0, 0, 10, 20), (1, 1, 30, 40), (2, 2, 50, 60),
    ]  # fmt: skip


def test_a_real_tiff_of_two_pages() -> None:
    more = [Image.new("1", (5, 6))]
    pages = page_images(picture("TIFF", save_all=True, append_images=more), LIMITS)
    assert [(page.width, page.height) for page in pages] == [(31, 47), (5, 6)]


def test_a_bitmap_may_run_from_top_to_bottom() -> None:
    data = bytearray(picture("BMP"))
    data[22:26] = struct.pack("<i", -47)
    assert page_images(bytes(data), LIMITS)[0].height == 47


def test_a_bitmap_of_the_first_version() -> None:
    data = b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 31, 47, 1, 24)
    assert (page_images(data, LIMITS)[0].width, page_images(data, LIMITS)[0].height) == (31, 47)


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 100_000, 100_000),
        b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 60_000, 60_000),
        b"BM" + bytes(12) + struct.pack("<Iii", 40, 100_000, 100_000),
        tiff((10, 10), (100_000, 60_000)),
    ],
)
def test_decompression_bombs_are_refused_by_their_headers(data: bytes) -> None:
    with pytest.raises(TooLarge, match="pixels"):
        extract(data)


def test_a_tiff_whose_directories_form_a_ring_is_damaged() -> None:
    with pytest.raises(UnreadableDocument, match="damaged"):
        page_images(tiff((10, 20), (10, 20), last=8), LIMITS)


def test_a_tiff_of_too_many_pages_is_refused() -> None:
    with pytest.raises(TooLarge, match="more than the 2 pages"):
        page_images(tiff((1, 1), (1, 1), (1, 1)), Limits(max_pages=2))
    with pytest.raises(TooLarge, match="3 scanned pages"):
        extract(tiff((9, 9), (9, 9), (9, 9)), Limits(max_scanned_pages=2))


def test_other_formats_are_named() -> None:
    with pytest.raises(UnsupportedDocument, match="PNG, JPEG, TIFF and BMP"):
        extract(b"GIF89a" + bytes(50))


WHOLE = [picture(kind) for kind in ("PNG", "JPEG", "BMP", "TIFF")] + [tiff((10, 20), (30, 40))]


@given(st.sampled_from(WHOLE), st.integers(0, 60), st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_damage_ends_in_sizes_or_an_engine_error(whole: bytes, cut: int, rest: bytes) -> None:
    try:
        pages = page_images(whole[:cut] + rest, LIMITS)
    except EngineError:
        return
    assert all(0 < page.width * page.height <= LIMITS.max_pixels for page in pages)
