"""Documents, the raw answers of providers, and links to fetch from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

from invoice_capture.domain.document import DocumentPointer


@dataclass(frozen=True)
class UploadForm:
    """Where to POST a document as multipart/form-data, and the fields to send before the file."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Shown:
    """The headers content-type and content-disposition that a linked document comes with."""

    media_type: str
    disposition: str


class DocumentStore(Protocol):
    def describe(self, bucket: str, key: str, version_id: str | None) -> tuple[DocumentPointer, datetime]:
        """A stored version and the time it was stored. Raises DocumentMissing."""
        ...

    def read(self, pointer: DocumentPointer) -> bytes:
        """The bytes of a version. Raises DocumentMissing."""
        ...

    def beginning(self, pointer: DocumentPointer, size: int) -> bytes:
        """The first bytes of a version, ``size`` of them or as many as there are. Raises DocumentMissing."""
        ...

    def write(self, bucket: str, key: str, content: IO[bytes]) -> DocumentPointer:
        """Store a document, with the media type that its bytes have, under a key that is not below ``incoming/``."""
        ...

    def copy(self, document: DocumentPointer, key: str) -> DocumentPointer:
        """Store a version once more, under another key of its bucket. Raises DocumentMissing."""
        ...

    def offer_upload(self, key: str, media_type: str, maximum_bytes: int, seconds: int) -> UploadForm:
        """A form with which anybody can store one document under this key for that long, without credentials."""
        ...

    def remove(self, pointer: DocumentPointer) -> datetime | None:
        """Delete a version, and the markers of deletion that nothing is behind then; what is gone already is fine.

        What is locked stays: the moment until which it does is returned.
        """
        ...

    def remove_all(self, bucket: str, key: str) -> None:
        """Delete every version of a key that is not locked, and its markers of deletion."""
        ...

    def remove_results(self, job_id: str) -> None:
        """Delete all raw answers of providers to a job."""
        ...

    def write_result(self, job_id: str, submission: int, provider: str, content: bytes) -> str:
        """Keep a provider's raw answer; returns its key. Writing again replaces it."""
        ...

    def read_result(self, key: str) -> bytes | None:
        """A provider's raw answer, or None when there is none under this key."""
        ...

    def link(self, pointer: DocumentPointer, seconds: int, shown: Shown | None = None) -> str:
        """A URL from which anybody can read a version for that long, without credentials; ``shown`` says as what."""
        ...


class Links(Protocol):
    def fetch(self, url: str, name: str) -> IO[bytes]:
        """The document behind a URL, as an open temporary file at its beginning; ``name`` is for messages.

        Raises LinkForbidden, LinkBroken, LinkUnanswered, DocumentTooLarge or EmptyDocument.
        """
        ...
