"""Guard Client: which providers a client may use, and whether it may have another document read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from invoice_capture.domain.api_errors import LimitReached, NotAllowed
from invoice_capture.domain.client import Principal
from invoice_capture.domain.client_limits import ClientLimits
from invoice_capture.domain.job import Job
from invoice_capture.domain.spending import month_of, next_month
from invoice_capture.ports import ClientStore, Clock, SpendingStore

# Forms cost little each, and what is stored through them stays until its retention is over.
_MOST_UPLOADS_A_DAY = 10_000


@dataclass(frozen=True)
class GuardClient:
    """``routed_providers`` are those of the stack's own routes; ``client_limits`` are for clients without limits."""

    routed_providers: frozenset[str]
    client_limits: ClientLimits
    clients: ClientStore
    spending: SpendingStore
    clock: Clock

    def admit(self, job: Job, principal: Principal) -> None:
        """Count a job that is about to be started; a dropped document is nobody's. Raises NotAllowed, LimitReached."""
        if job.client is not None:
            limits = self._limits_of(job.client)
            self._require_providers(job.route, job.client, limits, principal)
            self._take_document(job.client, limits)

    def require_providers(self, route: Collection[str], client: str, principal: Principal) -> None:
        """Raises NotAllowed when a route of a client's job has a provider that the client may not use.

        A key that sees everything is an operator's: it may use any provider, unless its client was given some.
        """
        self._require_providers(route, client, self._limits_of(client), principal)

    def take_document(self, client: str) -> None:
        """Count a document that is about to be read. Raises LimitReached."""
        self._take_document(client, self._limits_of(client))

    def take_upload(self, client: str) -> None:
        """Count a form that is about to be offered. Raises LimitReached."""
        limits = self._limits_of(client)
        now = self.clock.now()
        most = min(_MOST_UPLOADS_A_DAY, limits.documents_a_day or _MOST_UPLOADS_A_DAY)
        if not self.clients.take(client, "UPLOADS", f"DAY#{now:%F}", most, now):
            raise _reached(client, f"{most:,} uploads a day", now, _tomorrow(now))

    def _limits_of(self, client: str) -> ClientLimits:
        return self.clients.limits(client) or self.client_limits

    def _require_providers(
        self, route: Collection[str], client: str, limits: ClientLimits, principal: Principal
    ) -> None:
        if limits.providers is None and principal.sees_all:
            return
        names = [name.removesuffix("?") for name in route]
        refused = [name for name in names if not limits.allows(name, self.routed_providers)]
        if refused:
            allowed = sorted(self.routed_providers if limits.providers is None else limits.providers)
            allow = f"invoice-capture keys limits {client} --providers {','.join([*allowed, refused[0]])}"
            raise NotAllowed(
                f"{client} may not use {refused[0]}; it may use {', '.join(allowed) or 'nothing'}. Whoever operates "
                f"this can allow it: {allow}",
                "template",
            )

    def _take_document(self, client: str, limits: ClientLimits) -> None:
        now = self.clock.now()
        day_ends_at, month_ends_at = _tomorrow(now), next_month(now)
        for most, period, day, ends_at in (
            (limits.pages_a_day, "day", now.date(), day_ends_at),
            (limits.pages_a_month, "month", None, month_ends_at),
        ):
            if most is None:
                continue
            used = sum(entry.pages for entry in self.spending.of_client(client, month_of(now), day))
            if used >= most:
                raise _reached(client, f"{most:,} pages at providers a {period}", now, ends_at)
        for most, period, name, ends_at in (
            (limits.documents_a_day, "day", f"DAY#{now:%F}", day_ends_at),
            (limits.documents_a_month, "month", f"MONTH#{month_of(now)}", month_ends_at),
        ):
            if most is not None and not self.clients.take(client, "DOCUMENTS", name, most, now):
                raise _reached(client, f"{most:,} documents a {period}", now, ends_at)


def _tomorrow(now: datetime) -> datetime:
    """When the present day ends, in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _reached(client: str, what: str, now: datetime, ends_at: datetime) -> LimitReached:
    return LimitReached(
        f"{client} may have {what}, and had them. Go on at {ends_at:%Y-%m-%d %H:%M} UTC, or ask whoever operates this "
        f"for more: invoice-capture keys limits {client}",
        int((ends_at - now).total_seconds()) + 1,
    )
