"""Bodies in pieces are what one piece would be, and cost no memory of their own."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.providers.bodies import Body, InBase64, form_body, json_body

MEGABYTE = 1024**2


@given(st.binary(max_size=200), st.text(max_size=20))
def test_json_has_its_documents_in_base64(content: bytes, name: str) -> None:
    body = json_body({"names": [name], "documents": [InBase64(content), InBase64(b"%PDF")], "n": None})
    assert json.loads(b"".join(body)) == {
        "names": [name],
        "documents": [b64encode(content).decode(), b64encode(b"%PDF").decode()],
        "n": None,
    }
    assert len(body) == len(b"".join(body))


def test_base64_in_pieces_is_that_of_the_whole() -> None:
    content = bytes(range(256)) * 1000
    body = json_body(InBase64(content))
    assert len(list(body)) > 3
    assert json.loads(b"".join(body)) == b64encode(content).decode()


def test_json_has_nothing_that_it_could_not_have() -> None:
    for value in ({"a": b"bytes"}, {"a": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            json_body(value)


def test_a_form_has_each_file_with_its_name_and_type() -> None:
    body = form_body(
        {"file": ('Façade "7".pdf', b"%PDF\r\n--", "application/pdf"), "other": ("b.png", b"", "image/png")}
    )
    message = BytesParser().parsebytes(f"Content-Type: {body.content_type}\r\n\r\n".encode() + b"".join(body))
    first, second = message.get_payload()
    assert first.get_payload(decode=True) == b"%PDF\r\n--"
    assert first.get_content_type() == "application/pdf"
    assert first.get_param("name", header="content-disposition") == "file"
    assert second.get_content_type() == "image/png"
    assert "Façade %227%22.pdf".encode() in b"".join(body)


@pytest.mark.parametrize(
    "made",
    [
        lambda content: json_body({"documents": [InBase64(content)]}),
        lambda content: form_body({"file": ("a.pdf", content, "application/pdf")}),
    ],
    ids=["json", "form"],
)
def test_a_large_document_is_not_copied(made: Callable[[bytes], Body]) -> None:
    content = bytes(25 * MEGABYTE)
    tracemalloc.start()
    try:
        sent = sum(map(len, made(content)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > len(content)
    assert peak < MEGABYTE
