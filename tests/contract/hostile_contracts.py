"""What services do at their worst, for all providers with a simulator: they charge and then fail, they answer about
somebody else's document, they show pages instead of answers. ``SimulatedContract`` inherits it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import pytest

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollResult, PollState
from invoice_capture.providers import transport
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.http import MAINTENANCE_PAUSE_SECONDS
from local_stack import simulators
from local_stack.simulators import Script, Simulator
from tests.fakes.attempts import begin
from tests.fakes.world import ManualClock

# Long for a loopback connection, and short beside what the slow document takes.
CONNECT_SECONDS = 1.0
SLOW_BYTES = 80 * 1024
SLOW_BYTES_PER_SECOND = 40 * 1024.0
IN_DOUBT = [
    *({"status": status} for status in (408, 418, 500, 502, 503, 504, 520, 527, 599)),
    *({"page": status} for status in (408, 500, 502, 504, 520)),
    {"page": 200},
    {"page": 400},
]
MAINTENANCE = [302, 403, 404, 503]

# Nobody listens there: it is a port that only the privileged may take.
_NOBODY = "http://127.0.0.1:1"

Meet = Callable[..., tuple[Any, Simulator]]


class HostileContract:
    """``begins_before``: what leaves something at the provider that is not charged yet, if anything does;
    ``odd_word``: a status that nobody knows; ``halted_word``: one of somebody who halted it, where there are words;
    ``finished_words``: the contract's own for a document that is read, and another spelling of it.
    """

    provider_class: Any
    spending: ClassVar[str]
    begins_before: ClassVar[str | None] = None
    checking: ClassVar[str]
    odd_word: ClassVar[str | int] = "hatching"
    halted_word: ClassVar[str | None] = "On hold"
    finished_words: ClassVar[tuple[str, str] | None]

    @pytest.fixture
    def meet(self, context: ProviderContext, clock: ManualClock) -> Iterator[Meet]:
        """A provider and a simulator of its own; keywords are the fields of the script."""
        with ExitStack() as exits:

            def meet(**script: Any) -> tuple[Any, Simulator]:
                name = self.provider_class.name
                simulator = exits.enter_context(simulators.start(name, clock=clock, script=Script(**script)))
                return self.provider_class(replace(context, settings=simulator.settings)), simulator

            yield meet

    # --- before it is sent ---

    def test_an_attempt_begins_right_before_what_is_charged(
        self, provider: Any, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        before = self.begins_before or self.spending
        asked: list[int] = []
        provider.submit(submission, content, lambda: asked.append(simulator.requests[before]))
        assert (asked, simulator.requests[before], simulator.requests[self.spending]) == ([0], 1, 1)

    def test_no_attempt_begins_at_a_provider_that_cannot_be_reached(
        self, context: ProviderContext, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        begun: list[bool] = []
        elsewhere = self.provider_class(replace(context, settings={**simulator.settings, "base_url": _NOBODY}))
        with pytest.raises(ProviderUnavailable):
            elsewhere.submit(submission, content, lambda: begun.append(True))
        assert begun == [True] * (self.begins_before is not None)

    # --- charged, and then not answered ---

    @pytest.mark.parametrize("fault", IN_DOUBT, ids=str)
    def test_what_was_charged_before_it_failed_is_in_doubt(
        self, provider: Any, simulator: Simulator, submission: Submission, content: bytes, fault: dict[str, Any]
    ) -> None:
        simulator.fail(on=self.spending, charged=True, **fault)
        with pytest.raises(SubmissionInDoubt):
            provider.submit(submission, content, begin)
        assert [document.name for document in simulator.accepted] == [submission.document.name]

    def test_what_was_charged_before_a_silence_is_in_doubt(
        self, impatient: Any, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        simulator.fail(on=self.spending, charged=True, hang_seconds=60)
        with pytest.raises(SubmissionInDoubt):
            impatient.submit(submission, content, begin)
        assert len(simulator.accepted) == 1

    def test_tls_that_breaks_in_an_answer_is_in_doubt_and_in_a_handshake_is_not(
        self, meet: Meet, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        provider, simulator = meet(tls=True)
        distrusting = {name: value for name, value in simulator.settings.items() if name != "ca_bundle"}
        with pytest.raises(ProviderUnavailable):
            self.provider_class(replace(context, settings=distrusting)).submit(submission, content, begin)
        assert simulator.accepted == []
        simulator.fail(on=self.spending, break_tls=True)
        with pytest.raises(SubmissionInDoubt):
            provider.submit(submission, content, begin)
        assert len(simulator.accepted) == 1
        simulator.fail(on=self.checking, break_tls=True)
        row = self.submitted(provider, replace(submission, job_id="another"), content)
        with pytest.raises(ProviderUnavailable):
            provider.poll([row])

    # --- pages ---

    @pytest.mark.parametrize("status", MAINTENANCE)
    def test_maintenance_pauses_and_ends_nothing(
        self,
        provider: Any,
        context: ProviderContext,
        simulator: Simulator,
        submission: Submission,
        content: bytes,
        status: int,
    ) -> None:
        simulator.fail(on=self.spending, page=status)
        with pytest.raises(ProviderUnavailable) as caught:
            provider.submit(submission, content, begin)
        assert caught.value.retry_after == MAINTENANCE_PAUSE_SECONDS
        assert simulator.accepted == []
        row = self.submitted(provider, submission, content)
        simulator.fail(on="*", page=status, retry_after=9)
        with pytest.raises(ProviderUnavailable) as caught:
            provider.poll([row])
        assert caught.value.retry_after == 9
        self.finish(provider, context, row)
        assert self.polled(provider, row).state is PollState.READY

    def test_a_page_with_200_is_maintenance_when_everybody_gets_one(
        self, provider: Any, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        before = [operation for operation in simulator.operations if operation != self.spending]
        provider.submit(submission, content, begin)
        simulator.fail(on=self.spending, page=200)
        for operation in before:
            simulator.fail(on=operation, after=simulator.requests[operation] and 1, times="forever", page=200)
        another = replace(submission, job_id="another")
        with pytest.raises((ProviderUnavailable, SubmissionInDoubt)) as caught:
            provider.submit(another, content, begin)
        assert len(simulator.accepted) == 1
        assert isinstance(caught.value, ProviderUnavailable) is self.has_free_request

    has_free_request: ClassVar[bool] = True

    # --- answers about others ---

    def test_the_answer_about_another_document_is_never_taken_for_ours(
        self, provider: Any, context: ProviderContext, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        if "another_id" not in simulator.effects:
            pytest.skip("its simulator answers about no other")
        row, other = (self.submitted(provider, replace(submission, job_id=job), content) for job in ("one", "two"))
        self.finish(provider, context, row)
        assert self.polled(provider, other).state is PollState.READY
        simulator.fail(on="*", times="forever", another_id=True)
        # It may refuse to say anything at all.
        with suppress(ProviderUnavailable):
            result = provider.poll([row]).get(row.reference, PollResult(PollState.PENDING))
            assert result.state in (PollState.PENDING, PollState.REFUSED)
            assert result.raw is None
        with pytest.raises(ProviderUnavailable):
            self.provider_class(context).fetch(row.reference)
        simulator.recover()
        assert self.polled(provider, row).state is PollState.READY

    def test_a_poisoned_document_fails_its_batch_and_nobody_alone(
        self, meet: Meet, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        provider, _ = meet(poisoned_documents=1)
        poisoned, healthy = (
            self.submitted(provider, replace(submission, job_id=job), content) for job in ("one", "two")
        )
        context.clock.forward(3600)
        with pytest.raises(ProviderUnavailable):
            provider.poll([poisoned, healthy])
        self.finish(provider, context, healthy)
        assert self.polled(provider, healthy).state is PollState.READY

    def test_a_new_document_that_is_unknown_at_first_has_not_failed(
        self, meet: Meet, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        provider, _ = meet(unknown_at_first={"seconds": 60})
        row = self.submitted(provider, submission, content)
        assert self.polled(provider, row).state is PollState.REFUSED
        self.finish(provider, context, row)
        assert self.polled(provider, row).state is PollState.READY

    # --- words ---

    def test_a_status_that_nobody_knows_is_said(
        self, meet: Meet, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        provider, _ = meet(odd_status={"word": self.odd_word, "seconds": 7000})
        row = self.submitted(provider, submission, content)
        result = self.polled(provider, row)
        assert result.state is PollState.UNKNOWN
        assert str(self.odd_word) in str(result.said)
        self.finish(provider, context, row)
        assert self.polled(provider, row).state is PollState.READY

    def test_a_document_that_somebody_halted_is_pending_and_said(
        self, meet: Meet, submission: Submission, content: bytes
    ) -> None:
        if self.halted_word is None:
            pytest.skip("its statuses are no words")
        provider, _ = meet(odd_status={"word": self.halted_word})
        result = self.polled(provider, self.submitted(provider, submission, content))
        assert (result.state, result.said) == (PollState.PENDING, self.halted_word)

    def test_another_spelling_of_the_end_is_the_end(
        self, meet: Meet, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        if self.finished_words is None:
            pytest.skip("its statuses are no words")
        own, other = self.finished_words
        provider, _ = meet(odd_status={"word": other, "instead_of": own})
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        result = self.polled(provider, row)
        assert result.state is PollState.READY
        assert provider.normalise(result.raw or provider.fetch(row.reference)).total.value

    # --- slow links ---

    @pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
    def test_a_document_that_takes_longer_than_connecting_may_arrives(
        self, meet: Meet, submission: Submission, content: bytes, tls: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "Limits", partial(transport.Limits, connect_seconds=CONNECT_SECONDS))
        monkeypatch.setattr(transport, "_SEND_BUFFER_BYTES", 4096)
        provider, simulator = meet(tls=tls, link={"up": SLOW_BYTES_PER_SECOND, "down": SLOW_BYTES_PER_SECOND})
        document = content + b"\n%" + b"x" * (SLOW_BYTES - len(content))
        assert provider.submit(submission, document, begin)
        assert len(simulator.accepted) == 1
