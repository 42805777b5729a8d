"""A job's document is linked as what its bytes are, under the name that people call it."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.unit.api.api_world import ApiWorld

JOBS = "/ocr-invoice-job"


def test_the_document_is_linked(world: ApiWorld) -> None:
    job_id = world.captured()
    answer = world.call("GET", f"{JOBS}/{job_id}/document")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("https://documents.example/documents/acme/")


@pytest.mark.parametrize(
    ("content", "kind", "disposition"),
    [
        (b"%PDF-1.7", "application/pdf", "inline"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "inline"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "inline"),
        (b"II*\x00", "image/tiff", "inline"),
        (b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>', "application/xml", "attachment"),
        (b"<html><script>alert(1)</script></html>", "application/octet-stream", "attachment"),
        (b"", "application/octet-stream", "attachment"),
    ],
)
def test_a_linked_document_is_what_its_bytes_are(world: ApiWorld, content: bytes, kind: str, disposition: str) -> None:
    """Whatever its name says, and whatever type was said when it was stored."""
    name = 'Rechnung "März"/€.pdf'
    job_id = world.create(documentName=name)
    world.change(job_id, document=world.documents.put(world.jobs.jobs[job_id].document.key, content))
    query = dict(parse_qsl(urlsplit(world.call("GET", f"{JOBS}/{job_id}/document").headers["Location"]).query))
    assert query["media_type"] == kind
    assert query["disposition"] == f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"


def test_a_linked_document_of_a_long_name_has_a_short_address(world: ApiWorld) -> None:
    job_id = world.create(documentName="🧾" * 255)
    world.store_document(job_id)
    assert len(world.call("GET", f"{JOBS}/{job_id}/document").headers["Location"]) < 3000


def test_a_document_that_was_removed_is_not_linked(world: ApiWorld) -> None:
    job_id = world.captured()
    world.documents.objects.clear()
    assert world.call("GET", f"{JOBS}/{job_id}/document").status == 404
