"""The canonical invoice and its job are stored together, once, and announced with what people need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from invoice_capture.domain.announcement import announcement_of
from invoice_capture.domain.errors import JobClosed, ResultUnusable, StoreUnavailable
from invoice_capture.domain.invoice import AmountField, Invoice, TextField
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.validation import Finding, Severity
from invoice_capture.ports import Capabilities
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.embedded.adapter import EmbeddedProvider
from invoice_capture.providers.embedded.engine import engine
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome
from invoice_capture.use_cases.steps.store_invoice import StoreInvoice, StoreRequest
from tests.disagreeing import EMBEDDED, PRINTED, disagreeing_pdf
from tests.fakes.world import OnlyProviders, ServerProvider, World

INVOICE = Invoice(
    invoice_number=TextField(value="R-1", confidence=1),
    currency=TextField(value="EUR", confidence=1),
    subtotal=AmountField(value=Decimal("100.00"), confidence=1),
    tax_total=AmountField(value=Decimal("19.00"), confidence=1),
    total=AmountField(value=Decimal("120.00"), confidence=1),
)


class Reading(ServerProvider):
    def normalise(self, raw: bytes) -> Invoice:
        if raw == b"nonsense":
            raise ResultUnusable("This is no invoice.")
        return INVOICE


def stored(world: World, job, **changes) -> Mapping[str, Any]:
    request = StoreRequest(
        job_id=job.job_id,
        document=job.document,
        provider="paid",
        submission=1,
        result_key=f"results/{job.job_id}/1-paid.json",
    )
    step = StoreInvoice(
        documents=world.documents,
        jobs=world.jobs,
        providers=world.providers,
        announce=world.announce,
        clock=world.clock,
    )
    return step(replace(request, **changes)).message


@pytest.fixture
def world() -> World:
    return World(Reading())


@pytest.fixture
def job(world: World):
    job = world.receive()
    world.submit(job)
    world.documents.write_result(job.job_id, 1, "paid", b"{}")
    return job


def test_the_invoice_is_stored_with_its_findings_and_announced(world: World, job) -> None:
    announcement = stored(world, job)
    invoice, findings = world.jobs.invoices[job.job_id]

    assert world.jobs.jobs[job.job_id].status is JobStatus.CAPTURED
    assert invoice["total"]["value"] == "120.00"
    assert {"code": "total_mismatch"}.items() <= findings[1].items()
    assert announcement["invoice"] == {
        "invoice_number": "R-1",
        "issue_date": None,
        "type": None,
        "currency": "EUR",
        "total": "120.00",
        "supplier": None,
    }
    assert announcement["findings"] == ["missing", "total_mismatch"]


def test_what_the_provider_remarks_comes_before_what_the_checks_find(world: World, job) -> None:
    world.provider.remarks = (Finding("pages_not_read", Severity.WARNING, "Pages 2 and 3 were not read.", ()),)
    announcement = stored(world, job)
    _, findings = world.jobs.invoices[job.job_id]
    assert findings[0] == {
        "code": "pages_not_read",
        "severity": "warning",
        "message": "Pages 2 and 3 were not read.",
        "fields": [],
    }
    assert announcement["findings"] == ["missing", "pages_not_read", "total_mismatch"]


def test_a_total_that_differs_between_data_and_page_is_a_finding(world: World, job) -> None:
    key = world.documents.write_result(job.job_id, 1, "embedded", engine(10**7)(disagreeing_pdf()))
    context = ProviderContext({}, world.clock, world.documents)
    step = StoreInvoice(
        documents=world.documents,
        jobs=world.jobs,
        providers=OnlyProviders({"embedded": EmbeddedProvider(context)}),
        announce=world.announce,
        clock=world.clock,
    )
    announcement = step(StoreRequest(job.job_id, job.document, "embedded", 1, key)).message
    invoice, findings = world.jobs.invoices[job.job_id]
    [finding] = [finding for finding in findings if finding["severity"] == "error"]
    assert (finding["code"], finding["fields"]) == ("total_differs_from_page", ["total"])
    assert str(EMBEDDED.total) in finding["message"]
    assert str(PRINTED.total) in finding["message"]
    assert invoice["total"]["value"] == str(EMBEDDED.total)
    assert [one["value"] for one in invoice["total"]["candidates"]] == [str(PRINTED.total)]
    assert "total_differs_from_page" in announcement["findings"]


def test_an_announcement_stays_short_whatever_a_document_says(
    world: World, job, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = INVOICE.model_copy(update={"invoice_number": TextField(value="9" * 10**5)})
    monkeypatch.setattr(Reading, "normalise", lambda _self, _raw: endless)
    assert len(stored(world, job)["invoice"]["invoice_number"]) == 200


def test_an_answer_that_is_gone_is_unusable_and_says_whose(world: World, job) -> None:
    with pytest.raises(ResultUnusable, match=job.document.name):
        stored(world, job, result_key="results/none.json")


def test_a_repeat_of_the_step_changes_nothing_and_announces_nothing_again(world: World, job) -> None:
    assert stored(world, job) == stored(world, job)
    assert [message["event"] for message in world.messages.published] == ["invoice.captured"]


def test_the_providers_copy_is_left_to_the_loop(world: World, job) -> None:
    """Nothing slow stands between storing and announcing."""
    world.provider.capabilities = Capabilities(deletes_copies=True)
    stored(world, job)
    assert world.provider.discarded == []


@pytest.mark.parametrize("fault", [StoreUnavailable("SNS did not answer"), ValueError("SNS refuses the message")])
def test_an_invoice_that_nobody_can_be_told_of_is_stored_and_owed(world: World, job, fault: Exception) -> None:
    world.messages.faults = [fault]
    assert stored(world, job)["status"] == "CAPTURED"
    assert world.messages.published == []
    assert world.metrics.counts["AnnouncementsPutOff"] == 1
    assert world.sweep().announcements_paid == 1
    assert [message["job_id"] for message in world.messages.published] == [job.job_id]


def test_a_repeat_pays_what_the_first_run_could_not(world: World, job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function is ended between storing and announcing; the state machine repeats the step."""

    def ended(_self: object, _announcement: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(AnnounceOutcome, "tell", ended)
        with pytest.raises(SystemExit):
            stored(world, job)
    assert world.jobs.jobs[job.job_id].is_untold
    world.clock.forward(10)
    stored(world, job)
    stored(world, job)
    [message] = world.messages.published
    assert (message["event"], message["ended_at"]) == ("invoice.captured", "2026-03-31T12:00:00.000Z")


def test_whoever_announces_a_capture_says_the_same(world: World, job) -> None:
    told = stored(world, job)
    captured = replace(world.jobs.jobs[job.job_id], announcement="invoice.captured")
    announcement = announcement_of(captured)
    assert announcement is not None
    assert announcement.message == told
    assert {"subject": announcement.subject, **told} == world.messages.published[0]


def test_an_unusable_answer_leaves_the_job_open_for_another_provider(world: World, job) -> None:
    world.documents.write_result(job.job_id, 1, "paid", b"nonsense")
    with pytest.raises(ResultUnusable):
        stored(world, job)
    assert world.jobs.jobs[job.job_id].status is JobStatus.SUBMITTED


def test_a_job_that_ended_otherwise_gets_no_invoice(world: World, job) -> None:
    world.jobs.jobs[job.job_id] = replace(world.jobs.jobs[job.job_id], status=JobStatus.FAILED)
    with pytest.raises(JobClosed):
        stored(world, job)
    assert world.jobs.invoices == {}
