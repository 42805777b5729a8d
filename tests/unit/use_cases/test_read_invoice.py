"""Reading and correcting invoices: a person's values go beside what was read, which is never lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from invoice_capture.domain.api_errors import InvalidRequest, JobNotFound, NothingThere
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.use_cases.client.read_invoice import require_invoice
from tests.unit.use_cases.client_world import EVIL, ClientWorld


def duplicates(world: ClientWorld) -> tuple[Job, Job]:
    first = world.captured("first")
    second = world.create("second")
    world.process(second)
    world.run(second)
    assert world.now(second).status is JobStatus.DUPLICATE
    return first, second


def test_a_captured_job_has_its_invoice() -> None:
    world = ClientWorld()
    job = world.captured()
    found = world.read(job)
    assert (found.job, found.capture) == (job, job)
    assert require_invoice(found).invoice["total"]["value"] == "100.00"


def test_a_job_without_an_invoice_says_how_far_it_is() -> None:
    world = ClientWorld()
    job = world.create()
    for status in ("created", "received"):
        found = world.read(job)
        assert found.invoice is None
        with pytest.raises(NothingThere, match=f"{job.job_id} has no invoice: it is {status}"):
            require_invoice(found)
        world.process(job)


def test_a_job_that_failed_has_no_invoice_even_if_one_lies_about() -> None:
    world = ClientWorld()
    job = world.captured()
    world.jobs.jobs[job.job_id] = replace(job, status=JobStatus.FAILED)
    assert world.read(job).invoice is None


def test_a_duplicate_has_the_invoice_of_the_first_job() -> None:
    world = ClientWorld()
    first, second = duplicates(world)
    found = world.read(second)
    assert (found.job.job_id, found.capture.job_id) == (second.job_id, first.job_id)
    assert found.invoice is not None


def test_a_duplicate_gives_no_other_clients_invoice_away() -> None:
    """However the pointer came about."""
    world = ClientWorld()
    foreign = world.captured("N1", EVIL)
    job = world.create("mine")
    world.jobs.jobs[job.job_id] = replace(job, status=JobStatus.DUPLICATE, duplicate_of=foreign.job_id)
    found = world.read(job)
    assert (found.capture.job_id, found.invoice) == (job.job_id, None)
    with pytest.raises(NothingThere):
        world.correct(job, {"total": "1"})
    assert world.jobs.confirmed_invoice(foreign.job_id) is None


def test_a_duplicate_of_a_deleted_job_has_none() -> None:
    world = ClientWorld()
    first, second = duplicates(world)
    world.withdraw(first)
    assert world.read(second).invoice is None
    world.erase(first, was_open=False)
    assert world.read(second).capture.job_id == second.job_id


# --- correcting ------------------------------------------------------------------------------------------------------


def test_a_correction_is_stored_beside_what_was_read() -> None:
    world = ClientWorld()
    job = world.captured()
    world.clock.forward(60)
    answered = world.correct(job, {"total": "119.00"})
    assert answered.confirmed_at == world.clock.now()
    assert answered == world.now(job)
    confirmed, original = world.read(job).invoice, world.read(job, original=True).invoice
    assert confirmed.invoice["total"]["value"] == "119.00"
    assert confirmed.invoice["total"]["candidates"][0]["value"] == "100.00"
    assert original.invoice["total"]["value"] == "100.00"
    assert (confirmed.stored_at, original.stored_at < confirmed.stored_at) == (world.clock.now(), True)
    assert world.functions.queued == [("confirm", {"job_id": job.job_id})]


def test_a_correction_goes_on_from_the_last_one() -> None:
    world = ClientWorld()
    job = world.captured()
    world.correct(job, {"total": "119.00"})
    world.correct(job, {"invoice_number": "R-2"})
    invoice = world.read(job).invoice.invoice
    assert (invoice["total"]["value"], invoice["invoice_number"]["value"]) == ("119.00", "R-2")
    assert world.read(job, original=True).invoice.invoice["invoice_number"]["value"] == "R-1"


def test_a_confirmation_without_values_says_that_all_is_right() -> None:
    world = ClientWorld()
    job = world.captured()
    world.correct(job, {})
    assert world.now(job).confirmed_at is not None
    assert world.read(job).invoice.invoice == world.read(job, original=True).invoice.invoice


def test_the_checks_look_at_what_was_confirmed() -> None:
    world = ClientWorld()
    job = world.captured()
    world.correct(job, {"subtotal": "100.00", "tax_total": "19.00", "total": "100.00"})
    codes = {finding["code"] for finding in world.read(job).invoice.findings}
    assert "total_mismatch" in codes
    world.correct(job, {"total": "119.00"})
    assert "total_mismatch" not in {finding["code"] for finding in world.read(job).invoice.findings}


def test_a_correction_of_a_duplicate_is_one_of_the_first_job() -> None:
    world = ClientWorld()
    first, second = duplicates(world)
    answered = world.correct(second, {"total": "119.00"})
    assert answered.job_id == second.job_id
    assert world.functions.queued == [("confirm", {"job_id": first.job_id})]
    assert world.read(first).invoice.invoice["total"]["value"] == "119.00"


@pytest.mark.parametrize("values", [{"nothing": 1}, {"total": "much"}, {"lines.0.total": "1"}, {"supplier": "x"}])
def test_a_wrong_value_changes_nothing(values: dict) -> None:
    world = ClientWorld()
    job = world.captured()
    with pytest.raises(InvalidRequest):
        world.correct(job, values)
    assert world.now(job) == job
    assert (world.jobs.confirmed_invoice(job.job_id), world.functions.queued) == (None, [])


def test_a_job_that_is_deleted_while_it_is_corrected_stores_nothing() -> None:
    world = ClientWorld()
    job = world.captured()
    confirm = world.jobs.confirm

    def late(*arguments, **summary):
        world.withdraw(job)
        return confirm(*arguments, **summary)

    world.jobs.confirm = late
    with pytest.raises(JobNotFound):
        world.correct(job, {"total": "119.00"})
    assert world.jobs.confirmed_invoice(job.job_id) is None
    assert [function for function, _ in world.functions.queued] == ["erase"]


def test_a_crash_before_the_provider_is_told_is_healed_by_confirming_again() -> None:
    world = ClientWorld()
    job = world.captured()
    world.functions.faults = [StoreUnavailable("Lambda did not answer.")]
    with pytest.raises(StoreUnavailable):
        world.correct(job, {"total": "119.00"})
    world.correct(job, {"total": "119.00"})
    assert world.functions.queued == [("confirm", {"job_id": job.job_id})]
    field = world.read(job).invoice.invoice["total"]
    assert [candidate["value"] for candidate in field["candidates"]] == ["100.00"]
    assert Decimal(field["value"]) == 119


# --- the document ----------------------------------------------------------------------------------------------------


def test_a_documents_link_is_of_its_own_version_and_short_lived() -> None:
    world = ClientWorld()
    job = world.captured()
    link = world.link(job)
    assert f"versionId={job.document.version_id}" in link
    assert "&expires=300&" in link


def test_a_document_that_was_not_fetched_yet_has_no_link() -> None:
    world = ClientWorld()
    job = world.create()
    with pytest.raises(NothingThere, match="not fetched yet"):
        world.link(job)
    with pytest.raises(JobNotFound):
        world.link(job, EVIL)
