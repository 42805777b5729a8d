"""The embedded engine's answer, or its refusal, reaches the waiting execution; what it cannot do now, it does later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from invoice_capture.domain.errors import (
    CaptureFailed,
    DocumentMissing,
    JobCancelled,
    PasswordProtected,
    ProviderUnavailable,
    StoreUnavailable,
)
from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import Outcome, SubmissionState
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.shared.page_throttle import OcrThrottle, PageSlots
from invoice_capture.use_cases.steps.extract_document import ExtractDocument, ExtractRequest
from invoice_capture.wiring import build
from tests.contract.provider_contracts import QueuedMessages
from tests.fakes.provider_states import MemoryExtractionRuns
from tests.fakes.world import ServerProvider, World

Engine = Callable[[bytes, PageSlots], bytes]
SECONDS = 300.0
"""What the function has for one message."""


class Reading:
    """The step in a world, with the queue that it may put messages back into."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queue = QueuedMessages()
        self.runs = MemoryExtractionRuns()

    def __call__(
        self, job: Job, token: str, engine: Engine, is_paid: bool = False, deliveries: int = 1, put_backs: int = 0
    ) -> Outcome | None:
        own = SimpleNamespace(engine=engine, ocr_is_paid=is_paid, extractions=self.queue, runs=self.runs)
        step = build(ExtractDocument, own, self.world)
        message = {"job_id": job.job_id, "put_backs": put_backs}
        pointer, until = job.document, job.deadline_at
        return step(
            ExtractRequest(job.job_id, 1, "paid", pointer, token, until, SECONDS, deliveries, put_backs, message)
        )


@pytest.fixture
def world() -> World:
    return World(ServerProvider(capabilities=Capabilities(pushes_results=True, is_paid=False)))


@pytest.fixture
def extract(world: World) -> Reading:
    return Reading(world)


@pytest.fixture
def job(world: World) -> Job:
    return world.receive()


@pytest.fixture
def token(world: World, job: Job) -> str:
    return world.submit(job)


def never(_content: bytes, _turns: PageSlots) -> bytes:
    raise AssertionError("nobody waits for this document")


def busy(_content: bytes, _turns: PageSlots) -> bytes:
    raise ProviderUnavailable("Textract is busy.")


def read(content: bytes, _turns: PageSlots) -> bytes:
    return b'{"read": %d}' % len(content)


def unavailable(*_arguments: Any) -> Any:
    raise StoreUnavailable("S3 did not answer.")


# --- what is told ----------------------------------------------------------------------------------------------------


def test_the_answer_is_kept_and_told(world: World, extract: Reading, job: Job, token: str) -> None:
    extract(job, token, read)
    key = f"results/{job.job_id}/1-paid.json"
    assert world.documents.results[key] == b'{"read": %d}' % job.document.size
    assert world.tokens.outcomes[token]["result_key"] == key
    assert world.row(job).state is SubmissionState.DONE
    assert extract.runs.counts == {}, "a document that is read at once costs no count"


def test_a_refusal_is_told_by_name(world: World, extract: Reading, job: Job, token: str) -> None:
    def refuse(_content: bytes, _turns: PageSlots) -> bytes:
        raise PasswordProtected("locked.pdf needs a password.")

    extract(job, token, refuse)
    assert isinstance(world.tokens.outcomes[token], PasswordProtected)
    assert str(world.tokens.outcomes[token]).startswith(f"{job.document.name}: ")
    assert world.row(job).error_code == "PasswordProtected"


def test_a_document_that_was_removed_is_told_by_name(world: World, extract: Reading, job: Job, token: str) -> None:
    world.documents.objects.clear()
    extract(job, token, never)
    assert isinstance(world.tokens.outcomes[token], DocumentMissing)


def test_a_repeated_message_changes_nothing(world: World, extract: Reading, job: Job, token: str) -> None:
    extract(job, token, lambda _content, _turns: b"first")
    assert extract(job, token, never, deliveries=2) is None
    assert len(world.tokens.outcomes) == 1
    assert world.row(job).state is SubmissionState.DONE


def test_the_engine_has_the_time_of_the_function_but_for_what_telling_takes(
    extract: Reading, job: Job, token: str
) -> None:
    left = []

    def look(content: bytes, slots: PageSlots) -> bytes:
        left.append(slots.seconds_left)
        return content

    extract(job, token, look)
    assert left == [280.0]


# --- runs that do not come to an end ---------------------------------------------------------------------------------


def ended(_content: bytes, _turns: PageSlots) -> bytes:
    """The function runs out of time or memory, and nothing of it goes on."""
    raise SystemExit


