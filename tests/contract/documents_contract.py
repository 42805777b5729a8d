"""What every store of documents must do."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import DocumentMissing
from tests.fakes.stores import BUCKET


class DocumentsContract:
    """Subclasses offer the fixture ``documents`` and ``put``, which stores an object and returns its version."""

    @pytest.mark.parametrize("name", ["a b+ü.pdf", "../x/./y.pdf", 'quote"s%20.pdf', "emoji-🧾.pdf", "100%.pdf"])
    def test_a_document_is_described_and_read_by_any_legal_key(self, documents: Any, put: Any, name: str) -> None:
        key = f"incoming/{name}"
        version = put(key, b"bytes")
        pointer, stored_at = documents.describe(BUCKET, key, version)
        assert pointer == DocumentPointer(BUCKET, key, version, 5)
        assert stored_at.tzinfo is not None
        assert documents.read(pointer) == b"bytes"

    def test_a_version_is_read_even_when_the_key_was_written_again(self, documents: Any, put: Any) -> None:
        first = put("incoming/a.pdf", b"first")
        second = put("incoming/a.pdf", b"second")
        assert first != second
        assert documents.read(DocumentPointer(BUCKET, "incoming/a.pdf", first, 5)) == b"first"

    def test_what_is_not_there_is_missing(self, documents: Any) -> None:
        with pytest.raises(DocumentMissing):
            documents.describe(BUCKET, "incoming/none.pdf", None)
        with pytest.raises(DocumentMissing):
            documents.read(DocumentPointer(BUCKET, "incoming/none.pdf", None, 5))

    def test_the_latest_version_is_described_where_none_is_named(self, documents: Any, put: Any) -> None:
        put("documents/c/1/a.pdf", b"first")
        second = put("documents/c/1/a.pdf", b"second!")
        pointer, _ = documents.describe(BUCKET, "documents/c/1/a.pdf", None)
        assert (pointer.version_id, pointer.size) == (second, 7)

    def test_a_document_is_written_read_and_removed(self, documents: Any) -> None:
        content = BytesIO(b"fetched")
        content.read()
        pointer = documents.write(BUCKET, "documents/c/2/b.pdf", content)
        assert (pointer.key, pointer.size, pointer.is_stored) == ("documents/c/2/b.pdf", 7, True)
        assert pointer.version_id
        assert documents.read(pointer) == b"fetched"
        documents.remove(pointer)
        documents.remove(pointer)
        with pytest.raises(DocumentMissing):
            documents.read(pointer)

    def test_a_version_is_copied_and_the_copy_outlives_it(self, documents: Any, put: Any) -> None:
        first = put("uploads/c/1/a b+ü.pdf", b"first")
        put("uploads/c/1/a b+ü.pdf", b"second!")
        pointer, _ = documents.describe(BUCKET, "uploads/c/1/a b+ü.pdf", first)
        copy = documents.copy(pointer, "documents/c/2/b.pdf")
        assert (copy.key, copy.size, copy.is_stored) == ("documents/c/2/b.pdf", 5, True)
        assert copy.version_id
        documents.remove_all(BUCKET, pointer.key)
        assert documents.read(copy) == b"first"
        with pytest.raises(DocumentMissing):
            documents.copy(pointer, "documents/c/2/c.pdf")

    def test_every_version_of_one_key_is_removed(self, documents: Any, put: Any) -> None:
        versions = [put("uploads/c/1/a.pdf", content) for content in (b"1", b"2", b"3")]
        other = put("uploads/c/1/a.pdf.pdf", b"other")
        documents.remove_all(BUCKET, "uploads/c/1/a.pdf")
        documents.remove_all(BUCKET, "uploads/c/1/a.pdf")
        for version in versions:
            with pytest.raises(DocumentMissing):
                documents.describe(BUCKET, "uploads/c/1/a.pdf", version)
        assert documents.describe(BUCKET, "uploads/c/1/a.pdf.pdf", other)[0].size == 5

    def test_the_beginning_of_a_document_is_read_alone(self, documents: Any, put: Any) -> None:
        for content, size, beginning in ((b"0123456789", 4, b"0123"), (b"01", 4, b"01"), (b"", 4, b"")):
            version = put("incoming/c.pdf", content)
            pointer, _ = documents.describe(BUCKET, "incoming/c.pdf", version)
            assert documents.beginning(pointer, size) == beginning
        with pytest.raises(DocumentMissing):
            documents.beginning(DocumentPointer(BUCKET, "incoming/none.pdf", None, 5), 4)

    def test_results_of_one_job_are_removed(self, documents: Any) -> None:
        removed = [documents.write_result("J1", number, "paid", b"x") for number in (1, 2)]
        documents.write_result("J1", 1, "paid", b"again")
        kept = documents.write_result("J11", 1, "paid", b"y")
        documents.remove_results("J1")
        documents.remove_results("nobody")
        assert [documents.read_result(key) for key in (*removed, kept)] == [None, None, b"y"]

    def test_results_are_kept_by_job_submission_and_provider(self, documents: Any) -> None:
        key = documents.write_result("J1", 2, "paid", b"one")
        assert key == "results/J1/2-paid.json"
        assert documents.write_result("J1", 2, "paid", b"two") == key
        assert documents.read_result(key) == b"two"
        assert documents.read_result("results/J1/3-paid.json") is None
