"""Keeping a provider's loop alive: whoever leaves work for it makes sure that somebody will look in time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoice_capture.ports import Clock, Executions, Lease, ProviderStateStore

# A turn asks for three minutes, and is repeated when its function fails. One that takes longer, over large documents
# and slow links, may be replaced while it lives: rows are written by one of the two.
LEASE_MARGIN = timedelta(minutes=7)
# Waking a sleeping loop for less than this would cost more than the wait, and what is due this soon is looked at now.
# benchmarks/polling.py weighs requests against delay: more is sooner, less is fewer.
TICK = timedelta(seconds=1.85)


@dataclass(frozen=True)
class PollLoops:
    """The loops of all providers: an execution each while a provider has unfinished submissions."""

    states: ProviderStateStore
    executions: Executions
    clock: Clock

    def ensure(self, provider: str, due_at: datetime) -> bool:
        """See to it that a live loop looks at the provider's submissions by ``due_at``; True when one was started.

        A loop that sleeps past ``due_at`` cannot be woken, so its lease is taken over: when it wakes it finds itself
        replaced and ends. One at work may have looked already for when to wake next, so that is written on its lease.
        """
        while True:
            now = self.clock.now()
            look_by = max(now, due_at)
            lease = self.states.load(provider).lease
            if lease is None or lease.expires_at <= now or lease.wakes_at > look_by + TICK:
                break
            is_asleep = lease.wakes_at > now + TICK
            is_wanted = lease.wanted_at is not None and lease.wanted_at <= look_by + TICK
            if is_asleep or is_wanted or self.states.want_look(provider, lease, look_by):
                return False
        owner = new_owner(provider)
        if not self.states.take_lease(
            provider, Lease(owner, wakes_at=now, expires_at=now + LEASE_MARGIN), instead_of=lease
        ):
            return False
        self.executions.start_loop(provider, owner)
        return True


def new_owner(provider: str) -> str:
    """A name for a loop's execution, which is also the owner of its lease."""
    return f"{provider}-{uuid.uuid4()}"
