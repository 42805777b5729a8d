"""What every implementation of orders and of the catalogue must do."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.ports import NumberTaken, Page
from tests.contract.store_contracts import NOW, a_job, a_row
from tests.fakes.stores import BUCKET

RETENTION = timedelta(days=400)


def an_order(number: str = "N1", client: str = "acme") -> Order:
    return Order(
        client=client,
        job_number=number,
        document_name="a.pdf",
        document_url="https://files.example/a.pdf",
        template="60f7",
        metadata={"nested": {"list": [1, 2.5, None, "ü"]}, "": 1e300},
    )


def an_ordered_job(job_id: str, number: str | None = None, client: str = "acme", minutes: int = 0) -> Job:
    return Job(
        job_id=job_id,
        document=DocumentPointer(BUCKET, f"documents/{client}/{job_id}/a.pdf", None, 0, is_stored=False),
        route=("paid", "embedded"),
        status=JobStatus.CREATED,
        created_at=NOW + timedelta(minutes=minutes),
        updated_at=NOW,
        deadline_at=NOW + timedelta(hours=72),
        order=an_order(number or f"N-{job_id}", client),
    )


def started(job: Job, minutes: int = 0) -> Job:
    at = NOW + timedelta(minutes=minutes)
    return replace(job, status=JobStatus.RECEIVED, started_at=at, updated_at=at, deadline_at=at + timedelta(hours=1))


class OrdersContract:
    """Subclasses offer the fixtures ``jobs``, ``submissions``, ``orders`` and ``catalogue``, on the same data."""

    def test_an_order_comes_back_as_it_was_given(self, jobs: Any, orders: Any) -> None:
        job = an_ordered_job("A")
        orders.place(job)
        assert jobs.get("A") == job

    def test_a_number_is_given_once_by_each_client(self, jobs: Any, orders: Any) -> None:
        orders.place(an_ordered_job("A", "N1"))
        with pytest.raises(NumberTaken):
            orders.place(an_ordered_job("B", "N1"))
        assert jobs.get("B") is None
        orders.place(an_ordered_job("C", "N1", client="other"))

    def test_what_was_never_ordered_has_no_order_to_place_or_change(self, jobs: Any, orders: Any) -> None:
        dropped = replace(an_ordered_job("A"), order=None)
        with pytest.raises(ValueError, match="Job A has no order"):
            orders.place(dropped)
        assert jobs.get("A") is None
        jobs.create(dropped)
        assert not orders.change(dropped, an_order("N1"), dropped.document, ("x",), NOW)
        assert jobs.get("A") == dropped

    def test_an_order_is_changed_while_its_job_is_created(self, jobs: Any, orders: Any) -> None:
        job = an_ordered_job("A", "N1")
        orders.place(job)
        orders.place(an_ordered_job("B", "N2"))
        document = replace(job.document, key="documents/acme/other/b.pdf")
        with pytest.raises(NumberTaken):
            orders.change(job, an_order("N2"), document, ("x",), NOW)
        assert jobs.get("A") == job
        assert orders.change(job, an_order("N3"), document, ("x",), NOW)
        changed = jobs.get("A")
        assert (changed.order.job_number, changed.document, changed.route) == ("N3", document, ("x",))
        # Who read it before the change is too late, and the former number is free again.
        assert not orders.change(job, an_order("N4"), document, ("x",), NOW)
        orders.place(an_ordered_job("C", "N1"))
        assert orders.start(started(changed))
        assert not orders.change(changed, an_order("N5"), document, ("x",), NOW)

    def test_a_job_is_started_once(self, jobs: Any, orders: Any) -> None:
        job = an_ordered_job("A")
        orders.place(job)
        assert jobs.overdue(NOW + timedelta(days=99), 10) == []
        assert orders.start(started(job, 5))
        assert not orders.start(started(job, 6))
        assert jobs.get("A").status is JobStatus.RECEIVED
        assert jobs.get("A").started_at == NOW + timedelta(minutes=5)
        assert jobs.overdue(NOW + timedelta(days=99), 10) == ["A"]

    def test_an_ended_job_is_retried_once_and_forgets_its_end(
        self, jobs: Any, submissions: Any, orders: Any, fail: Any
    ) -> None:
        job = an_ordered_job("A")
        orders.place(job)
        orders.start(started(job))
        again = replace(started(job, 9), retries=1)
        assert not orders.start(again)
        fail("A")
        assert jobs.get("A").is_untold
        assert orders.start(again)
        assert not orders.start(again)
        after = jobs.get("A")
        assert (after.status, after.retries, after.error_code, after.finished_at) == (JobStatus.RECEIVED, 1, None, None)
        assert (after.announcement, after.is_untold) == (None, False)
        # Whoever announces the former end comes too late to touch the new run.
        jobs.told("A", NOW)
        jobs.tell_later("A", NOW)
        assert jobs.owed(NOW + timedelta(days=99), 10) == []
        assert jobs.overdue(NOW + timedelta(days=99), 10) == ["A"]
        fail("A")
        assert not orders.start(again)
        assert orders.start(replace(again, retries=2))
        submissions.begin(a_row("A", number=5))
        assert jobs.get("A").submission == 5

    def test_a_withdrawn_job_is_in_no_list_and_its_number_is_free(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        job = an_ordered_job("A", "N1")
        orders.place(job)
        assert not orders.withdraw(replace(job, status=JobStatus.CAPTURED), NOW)
        assert orders.withdraw(job, NOW)
        assert not orders.withdraw(job, NOW)
        assert jobs.get("A").status is JobStatus.CANCELLED
        for client in (None, "acme"):
            assert catalogue.count(client, NOW) == 0
            assert list(catalogue.page(client, NOW, limit=9).job_ids) == []
        assert list(catalogue.numbered("acme", ["N1"])) == []
        orders.place(an_ordered_job("B", "N1"))
        assert not orders.start(started(job))

    def test_a_withdrawal_of_what_was_changed_meanwhile_is_too_late(self, jobs: Any, orders: Any) -> None:
        job = an_ordered_job("A", "N1")
        orders.place(job)
        orders.change(job, an_order("N2"), job.document, ("x",), NOW)
        # Else the number N2 would stay taken for ever.
        assert not orders.withdraw(job, NOW)
        assert orders.withdraw(jobs.get("A"), NOW)
        for number in ("N1", "N2"):
            orders.place(an_ordered_job(f"B-{number}", number))

    def test_everything_of_a_job_is_erased(self, jobs: Any, submissions: Any, orders: Any, catalogue: Any) -> None:
        for job_id in ("A", "AB"):
            job = an_ordered_job(job_id)
            orders.place(job)
            orders.start(started(job))
            submissions.begin(a_row(job_id))
            jobs.capture(job_id, 1, {"total": {}, "lines": []}, [], NOW, summary={})
        withdrawn = jobs.get("A")
        orders.withdraw(withdrawn, NOW)
        orders.place(an_ordered_job("B", "N-A"))
        for _ in range(2):
            orders.erase(withdrawn, submissions.of_job("A"))
        assert list(catalogue.numbered("acme", ["N-A"])) == ["B"]
        assert (jobs.get("A"), jobs.invoice("A"), submissions.get(("A", 1))) == (None, None, None)
        assert jobs.invoice("AB") is not None

    def test_a_reference_is_erased_with_its_job(self, jobs: Any, submissions: Any, orders: Any) -> None:
        for job_id in ("A", "B"):
            job = an_ordered_job(job_id)
            orders.place(job)
            orders.start(started(job))
            submissions.begin(replace(a_row(job_id), reference="r"))
        assert submissions.claim_reference(submissions.get(("A", 1))) is None
        orders.erase(jobs.get("B"), submissions.of_job("B"))
        orders.place(an_ordered_job("C"))
        orders.start(started(an_ordered_job("C")))
        submissions.begin(replace(a_row("C"), reference="r"))
        assert submissions.claim_reference(submissions.get(("C", 1))).job_id == "A"
        orders.erase(jobs.get("A"), submissions.of_job("A"))
        assert submissions.claim_reference(submissions.get(("C", 1))) is None

    def test_a_job_expires_once_unless_it_is_open_or_untold(
        self, jobs: Any, submissions: Any, orders: Any, catalogue: Any, fail: Any
    ) -> None:
        later = NOW + RETENTION + timedelta(days=1)
        job = an_ordered_job("A")
        orders.place(job)
        assert list(catalogue.past_retention(later)) == ["A"]
        orders.start(started(job))
        assert not orders.expire(job, later)
        fail("A")
        failed = jobs.get("A")
        assert not orders.expire(failed, later)
        jobs.told("A", failed.finished_at)
        assert orders.expire(jobs.get("A"), later)
        assert jobs.get("A").status is JobStatus.CANCELLED
        assert not orders.expire(failed, later)
        # What a removal that broke off left is found again.
        assert list(catalogue.past_retention(later)) == ["A"]
        orders.erase(jobs.get("A"), [])
        assert list(catalogue.past_retention(later)) == []

    def test_a_dropped_document_can_be_withdrawn_as_well(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        jobs.create(a_job("J1"))
        assert catalogue.count(None, NOW) == 1
        assert orders.withdraw(jobs.get("J1"), NOW)
        assert catalogue.count(None, NOW) == 0


class CatalogueContract:
    """Subclasses offer the fixtures ``jobs``, ``orders`` and ``catalogue``, on the same data."""

    def _fill(self, jobs: Any, orders: Any) -> None:
        for number in range(12):
            orders.place(an_ordered_job(f"A{number:02}", minutes=number))
        for number in range(3):
            orders.place(an_ordered_job(f"B{number:02}", client="other", minutes=100 + number))
            jobs.create(replace(a_job(f"D{number:02}"), created_at=NOW + timedelta(minutes=50 + number)))

    def test_a_client_sees_its_own_and_nobody_everything(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        self._fill(jobs, orders)
        assert [catalogue.count(client, NOW) for client in ("acme", "other", None, "nobody")] == [12, 3, 18, 0]
        assert list(catalogue.page("other", NOW, limit=9).job_ids) == ["B02", "B01", "B00"]
        assert list(catalogue.page("other", NOW, limit=9, descending=False).job_ids) == ["B00", "B01", "B02"]
        everybody = list(catalogue.page(None, NOW, limit=50).job_ids)
        assert everybody[:7] == ["B02", "B01", "B00", "D02", "D01", "D00", "A11"]
        assert len(everybody) == 18

    @pytest.mark.parametrize("client", ["acme", None])
    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize("limit", [1, 5, 12])
    def test_pages_by_token_and_by_offset_are_the_same_list(
        self, jobs: Any, orders: Any, catalogue: Any, client: str | None, descending: bool, limit: int
    ) -> None:
        self._fill(jobs, orders)
        whole = list(catalogue.page(client, NOW, limit=99, descending=descending).job_ids)
        by_token: list[str] = []
        token = None
        while True:
            page = catalogue.page(client, NOW, limit=limit, token=token, descending=descending)
            by_token += page.job_ids
            token = page.next_token
            if token is None:
                break
        by_offset = [
            job_id
            for offset in range(0, len(whole), limit)
            for job_id in catalogue.page(client, NOW, limit=limit, offset=offset, descending=descending).job_ids
        ]
        assert by_token == by_offset == whole
        assert list(catalogue.page(client, NOW, limit=5, offset=99).job_ids) == []

    @pytest.mark.parametrize("client", ["acme", None])
    def test_jobs_of_the_same_moment_are_neither_lost_nor_repeated(
        self, orders: Any, catalogue: Any, client: str | None
    ) -> None:
        for number in range(25):
            orders.place(an_ordered_job(f"A{number:02}"))
        seen: list[str] = []
        token = None
        while True:
            page = catalogue.page(client, NOW, limit=4, token=token)
            seen += page.job_ids
            token = page.next_token
            if token is None:
                break
        assert sorted(seen) == [f"A{number:02}" for number in range(25)]

    @pytest.mark.parametrize(
        "token",
        [
            *("", "x", "e30", "W10", "WzFd", "bnVsbA", "\U0001f9fe", "W251bGwsbnVsbF0"),
            base64.urlsafe_b64encode(b'[["2026-03-31T12:00:00.000Z", 5]]').decode(),
            base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        ],
    )
    def test_a_token_of_another_list_is_refused(self, orders: Any, catalogue: Any, token: str) -> None:
        orders.place(an_ordered_job("A"))
        with pytest.raises(ValueError, match="nextToken"):
            catalogue.page("acme", NOW, limit=5, token=token)

    def test_a_head_has_what_lists_go_by(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        for number, group in enumerate(["march", None]):
            job = an_ordered_job(f"A{number}", minutes=number)
            orders.place(replace(job, order=replace(job.order, group=group)))
        first = jobs.get("A0")
        orders.change(first, replace(first.order, group="april"), first.document, ("x",), NOW)
        orders.start(started(jobs.get("A0")))
        jobs.claim_fingerprint("digest", "A0", NOW)
        page = catalogue.heads("acme", NOW, limit=9, descending=False)
        told = [(head.job_id, head.is_complete, head.status, head.group, head.summary) for head in page.heads]
        assert told == [
            ("A0", True, JobStatus.RECEIVED, "april", None),
            ("A1", True, JobStatus.CREATED, None, None),
        ]
        assert [head.is_complete for head in catalogue.heads(None, NOW, limit=9).heads] == [False, False]
        part = catalogue.heads("acme", NOW, limit=1)
        rest = catalogue.heads("acme", NOW, limit=1, token=part.next_token)
        assert [head.job_id for head in (*part.heads, *rest.heads)] == ["A1", "A0"]
        assert rest.next_token is None

    def test_a_list_is_narrowed_by_time(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        self._fill(jobs, orders)
        between = {"since": NOW + timedelta(minutes=3), "until": NOW + timedelta(minutes=5)}
        assert list(catalogue.page("acme", NOW, limit=9, **between).job_ids) == ["A05", "A04", "A03"]
        assert list(catalogue.page(None, NOW, limit=9, descending=False, **between).job_ids) == ["A03", "A04", "A05"]
        for never in ({"until": NOW - RETENTION - timedelta(days=2)}, {"since": between["until"], "until": NOW}):
            assert catalogue.page("acme", NOW, limit=9, **never) == Page([], None)

    def test_what_is_past_its_retention_is_not_listed_and_not_counted(
        self, jobs: Any, orders: Any, catalogue: Any
    ) -> None:
        orders.place(an_ordered_job("A"))
        orders.place(an_ordered_job("B", minutes=24 * 60))
        last_day = NOW + RETENTION
        for client in ("acme", None):
            assert catalogue.count(client, last_day) == 2
            assert catalogue.count(client, last_day + timedelta(days=1)) == 1
            assert list(catalogue.page(client, last_day + timedelta(days=1), limit=9).job_ids) == ["B"]
            assert catalogue.count(client, last_day + timedelta(days=2)) == 0
            assert list(catalogue.page(client, last_day + timedelta(days=2), limit=9).job_ids) == []

    def test_jobs_past_their_retention_are_named_the_oldest_first(self, jobs: Any, orders: Any, catalogue: Any) -> None:
        for number in (*range(60, 120), *range(60)):
            orders.place(an_ordered_job(f"A{number:03}", minutes=number))
        orders.place(an_ordered_job("B", minutes=24 * 60))
        orders.withdraw(jobs.get("A005"), NOW)
        expected = [f"A{number:03}" for number in range(120) if number != 5]
        assert list(catalogue.past_retention(NOW + RETENTION)) == []
        assert list(catalogue.past_retention(NOW + RETENTION + timedelta(days=1))) == expected
        assert list(catalogue.past_retention(NOW + RETENTION + timedelta(days=2))) == [*expected, "B"]

    def test_jobs_are_found_by_their_numbers(self, orders: Any, catalogue: Any) -> None:
        for job_id in ("A", "B"):
            orders.place(an_ordered_job(job_id))
        assert sorted(catalogue.numbered("acme", ["N-A", "none", "N-B", "N-A"])) == ["A", "B"]
        assert list(catalogue.numbered("other", ["N-A"])) == []

    def test_creating_a_job_again_does_not_count_it_again(self, jobs: Any, catalogue: Any) -> None:
        for _ in range(3):
            jobs.create(a_job("J1"))
        assert catalogue.count(None, NOW) == 1