def test_a_document_that_ends_the_function_three_times_has_failed(
    world: World, extract: Reading, job: Job, token: str
) -> None:
    for delivery in (1, 2, 3):
        with pytest.raises(SystemExit):
            extract(job, token, ended, deliveries=delivery)
        assert token in world.tokens.open
    extract(job, token, never, deliveries=4)
    error = world.tokens.outcomes[token]
    assert isinstance(error, CaptureFailed)
    assert "three times" in str(error)
    assert str(error).startswith(job.document.name)


def test_deliveries_that_never_reached_the_function_end_nothing(
    world: World, extract: Reading, job: Job, token: str
) -> None:
    """Where the account has no room for the function, SQS counts deliveries all the same."""
    with pytest.raises(SystemExit):
        extract(job, token, ended, deliveries=17)
    extract(job, token, read, deliveries=40)
    assert world.row(job).state is SubmissionState.DONE


@pytest.mark.parametrize("error", [StoreUnavailable("S3 did not answer."), ProviderUnavailable("Textract is busy.")])
def test_an_outage_is_no_end_of_the_function(
    world: World, extract: Reading, job: Job, token: str, error: Exception
) -> None:
    def fail(_content: bytes, _turns: PageSlots) -> bytes:
        raise error

    for delivery in range(2, 9):
        if isinstance(error, StoreUnavailable):
            with pytest.raises(StoreUnavailable):
                extract(job, token, fail, deliveries=delivery)
        else:
            extract(job, token, fail, deliveries=delivery)
    assert token in world.tokens.open
    extract(job, token, read, deliveries=9)
    assert world.row(job).state is SubmissionState.DONE


# --- what comes again, and what is put back -------------------------------------------------------------------------


def test_a_store_that_is_down_tells_nobody_so_that_the_message_comes_again(
    world: World, extract: Reading, job: Job, token: str
) -> None:
    world.documents.write_result = unavailable
    with pytest.raises(StoreUnavailable):
        extract(job, token, read)
    assert token in world.tokens.open
    assert extract.queue.sent == []


def test_a_document_whose_ocr_is_busy_is_put_back(world: World, extract: Reading, job: Job, token: str) -> None:
    assert extract(job, token, busy, is_paid=True) is None
    assert token in world.tokens.open
    assert not world.row(job).state.is_closed
    assert extract.queue.sent == [({"job_id": job.job_id, "put_backs": 1}, 30)]
    extract(job, token, read, is_paid=True, put_backs=1)
    assert world.tokens.outcomes[token]["result_key"] == f"results/{job.job_id}/1-paid.json"


def test_it_is_put_back_for_longer_each_time_until_its_deadline(
    world: World, extract: Reading, job: Job, token: str
) -> None:
    delays = []
    for put_backs in range(1000):
        extract(job, token, busy, put_backs=put_backs)
        if len(extract.queue.sent) == put_backs:
            break
        delays.append(extract.queue.sent[-1][1])
        world.clock.forward(delays[-1])
    assert delays[:7] == [30, 60, 120, 240, 480, 900, 900]
    assert timedelta(seconds=sum(delays)) > timedelta(hours=71)
    assert token in world.tokens.open, "the sweeper ends the job"


def test_it_comes_back_when_it_is_its_turn(world: World, extract: Reading, job: Job, token: str) -> None:
    throttle = build(OcrThrottle, world)
    for _ in range(4):
        assert throttle.until(world.clock.now() + timedelta(hours=9)).take(100)
    assert throttle.until(world.clock.now() + timedelta(hours=9)).take(400)

    def wait(_content: bytes, slots: PageSlots) -> bytes:
        assert not slots.take(1)
        raise ProviderUnavailable("It is not the document's turn.")

    extract(job, token, wait)
    [(_, delay)] = extract.queue.sent
    assert delay == 400


def test_a_document_past_its_deadline_is_not_read(world: World, extract: Reading, job: Job, token: str) -> None:
    world.clock.time = job.deadline_at
    assert extract(job, token, never) is None
    assert token in world.tokens.open


def test_a_message_of_a_job_that_is_over_ends(world: World, extract: Reading, job: Job, token: str) -> None:
    world.submissions.close((job.job_id, 1), token, Outcome("paid", error=JobCancelled("gone")), world.clock.now())
    assert extract(job, token, never, put_backs=1) is None
    assert extract(job, token, never, deliveries=2) is None
    assert extract.queue.sent == []


def test_what_was_read_for_money_is_not_read_again(world: World, extract: Reading, job: Job, token: str) -> None:
    """The first run was ended after it had kept its answer and before it told anyone."""
    succeed, world.tokens.succeed = world.tokens.succeed, unavailable
    with pytest.raises(StoreUnavailable):
        extract(job, token, read, is_paid=True)
    world.tokens.succeed = succeed
    extract(job, token, never, is_paid=True, deliveries=2)
    assert world.tokens.outcomes[token]["result_key"] == f"results/{job.job_id}/1-paid.json"
    assert world.row(job).state is SubmissionState.DONE
