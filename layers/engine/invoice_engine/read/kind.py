"""Tell what a document is by its first bytes, never by its name."""

from enum import Enum

PDF_HEADER_WINDOW = 1024  # readers accept a PDF header anywhere in the first kilobyte


class Kind(Enum):
    PDF = "pdf"
    XML = "xml"
    IMAGE = "image"
    UNKNOWN = "unknown"


_IMAGE_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"BM", b"GIF8")
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"<\x00", b"\x00<")


def kind_of(data: bytes) -> Kind:
    """The kind of document `data` claims to be. Whether it is a healthy one is for its reader to find out."""
    if b"%PDF-" in data[:PDF_HEADER_WINDOW]:
        return Kind.PDF
    if data.startswith(_IMAGE_SIGNATURES):
        return Kind.IMAGE
    if data[:PDF_HEADER_WINDOW].lstrip().startswith(_XML_STARTS):
        return Kind.XML
    return Kind.UNKNOWN
