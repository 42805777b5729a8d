"""What every implementation of a store must do. Subclasses offer the fixtures that a suite names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureFailed, JobClosed
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import StaleWrite
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
    """Subclasses offer the fixtures ``jobs`` and ``submissions``, on the same data.

    ``end(job_id, status)`` does what a state of the state machine does that records an end; in a block of ``lagging()``
    the indexes show nothing of what is written.
    """

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

    @pytest.mark.parametrize("status", [status for status in JobStatus if status.is_terminal])
    def test_a_fingerprint_is_taken_over_from_a_job_that_ended_without_an_invoice(
        self, jobs: Any, end: Any, status: JobStatus
    ) -> None:
        jobs.create(a_job("J1"))
        jobs.create(a_job("J2"))
        jobs.claim_fingerprint("abc", "J1", NOW)
        end("J1", status)
        owner = "J1" if status in {JobStatus.CAPTURED, JobStatus.DUPLICATE} else "J2"
        assert jobs.claim_fingerprint("abc", "J2", NOW) == owner
        assert jobs.claim_fingerprint("abc", "J1", NOW) == owner

    def test_a_fingerprint_is_taken_over_from_a_job_that_is_gone(self, jobs: Any) -> None:
        jobs.create(a_job("J2"))
        assert jobs.claim_fingerprint("abc", "gone", NOW) == "gone"
        assert jobs.claim_fingerprint("abc", "J2", NOW) == "J2"

    def test_a_fingerprint_is_given_up_by_its_owner_alone(self, jobs: Any) -> None:
        for job_id in ("J1", "J2", "J3"):
            jobs.create(a_job(job_id))
        jobs.claim_fingerprint("abc", "J1", NOW)
        jobs.release_fingerprint("abc", "J2")
        assert jobs.claim_fingerprint("abc", "J2", NOW) == "J1"
        for _ in range(2):
            jobs.release_fingerprint("abc", "J1")
        assert jobs.claim_fingerprint("abc", "J3", NOW) == "J3"

    def test_a_job_that_is_gone_is_written_by_nobody(self, jobs: Any, submissions: Any) -> None:
        with pytest.raises(JobClosed):
            submissions.begin(a_row())
        with pytest.raises(JobClosed):
            jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert not jobs.fail("J1", CaptureFailed("illegible"), NOW)
        jobs.told("J1", NOW)
        jobs.tell_later("J1", NOW)
        assert not jobs.put_off("J1", NOW, until=NOW)
        assert not jobs.require_action("J1", "https://example.com", NOW)
        assert not jobs.confirm("J1", INVOICE, [], NOW, summary={})
        jobs.resume("J1", NOW)
        jobs.suspect_double_charge("J1", NOW)
        assert (jobs.get("J1"), jobs.invoice("J1"), submissions.get(("J1", 1))) == (None, None, None)

    def test_times_are_kept_to_the_millisecond(self, jobs: Any, submissions: Any) -> None:
        exact, kept = NOW + timedelta(microseconds=1999), NOW + timedelta(milliseconds=1)
        jobs.create(replace(a_job(), created_at=exact, updated_at=exact, deadline_at=exact))
        assert (jobs.get("J1").created_at, jobs.get("J1").deadline_at) == (kept, kept)
        assert jobs.overdue(kept, 10) == ["J1"]
        submissions.begin(replace(a_row(), created_at=exact, deadline_at=exact, next_check_at=exact))
        row = submissions.get(("J1", 1))
        assert (row.created_at, row.deadline_at, row.next_check_at) == (kept, kept, kept)
        assert submissions.due("paid", kept, 10) == [("J1", 1)]
        assert submissions.next_due("paid", ()) == kept
        # Who saves a row has it as it was given; who reads it, as it is kept.
        assert submissions.save(replace(row, polled_at=exact)).polled_at == exact
        assert submissions.get(("J1", 1)).polled_at == kept
        submissions.close(("J1", 1), "token-J1-1", Outcome("paid", result_key="k"), exact)
        assert submissions.get(("J1", 1)).finished_at == kept
        jobs.capture("J1", 1, INVOICE, [], exact, summary={})
        assert (jobs.get("J1").finished_at, jobs.invoice("J1").stored_at) == (kept, kept)

    def test_an_index_that_lags_behind_names_rows_that_have_changed(
        self, jobs: Any, submissions: Any, lagging: Any
    ) -> None:
        for job_id in ("J1", "J2"):
            jobs.create(a_job(job_id))
        submissions.begin(a_row("J1"))
        later = NOW + timedelta(days=9)
        with lagging():
            submissions.close(("J1", 1), "token-J1-1", Outcome("paid", result_key="k"), NOW)
            jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
            jobs.told("J1", NOW)
            submissions.begin(a_row("J2"))
            assert submissions.due("paid", later, 10) == [("J1", 1)]
            assert submissions.next_due("paid", [("J1", 1)]) is None
            assert sorted(jobs.overdue(later, 10)) == ["J1", "J2"]
            assert (jobs.get("J1").status, submissions.get(("J1", 1)).next_check_at) == (JobStatus.CAPTURED, None)
        assert submissions.due("paid", later, 10) == [("J2", 1)]
        assert jobs.overdue(later, 10) == ["J2"]

    def test_what_is_too_large_for_an_item_is_refused_and_changes_nothing(self, jobs: Any, submissions: Any) -> None:
        large = "x" * 410_000
        with pytest.raises(ClientError, match="Item size"):
            jobs.create(replace(a_job(), error_message=large, document=replace(POINTER, key=large)))
        assert jobs.get("J1") is None
        jobs.create(a_job())
        with pytest.raises(ClientError, match="Item size"):
            submissions.begin(replace(a_row(), reference=large))
        assert jobs.get("J1").status is JobStatus.RECEIVED
        submissions.begin(a_row())
        with pytest.raises(ClientError, match="Item size"):
            submissions.save(replace(submissions.get(("J1", 1)), error_message=large))
        assert submissions.get(("J1", 1)) == a_row()
        # An invoice is packed.
        large = Random(1).randbytes(500_000).hex()
        for invoice in ({**INVOICE, "lines": [{"description": {"value": large}}]}, {**INVOICE, "total": large}):
            with pytest.raises(ClientError, match="Item size"):
                jobs.capture("J1", 1, invoice, [], NOW, summary={})
        assert (jobs.get("J1").status, jobs.invoice("J1")) == (JobStatus.SUBMITTED, None)

    def test_beginning_a_submission_makes_its_job_submitted(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        later = NOW + timedelta(minutes=1)
        row = replace(a_row(), created_at=later)
        assert submissions.begin(row)
        assert submissions.get(("J1", 1)) == row
        job = jobs.get("J1")
        assert (job.status, job.provider, job.submission) == (JobStatus.SUBMITTED, "paid", 1)
        assert job.updated_at == later
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
        saved = submissions.save(replace(seen, polls=1))
        assert saved == submissions.get(("J1", 1))
        with pytest.raises(StaleWrite):
            submissions.save(replace(seen, polls=7))
        assert submissions.get(("J1", 1)).polls == 1

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
        assert jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert not jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
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
        jobs.told("J2", NOW)
        assert jobs.overdue(later, 10) == ["J1"]

    def test_jobs_are_read_in_the_order_they_are_asked_for(self, jobs: Any) -> None:
        for job_id in ("J1", "J2", "J3"):
            jobs.create(a_job(job_id))
        assert [job.job_id for job in jobs.get_many(["J3", "nobody", "J1"])] == ["J3", "J1"]
        assert list(jobs.get_many([])) == []

    def test_a_document_is_located_while_its_job_waits_for_it(self, jobs: Any, submissions: Any) -> None:
        jobs.create(replace(a_job(), document=replace(POINTER, version_id=None, size=0, is_stored=False)))
        assert not jobs.get("J1").document.is_stored
        assert jobs.set_document("J1", POINTER, NOW)
        assert jobs.get("J1").document == POINTER
        submissions.begin(a_row())
        assert not jobs.set_document("J1", replace(POINTER, key="incoming/other"), NOW)
        assert not jobs.set_document("nobody", POINTER, NOW)
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
