"""Asking a provider about submissions, in batches: one that fails is halved until what makes it fail stands alone."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollResult, PollState, Provider, Providers
from invoice_capture.use_cases.polling.round_of_requests import RoundOfRequests
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle

# Longer than the loop waits for its other turns: what is finished comes first.
_MAX_WAIT = timedelta(seconds=20)
# A batch, its halves and its quarters: when none of them is answered, the provider answers nobody.
_FAILURES_OF_AN_OUTAGE = 7
# What is asked about was accepted, and is paid for: an account in trouble is asked again, until it is in order or the
# job is over. Elsewhere the document would be paid for a second time.
_ABOUT_THE_ACCOUNT = (RateLimited, CredentialsRefused, NoCredit)


class AskProvider:
    """The questions of one turn of a provider's loop."""

    def __init__(
        self, provider: Provider, providers: Providers, throttle: ProviderThrottle, requests: RoundOfRequests
    ) -> None:
        self._provider = provider
        self._providers = providers
        self._throttle = throttle
        self._requests = requests
        self.was_answered = False
        """Whether the provider answered a question of this turn, so that what it refuses is its own matter."""

    def about(self, rows: Sequence[Submission], *, alone: bool = False) -> Iterator[tuple[Submission, PollResult]]:
        """Each submission that could be asked about, with what was said of it; REFUSED where only others were answered.

        What nobody said anything about is left out, and due again. ``alone``: these were in trouble before, so each is
        asked about by itself.
        """
        size = 1 if alone else self._provider.capabilities.batch_size
        is_the_only_trouble = alone and len(rows) == 1
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        for batch, answer in self._requests.ask(batches, self._poll):
            try:
                results = answer.result()
            except ProviderError as exc:
                yield from self._unanswered(batch, exc, is_the_only_trouble)
                continue
            self._throttle.answered()
            self.was_answered = True
            for row in batch:
                result = results.get(row.reference or "")
                if result is None:
                    continue
                if isinstance(result.error, _ABOUT_THE_ACCOUNT):
                    self._refused(result.error)
                yield row, result

    def _unanswered(
        self, batch: Sequence[Submission], error: ProviderError, is_the_only_trouble: bool
    ) -> Iterator[tuple[Submission, PollResult]]:
        """Tell a provider in trouble, which everybody leaves alone for a while, from a submission in trouble."""
        if isinstance(error, _ABOUT_THE_ACCOUNT):
            self._refused(error)
            return
        if isinstance(error, ProviderUnavailable):
            if not self.was_answered and not is_the_only_trouble:
                self._refused(error)
            if len(batch) > 1:
                return
        else:
            # It refuses, so it is there.
            self._throttle.answered()
        for row in batch:
            yield row, PollResult(PollState.REFUSED, error=error)

    def _refused(self, error: ProviderError) -> None:
        if isinstance(error, CredentialsRefused):
            # They may have been changed since they were read.
            self._providers.forget(self._provider.name)
        self._requests.refused(error)

    # --- on the threads of the round ---------------------------------------------------------------------------------

    def _poll(self, batch: Sequence[Submission]) -> Mapping[str, PollResult]:
        """What is said of those of a batch who could be asked about, by reference.

        Raises:
            ProviderError: nothing is said of anybody.
        """
        try:
            return self._with_answers(batch)
        except _ABOUT_THE_ACCOUNT:
            raise
        except ProviderError as exc:
            if len(batch) == 1:
                raise
            return self._poll_parts(batch, exc)

    def _poll_parts(self, batch: Sequence[Submission], error: ProviderError) -> Mapping[str, PollResult]:
        said: dict[str, PollResult] = {}
        refused: dict[str, PollResult] = {}
        failures = 1
        # In another order every time, so that no two culprits fail together for ever.
        parts = deque(_halves(random.sample(batch, len(batch))))
        while parts and (said or failures < _FAILURES_OF_AN_OUTAGE):
            part = parts.popleft()
            if self._throttle.admit(1, _MAX_WAIT) is not None:
                break
            try:
                said |= self._with_answers(part)
            except _ABOUT_THE_ACCOUNT:
                break
            except ProviderError as exc:
                failures += 1
                if len(part) > 1:
                    parts.extend(_halves(part))
                else:
                    refused[part[0].reference or ""] = PollResult(PollState.REFUSED, error=exc)
        if not said:
            raise error
        return said | refused

    def _with_answers(self, batch: Sequence[Submission]) -> Mapping[str, PollResult]:
        results = {row.reference or "": PollResult(PollState.PENDING) for row in batch} | dict(
            self._provider.poll(batch)
        )
        return {reference: self._with_answer(reference, result) for reference, result in results.items()}

    def _with_answer(self, reference: str, result: PollResult) -> PollResult:
        """A poll that found its job finished, with the answer fetched if it does not bring it along.

        What cannot be fetched now stays READY without an answer: it is paid for, and fetched later.
        """
        if result.state is not PollState.READY or result.raw is not None:
            return result
        if self._throttle.admit(self._provider.capabilities.requests.fetch, _MAX_WAIT) is not None:
            return result
        try:
            return replace(result, raw=self._provider.fetch(reference))
        except _ABOUT_THE_ACCOUNT as exc:
            return replace(result, error=exc)
        except CaptureFailed as exc:
            return PollResult(PollState.FAILED, error=exc)
        except ProviderError as exc:
            return PollResult(PollState.REFUSED, error=exc)


def _halves(batch: Sequence[Submission]) -> tuple[Sequence[Submission], Sequence[Submission]]:
    middle = (len(batch) + 1) // 2
    return batch[:middle], batch[middle:]
