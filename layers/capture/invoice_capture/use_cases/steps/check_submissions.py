"""Check Submissions: one turn of a provider's wait-and-poll loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Clock, Lease, ProviderStateStore, SubmissionStore
from invoice_capture.use_cases.polling.poll_loop import LEASE_MARGIN, TICK, new_owner
from invoice_capture.use_cases.polling.poll_submissions import PollSubmissions
from invoice_capture.use_cases.shared.submitter import MINIMUM_POLL_SECONDS

# A turn makes about ten history events of the 25,000 that an execution may have.
TURNS_PER_EXECUTION = 2000
_ROWS_PER_TURN = 100


class TurnOutcome(StrEnum):
    WAIT = "WAIT"
    HAND_OVER = "HAND_OVER"
    DRAINED = "DRAINED"
    REPLACED = "REPLACED"


@dataclass(frozen=True)
class Turn:
    """A turn of the loop that runs under the name ``owner``.

    ``released``: the lease was given up in the turn before, and this one only looks whether something came in since.
    """

    provider: str
    owner: str
    number: int
    released: bool


@dataclass(frozen=True)
class TurnResult:
    """What the state machine does next; ``successor`` names the execution to hand over to."""

    turn: Turn
    outcome: TurnOutcome
    wait_seconds: int = 0
    successor: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "provider": self.turn.provider,
            "turn": self.turn.number + 1,
            "released": self.turn.released,
            "outcome": self.outcome.value,
            "wait_seconds": self.wait_seconds,
            "successor": self.successor,
        }


@dataclass(frozen=True)
class CheckSubmissions:
    poll: PollSubmissions
    submissions: SubmissionStore
    states: ProviderStateStore
    clock: Clock

    def __call__(self, turn: Turn) -> TurnResult:
        """Look at what is due, and say when to look again; a loop without the lease ends."""
        began_at = self.clock.now()
        state = self.states.load(turn.provider)
        if not turn.released and (state.lease is None or state.lease.owner != turn.owner):
            return TurnResult(turn, TurnOutcome.REPLACED)
        due = self.submissions.due(turn.provider, began_at + TICK, _ROWS_PER_TURN)
        if turn.released:
            if not due and self.submissions.next_due(turn.provider, ()) is None:
                return TurnResult(turn, TurnOutcome.DRAINED)
            # Something came in after all: go on, unless a new loop does already.
            if not self.states.take_lease(turn.provider, self._lease(turn.owner), instead_of=None):
                return TurnResult(turn, TurnOutcome.REPLACED)
            turn = replace(turn, released=False)
        rows, not_before = self.poll(turn.provider, due, state)
        # From look to look: a turn that waits for the provider's throttle does not stretch the rhythm as well.
        earliest = began_at + timedelta(seconds=MINIMUM_POLL_SECONDS)
        not_before = max(earliest, not_before or earliest)
        wakes_at = self._next_look(turn.provider, rows, not_before)
        return self._release(turn) if wakes_at is None else self._sleep(turn, wakes_at, not_before)

    def _lease(self, owner: str, wakes_at: datetime | None = None) -> Lease:
        wakes_at = wakes_at or self.clock.now()
        return Lease(owner, wakes_at=wakes_at, expires_at=wakes_at + LEASE_MARGIN)

    def _next_look(self, provider: str, rows: Sequence[Submission], not_before: datetime) -> datetime | None:
        """When the next submission is due: by the rows just written, and by the index for all others."""
        times = [row.next_check_at for row in rows if row.next_check_at is not None]
        upcoming = self.submissions.next_due(provider, [row.key for row in rows])
        if upcoming is not None:
            times.append(upcoming)
        if not times:
            return None
        return max(min(times), not_before)

    def _release(self, turn: Turn) -> TurnResult:
        """Give the lease up first and look once more one wait later.

        The index may lag behind by moments; whoever adds a submission from here on finds no lease and starts a loop.
        """
        self.states.release_lease(turn.provider, turn.owner)
        return TurnResult(replace(turn, released=True), TurnOutcome.WAIT, math.ceil(MINIMUM_POLL_SECONDS))

    def _sleep(self, turn: Turn, wakes_at: datetime, not_before: datetime) -> TurnResult:
        if turn.number >= TURNS_PER_EXECUTION:
            successor = new_owner(turn.provider)
            if self.states.pass_lease(turn.provider, turn.owner, self._lease(successor)):
                return TurnResult(turn, TurnOutcome.HAND_OVER, successor=successor)
            return TurnResult(turn, TurnOutcome.REPLACED)
        look_by = wakes_at
        while not self.states.keep_lease(turn.provider, self._lease(turn.owner, wakes_at), look_by):
            lease = self.states.load(turn.provider).lease
            if lease is None or lease.owner != turn.owner:
                return TurnResult(turn, TurnOutcome.REPLACED)
            # Somebody found this loop at work and relies on it, whatever the index showed before.
            look_by = min(look_by, lease.wanted_at or look_by)
            wakes_at = min(wakes_at, max(look_by, not_before))
        wait = (wakes_at - self.clock.now()).total_seconds()
        return TurnResult(turn, TurnOutcome.WAIT, max(1, math.ceil(wait)))
