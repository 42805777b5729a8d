"""Whoever dies while a document is sent, and whoever comes again: nothing that was sent is forgotten or sent by two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from invoice_capture.domain.errors import (
    CaptureFailed,
)
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import Capabilities
from invoice_capture.use_cases.shared.submitter import LONGEST_ATTEMPT
from tests.fakes.world import PDF, ServerProvider, World
from tests.unit.use_cases.submitting import DOWN, LOST, go_on, is_marked, submitted


def test_a_row_that_is_being_sent_is_somebodys_to_look_at() -> None:
    class Watching(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            def watched() -> None:
                begin()
                row = world.row(job)
                seen.append((row.state, row.next_check_at))

            return super().submit(submission, content, watched)

    seen: list[tuple[SubmissionState, object]] = []
    world = World(Watching())
    job = world.receive()
    world.submit(job)
    assert seen == [(SubmissionState.SUBMITTING, world.clock.now() + LONGEST_ATTEMPT)]


def test_a_repeated_state_that_finds_the_provider_out_of_order_keeps_what_was_accepted() -> None:
    world, job = submitted(ServerProvider())
    world.provider.faults = [DOWN] * 5
    for number in range(5):
        world.submit(world.receive(PDF + bytes([number])))
    token = world.submit(job, skip_if_unavailable=True)
    assert token in world.tokens.open
    world.finish(job)
    world.clock.forward(1000)
    world.turn()
    world.turn()
    assert world.tokens.outcomes[token]["reference"] == f"paid-{job.job_id}"


def test_a_repeated_state_whose_document_is_gone_keeps_what_was_accepted() -> None:
    world, job = submitted(ServerProvider())
    world.documents.objects.clear()
    token = world.submit(job)
    assert token in world.tokens.open
    assert world.row(job).task_token == token


def test_a_copy_that_is_accepted_when_the_job_is_over_is_known_and_deleted() -> None:
    class Slow(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            from invoice_capture.domain.submission import Outcome

            reference = super().submit(submission, content, begin)
            gone = Outcome(self.name, error=CaptureFailed("the deadline passed"))
            world.submissions.close(submission.key, submission.task_token or "", gone, world.clock.now())
            return reference

    world = World(Slow(capabilities=Capabilities(deletes_copies=True)))
    job = world.receive()
    world.submit(job)
    assert world.row(job).reference == f"paid-{job.job_id}"
    world.submit(world.receive(PDF + b"another"))
    world.clock.forward(30)
    world.turn()
    assert f"paid-{job.job_id}" in world.provider.discarded


def test_one_reference_for_two_documents_ends_both() -> None:
    class Confused(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            super().submit(submission, content, begin)
            return "the-same"

    world = World(Confused())
    first, second = world.receive(), world.receive(PDF + b"2")
    tokens = [world.submit(first), world.submit(second)]
    for token, job in zip(tokens, (first, second), strict=True):
        error = world.tokens.outcomes[token]
        assert isinstance(error, CaptureFailed)
        assert "the-same" in str(error)
        assert world.row(job).state is SubmissionState.FAILED


def test_who_loses_a_race_for_doubt_takes_no_mark_of_the_winner_back() -> None:
    class Raced(ServerProvider):
        def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
            def watched() -> None:
                begin()
                marks.append(is_marked(world, job))

            return super().submit(submission, content, watched)

    marks: list[bool] = []
    world = World(Raced(faults=[LOST]))
    job = world.receive()
    world.submit(job)
    world.clock.forward(60)
    save, of_job = world.submissions.save, world.submissions.of_job

    def lose(row: Submission) -> Submission:
        world.submissions.save = save  # type: ignore[method-assign]
        save(world.row(job))
        return save(row)

    def win_after_the_loser_looked(job_id: str) -> Sequence[Submission]:
        rows = of_job(job_id)
        world.submissions.of_job = of_job  # type: ignore[method-assign]
        world.turn()
        return rows

    world.submissions.save = lose  # type: ignore[method-assign]
    world.submissions.of_job = win_after_the_loser_looked  # type: ignore[method-assign]
    go_on(world, 2)
    assert marks == [False, True]
    assert is_marked(world, job)


def test_the_next_provider_comes_before_the_row_of_one_that_refused_is_closed() -> None:
    """A token is told before its row is closed, and its execution goes on at once."""
    world = World(ServerProvider(faults=[CaptureFailed("no")]))
    job = world.receive()
    close = world.submissions.close

    def go_on_first(*args: Any, **kwargs: Any) -> bool:
        world.submissions.close = close  # type: ignore[method-assign]
        world.submit(job, number=2)
        return close(*args, **kwargs)

    world.submissions.close = go_on_first  # type: ignore[method-assign]
    world.submit(job)
    assert world.row(job, 2).state is SubmissionState.PENDING
    assert not is_marked(world, job)
