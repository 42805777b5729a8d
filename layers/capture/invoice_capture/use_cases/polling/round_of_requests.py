"""A round of requests to one provider: each when it gets its slot, several under way at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Self, TypeVar

from invoice_capture.domain.errors import ProviderError
from invoice_capture.ports import Clock, Provider
from invoice_capture.use_cases.shared.provider_throttle import ProviderThrottle

# A pause as short as this is slept through, so that a provider's rate is used in full.
_SHORT_PAUSE = timedelta(seconds=5)

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class RoundOfRequests:
    """Asks until all is asked, the provider wants a pause, or the time is up.

    ``not_before`` is then when the provider may be asked again, or None. Whoever leaves its block, by an error too,
    waits for what is under way: nothing goes on behind them.
    """

    def __init__(self, provider: Provider, throttle: ProviderThrottle, clock: Clock, ends_at: datetime) -> None:
        self._provider = provider
        self._throttle = throttle
        self._clock = clock
        self._ends_at = ends_at
        self._pool = ThreadPoolExecutor(provider.max_concurrency, thread_name_prefix=provider.name)
        self.not_before: datetime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown()

    def ask(
        self,
        items: Sequence[Item],
        request: Callable[[Item], Answer],
        requests: int = 1,
        *,
        size_of: Callable[[Item], int] = lambda _item: 0,
        most_bytes: int = 0,
    ) -> Iterator[tuple[Item, Future[Answer]]]:
        """Each item that could be asked about, with its answer, in the order of the answers.

        ``request`` runs on other threads and may send so many ``requests``. Of items with a size, those under way at
        the same time have ``most_bytes`` together, or are one.
        """
        waiting: deque[Item] = deque(items)
        asked: dict[Future[Answer], Item] = {}

        def has_room() -> bool:
            bytes_under_way = sum(map(size_of, asked.values()))
            fits = not asked or bytes_under_way + size_of(waiting[0]) <= most_bytes
            return len(asked) < self._provider.max_concurrency and fits

        while True:
            wait_until = None
            while waiting and has_room() and wait_until is None and not self._is_over:
                wait_until = self._throttle.admit(requests, _SHORT_PAUSE)
                if wait_until is None:
                    item = waiting.popleft()
                    # What is logged there names the same job and provider as here.
                    asked[self._pool.submit(copy_context().run, request, item)] = item
            # What is under way may change the answer: a probe that succeeds lets everybody in.
            if not asked:
                if wait_until is not None:
                    self.pause(wait_until)
                return
            done, _ = wait(asked, return_when=FIRST_COMPLETED)
            for future in done:
                yield asked.pop(future), future

    def refused(self, error: ProviderError) -> datetime:
        """An answer was that the provider is not to be asked for a while: nothing more is asked in this round."""
        self.pause(self._throttle.refused(error))
        return self.not_before or self._clock.now()

    def pause(self, until: datetime) -> None:
        self.not_before = max(until, self.not_before or until)

    @property
    def _is_over(self) -> bool:
        return self.not_before is not None or self._clock.now() >= self._ends_at
