"""Which reader there is where none was named, and the one for those who want none."""

from collections.abc import Iterable

from invoice_engine.errors import NoTextLayer
from invoice_engine.limits import Deadline, Limits
from invoice_engine.read.ocr.port import OcrReader, OcrResult, PageImage


class NoOcr:
    """For those who want no scans read."""

    def read(self, images: Iterable[PageImage], limits: Limits, deadline: Deadline) -> OcrResult:  # noqa: ARG002
        raise NoTextLayer(
            "The document is a scan or a photo, and reading those by OCR is switched off. Send the original PDF, or "
            "have the parameter Ocr of the stack set to textract or tesseract."
        )


def default_reader() -> OcrReader:
    """Tesseract. Whether it is installed shows when it is used."""
    from invoice_engine.read.ocr.tesseract import TesseractReader

    return TesseractReader()
