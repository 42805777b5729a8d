"""What can go wrong while reading a document.

    EngineError
    ├── EncryptedDocument      the document needs a password
    ├── UnreadableDocument     broken, empty, not a document at all, or XML that is unsafe to read
    ├── TooLarge               more bytes, pages, pixels, nesting, elements or processor time than the limits allow
    ├── MachineBusy            the machine had no time for the document; worth trying again
    ├── UnsupportedDocument    a healthy document of a kind this engine does not read
    ├── NoTextLayer            a scan or photo, and OCR is not installed or finds no text
    ├── OcrUnavailable         the OCR service is busy or out of reach; worth trying again
    └── OcrRefused             the OCR service does not let us in

Messages are sentences for the person who sent the document: what is wrong with it and what to do next.
"""

from typing import Any


class EngineError(Exception):
    """Base of every error `extract` raises. `code` is stable and meant for programs."""

    code = "engine_error"

    def to_json(self) -> dict[str, Any]:
        """For another process, which makes the same error of it."""
        return {"code": self.code, "message": str(self)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "EngineError":
        """Raises KeyError for what is no error, or none of this engine's."""
        kinds = {kind.code: kind for kind in cls.__subclasses__()}
        return kinds[content["code"]](content["message"])


class EncryptedDocument(EngineError):
    code = "encrypted_document"


class UnreadableDocument(EngineError):
    code = "unreadable_document"


class TooLarge(EngineError):
    code = "too_large"


class MachineBusy(EngineError):
    code = "machine_busy"

    @classmethod
    def after(cls, seconds: float) -> "MachineBusy":
        return cls(
            f"The document was not read within {seconds:.0f} seconds, because the machine had too little time for it. "
            "Try again when less is going on."
        )


class UnsupportedDocument(EngineError):
    code = "unsupported_document"


class NoTextLayer(EngineError):
    code = "no_text_layer"


class OcrUnavailable(EngineError):
    code = "ocr_unavailable"


class OcrRefused(EngineError):
    code = "ocr_refused"


def damaged_image() -> UnreadableDocument:
    """The error for a picture that cannot be opened, whoever finds out."""
    return UnreadableDocument("The image is damaged and cannot be opened. Scan it again or ask for a new copy.")
