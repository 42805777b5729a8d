"""Pictures become grey values: upright, bounded, and in even light."""

import io
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from invoice_engine import Limits
from invoice_engine.errors import UnreadableDocument
from invoice_engine.read.images import page_images
from invoice_engine.read.ocr.grey import flatten_background, grey_picture, read_grey, resolution, write_grey
from invoice_engine.read.ocr.port import PageImage

MOST = 1_000_000


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> PageImage:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return page_images(buffer.getvalue(), Limits())[-1]


def with_a_corner(mode: str = "L", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """White, with a black corner at the top left."""
    picture = Image.new("L", size, 255)
    picture.paste(0, (0, 0, 20, 10))
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_pixel_becomes_grey(mode: str) -> None:
    if mode == "I;16":
        picture = Image.new("I;16", (60, 40), 65535)
        picture.paste(0, (0, 0, 20, 10))
    else:
        picture = with_a_corner(mode)
    grey = grey_picture(saved(picture), MOST)
    assert (grey.mode, grey.size) == ("L", (60, 40))
    assert (grey.getpixel((2, 2)), grey.getpixel((50, 30))) == (0, 255)


def test_cmyk_photos_become_grey() -> None:
    grey = grey_picture(saved(with_a_corner("CMYK"), "JPEG", quality=95), MOST)
    assert grey.getpixel((50, 30)) > 245 > 10 > grey.getpixel((2, 2))


def test_what_is_transparent_is_paper() -> None:
    picture = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 20, 10))
    grey = grey_picture(saved(picture), MOST)
    assert (grey.getpixel((2, 2)), grey.getpixel((50, 30))) == (0, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize(("orientation", "corner"), [(1, (2, 2)), (3, (57, 37)), (6, (37, 2)), (8, (2, 57))])
def test_a_photo_stands_as_its_camera_says(kind: str, orientation: int, corner: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = grey_picture(saved(with_a_corner(), kind, exif=exif), MOST)
    assert grey.size == ((60, 40) if orientation < 5 else (40, 60))
    assert grey.getpixel(corner) < 20
    assert grey.getpixel((grey.width // 2, grey.height // 2)) > 235


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_a_large_picture_becomes_smaller(kind: str) -> None:
    grey = grey_picture(saved(with_a_corner(size=(600, 400)), kind), 60_000)
    assert grey.size == (300, 200)
    assert grey.getpixel((2, 2)) < 20


def test_the_second_page_of_a_tiff() -> None:
    second = with_a_corner()
    image = saved(Image.new("L", (60, 40), 255), "TIFF", save_all=True, append_images=[second])
    assert image.frame == 1
    assert grey_picture(image, MOST).getpixel((2, 2)) == 0


def test_a_picture_larger_than_its_header_said_is_damaged() -> None:
    image = saved(with_a_corner())
    with pytest.raises(UnreadableDocument):
        grey_picture(PageImage(image.data, 0, 30, 20), MOST)


WHOLE = [saved(with_a_corner(), kind).data for kind in ("PNG", "JPEG", "TIFF", "BMP")]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(st.sampled_from(WHOLE), st.integers(0, 400), st.binary(min_size=1, max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_damage_ends_in_a_picture_or_a_clear_error(whole: bytes, at: int, other: bytes) -> None:
    try:
        grey = grey_picture(PageImage(whole[:at] + other + whole[at + len(other) :], 0, 60, 40), MOST)
    except UnreadableDocument:
        return
    assert 0 < prod(grey.size) <= MOST


@pytest.mark.parametrize("dpi", [None, 72, 96, 150, 300, 9999])
def test_only_the_resolution_of_a_scanner_counts(dpi: int | None) -> None:
    options = {"dpi": (dpi, dpi)} if dpi else {}
    grey = grey_picture(saved(with_a_corner(), **options), MOST)
    assert resolution(grey) == (dpi if dpi in (150, 300) else None)


def page_with_print(ink: int, light: int) -> Image.Image:
    """Strokes of one darkness on paper of one brightness."""
    picture = Image.new("L", (400, 400), light)
    draw = ImageDraw.Draw(picture)
    for top in range(20, 400, 24):
        for left in range(20, 380, 12):
            draw.rectangle((left, top, left + 3, top + 12), fill=ink)
    return picture


def contrast(picture: Image.Image, left: int, top: int) -> int:
    """Between the stroke at a place and the paper to the right of it."""
    return int(picture.getpixel((left + 8, top + 6))) - int(picture.getpixel((left + 1, top + 6)))


def test_faint_print_becomes_black_on_white() -> None:
    page = page_with_print(ink=190, light=235)
    even = flatten_background(page, 0.05)
    assert contrast(page, 200, 212) == 45
    assert contrast(even, 200, 212) > 200


def test_print_in_shadow_becomes_as_strong_as_print_in_the_light() -> None:
    page = page_with_print(ink=60, light=250)
    shadow = Image.linear_gradient("L").rotate(90).resize(page.size).point(lambda value: 80 + value * 175 // 255)
    shaded = ImageChops.multiply(page, shadow)
    even = flatten_background(shaded, 0.05)
    places = [20 + 12 * at for at in range(1, 29)]
    assert max(contrast(shaded, left, 212) for left in places) > 1.8 * min(
        contrast(shaded, left, 212) for left in places
    )
    assert min(contrast(even, left, 212) for left in places) > 100
    assert all(even.getpixel((left + 8, 218)) > 200 for left in places)


def test_the_grain_of_blank_paper_does_not_become_print() -> None:
    grain = Image.effect_noise((400, 400), 6).point(lambda value: min(255, 100 + value))
    assert flatten_background(grain, 0.05).histogram()[:100] == [0] * 100


@pytest.mark.parametrize("size", [(1, 1), (3, 90), (90, 3)])
def test_pictures_of_hardly_any_pixels_are_no_trouble(size: tuple[int, int]) -> None:
    picture = Image.new("L", size, 200)
    assert flatten_background(picture, 0.05).size == size


def test_grey_values_survive_their_file(tmp_path: Path) -> None:
    write_grey(with_a_corner(), tmp_path / "page.pgm")
    assert read_grey(tmp_path / "page.pgm").tobytes() == with_a_corner().tobytes()
