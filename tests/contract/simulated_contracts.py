"""The suite of providers whose server is simulated: the same faults for all, over a real connection.

The simulators are ours, so this holds adapters to our reading of the contracts, not to the services themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from werkzeug.wrappers import Request, Response

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import (
    CredentialsRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollResult, PollState
from invoice_capture.providers.base import ProviderContext
from local_stack import simulators
from local_stack.simulators import Simulator
from local_stack.simulators.server import LoopbackServer
from tests.contract.hostile_contracts import HostileContract
from tests.contract.provider_contracts import ProviderContract
from tests.fakes.attempts import begin
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock

# A busy machine answers in a third of it.
HANG_SECONDS = 3.0


class LinkedDocumentStore(MemoryDocumentStore):
    """Documents in memory whose links answer over HTTP, without asking for a signature."""

    def __init__(self) -> None:
        super().__init__()
        self.server = LoopbackServer(self._serve)

    def link(self, pointer: DocumentPointer, seconds: int) -> str:
        return f"{self.server.origin}/{quote(pointer.key)}?versionId={pointer.version_id}"

    def _serve(self, request: Request) -> Response:
        return Response(self.objects[request.path.removeprefix("/"), request.args["versionId"]])


class SimulatedContract(HostileContract, ProviderContract):
    """For providers whose server is simulated: the same faults, over a real connection.

    ``spending`` is the operation that is charged, ``first`` the first one of a submission, ``checking`` the one that
    checks ask; ``credentials`` are the settings that must be there, the first of them secret.
    """

    document = "dutch_eur_labels_below.pdf"
    kind = DocumentKind.PDF
    first: ClassVar[str]
    spending: ClassVar[str]
    checking: ClassVar[str]
    credentials: ClassVar[tuple[str, ...]]
    credentials_error: ClassVar[type[ProviderError]] = CredentialsRefused

    @pytest.fixture
    def simulator(self, clock: ManualClock) -> Iterator[Simulator]:
        with simulators.start(self.provider_class.name, clock=clock) as running:
            yield running

    @pytest.fixture
    def context(self, clock: ManualClock, simulator: Simulator) -> Iterator[ProviderContext]:
        store = LinkedDocumentStore()
        yield ProviderContext(
            settings=simulator.settings,
            clock=clock,
            documents=store,
        )
        store.server.close()

    @pytest.fixture
    def taken(self, simulator: Simulator) -> Callable[[], int]:
        return lambda: len(simulator.accepted)

    @pytest.fixture
    def impatient(self, context: ProviderContext) -> Any:
        """The provider as it meets a server that hangs; all others are waited for, however busy the machine is."""
        settings = {**context.settings, "timeout_seconds": str(HANG_SECONDS / 3)}
        return self.provider_class(replace(context, settings=settings))

    def finish(self, provider: Any, context: ProviderContext, submission: Submission) -> None:
        context.clock.forward(3600)
        # Some servers only begin to read when they are first asked.
        provider.poll([submission])
        context.clock.forward(3600)

    def polled(self, provider: Any, row: Submission) -> PollResult:
        return provider.poll([row])[row.reference]

    # --- success ---

    def test_many_are_checked_with_as_few_requests_as_the_contract_allows(
        self, provider: Any, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        size = provider.capabilities.batch_size
        rows = [
            self.submitted(provider, replace(submission, job_id=f"job-{number}"), content)
            for number in range(min(5, size))
        ]
        results = provider.poll(rows)
        assert {result.state for result in results.values()} == {PollState.PENDING}
        assert set(results) == {row.reference for row in rows}
        assert simulator.requests[self.checking] == 1

    def test_values_keep_their_candidates_and_their_source(
        self, provider: Any, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        invoice = provider.normalise(self.polled(provider, row).raw or provider.fetch(row.reference))
        assert invoice.total.source == provider.name
        assert invoice.total.candidates[0].value == invoice.total.value == Decimal("2030.65")

    # --- settings ---

    def test_a_missing_setting_is_named_when_it_is_needed(
        self, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        for name in ("base_url", *self.credentials):
            settings = {key: value for key, value in context.settings.items() if key != name}
            provider = self.provider_class(replace(context, settings=settings))
            with pytest.raises(SettingMissing, match=f"{name!r}.*{provider.name!r}"):
                provider.submit(submission, content, begin)

    def test_wrong_credentials_are_told_without_being_quoted(
        self, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        wrong = {**context.settings, self.credentials[0]: "wrong-credential"}
        provider = self.provider_class(replace(context, settings=wrong))
        with pytest.raises(self.credentials_error) as caught:
            provider.submit(submission, content, begin)
        assert "wrong-credential" not in str(caught.value)
        assert self.credentials[0] in str(caught.value), "people must know which setting to look at"

    # --- trouble on the way ---

    @pytest.mark.parametrize(
        ("fault", "error", "retry_after"),
        [
            ({"status": 429, "retry_after": 7}, RateLimited, 7),
            ({"status": 503, "retry_after": 40}, ProviderUnavailable, 40),
        ],
    )
    def test_what_was_certainly_not_taken_may_be_sent_again(
        self,
        provider: Any,
        simulator: Simulator,
        submission: Submission,
        content: bytes,
        fault: dict[str, Any],
        error: type[ProviderUnavailable],
        retry_after: float | None,
    ) -> None:
        simulator.fail(on=self.spending, **fault)
        with pytest.raises(error) as caught:
            provider.submit(submission, content, begin)
        assert type(caught.value) is error
        assert caught.value.retry_after == retry_after
        assert simulator.accepted == []
        assert provider.submit(submission, content, begin)
        assert len(simulator.accepted) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            {"lose_answer": True},
            {"hang_seconds": HANG_SECONDS},
            {"body": "malformed"},
            {"body": "truncated"},
            {"body": "html"},
            {"body": "empty"},
            {"body": "oversized"},
        ],
        ids=str,
    )
    def test_an_answer_that_was_lost_leaves_the_submission_in_doubt(
        self,
        provider: Any,
        impatient: Any,
        simulator: Simulator,
        submission: Submission,
        content: bytes,
        fault: dict[str, Any],
    ) -> None:
        simulator.fail(on=self.spending, **fault)
        with pytest.raises(SubmissionInDoubt):
            (impatient if "hang_seconds" in fault else provider).submit(submission, content, begin)
        if provider.capabilities.finds_submissions:
            assert provider.find(submission)
            assert len(simulator.accepted) == 1, "it is not paid for twice"

    @pytest.mark.parametrize(
        "fault",
        [{"reset": True}, {"status": 500}, {"body": "malformed"}, {"body": "html"}, {"hang_seconds": HANG_SECONDS}],
        ids=str,
    )
    def test_a_check_that_fails_may_be_repeated(
        self,
        provider: Any,
        impatient: Any,
        context: ProviderContext,
        simulator: Simulator,
        submission: Submission,
        content: bytes,
        fault: dict[str, Any],
    ) -> None:
        row = self.submitted(provider, submission, content)
        simulator.fail(on=self.checking, **fault)
        with pytest.raises(ProviderUnavailable):
            (impatient if "hang_seconds" in fault else provider).poll([row])
        self.finish(provider, context, row)
        assert self.polled(provider, row).state is PollState.READY

    def test_what_is_not_ready_stays_pending(
        self, provider: Any, context: ProviderContext, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        simulator.script.not_ready = "forever"
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        assert self.polled(provider, row).state is PollState.PENDING

    # --- refusals for good ---

    def test_an_empty_account_is_told(
        self, provider: Any, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        simulator.script.credit = 1
        provider.submit(submission, content, begin)
        with pytest.raises(NoCredit):
            provider.submit(replace(submission, job_id="another"), content, begin)
        assert len(simulator.accepted) == 1

    def test_a_document_that_the_provider_gives_up_has_failed(
        self, provider: Any, context: ProviderContext, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        simulator.script.fail_documents = 1
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        result = self.polled(provider, row)
        assert result.state is PollState.FAILED
        assert isinstance(result.error, ProviderError)


class DiscardContract:
    """For providers that keep a copy which can be deleted, beside SimulatedContract."""

    def test_what_is_discarded_is_gone_and_may_be_discarded_again(
        self: Any, provider: Any, context: ProviderContext, submission: Submission, content: bytes
    ) -> None:
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        raw = self.polled(provider, row).raw or provider.fetch(row.reference)
        provider.discard(row.reference, raw)
        provider.discard(row.reference, raw)
        with pytest.raises(SubmissionUnknown):
            provider.fetch(row.reference)


class ConfirmContract:
    """For providers that learn from corrected values, beside SimulatedContract. ``learning``: the operation asked."""

    learning: ClassVar[str]

    def test_corrected_values_are_told(
        self: Any, provider: Any, context: ProviderContext, simulator: Simulator, submission: Submission, content: bytes
    ) -> None:
        row = self.submitted(provider, submission, content)
        self.finish(provider, context, row)
        raw = self.polled(provider, row).raw or provider.fetch(row.reference)
        provider.confirm(row.reference, raw, provider.normalise(raw))
        assert simulator.requests[self.learning] == 1
