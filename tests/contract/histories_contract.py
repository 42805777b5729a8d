"""What every store of histories must do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from invoice_capture.domain.history import sha256_of
from invoice_capture.ports.histories import Head

_JOB = "01JGYD1W00P7RSZ4K8Q6T3V5X9"
_TTL = 1_900_000_000


def _entry(sequence: int) -> dict[str, Any]:
    return {"sequence": sequence, "hash": f"{sequence:064x}"}


class HistoriesContract:
    """Subclasses offer the fixtures ``histories``, ``put`` (key, content; its version), ``create`` (a job) and
    ``locked_until`` (key, version)."""

    def test_portions_come_in_their_order_and_are_never_overwritten(self, histories: Any) -> None:
        assert histories.portions(_JOB) == []
        assert all(histories.append(_JOB, place, f"{place}\n".encode(), None) for place in range(1, 12))
        assert not histories.append(_JOB, 3, b"another\n", None)
        assert histories.portions(_JOB) == [f"{place}\n".encode() for place in range(1, 12)]

    def test_an_older_head_never_takes_the_place_of_a_newer_one(self, histories: Any) -> None:
        assert histories.head(_JOB) is None
        for sequence in (3, 8, 5, 8):
            histories.note_head(_JOB, _entry(sequence), _TTL)
        histories.note_head(_JOB, _entry(9), None)
        assert histories.head(_JOB) == Head(f"{9:064x}", 9)

    def test_what_is_removed_is_gone_and_another_jobs_is_not(self, histories: Any) -> None:
        for job_id in (_JOB, _JOB + "0"):
            histories.append(job_id, 1, b"1\n", None)
            histories.note_head(job_id, _entry(1), _TTL)
        for _ in range(2):
            histories.remove(_JOB)
            assert (histories.portions(_JOB), histories.head(_JOB)) == ([], None)
        assert histories.portions(_JOB + "0") == [b"1\n"]
        assert histories.append(_JOB, 1, b"1\n", None)

    def test_objects_are_told_by_their_bytes(self, histories: Any, put: Any) -> None:
        version = put("incoming/a b+ü.pdf", b"abc")
        told = {"key": "incoming/a b+ü.pdf", "version": version, "bytes": 3, "sha256": sha256_of(b"abc")}
        assert histories.digest("incoming/a b+ü.pdf", version) == told
        put("incoming/a b+ü.pdf", b"another")
        assert histories.digest("incoming/a b+ü.pdf", version) == told
        assert histories.digest("incoming/none.pdf", None) is None

    def test_whether_the_job_is_there_is_known(self, histories: Any, create: Any) -> None:
        assert not histories.is_there(_JOB)
        create(_JOB)
        assert histories.is_there(_JOB)

    def test_portions_and_documents_are_locked(self, histories: Any, put: Any, locked_until: Any) -> None:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
        version = put("incoming/a.pdf", b"abc")
        assert locked_until("incoming/a.pdf", version) is None
        histories.lock("incoming/a.pdf", version, until)
        assert locked_until("incoming/a.pdf", version) == until
        assert histories.append(_JOB, 1, b"1\n", until)
        assert histories.portions(_JOB) == [b"1\n"]
