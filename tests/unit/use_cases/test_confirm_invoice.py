"""Telling a provider what a person made of its answer: once it is stored, as long as the provider has its copy."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import (
    CredentialsRefused,
    OperationUnsupported,
    ProviderUnavailable,
    RateLimited,
    StoreUnavailable,
)
from invoice_capture.domain.job import Job
from invoice_capture.ports import Capabilities
from tests.fakes.world import OnlyProviders
from tests.unit.use_cases.client_world import ClientWorld, ReadingProvider


def corrected(provider: ReadingProvider | None = None) -> tuple[ClientWorld, Job]:
    world = ClientWorld(provider or ReadingProvider(capabilities=Capabilities(accepts_corrections=True)))
    job = world.captured()
    world.correct(job, {"total": "119.00"})
    return world, job


def test_the_provider_is_told_the_whole_confirmed_invoice() -> None:
    world, job = corrected()
    assert world.confirm(job)
    [(reference, invoice)] = world.provider.confirmed
    assert reference == f"paid-{job.job_id}"
    assert (str(invoice.total.value), invoice.invoice_number.value) == ("119.00", "R-1")


def test_a_provider_that_keeps_its_copies_is_told() -> None:
    world, job = corrected(ReadingProvider(keeps_copies=True))
    assert world.provider.discarded == []
    assert world.confirm(job)


def test_a_provider_whose_copy_was_deleted_is_not_told() -> None:
    world, job = corrected(ReadingProvider())
    assert not world.confirm(job)
    assert world.provider.confirmed == []
    assert world.metrics.counts["ConfirmationsRefused"] == 0


def test_a_provider_whose_contract_has_nothing_for_it_is_not_asked() -> None:
    world, job = corrected(ReadingProvider(capabilities=Capabilities()))
    assert not world.confirm(job)
    assert world.provider.confirmed == []


def test_a_job_that_nobody_confirmed_or_nobody_knows_is_none_of_the_providers_business() -> None:
    world = ClientWorld(ReadingProvider(capabilities=Capabilities(accepts_corrections=True)))
    job = world.captured()
    assert not world.confirm(job)
    waiting = world.create("N2")
    assert not world.confirm(waiting)
    del world.jobs.jobs[waiting.job_id]
    assert not world.confirm(waiting)
    assert world.provider.confirmed == []


def test_a_job_that_was_deleted_meanwhile_is_not_told() -> None:
    world, job = corrected()
    world.withdraw(job)
    assert not world.confirm(job)
    world.erase(job, was_open=False)
    assert not world.confirm(job)
    assert world.provider.confirmed == []


def test_an_answer_that_is_gone_cannot_be_confirmed() -> None:
    world, job = corrected()
    world.documents.results.clear()
    assert not world.confirm(job)


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), RateLimited("slowly"), StoreUnavailable("S3")])
def test_what_may_pass_is_raised_and_the_repeat_tells_the_provider(error: Exception) -> None:
    world, job = corrected()
    world.provider.confirm_faults = [error]
    with pytest.raises(type(error)):
        world.confirm(job)
    world.clock.forward(60)
    assert world.confirm(job)
    assert len(world.provider.confirmed) == 1


@pytest.mark.parametrize("error", [OperationUnsupported("no"), CredentialsRefused("no")])
def test_a_refusal_for_good_is_counted_and_the_confirmation_stays(error: Exception) -> None:
    world, job = corrected()
    world.provider.confirm_faults = [error]
    assert not world.confirm(job)
    assert world.metrics.counts["ConfirmationsRefused"] == 1
    assert world.read(job).invoice.invoice["total"]["value"] == "119.00"


def test_a_provider_that_was_taken_out_of_the_settings_refuses() -> None:
    world, job = corrected()
    world.providers = OnlyProviders({})
    assert not world.confirm(job)
    assert world.metrics.counts["ConfirmationsRefused"] == 1
