"""What a store of submissions must do beyond opening and closing them, and what marks it leaves on their jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from invoice_capture.domain.errors import TooManyPages
from invoice_capture.domain.submission import Outcome, SubmissionState
from tests.contract.store_contracts import NOW, a_job, a_row


class SubmissionsContract:
    """Subclasses offer the fixtures ``jobs`` and ``submissions``, on the same data."""

    def test_a_closed_row_stays_due_while_a_copy_is_to_be_deleted(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        submissions.close(
            ("J1", 1), "token-J1-1", Outcome("paid", "r-1", "key"), NOW, next_check_at=NOW + timedelta(seconds=5)
        )
        row = submissions.get(("J1", 1))
        assert (row.state, row.next_check_at) == (SubmissionState.DONE, NOW + timedelta(seconds=5))
        assert submissions.due("paid", NOW + timedelta(seconds=5), 10) == [("J1", 1)]
        done = submissions.save(replace(row, next_check_at=None))
        assert submissions.due("paid", NOW + timedelta(days=1), 10) == []
        assert (done.state, done.result_key, done.finished_at) == (SubmissionState.DONE, "key", NOW)

    def test_a_row_keeps_all_that_is_known_of_it(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        full = replace(
            a_row(),
            attempts=2,
            attempt_id="0123456789abcdef",
            submitted_at=NOW + timedelta(seconds=1),
            polled_at=NOW + timedelta(seconds=2),
            polls=3,
            unclear_polls=2,
            unclear_since=NOW + timedelta(seconds=3),
            refused_since=NOW + timedelta(seconds=4),
            skip_if_unavailable=True,
            possible_double_charge=True,
            action_url="https://verify.example/1",
        )
        assert submissions.save(full) == replace(full, version=2)
        assert submissions.get(("J1", 1)) == replace(full, version=2)
        error = TooManyPages("a.pdf has 80 pages.")
        submissions.close(("J1", 1), "token-J1-1", Outcome("paid", "r-2", error=error), NOW)
        closed = submissions.get(("J1", 1))
        assert closed == replace(
            full,
            version=3,
            state=SubmissionState.FAILED,
            task_token=None,
            next_check_at=None,
            reference="r-2",
            finished_at=NOW,
            error_code="TooManyPages",
            error_message="a.pdf has 80 pages.",
        )
        assert type(closed.outcome.error) is TooManyPages

    def test_a_reference_belongs_to_one_open_submission(self, jobs: Any, submissions: Any) -> None:
        for job_id in ("J1", "J2"):
            jobs.create(a_job(job_id))
            submissions.begin(a_row(job_id))
        assert submissions.claim_reference(a_row("J1")) is None
        assert submissions.claim_reference(a_row("J1")) is None, "asked again"
        assert submissions.claim_reference(replace(a_row("J2"), provider="other")) is None
        clash = submissions.claim_reference(a_row("J2"))
        assert clash is not None
        assert clash.job_id == "J1"
        submissions.close(("J1", 1), "token-J1-1", Outcome("paid", "r-1", "key"), NOW)
        assert submissions.claim_reference(a_row("J2")) is None

    def test_another_submission_of_the_same_document_may_have_its_reference(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        for number in (1, 2):
            submissions.begin(a_row(number=number))
            assert submissions.claim_reference(a_row(number=number)) is None

    def test_a_mark_is_taken_back(self, jobs: Any) -> None:
        jobs.create(a_job())
        jobs.suspect_double_charge("J1", NOW)
        jobs.clear_double_charge("J1", NOW)
        jobs.clear_double_charge("J1", NOW)
        assert jobs.get("J1").possible_double_charge is False

    def test_a_remark_is_kept(self, jobs: Any) -> None:
        jobs.create(a_job())
        jobs.remark("J1", "The provider says 'Hibernating'.", NOW + timedelta(seconds=1))
        assert jobs.get("J1").remark == "The provider says 'Hibernating'."
        assert jobs.get("J1").updated_at == NOW + timedelta(seconds=1)
        jobs.remark("J1", "The provider says 'Hibernating'.", NOW + timedelta(seconds=2))
        assert jobs.get("J1").updated_at == NOW + timedelta(seconds=1), "said already"

    def test_an_announcement_is_claimed_by_one(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        assert jobs.fail("J1", TooManyPages("a.pdf has 80 pages."), NOW)
        until = NOW + timedelta(minutes=10)
        assert not jobs.claim_announcement("J1", NOW - timedelta(seconds=1), NOW, until=until), "another end"
        assert jobs.claim_announcement("J1", NOW, NOW, until=until)
        assert not jobs.claim_announcement("J1", NOW, NOW + timedelta(minutes=9), until=until)
        assert jobs.claim_announcement("J1", NOW, until, until=until + timedelta(minutes=10)), "who claimed it has died"
        jobs.told("J1", NOW)
        assert not jobs.claim_announcement("J1", NOW, NOW + timedelta(days=9), until=NOW + timedelta(days=9))
