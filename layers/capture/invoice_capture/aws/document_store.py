"""Documents and results in S3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from typing import IO, Any

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.domain.document import BYTES_TO_RECOGNISE, DocumentPointer, media_type
from invoice_capture.domain.errors import DocumentMissing
from invoice_capture.domain.submission import result_key
from invoice_capture.ports import Shown, UploadForm

_MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "405"})


class S3DocumentStore:
    """Documents lie below ``incoming/`` or ``documents/``, uploads that are to become one below ``uploads/``, and
    answers of providers below ``results/`` of the same bucket.

    ``links_endpoint`` is where links to documents lead when that is not S3 itself.
    """

    def __init__(self, clients: Clients, bucket: str, links_endpoint: str | None = None) -> None:
        self._clients = clients
        self._bucket = bucket
        self._links_endpoint = links_endpoint

    def describe(self, bucket: str, key: str, version_id: str | None) -> tuple[DocumentPointer, datetime]:
        try:
            with calling("S3"):
                head = self._clients.s3.head_object(**_location(bucket, key, version_id))
        except Exception as exc:
            _raise_if_missing(exc, key)
            raise
        pointer = DocumentPointer(bucket, key, version_id or head.get("VersionId"), size=head["ContentLength"])
        return pointer, head["LastModified"]

    def read(self, pointer: DocumentPointer) -> bytes:
        try:
            with calling("S3"):
                answer = self._clients.s3.get_object(**_location(pointer.bucket, pointer.key, pointer.version_id))
                # A version never changes, so its size is known: reading one byte more would be reading another object.
                return answer["Body"].read(pointer.size)
        except Exception as exc:
            _raise_if_missing(exc, pointer.name)
            raise

    def beginning(self, pointer: DocumentPointer, size: int) -> bytes:
        # S3 has no first byte of what is empty.
        if not pointer.size:
            return b""
        try:
            with calling("S3"):
                location = _location(pointer.bucket, pointer.key, pointer.version_id)
                return self._clients.s3.get_object(**location, Range=f"bytes=0-{size - 1}")["Body"].read(size)
        except Exception as exc:
            _raise_if_missing(exc, pointer.name)
            raise

    def write(self, bucket: str, key: str, content: IO[bytes]) -> DocumentPointer:
        content.seek(0, 2)
        size = content.tell()
        content.seek(0)
        kind = media_type(content.read(BYTES_TO_RECOGNISE))
        content.seek(0)
        with calling("S3"):
            answer = self._clients.s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=kind)
        return DocumentPointer(bucket, key, answer.get("VersionId"), size)

    def copy(self, document: DocumentPointer, key: str) -> DocumentPointer:
        source: Any = _location(document.bucket, document.key, document.version_id)
        try:
            with calling("S3"):
                answer = self._clients.s3.copy_object(
                    Bucket=document.bucket,
                    Key=key,
                    CopySource=source,
                    # Tags are not needed, and reading them would be another permission.
                    TaggingDirective="REPLACE",
                )
        except Exception as exc:
            _raise_if_missing(exc, document.name)
            raise
        return DocumentPointer(document.bucket, key, answer.get("VersionId"), document.size)

    def offer_upload(self, key: str, media_type: str, maximum_bytes: int, seconds: int) -> UploadForm:
        form = self._clients.s3_links(self._links_endpoint).generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": media_type},
            Conditions=[{"Content-Type": media_type}, ["content-length-range", 1, maximum_bytes]],
            ExpiresIn=seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def remove(self, pointer: DocumentPointer) -> datetime | None:
        with calling("S3"):
            if until := self._delete(_location(pointer.bucket, pointer.key, pointer.version_id)):
                return until
            markers: list[Any] = []
            for version, is_marker in self._versions(pointer.bucket, pointer.key):
                # Without its marker, an older version would be the present one again.
                if not is_marker:
                    return None
                markers.append(version)
            for marker in markers:
                self._clients.s3.delete_object(**marker)
        return None

    def remove_all(self, bucket: str, key: str) -> None:
        with calling("S3"):
            for version, _is_marker in list(self._versions(bucket, key)):
                self._delete(version)

    def _delete(self, location: Any) -> datetime | None:
        """Delete a version, unless it is locked: then until when."""
        try:
            self._clients.s3.delete_object(**location)
        except Exception as exc:
            # A lock and a missing permission have the same name.
            until = self._locked_until(location) if error_code(exc) == "AccessDenied" else None
            if until is None:
                raise
            return until
        return None

    def _locked_until(self, location: Any) -> datetime | None:
        """Until when a version is locked, as S3 tells whoever may see that."""
        head = self._clients.s3.head_object(**location)
        return head.get("ObjectLockRetainUntilDate")

    def remove_results(self, job_id: str) -> None:
        folder = f"results/{job_id}/"
        with calling("S3"):
            for version, _is_marker in list(self._versions_below(self._bucket, folder)):
                self._clients.s3.delete_object(**version)

    def _versions(self, bucket: str, key: str) -> Iterator[tuple[Any, bool]]:
        """Where the versions of a key are, and whether each is a marker of deletion."""
        # Keys come in order, and every other one that begins with this key comes after it.
        return takewhile(lambda entry: entry[0]["Key"] == key, self._versions_below(bucket, key))

    def _versions_below(self, bucket: str, prefix: str) -> Iterator[tuple[Any, bool]]:
        """The versions of a key before those of the next one."""
        for page in self._clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found = [(entry["Key"], False, entry["VersionId"]) for entry in page.get("Versions", [])]
            found += [(entry["Key"], True, entry["VersionId"]) for entry in page.get("DeleteMarkers", [])]
            for key, is_marker, version_id in sorted(found):
                yield _location(bucket, key, version_id), is_marker

    def write_result(self, job_id: str, submission: int, provider: str, content: bytes) -> str:
        key = result_key(job_id, submission, provider)
        with calling("S3"):
            self._clients.s3.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType="application/json")
        return key

    def read_result(self, key: str) -> bytes | None:
        try:
            with calling("S3"):
                return self._clients.s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except Exception as exc:
            if error_code(exc) in _MISSING:
                return None
            raise

    def link(self, pointer: DocumentPointer, seconds: int, shown: Shown | None = None) -> str:
        parameters = _location(pointer.bucket, pointer.key, pointer.version_id)
        if shown is not None:
            parameters |= {"ResponseContentType": shown.media_type, "ResponseContentDisposition": shown.disposition}
        return self._clients.s3_links(self._links_endpoint).generate_presigned_url(
            "get_object", Params=parameters, ExpiresIn=seconds
        )


def _location(bucket: str, key: str, version_id: str | None) -> Any:
    location = {"Bucket": bucket, "Key": key}
    return location | {"VersionId": version_id} if version_id else location


def _raise_if_missing(error: Exception, name: str) -> None:
    if error_code(error) in _MISSING:
        raise DocumentMissing(f"{name} was removed from the bucket before it was read. Upload it again.") from error
