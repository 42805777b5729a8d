"""Documents: where they lie, and what their bytes say they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from xml.parsers import expat

from invoice_capture.domain.errors import DocumentTooLarge, EmptyDocument, UnsupportedFormat

BYTES_TO_RECOGNISE = 64 * 1024
"""How far into a document anybody looks to see what it is: the root of an e-invoice stands within."""

# Roots of e-invoices: the name, and what its namespace begins with, because each version has one of its own.
_E_INVOICE_ROOTS = (
    ("CrossIndustryInvoice", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:"),
    ("CrossIndustryDocument", "urn:ferd:CrossIndustryDocument:invoice:"),
    ("Invoice", "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"),
    ("CreditNote", "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"),
    ("FatturaElettronica", "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/"),
    ("FatturaElettronica", "http://www.fatturapa.gov.it/sdi/fatturapa/"),
    ("Facturae", "http://www.facturae.es/Facturae/"),
    ("Facturae", "http://www.facturae.gob.es/formato/"),
)
# The envelope of Peppol: the invoice is a child of it, behind the header.
_ENVELOPE = ("StandardBusinessDocument", "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader")


class DocumentKind(StrEnum):
    """The formats that are taken in; the value is the media type."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TIFF = "image/tiff"
    BMP = "image/bmp"
    E_INVOICE = "application/xml"


@dataclass(frozen=True)
class DocumentPointer:
    """One version of one object. ``version_id`` is None in a bucket without versions; ``size`` is in bytes.

    ``is_stored`` is False while the document still is behind the URL of its job's order; the key is where it will lie.
    """

    bucket: str
    key: str
    version_id: str | None
    size: int
    is_stored: bool = True

    @property
    def name(self) -> str:
        """The last part of the key, which is what people call the document."""
        return self.key.rsplit("/", 1)[-1]

    @property
    def owner(self) -> str | None:
        """The client of the API whose document it is; None for one that was dropped into the bucket."""
        return client_of_key(self.key)

    def to_json(self) -> dict[str, str | int | None]:
        stored = {"bucket": self.bucket, "key": self.key, "version_id": self.version_id, "size": self.size}
        return stored if self.is_stored else stored | {"is_stored": False}

    @classmethod
    def from_json(cls, data: dict[str, object]) -> DocumentPointer:
        version_id = data.get("version_id")
        return cls(
            bucket=str(data["bucket"]),
            key=str(data["key"]),
            version_id=str(version_id) if version_id else None,
            size=int(str(data["size"])),
            is_stored=bool(data.get("is_stored", True)),
        )


INCOMING = "incoming/"
"""Where people drop documents: each becomes a job."""

CLIENT_DOCUMENTS = "documents/"
"""Where the documents of jobs lie that the API's clients ordered: ``documents/<client>/<id>/<name>``."""

UPLOADS = "uploads/"
"""Where the API's forms store documents, in the same way. The bucket empties it by the day."""


def client_of_key(key: str) -> str | None:
    """The client below whose prefix a key lies, or None."""
    prefix, _, rest = key.partition("/")
    client, slash, _rest = rest.partition("/")
    return client if f"{prefix}/" in {CLIENT_DOCUMENTS, UPLOADS} and client and slash else None


def unique_of_key(key: str) -> str:
    """What keeps a client's key apart from others of the same name: the id of the job whose document it is."""
    return key.split("/")[2]


def client_key(client: str, unique: str, name: str, prefix: str = CLIENT_DOCUMENTS) -> str:
    """The key of a client's document. ``unique`` keeps documents of the same name apart.

    Letters that lead out of a folder or that S3 puts something else in for (``${filename}``) become underscores.
    """
    safe = "".join(letter if letter.isprintable() and letter not in "/\\$" else "_" for letter in name)
    if not safe.strip("."):
        safe = "document"
    return f"{prefix}{client}/{unique}/{safe.encode()[:200].decode(errors='ignore')}"


def fingerprint_of(pointer: DocumentPointer, content: bytes) -> str:
    """What a document is known again by. Clients share none: another's must neither be given away nor be in the way."""
    digest = hashlib.sha256(content).hexdigest()
    return f"{pointer.owner}/{digest}" if pointer.owner else digest


def require_acceptable_size(pointer: DocumentPointer, maximum_bytes: int) -> None:
    """Refuse a document by its size alone, before a byte of it is read.

    Raises:
        EmptyDocument, DocumentTooLarge
    """
    if pointer.size == 0:
        raise EmptyDocument(f"{pointer.name} is empty. Upload the file again.")
    if pointer.size > maximum_bytes:
        raise DocumentTooLarge(
            f"{pointer.name} has {pointer.size / 1024**2:.1f} MB; the limit is {maximum_bytes / 1024**2:g} MB. "
            "Split it, scan it at a lower resolution, or raise MaximumDocumentMegabytes."
        )


def inspect(name: str, content: bytes) -> DocumentKind:
    """The kind of a document by its bytes; its name is only used to tell people about it.

    Raises:
        EmptyDocument: there are no bytes.
        UnsupportedFormat: the bytes are nothing that an invoice is sent as.
    """
    if not content:
        raise EmptyDocument(f"{name} is empty. Upload the file again.")
    # Acrobat, and so every PDF producer in the field, tolerates junk before the header within the first KB.
    if b"%PDF-" in content[:1024]:
        return DocumentKind.PDF
    for signature, kind in (
        (b"\x89PNG\r\n\x1a\n", DocumentKind.PNG),
        (b"\xff\xd8\xff", DocumentKind.JPEG),
        (b"II*\x00", DocumentKind.TIFF),
        (b"MM\x00*", DocumentKind.TIFF),
    ):
        if content.startswith(signature):
            return kind
    # "BM" alone is two letters that a text may begin with: the header's length field must agree as well.
    if content.startswith(b"BM") and content[14:18] in {
        b"\x0c\0\0\0",
        b"\x28\0\0\0",
        b"\x6c\0\0\0",
        b"\x7c\0\0\0",
    }:
        return DocumentKind.BMP
    if _is_e_invoice(content):
        return DocumentKind.E_INVOICE
    raise UnsupportedFormat(
        f"{name} is no PDF, PNG, JPEG, TIFF or BMP and no e-invoice (CII, UBL, FatturaPA, Facturae) by its content, "
        "whatever its name says. Upload the invoice in one of these formats."
    )


def media_type(beginning: bytes) -> str:
    """The media type of a document by the first bytes of it, of which ``BYTES_TO_RECOGNISE`` are enough."""
    try:
        return inspect("", beginning).value
    except (EmptyDocument, UnsupportedFormat):
        return "application/octet-stream"


class _Decided(Exception):
    pass


def _is_e_invoice(content: bytes) -> bool:
    """Whether an XML document is an e-invoice by its root, or an envelope with one in it by the envelope's children.

    Only its beginning is looked at. A document type declaration makes it no e-invoice.
    """
    depth = 0
    is_e_invoice = False
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal depth, is_e_invoice
        namespace, _, name = tag.rpartition(" ")
        is_e_invoice = depth <= 1 and any(
            name == known and namespace.startswith(version) for known, version in _E_INVOICE_ROOTS
        )
        if is_e_invoice or (depth == 0 and (name, namespace) != _ENVELOPE):
            raise _Decided
        depth += 1

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_declaration: object) -> None:
        raise _Decided

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content[:BYTES_TO_RECOGNISE], False)
    except (_Decided, expat.ExpatError, ValueError, LookupError):
        return is_e_invoice
    return False
