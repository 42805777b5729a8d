"""An outage, a limit or a refusal of a provider: who waits, who moves on, and what is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ResultUnusable,
    SubmissionInDoubt,
)
from invoice_capture.domain.job import E_INVOICE_READER, Job
from invoice_capture.domain.polling import bucket_of
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import Capabilities, PollResult, PollState
from tests.fakes.world import PDF, OnlyProviders, ServerProvider, World

E_INVOICE = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"></Invoice>'
DOWN = ProviderUnavailable("down")


def out_of_order(world: World) -> list[Job]:
    """Five jobs whose submissions failed, after which the breaker is open."""
    world.provider.faults = [DOWN] * 5
    jobs = [world.receive(PDF + bytes([number])) for number in range(5)]
    for job in jobs:
        world.submit(job)
    assert world.states.load("paid").breaker.is_open
    return jobs


# --- waiting, or the next provider  ----------------------------------------


def test_a_route_may_wait_for_a_provider_that_is_out_of_order() -> None:
    world = World()
    out_of_order(world)
    job = world.receive(PDF + b"late")
    token = world.submit(job)
    assert world.row(job).state is SubmissionState.QUEUED
    assert token in world.tokens.open


def test_a_route_may_move_on_from_a_provider_that_is_out_of_order() -> None:
    world = World()
    out_of_order(world)
    job = world.receive(PDF + b"late")
    token = world.submit(job, skip_if_unavailable=True)
    error = world.tokens.outcomes[token]
    assert type(error) is ProviderUnavailable
    assert job.document.name in str(error)
    assert world.provider.accepted == []


def test_what_was_queued_when_the_outage_began_moves_on_as_well() -> None:
    world = World()
    world.provider.faults = [DOWN] * 5
    jobs = [world.receive(PDF + bytes([number])) for number in range(5)]
    tokens = [world.submit(job, skip_if_unavailable=True) for job in jobs]
    assert {world.row(job).state for job in jobs} == {SubmissionState.QUEUED}
    world.clock.forward(20)
    world.turn()
    assert {type(world.tokens.outcomes[token]) for token in tokens} == {ProviderUnavailable}
    assert {world.row(job).state for job in jobs} == {SubmissionState.FAILED}


def test_what_may_have_been_sent_never_moves_on() -> None:
    world = World()
    world.provider.faults = [SubmissionInDoubt("lost")]
    doubtful = world.receive(PDF + b"doubtful")
    world.submit(doubtful, skip_if_unavailable=True)
    out_of_order(world)
    world.clock.forward(10)
    world.turn()
    assert world.row(doubtful).state is SubmissionState.SUBMITTING


def test_a_pause_that_the_provider_asked_for_is_no_outage() -> None:
    world = World(ServerProvider(requests_per_second=10, faults=[RateLimited("slower", 60)]))
    job = world.receive()
    token = world.submit(job, skip_if_unavailable=True)
    world.clock.forward(30)
    world.turn()
    assert token in world.tokens.open


# --- what opens and closes the breaker  ----------------------------------------


def test_an_outage_and_its_end_are_counted_once() -> None:
    world = World()
    jobs = out_of_order(world)
    for _ in range(4):
        world.clock.forward(20)
        world.turn()
    assert {world.row(job).state for job in jobs} == {SubmissionState.PENDING}
    assert world.metrics.counts == {"BreakersOpened": 1, "BreakersClosed": 1}


def test_lost_answers_open_the_breaker_too() -> None:
    world = World(ServerProvider(faults=[SubmissionInDoubt("lost")] * 5))
    for number in range(7):
        world.submit(world.receive(PDF + bytes([number])))
    assert world.states.load("paid").breaker.is_open
    assert len(world.provider.accepted) == 5, "nothing more is sent into an outage"


def test_maintenance_with_a_time_to_come_back_is_waited_for_by_everybody() -> None:
    world = World(ServerProvider(faults=[ProviderUnavailable("maintenance", retry_after=300)]))
    first, second = world.receive(), world.receive(PDF + b"2")
    world.submit(first)
    world.submit(second)
    world.clock.forward(290)
    world.turn()
    assert world.provider.accepted == []
    world.clock.forward(30)
    world.turn()
    assert len(world.provider.accepted) == 2


def test_a_refusal_for_good_says_nothing_about_the_provider() -> None:
    world = World(ServerProvider(faults=[NoCredit("empty")] * 6))
    tokens = [world.submit(world.receive(PDF + bytes([number]))) for number in range(6)]
    assert {type(world.tokens.outcomes[token]) for token in tokens} == {NoCredit}
    assert not world.states.load("paid").breaker.is_open


def test_a_provider_without_a_configured_rate_is_slowed_once_it_asks_for_it() -> None:
    provider = ServerProvider(faults=[RateLimited("slower", 10)])
    world = World(provider)
    job = world.receive()
    world.submit(job)
    assert world.metrics.counts["RequestsRefused"] == 1
    assert world.row(job).next_check_at == world.clock.now() + timedelta(seconds=10)
    world.clock.forward(11)
    world.turn()
    assert provider.accepted == [job.job_id]


# --- answers that are paid for  ----------------------------------------


def test_a_finished_answer_that_cannot_be_fetched_now_is_fetched_later() -> None:
    world = World(ServerProvider(fetch_faults=[DOWN, RateLimited("slower", 30), DOWN]))
    job = world.receive()
    token = world.submit(job)
    world.finish(job, raw=None)
    for _ in range(6):
        world.clock.forward(60)
        world.turn()
    assert world.row(job).state is SubmissionState.DONE
    assert world.tokens.outcomes[token]["result_key"] in world.documents.results
    assert world.provider.accepted == [job.job_id]


def test_an_answer_that_the_provider_lost_is_a_failure_of_that_provider() -> None:
    world = World(ServerProvider(fetch_faults=[ResultUnusable("gone")]))
    job = world.receive()
    token = world.submit(job)
    world.finish(job, raw=None)
    world.clock.forward(60)
    world.turn()
    assert token in world.tokens.open, "it may pass"
    world.provider.fetch_faults = [ResultUnusable("gone")] * 20
    for _ in range(10):
        world.clock.forward(600)
        world.turn()
    assert isinstance(world.tokens.outcomes[token], ResultUnusable)


@pytest.mark.parametrize("trouble", [CredentialsRefused("revoked"), NoCredit("empty")], ids=str)
def test_an_account_in_trouble_loses_nothing_that_was_paid(trouble: ProviderError) -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.finish(job)
    world.provider.check_fault = trouble
    for _ in range(3):
        world.clock.forward(60)
        world.turn()
    assert world.row(job).state is SubmissionState.PENDING
    world.provider.check_fault = None
    world.clock.forward(60)
    world.turn()
    assert world.row(job).state is SubmissionState.DONE
    assert world.provider.accepted == [job.job_id]


def test_several_answers_are_asked_for_at_the_same_time_and_each_only_once() -> None:
    world = World(ServerProvider(max_concurrency=4))
    jobs = [world.receive(PDF + bytes([number])) for number in range(30)]
    for job in jobs:
        world.submit(job)
        world.finish(job, raw=None)
    world.clock.forward(60)
    world.turn()
    assert {world.row(job).state for job in jobs} == {SubmissionState.DONE}
    assert sorted(batch[0] for batch in world.provider.checked) == sorted(job.job_id for job in jobs)


def test_the_time_a_person_took_is_not_the_providers() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.provider.answers[job.job_id] = PollResult(PollState.ACTION_REQUIRED, action_url="https://verify.example/1")
    world.clock.forward(60)
    world.turn()
    world.clock.forward(2 * 24 * 3600)
    world.finish(job)
    world.turn()
    assert world.row(job).state is SubmissionState.DONE
    assert world.states.load("paid").latencies == {}


def test_the_latency_that_is_learnt_lies_between_two_checks() -> None:
    world = World()
    job = world.receive()
    world.submit(job)
    world.clock.forward(100)
    world.turn()
    world.finish(job)
    world.clock.forward(100)
    world.turn()
    assert world.states.load("paid").latencies == {"small": {bucket_of(150): 1}}


# --- who reads what  ----------------------------------------


def test_an_e_invoice_is_read_by_the_engine_where_the_provider_reads_none() -> None:
    pictures = frozenset({DocumentKind.PDF, DocumentKind.PNG})
    world = World(ServerProvider(capabilities=Capabilities(formats=pictures)))
    reader = ServerProvider(name=E_INVOICE_READER, capabilities=Capabilities(is_paid=False, pushes_results=True))
    world.providers = OnlyProviders({"paid": world.provider, E_INVOICE_READER: reader})
    job = world.receive(E_INVOICE, name="invoice.xml")
    world.submit(job)
    assert world.row(job).provider == E_INVOICE_READER
    assert (world.provider.accepted, reader.accepted) == ([], [job.job_id])


def test_an_e_invoice_goes_to_a_provider_that_reads_them() -> None:
    world = World()
    job = world.receive(E_INVOICE, name="invoice.xml")
    world.submit(job)
    assert world.row(job).provider == "paid"


def test_a_format_that_the_provider_does_not_read_is_refused_before_it_is_paid() -> None:
    world = World(ServerProvider(capabilities=Capabilities(formats=frozenset({DocumentKind.PDF}))))
    job = world.receive(b"II*\x00 scanned", name="scan.tiff")
    token = world.submit(job)
    error = world.tokens.outcomes[token]
    assert type(error) is FormatRefused
    assert "scan.tiff" in str(error)
    assert "TIFF" in str(error)
    assert world.provider.accepted == []


@pytest.mark.parametrize("error", [CaptureFailed("illegible"), NoCredit("The account is empty.")])
def test_an_error_names_the_document(error: CaptureFailed) -> None:
    world = World(ServerProvider(faults=[error]))
    job = world.receive()
    token = world.submit(job)
    assert str(world.tokens.outcomes[token]) == f"{job.document.name}: {error}"
