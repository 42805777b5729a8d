"""Guard Client: which providers a client may use, and whether it may have another document read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoice_capture.domain.client import Principal
from invoice_capture.domain.client_limits import ClientLimits
from invoice_capture.domain.job import Job
from invoice_capture.domain.refusals import LimitReached, NotAllowed
from invoice_capture.domain.spending import month_of
from invoice_capture.ports import ClientStore, Clock, SpendingStore

# Forms cost little each, and what is stored through them stays until its retention is over.
_MOST_UPLOADS_A_DAY = 10_000


@dataclass(frozen=True)
class GuardClient:
    """``stack_providers`` are those that the stack's own routes name; ``default`` is for clients without limits."""

    stack_providers: frozenset[str]
    default: ClientLimits
    clients: ClientStore
    spending: SpendingStore
    clock: Clock

    def admit(self, job: Job, principal: Principal) -> None:
        """Count a job that is about to be started; a dropped document is nobody's. Raises NotAllowed, LimitReached."""
        if job.client is not None:
            self.require_providers(job.route, job.client, principal)
            self.take_document(job.client)

    def require_providers(self, route: Collection[str], client: str, principal: Principal) -> None:
        """Raises NotAllowed when a route of a client's job has a provider that the client may not use.

        A key that sees everything is an operator's: it may use any provider, unless its client was given some.
        """
        limits = self.clients.limits(client) or self.default
        if limits.providers is None and principal.sees_all:
            return
        names = [name.removesuffix("?") for name in route]
        refused = [name for name in names if not limits.allows(name, self.stack_providers)]
        if refused:
            allowed = sorted(self.stack_providers if limits.providers is None else limits.providers)
            allow = f"invoice-capture keys limits {client} --providers {','.join([*allowed, refused[0]])}"
            raise NotAllowed(
                f"{client} may not use {refused[0]}; it may use {', '.join(allowed) or 'nothing'}. Whoever operates "
                f"this can allow it: {allow}",
                "template",
            )

    def take_document(self, client: str) -> None:
        """Count a document that is about to be read. Raises LimitReached."""
        limits = self.clients.limits(client) or self.default
        now = self.clock.now()
        tomorrow, next_month = _ends_of(now)
        for most, period, day, ends_at in (
            (limits.pages_a_day, "day", now.date(), tomorrow),
            (limits.pages_a_month, "month", None, next_month),
        ):
            if most is None:
                continue
            used = sum(entry.pages for entry in self.spending.of_client(client, month_of(now), day))
            if used >= most:
                raise _reached(client, f"{most:,} pages at providers a {period}", now, ends_at)
        for most, period, name, ends_at in (
            (limits.documents_a_day, "day", f"DAY#{now:%F}", tomorrow),
            (limits.documents_a_month, "month", f"MONTH#{now:%Y-%m}", next_month),
        ):
            if most is not None and not self.clients.take(client, "DOCUMENTS", name, most, now):
                raise _reached(client, f"{most:,} documents a {period}", now, ends_at)

    def take_upload(self, client: str) -> None:
        """Count a form that is about to be offered. Raises LimitReached."""
        limits = self.clients.limits(client) or self.default
        now = self.clock.now()
        most = min(_MOST_UPLOADS_A_DAY, limits.documents_a_day or _MOST_UPLOADS_A_DAY)
        if not self.clients.take(client, "UPLOADS", f"DAY#{now:%F}", most, now):
            raise _reached(client, f"{most:,} uploads a day", now, _ends_of(now)[0])


def _ends_of(now: datetime) -> tuple[datetime, datetime]:
    """When the present day and the present month end, in UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1), (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def _reached(client: str, what: str, now: datetime, ends_at: datetime) -> LimitReached:
    return LimitReached(
        f"{client} may have {what}, and had them. Go on at {ends_at:%Y-%m-%d %H:%M} UTC, or ask whoever operates this "
        f"for more: invoice-capture keys limits {client}",
        int((ends_at - now).total_seconds()) + 1,
    )
