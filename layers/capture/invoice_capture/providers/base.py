"""What all providers share: how they are built, how they read their settings, and the flow that an adapter fills in."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.domain.validation import Finding
    from invoice_capture.providers.http import FreeRequest, HttpClient

from invoice_capture.domain.errors import (
    CredentialsRefused,
    NoCredit,
    OperationUnsupported,
    ProviderError,
    ProviderUnavailable,
    SettingMissing,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, Clock, DocumentStore, MessageQueue, PollResult, PollState

OF_THE_ACCOUNT = (CredentialsRefused, NoCredit)
"""Refusals that say nothing about a single document, whatever was asked for."""

_MOST_CONCURRENCY = 8
_LONGEST_DISTANCE_SECONDS = 5.0
_NEVER = datetime.min.replace(tzinfo=UTC)
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True)
class ProviderContext:
    """Everything a provider is built from. ``settings`` are the keys of the secret called ``secret``, all strings.

    ``name`` is that of the account, where routes name one: ``abbyy-us``. ``extractions`` is asked by the engine of this
    project alone.
    """

    settings: Mapping[str, str]
    clock: Clock
    documents: DocumentStore
    extractions: MessageQueue | None = None
    name: str | None = None
    secret: str | None = None


class BaseProvider(ABC):
    """Adapters differ in mapping, not in flow: a subclass says how to submit, poll, fetch and normalise."""

    name: str
    """As routes know it: of a named account, with the account's name behind."""
    capabilities: Capabilities
    needs_settings: ClassVar[bool] = True
    """Whether the provider is useless without its secret."""
    default_typical_latency_seconds: ClassVar[float]
    default_requests_per_second: ClassVar[float] = 0.0
    """Zero stands for no limit of our own."""

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self.name = context.name or self.name
        self.typical_latency_seconds = self.number("typical_latency_seconds", self.default_typical_latency_seconds)
        self.requests_per_second = self.number("requests_per_second", self.default_requests_per_second) or None
        self.max_concurrency = max(1, min(_MOST_CONCURRENCY, int(self.number("max_concurrency", _MOST_CONCURRENCY))))
        self.keeps_copies = not self.flag("discard", True)
        self.spacing_seconds = 0.0
        self._last_request = threading.local()

    # --- settings ----------------------------------------------------------------------------------------------------

    def setting(self, name: str) -> str:
        """A setting that must be there. Raises SettingMissing naming it."""
        value = self.optional_setting(name)
        if value is None:
            where = f"the secret {self._context.secret!r}" if self._context.secret else "its secret"
            raise SettingMissing(f"The setting {name!r} of provider {self.name!r} is missing: add it to {where}.")
        return value

    def optional_setting(self, name: str, default: str | None = None) -> str | None:
        return self._context.settings.get(name) or default

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """A setting that is one of a few words. Raises SettingMissing naming it and them."""
        value = self.setting(name) if default is None else self._context.settings.get(name) or default
        if value not in choices:
            raise SettingMissing(
                f"The setting {name!r} of provider {self.name!r} must be one of {', '.join(choices)}, not {value!r}."
            )
        return value

    def number(self, name: str, default: float) -> float:
        """A setting that is a number from zero. Raises SettingMissing naming it when it is something else."""
        text = self._context.settings.get(name, "")
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise SettingMissing(f"The setting {name!r} of provider {self.name!r} must be a number, not {text!r}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """A setting that is yes or no. Raises SettingMissing naming it when it is something else."""
        text = self._context.settings.get(name, "").lower()
        if not text:
            return default
        if text not in _YES | _NO:
            raise SettingMissing(f"The setting {name!r} of provider {self.name!r} must be true or false, not {text!r}.")
        return text in _YES

    def http_client(
        self,
        headers: Mapping[str, str],
        secrets: Sequence[str],
        statuses: Mapping[int, type[ProviderError]],
        base_url: str | None = None,
        free_request: FreeRequest | None = None,
    ) -> HttpClient:
        """The client of this provider's HTTP interface, with the time limits of its settings.

        ``free_request``: by what a service under maintenance is told from an answer that was lost.

        Raises:
            SettingMissing: ``base_url`` is neither given nor set, or cannot be used.
        """
        # Not every step that builds a provider talks to it, and requests takes a while to import.
        from invoice_capture.providers.http import HttpClient
        from invoice_capture.providers.transport import MOST_READ_SECONDS, Limits

        return HttpClient(
            self.name,
            self.setting("base_url") if base_url is None else base_url,
            headers=headers,
            secrets=secrets,
            statuses=statuses,
            free_request=free_request,
            limits=Limits(read_seconds=min(MOST_READ_SECONDS, self.number("timeout_seconds", 30.0) or 30.0)),
            allow_http=self.flag("allow_http", False),
            authorities=self.optional_setting("ca_bundle"),
            before_request=self._keep_distance,
        )

    def _keep_distance(self) -> None:
        """Sleep until the next request may follow the last one of this thread, which is of the same operation."""
        now = self._context.clock.now()
        free_at = getattr(self._last_request, "at", _NEVER) + timedelta(seconds=self.spacing_seconds)
        if free_at > now:
            self._context.clock.sleep(min(_LONGEST_DISTANCE_SECONDS, (free_at - now).total_seconds()))
        self._last_request.at = self._context.clock.now()

    # --- the flow ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str: ...

    def find(self, submission: Submission) -> str | None:  # noqa: ARG002
        """Only asked of providers whose capabilities say that they find submissions."""
        raise self._unsupported("look a submission up")

    def copies(self, submission: Submission) -> int:  # noqa: ARG002
        """Only asked of providers whose capabilities say that they find submissions."""
        raise self._unsupported("count the copies of a submission")

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        """One request per submission, for providers without a batch call.

        A refusal is about the one that was asked for, unless it is about the account.
        """
        results = {}
        for row in submissions:
            if row.reference is None:
                continue
            try:
                results[row.reference] = self.poll_one(row)
            except (ProviderUnavailable, *OF_THE_ACCOUNT):
                raise
            except ProviderError as exc:
                results[row.reference] = PollResult(PollState.REFUSED, error=exc)
        return results

    def poll_one(self, submission: Submission) -> PollResult:
        raise NotImplementedError(f"{self.name} polls in batches")

    @abstractmethod
    def fetch(self, reference: str) -> bytes: ...

    @abstractmethod
    def normalise(self, raw: bytes) -> Invoice: ...

    def findings(self, raw: bytes) -> Sequence[Finding]:  # noqa: ARG002
        """For providers that say nothing about a document but its values."""
        return ()

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:  # noqa: ARG002
        raise self._unsupported("learn from corrected values")

    def discard(self, reference: str, raw: bytes) -> None:  # noqa: ARG002
        raise self._unsupported("delete its copy of a document")

    def _unsupported(self, what: str) -> OperationUnsupported:
        return OperationUnsupported(f"The provider {self.name!r} cannot {what}: its contract has no such operation.")
