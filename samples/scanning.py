"""Paper put through an office scanner: the page becomes a grey picture that leans and has dust and noise on it."""

from io import BytesIO
from random import Random

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

DPI = 200
PAPER = 243
DUST = 40


def scanned(pdf: bytes, *, degrees: float = 0.6, seed: int = 1) -> bytes:
    """The first page of `pdf` as a PDF of one picture, turned counterclockwise; a seed gives the same picture again."""
    with pypdfium2.PdfDocument(pdf) as document:
        points = document[0].get_size()
        drawn = document[0].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
    paper = drawn.point(lambda value: 30 + value * (PAPER - 30) // 255)
    turned = paper.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=PAPER).filter(ImageFilter.GaussianBlur(0.5))
    picture = BytesIO()
    _worn(turned, Random(seed)).save(picture, "JPEG", quality=25)
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=points, pageCompression=0, invariant=1)
    canvas.drawImage(ImageReader(picture), 0, 0, *points)
    canvas.save()
    return buffer.getvalue()


def _worn(page: Image.Image, random: Random) -> Image.Image:
    """The page with dust on the glass and the noise of the sensor, which is coarser than its pixels."""
    size = page.width // 3, page.height // 3
    noise = Image.frombytes("L", size, random.randbytes(size[0] * size[1])).resize(page.size, Image.Resampling.BILINEAR)
    noisy = ImageChops.add(page, noise.point(lambda value: value * 10 // 255), offset=-5)
    pen = ImageDraw.Draw(noisy)
    for _ in range(DUST):
        x, y, radius = random.randrange(page.width), random.randrange(page.height), random.choice((0.5, 1, 1.5))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=random.randrange(90, 190))
    return noisy
