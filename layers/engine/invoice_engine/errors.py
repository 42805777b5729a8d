"""What can go wrong while reading a document.

    EngineError
    ├── EncryptedDocument      the document needs a password
    ├── UnreadableDocument     broken, empty, not a document at all, or XML that is unsafe to read
    ├── TooLarge               more bytes, pages, pixels, nesting, elements or time than the limits allow
    ├── UnsupportedDocument    a healthy document of a kind this engine does not read
    └── NoTextLayer            a scan or photo, and OCR is not installed or finds no text

Messages are sentences for the person who sent the document: what is wrong with it and what to do next.
"""


class EngineError(Exception):
    """Base of every error `extract` raises. `code` is stable and meant for programs."""

    code = "engine_error"


class EncryptedDocument(EngineError):
    code = "encrypted_document"


class UnreadableDocument(EngineError):
    code = "unreadable_document"


class TooLarge(EngineError):
    code = "too_large"


class UnsupportedDocument(EngineError):
    code = "unsupported_document"


class NoTextLayer(EngineError):
    code = "no_text_layer"
