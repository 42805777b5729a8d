"""What every implementation of a store must do. Subclasses offer the fixtures that a suite names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureFailed, DocumentMissing, JobClosed
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.pacing import Breaker, RateBucket
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import Lease, StaleWrite
from tests.fakes.stores import (
    BUCKET,
)

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
POINTER = DocumentPointer(BUCKET, "incoming/a b+ü.pdf", "v1", 5)
INVOICE = {"total": {"value": "1.00", "confidence": 0.5, "candidates": []}, "lines": []}


def a_job(job_id: str = "J1", deadline_in: int = 72) -> Job:
    return Job(
        job_id=job_id,
        document=POINTER,
        route=("paid", "embedded"),
        status=JobStatus.RECEIVED,
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW + timedelta(hours=deadline_in),
    )


def a_row(job_id: str = "J1", number: int = 1, due_in: int | None = 20, provider: str = "paid") -> Submission:
    return Submission(
        job_id=job_id,
        number=number,
        provider=provider,
        state=SubmissionState.PENDING,
        document=POINTER,
        kind=DocumentKind.PDF,
        task_token=f"token-{job_id}-{number}",
        created_at=NOW,
        deadline_at=NOW + timedelta(hours=72),
        reference="r-1",
        next_check_at=None if due_in is None else NOW + timedelta(seconds=due_in),
    )


class JobsAndSubmissionsContract:
    """Subclasses offer the fixtures ``jobs`` and ``submissions``, on the same data."""

    def test_a_job_is_created_once(self, jobs: Any) -> None:
        assert jobs.create(a_job())
        assert not jobs.create(replace(a_job(), route=("other",)))
        assert jobs.get("J1") == a_job()
        assert jobs.get("nobody") is None

    def test_a_fingerprint_belongs_to_the_first_job(self, jobs: Any) -> None:
        jobs.create(a_job("J1"))
        jobs.create(a_job("J2"))
        assert jobs.claim_fingerprint("abc", "J1", NOW) == "J1"
        assert jobs.claim_fingerprint("abc", "J1", NOW) == "J1"
        assert jobs.claim_fingerprint("abc", "J2", NOW) == "J1"
        assert jobs.claim_fingerprint("def", "J2", NOW) == "J2"

    def test_beginning_a_submission_makes_its_job_submitted(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        assert submissions.begin(a_row())
        assert submissions.get(("J1", 1)) == a_row()
        job = jobs.get("J1")
        assert (job.status, job.provider, job.submission) == (JobStatus.SUBMITTED, "paid", 1)
        assert not submissions.begin(replace(a_row(), reference="other"))
        assert submissions.begin(a_row(number=2, provider="embedded"))
        assert [row.number for row in submissions.of_job("J1")] == [1, 2]
        assert jobs.get("J1").provider == "embedded"

    def test_nothing_is_begun_for_a_job_that_has_ended(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        with pytest.raises(JobClosed):
            submissions.begin(a_row(number=2))
        assert submissions.get(("J1", 2)) is None

    def test_only_who_read_the_present_version_may_save(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        seen = submissions.get(("J1", 1))
        saved = submissions.save(replace(seen, checks=1))
        assert saved == submissions.get(("J1", 1))
        with pytest.raises(StaleWrite):
            submissions.save(replace(seen, checks=7))
        assert submissions.get(("J1", 1)).checks == 1

    def test_closing_needs_the_present_token_and_keeps_the_outcome(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        outcome = Outcome("paid", error=CaptureFailed("illegible"))
        assert not submissions.close(("J1", 1), "another token", outcome, NOW)
        assert submissions.get(("J1", 1)).state is SubmissionState.PENDING
        assert submissions.close(("J1", 1), "token-J1-1", outcome, NOW)
        closed = submissions.get(("J1", 1))
        assert (closed.state, closed.task_token, closed.next_check_at) == (SubmissionState.FAILED, None, None)
        assert isinstance(closed.outcome.error, CaptureFailed)
        assert str(closed.outcome.error) == "illegible"
        assert not submissions.close(("J1", 1), "token-J1-1", outcome, NOW)
        assert not submissions.close(("nobody", 1), "token", outcome, NOW)

    def test_a_writer_that_read_before_the_close_is_stale(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        seen = submissions.get(("J1", 1))
        submissions.close(("J1", 1), "token-J1-1", Outcome("paid", result_key="k"), NOW)
        with pytest.raises(StaleWrite):
            submissions.save(seen)
        assert submissions.get(("J1", 1)).result_key == "k"

    def test_due_rows_come_in_order_and_only_from_one_provider(self, jobs: Any, submissions: Any) -> None:
        for job_id, due_in, provider in (("J1", 30, "paid"), ("J2", 10, "paid"), ("J3", None, "paid"), ("J4", 5, "x")):
            jobs.create(a_job(job_id))
            submissions.begin(a_row(job_id, due_in=due_in, provider=provider))
        assert submissions.due("paid", NOW + timedelta(seconds=60), 10) == [("J2", 1), ("J1", 1)]
        assert submissions.due("paid", NOW + timedelta(seconds=60), 1) == [("J2", 1)]
        assert submissions.due("paid", NOW + timedelta(seconds=20), 10) == [("J2", 1)]
        assert submissions.next_due("paid", ()) == NOW + timedelta(seconds=10)
        assert submissions.next_due("paid", [("J2", 1)]) == NOW + timedelta(seconds=30)
        assert submissions.next_due("paid", [("J2", 1), ("J1", 1)]) is None
        found = submissions.get_many([("J1", 1), ("J3", 1), ("nobody", 1)])
        assert sorted(row.job_id for row in found) == ["J1", "J3"]

    def test_capturing_is_done_once_and_may_be_repeated(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert jobs.get("J1").status is JobStatus.CAPTURED
        with pytest.raises(JobClosed):
            jobs.capture("J1", 2, INVOICE, [], NOW, summary={})

    def test_a_job_that_was_never_submitted_cannot_be_captured(self, jobs: Any) -> None:
        jobs.create(a_job())
        with pytest.raises(JobClosed):
            jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert jobs.get("J1").status is JobStatus.RECEIVED

    def test_action_is_required_once(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        assert not jobs.require_action("J1", None, NOW)
        submissions.begin(a_row())
        assert jobs.require_action("J1", "https://example.com", NOW)
        assert not jobs.require_action("J1", "https://example.com", NOW)
        jobs.resume("J1", NOW)
        assert jobs.get("J1").status is JobStatus.SUBMITTED
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        jobs.resume("J1", NOW)
        assert jobs.get("J1").status is JobStatus.CAPTURED

    def test_overdue_jobs_are_found_until_they_end(self, jobs: Any, submissions: Any) -> None:
        for job_id, hours in (("J1", 3), ("J2", 1), ("J3", 9)):
            jobs.create(a_job(job_id, deadline_in=hours))
            submissions.begin(a_row(job_id))
        later = NOW + timedelta(hours=5)
        assert jobs.overdue(later, 10) == ["J2", "J1"]
        assert jobs.overdue(later, 1) == ["J2"]
        jobs.capture("J2", 1, INVOICE, [], NOW, summary={})
        assert jobs.overdue(later, 10) == ["J1"]

    def test_jobs_are_read_in_the_order_they_are_asked_for(self, jobs: Any) -> None:
        for job_id in ("J1", "J2", "J3"):
            jobs.create(a_job(job_id))
        assert [job.job_id for job in jobs.get_many(["J3", "nobody", "J1"])] == ["J3", "J1"]
        assert list(jobs.get_many([])) == []

    def test_a_document_is_located_while_its_job_waits_for_it(self, jobs: Any, submissions: Any) -> None:
        jobs.create(replace(a_job(), document=replace(POINTER, version_id=None, size=0, is_stored=False)))
        assert not jobs.get("J1").document.is_stored
        assert jobs.locate("J1", POINTER, NOW)
        assert jobs.get("J1").document == POINTER
        submissions.begin(a_row())
        assert not jobs.locate("J1", replace(POINTER, key="incoming/other"), NOW)
        assert not jobs.locate("nobody", POINTER, NOW)
        assert jobs.get("J1").document == POINTER

    def test_a_captured_job_keeps_its_invoice_and_a_summary(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        assert jobs.invoice("J1") is None
        findings = [{"code": "total_mismatch"}]
        jobs.capture("J1", 1, INVOICE, findings, NOW, summary={"total": "1.00", "supplier": None})
        stored = jobs.invoice("J1")
        assert (stored.invoice, stored.findings, stored.stored_at) == (INVOICE, findings, NOW)
        job = jobs.get("J1")
        assert (job.summary, job.finished_at) == ({"total": "1.00", "supplier": None}, NOW)

    def test_a_confirmation_replaces_the_summary_and_no_repeated_capture_brings_it_back(
        self, jobs: Any, submissions: Any
    ) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        read = {"total": "1.00", "confidence": 0.5, "is_valid": False, "findings": ["missing", "total_mismatch"]}
        confirmed = {"total": "2.00", "supplier": "Müller", "confidence": 1.0, "is_valid": True, "findings": []}
        jobs.capture("J1", 1, INVOICE, [], NOW, summary=read)
        assert jobs.get_many(["J1"])[0].summary == read
        assert jobs.confirm("J1", INVOICE, [], NOW, summary=confirmed)
        jobs.capture("J1", 1, INVOICE, [], NOW, summary=read)
        assert jobs.get("J1").summary == confirmed

    def test_a_confirmed_invoice_stands_beside_the_original(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        corrected = {**INVOICE, "total": {"value": "2.00", "confidence": 1.0, "candidates": []}}
        assert not jobs.confirm("J1", corrected, [], NOW, summary={})
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert jobs.confirmed_invoice("J1") is None
        later = NOW + timedelta(minutes=1)
        assert jobs.confirm("J1", corrected, [], later, summary={})
        assert jobs.confirmed_invoice("J1").invoice == corrected
        assert jobs.invoice("J1").invoice == INVOICE
        assert jobs.get("J1").confirmed_at == later

    def test_a_shorter_confirmation_replaces_a_longer_one(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        lines = [{"description": {"value": f"{number} " + "x" * 900}} for number in range(700)]
        for some in (lines, lines[:500], lines[:1], []):
            assert jobs.confirm("J1", {**INVOICE, "lines": some}, [], NOW, summary={})
            assert jobs.confirmed_invoice("J1").invoice["lines"] == some

    def test_a_possible_double_charge_is_marked(self, jobs: Any) -> None:
        jobs.create(a_job())
        jobs.suspect_double_charge("J1", NOW)
        assert jobs.get("J1").possible_double_charge


class ProviderStatesContract:
    """Subclasses offer the fixture ``states``."""

    LEASE = Lease("a", wakes_at=NOW, expires_at=NOW + timedelta(minutes=7))

    def test_a_fresh_provider_has_no_state(self, states: Any) -> None:
        state = states.load("paid")
        assert (state.lease, state.bucket, state.breaker, dict(state.latencies)) == (None, None, Breaker(), {})

    def test_one_owner_at_a_time(self, states: Any) -> None:
        other = replace(self.LEASE, owner="b", expires_at=NOW + timedelta(minutes=9))
        assert states.take_lease("paid", self.LEASE, None)
        assert not states.take_lease("paid", other, None)
        assert states.load("paid").lease == self.LEASE
        assert not states.take_lease("paid", other, instead_of=replace(self.LEASE, owner="x"))
        assert states.take_lease("paid", other, instead_of=self.LEASE)
        assert not states.take_lease("paid", replace(self.LEASE, owner="c"), instead_of=self.LEASE)
        assert states.load("paid").lease == other

    def test_only_the_owner_keeps_passes_and_releases(self, states: Any) -> None:
        states.take_lease("paid", self.LEASE, None)
        later = replace(self.LEASE, wakes_at=NOW + timedelta(minutes=1))
        assert not states.keep_lease("paid", replace(later, owner="b"))
        assert states.keep_lease("paid", later)
        assert not states.release_lease("paid", "b")
        assert states.pass_lease("paid", "a", replace(later, owner="b"))
        assert not states.keep_lease("paid", later)
        assert states.release_lease("paid", "b")
        assert not states.keep_lease("paid", replace(later, owner="b"))
        assert states.load("paid").lease is None

    def test_buckets_and_breakers_are_swapped_by_version(self, states: Any) -> None:
        bucket, _ = RateBucket.full(NOW).take(4, NOW)
        assert states.swap_bucket("paid", bucket)
        assert not states.swap_bucket("paid", bucket)
        assert states.load("paid").bucket == bucket
        assert states.swap_bucket("paid", bucket.slow_down(30, NOW))
        breaker = Breaker().failed(NOW)
        assert states.swap_breaker("paid", breaker)
        assert not states.swap_breaker("paid", breaker)
        for _ in range(5):
            breaker = breaker.failed(NOW)
            assert states.swap_breaker("paid", breaker)
        assert states.load("paid").breaker == breaker

    def test_accounts_are_known_once_they_had_a_loop(self, states: Any) -> None:
        assert states.accounts() == frozenset()
        for _ in range(2):
            states.take_lease("paid-us", self.LEASE, None)
        states.take_lease("paid", self.LEASE, None)
        states.release_lease("paid-us", self.LEASE.owner)
        assert states.accounts() == {"paid-us"}

    def test_latencies_add_up(self, states: Any) -> None:
        states.add_latencies("paid", {("small", 3): 1, ("small", 14): 2})
        states.add_latencies("paid", {("small", 3): 5, ("large", 3): 1})
        assert states.load("paid").latencies == {"small": {3: 6, 14: 2}, "large": {3: 1}}
        assert dict(states.load("other").latencies) == {}


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
