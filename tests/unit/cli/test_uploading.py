"""The form in which a document is stored: what is sent is what a parser of the other side reads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import parse_form_data

from invoice_capture_cli.errors import CommandError, Unreachable
from invoice_capture_cli.uploading import Form, Uploads
from tests.unit.cli.fake_api import FakeApi, Fault

# S3 has no field with a backslash or a percent sign in its name, and parsers disagree over what they mean there.
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\\%"), min_size=1, max_size=40)
VALUES = st.text(st.characters(exclude_categories=("Cs",)), max_size=200)


@given(
    fields=st.dictionaries(NAMES, VALUES, max_size=5),
    content=st.binary(max_size=5000),
    block=st.integers(1, 700),
)
def test_any_form_is_read_as_it_was_meant(fields: dict[str, str], content: bytes, block: int) -> None:
    fields.pop("file", None)
    sent: list[int] = []
    form = Form(fields, io.BytesIO(content), len(content), sent.append)
    body = b"".join(iter(lambda: form.read(block), b""))
    assert len(body) == len(form) == sum(sent)
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": form.content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    _, read, files = parse_form_data(environ)
    assert read.to_dict() == fields
    assert files["file"].read() == content
    # S3 ignores the fields that come after the file.
    assert body.rindex(b"form-data; name=") == body.index(b'form-data; name="file"; filename=')


def test_it_is_read_while_it_is_sent() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1, /) -> bytes:
            assert 0 < size <= 64 * 1024
            self.asked = max(self.asked, size)
            return b"x" * size

    form = Form({}, Endless(), 50 * 1024**2, lambda _: None)
    assert sum(len(block) for block in form) == len(form)


def test_a_file_that_shrinks_is_an_error_and_no_endless_loop() -> None:
    form = Form({}, io.BytesIO(b"short"), 100, lambda _: None)
    with pytest.raises(OSError, match="became shorter"):
        form.read()


def _send(api: FakeApi, file: Path, sent: list[int]) -> None:
    key = f"documents/acme/1/{file.name}"
    Uploads(sleep=lambda _: None).send(f"{api.url}/storage/{key}", {"key": key}, file, sent.append)


def test_progress_ends_at_what_was_sent(api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"x" * 15_000)
    api.fail("POST /storage", Fault(503))
    sent: list[int] = []
    _send(api, file, sent)
    assert 15_000 < sum(sent) < 16_000
    assert min(sent) < 0


def test_what_storage_refuses_is_not_tried_again(api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "large.pdf"
    file.write_bytes(b"x" * (api.maximum_bytes + 1))
    with pytest.raises(CommandError, match="does not take this file: EntityTooLarge"):
        _send(api, file, [])
    assert api.requests["POST /storage"] == 1


def test_an_outage_of_storage_ends(api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"x")
    api.fail("POST /storage", *[Fault(500)] * 9)
    with pytest.raises(Unreachable, match=r"out of order \(SlowDown\)"):
        _send(api, file, [])
    assert api.requests["POST /storage"] == 4


def test_a_file_that_vanishes_is_told(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"gone\.pdf cannot be read: No such file"):
        _send(api, tmp_path / "gone.pdf", [])
