"""How jobs end and are announced, in every implementation of the stores; and when their rows leave the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.items import job_key, removal, submission_key
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.submission_store import DynamoDBSubmissionStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.announcement import EVENTS
from invoice_capture.domain.errors import CaptureFailed, JobDeadlineExceeded, StoreUnavailable
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import Outcome, SubmissionState
from tests.contract.catalogue_contract import an_ordered_job, started
from tests.contract.in_memory import InMemory
from tests.contract.store_contracts import INVOICE, NOW, a_job, a_row
from tests.fakes.catalogue import MemoryJobOrders
from tests.fakes.stores import MemoryJobStore

RETENTION = timedelta(days=400)
LATER = NOW + timedelta(days=9)
MINUTE = timedelta(minutes=1)


class EndingsContract:
    """Subclasses offer the fixtures ``jobs``, ``submissions`` and ``orders``, on the same data."""

    @pytest.fixture
    def captured(self, jobs: Any, submissions: Any) -> str:
        jobs.create(a_job())
        submissions.begin(a_row())
        assert jobs.capture("J1", 1, INVOICE, [], NOW, summary={"total": "1.00"})
        return "J1"

    def test_a_captured_job_is_owed_its_announcement_until_it_is_told(self, jobs: Any, captured: str) -> None:
        job = jobs.get(captured)
        assert (job.announcement, job.is_untold) == (EVENTS[JobStatus.CAPTURED], True)
        # Whoever stores it also announces it, so it is nobody else's to announce before its deadline.
        assert jobs.owed(LATER, 10) == []
        assert jobs.overdue(job.deadline_at - MINUTE, 10) == []
        assert jobs.overdue(job.deadline_at, 10) == [captured]
        jobs.told(captured, NOW)
        assert not jobs.get(captured).is_untold
        assert (jobs.overdue(LATER, 10), jobs.owed(LATER, 10)) == ([], [])

    def test_storing_again_owes_nothing_again_and_keeps_what_is_owed(self, jobs: Any, captured: str) -> None:
        assert not jobs.capture(captured, 1, INVOICE, [], LATER, summary={"total": "2.00"})
        assert jobs.get(captured).is_untold
        assert (jobs.get(captured).finished_at, jobs.get(captured).summary) == (NOW, {"total": "1.00"})
        jobs.told(captured, NOW)
        assert not jobs.capture(captured, 1, INVOICE, [], LATER, summary={})
        assert not jobs.get(captured).is_untold

    def test_only_the_end_that_was_announced_is_told(self, jobs: Any, captured: str) -> None:
        jobs.told(captured, NOW + MINUTE)
        assert jobs.get(captured).is_untold

    def test_what_could_not_be_told_is_owed_in_order(self, jobs: Any, submissions: Any) -> None:
        for job_id, minutes in (("J1", 2), ("J2", 0), ("J3", 1)):
            jobs.create(a_job(job_id))
            assert jobs.fail(job_id, CaptureFailed("illegible"), NOW + minutes * MINUTE)
            jobs.tell_later(job_id, NOW + minutes * MINUTE)
        assert jobs.owed(NOW + MINUTE, 10) == ["J2", "J3"]
        assert jobs.owed(LATER, 10) == ["J2", "J3", "J1"]
        assert jobs.owed(LATER, 2) == ["J2", "J3"]
        assert jobs.overdue(LATER, 10) == []
        jobs.told("J2", NOW)
        jobs.tell_later("J2", NOW)
        assert jobs.owed(LATER, 10) == ["J3", "J1"]
        # In an outage it gets back the place from which it was put off.
        assert jobs.put_off("J3", LATER, until=LATER + MINUTE)
        jobs.tell_later("J3", NOW + MINUTE)
        assert jobs.owed(LATER, 10) == ["J3", "J1"]

    def test_what_is_put_off_is_out_of_the_way_until_then(self, jobs: Any) -> None:
        for job_id in ("J1", "J2"):
            jobs.create(a_job(job_id))
        jobs.fail("J2", CaptureFailed("illegible"), NOW)
        jobs.tell_later("J2", NOW)
        # What is not due yet is not put off.
        assert not jobs.put_off("J1", NOW, until=LATER + MINUTE)
        assert jobs.overdue(LATER, 10) == ["J1"]
        for job_id in ("J1", "J2"):
            assert jobs.put_off(job_id, LATER, until=LATER + MINUTE)
            # Of two who deal with it at the same time, one does.
            assert not jobs.put_off(job_id, LATER, until=LATER + MINUTE)
        assert (jobs.overdue(LATER, 10), jobs.owed(LATER, 10)) == ([], [])
        assert (jobs.overdue(LATER + MINUTE, 10), jobs.owed(LATER + MINUTE, 10)) == (["J1"], ["J2"])
        # One that was told is in nobody's way, and does not come back.
        jobs.told("J2", NOW)
        assert not jobs.put_off("J2", LATER + MINUTE, until=LATER)
        assert jobs.owed(LATER + MINUTE, 10) == []

    def test_an_open_job_is_failed_with_its_reason_and_owes_that(self, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        error = JobDeadlineExceeded("a.pdf was not finished.")
        assert jobs.fail("J1", error, NOW)
        job = jobs.get("J1")
        assert (job.status, job.error_code, job.error_message) == (JobStatus.FAILED, error.code, str(error))
        assert (job.finished_at, job.announcement) == (NOW, "invoice.failed")
        assert not jobs.fail("J1", CaptureFailed("again"), LATER)
        assert jobs.get("J1").error_code == error.code

    def test_what_has_ended_or_never_began_is_not_failed(self, jobs: Any, orders: Any, captured: str) -> None:
        assert not jobs.fail(captured, CaptureFailed("no"), NOW)
        orders.place(an_ordered_job("A"))
        assert not jobs.fail("A", CaptureFailed("no"), NOW)
        assert [jobs.get(job_id).status for job_id in (captured, "A")] == [JobStatus.CAPTURED, JobStatus.CREATED]

    def test_a_withdrawn_job_leaves_the_sweeper_nothing_and_says_that_it_was_not_told(
        self, jobs: Any, orders: Any, captured: str
    ) -> None:
        assert orders.withdraw(jobs.get(captured), NOW)
        job = jobs.get(captured)
        assert (job.announcement is not None, job.is_untold) == (True, False)
        assert (jobs.overdue(LATER, 10), jobs.owed(LATER, 10)) == ([], [])


class TestMemoryEndings(InMemory, EndingsContract):
    @pytest.fixture
    def orders(self, jobs: MemoryJobStore) -> MemoryJobOrders:
        return MemoryJobOrders(jobs)


class TestDynamoDBEndings(EndingsContract):
    @pytest.fixture
    def table(self, aws: Clients) -> Table:
        return Table(aws, "table")

    @pytest.fixture
    def jobs(self, table: Table) -> DynamoDBJobStore:
        return DynamoDBJobStore(table, RETENTION)

    @pytest.fixture
    def submissions(self, table: Table) -> DynamoDBSubmissionStore:
        return DynamoDBSubmissionStore(table, RETENTION)

    @pytest.fixture
    def orders(self, table: Table) -> DynamoDBJobOrders:
        return DynamoDBJobOrders(table, RETENTION)

    # --- when rows leave the table ---------------------------------------------------------------------------------

    def test_retention_begins_when_a_job_has_ended_and_is_told(self, table: Table, jobs: Any, submissions: Any) -> None:
        removed_at = str(removal(NOW, RETENTION))
        jobs.create(a_job())
        submissions.begin(a_row())
        assert "ttl" not in table.get(job_key("J1"))
        jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        assert "ttl" not in table.get(job_key("J1"))
        jobs.told("J1", NOW)
        assert table.get(job_key("J1"))["ttl"] == {"N": removed_at}

    def test_retention_begins_when_a_submission_is_closed(self, table: Table, jobs: Any, submissions: Any) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        row = submissions.save(submissions.get(("J1", 1)))
        assert "ttl" not in table.get(submission_key(row.key))
        submissions.close(row.key, "token-J1-1", Outcome("paid"), NOW)
        assert table.get(submission_key(row.key))["ttl"] == {"N": str(removal(NOW, RETENTION))}
        # Whoever writes a closed row afterwards keeps it so.
        closed = submissions.get(row.key)
        assert closed.state is SubmissionState.DONE
        submissions.save(closed)
        assert table.get(submission_key(row.key))["ttl"] == {"N": str(removal(NOW, RETENTION))}

    def test_a_job_that_is_started_again_is_kept_while_it_is_open(self, table: Table, jobs: Any, orders: Any) -> None:
        job = an_ordered_job("A")
        orders.place(job)
        # One that its client never starts is removed all the same.
        assert "ttl" in table.get(job_key("A"))
        orders.start(started(job))
        assert "ttl" not in table.get(job_key("A"))
        jobs.fail("A", CaptureFailed("no"), NOW)
        jobs.told("A", NOW)
        assert "ttl" in table.get(job_key("A"))
        orders.start(replace(started(job), retries=1))
        assert "ttl" not in table.get(job_key("A"))
        jobs.fail("A", CaptureFailed("no"), LATER)
        jobs.told("A", LATER)
        assert table.get(job_key("A"))["ttl"] == {"N": str(removal(job.created_at, RETENTION))}

    def test_a_withdrawn_job_is_removed_even_if_its_erasure_is_given_up(
        self, table: Table, jobs: Any, orders: Any, captured: str
    ) -> None:
        orders.withdraw(jobs.get(captured), NOW)
        assert table.get(job_key(captured))["ttl"] == {"N": str(removal(NOW, RETENTION))}

    def test_a_fingerprint_outlives_a_job_that_is_open_for_as_long_as_it_may(self, table: Table, jobs: Any) -> None:
        jobs.create(a_job(deadline_in=336))
        jobs.claim_fingerprint("abc", "J1", NOW)
        kept_until = int(table.get({"PK": {"S": "SHA256#abc"}, "SK": {"S": "SHA256"}})["ttl"]["N"])
        assert kept_until > removal(jobs.get("J1").deadline_at + timedelta(days=1), RETENTION)

    # --- rows of the release before ----------------------------------------------------------------------------------

    def _as_the_release_before_wrote_it(self, aws: Clients, key: dict[str, Any]) -> None:
        aws.dynamodb.update_item(
            TableName="table",
            Key=key,
            UpdateExpression="SET #ttl = :ttl REMOVE removed_at",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":ttl": {"N": "1900000000"}},
        )

    def test_a_row_of_the_release_before_ends_and_keeps_its_ttl(
        self, aws: Clients, table: Table, jobs: Any, submissions: Any
    ) -> None:
        jobs.create(a_job())
        submissions.begin(a_row())
        for key in (job_key("J1"), submission_key(("J1", 1))):
            self._as_the_release_before_wrote_it(aws, key)
        assert submissions.close(("J1", 1), "token-J1-1", Outcome("paid"), NOW)
        assert jobs.capture("J1", 1, INVOICE, [], NOW, summary={})
        jobs.told("J1", NOW)
        assert not jobs.get("J1").is_untold
        for key in (job_key("J1"), submission_key(("J1", 1))):
            assert table.get(key)["ttl"] == {"N": "1900000000"}

    def test_a_job_that_the_release_before_ended_owes_nothing_and_can_be_started_again(
        self, aws: Clients, table: Table, jobs: Any, orders: Any
    ) -> None:
        job = an_ordered_job("A")
        orders.place(job)
        orders.start(started(job))
        self._as_the_release_before_wrote_it(aws, job_key("A"))
        jobs.fail("A", CaptureFailed("no"), NOW)
        aws.dynamodb.update_item(
            TableName="table", Key=job_key("A"), UpdateExpression="REMOVE announcement, due_shard, next_check_at"
        )
        assert not jobs.get("A").is_untold
        assert orders.start(replace(started(job), retries=1))
        assert jobs.fail("A", CaptureFailed("no"), LATER)
        jobs.told("A", LATER)
        assert table.get(job_key("A"))["ttl"] == {"N": str(removal(job.created_at, RETENTION))}

    # --- what only a table can do ------------------------------------------------------------------------------------

    def test_a_fingerprint_that_goes_between_two_looks_is_claimed(
        self, aws: Clients, table: Table, jobs: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs.claim_fingerprint("abc", "gone", NOW)
        get = table.get

        def removed_before(key: dict[str, Any]) -> Any:
            if key["SK"] == {"S": "SHA256"}:
                aws.dynamodb.delete_item(TableName="table", Key=key)
            return get(key)

        monkeypatch.setattr(table, "get", removed_before)
        assert jobs.claim_fingerprint("abc", "J2", NOW) == "J2"

    @pytest.mark.parametrize(
        ("reasons", "raised"),
        [(["TransactionConflict", "None"], StoreUnavailable), (None, ClientError)],
    )
    def test_a_transaction_that_is_held_up_for_too_long_may_be_repeated_and_a_refused_one_not(
        self, jobs: Any, aws: Clients, monkeypatch: pytest.MonkeyPatch, reasons: list[str] | None, raised: type
    ) -> None:
        calls = []

        def refuse(**_arguments: Any) -> None:
            calls.append(1)
            code = "AccessDeniedException" if reasons is None else "TransactionCanceledException"
            answer = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons or ()]}
            raise ClientError(answer, "TransactWriteItems")

        monkeypatch.setattr("invoice_capture.aws.table.time.sleep", lambda _seconds: None)
        monkeypatch.setattr(aws.dynamodb, "transact_write_items", refuse)
        with pytest.raises(raised):
            jobs.create(a_job())
        assert len(calls) == (1 if reasons is None else 6)

    def test_a_write_that_is_refused_for_another_reason_is_no_failed_condition(
        self, jobs: Any, aws: Clients, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(**_arguments: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateItem")

        monkeypatch.setattr(aws.dynamodb, "update_item", refuse)
        with pytest.raises(ClientError):
            jobs.put_off("J1", NOW, until=LATER)
