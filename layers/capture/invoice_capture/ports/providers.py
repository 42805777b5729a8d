"""Services that read invoices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the invoice brings pydantic along, which the lean functions never need
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.domain.validation import Finding

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import ProviderError
from invoice_capture.domain.submission import Submission

ALL_KINDS = frozenset(DocumentKind)


@dataclass(frozen=True)
class RequestCounts:
    """How many requests an operation sends at most, so that it takes its slots as a whole."""

    submit: int = 1
    find: int = 1
    fetch: int = 1
    discard: int = 1


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do, as data: the provider matrix and the use cases read the same values.

    ``pushes_results``: it resolves tokens itself and the loop is only its safety net. ``finds_submissions``: it can be
    asked whether it knows a job. ``is_paid``: it costs money, so sending twice must never go unseen. ``batch_size``:
    how many references one poll takes. ``accepts_corrections``: it learns from corrected values. ``deletes_copies``: it
    keeps a copy that can be deleted. ``formats``: what it reads.
    """

    pushes_results: bool = False
    finds_submissions: bool = False
    is_paid: bool = True
    batch_size: int = 1
    accepts_corrections: bool = False
    deletes_copies: bool = False
    formats: frozenset[DocumentKind] = ALL_KINDS
    requests: RequestCounts = RequestCounts()


class PollState(Enum):
    """FAILED is the provider's word on the document, and final. REFUSED is a refusal of the request, which may pass;
    UNKNOWN is a status that nobody documented. Both end a submission only when they last.
    """

    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    READY = "ready"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PollResult:
    """What a provider says of one submission.

    ``raw`` is the answer itself where the poll brings it along; otherwise it is fetched. ``error`` belongs to FAILED
    and REFUSED, and to a READY answer that could not be fetched; ``action_url`` to ACTION_REQUIRED; ``said`` to
    UNKNOWN, and to a PENDING that somebody halted: the status as the provider wrote it, short and without secrets.
    """

    state: PollState
    raw: bytes | None = None
    error: ProviderError | None = None
    action_url: str | None = None
    said: str | None = None


class Throttled(Protocol):
    """A service whose requests wait for a slot. ``name`` is that of its shared state."""

    name: str
    capabilities: Capabilities
    spacing_seconds: float
    """What to leave between the requests of one operation; set by whoever throttles the service."""

    @property
    def requests_per_second(self) -> float | None:
        """The configured rate, or None for no limit."""
        ...


class Provider(Throttled, Protocol):
    """A service that reads invoices. See docs/adding_a_provider.md for writing one.

    Every method that talks to the service raises ProviderUnavailable or RateLimited when repeating the request is safe
    and may help, and another ProviderError when the provider refuses for good.
    """

    typical_latency_seconds: float
    """Until real latencies are known; for a provider that calls back, how long to trust it before looking."""
    max_concurrency: int
    """How many requests the loop has under way at the same time."""
    keeps_copies: bool
    """Whether the provider's copy is left alone after the invoice is stored."""

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        """Send a document and return the provider's reference.

        ``begin`` is to be called once, as late as possible: right before the request leaves that may be charged, or
        after which something would be left at the provider. Nothing is sent when it raises, which is passed on. A
        ``submission`` with an attempt that is in doubt may turn out to be there: nothing begins then.

        Raises SubmissionInDoubt when the document was sent and the answer was lost.
        """
        ...

    def find(self, submission: Submission) -> str | None:
        """The reference of a submission that was in doubt, or None when the provider does not know it."""
        ...

    def copies(self, submission: Submission) -> int:
        """How many jobs of the provider's own list are of this submission. Raises OperationUnsupported."""
        ...

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        """The state of at most ``batch_size`` submissions, by reference; one left out counts as pending.

        A ProviderError that is raised says nothing about a single submission; what does is the PollResult of that one.
        """
        ...

    def fetch(self, reference: str) -> bytes:
        """The raw answer of a finished submission. Another one's is ProviderUnavailable, never an answer."""
        ...

    def normalise(self, raw: bytes) -> Invoice:
        """The canonical invoice of a raw answer; pure. Raises ResultUnusable."""
        ...

    def findings(self, raw: bytes) -> Sequence[Finding]:
        """What the provider remarks about the document, which no check of the values could tell. Raises ResultUnusable.

        Only asked for an answer that could be normalised.
        """
        ...

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:
        """Tell the provider the right values of what it answered with ``raw``. Raises OperationUnsupported."""
        ...

    def discard(self, reference: str, raw: bytes) -> None:
        """Delete what the provider keeps of a submission; what is gone already is fine. Raises OperationUnsupported."""
        ...


class Providers(Protocol):
    def names(self) -> frozenset[str]: ...

    def forget(self, name: str) -> None:
        """Read the provider's secret again when it is asked for next; one that has not changed is the same provider."""
        ...

    def get(self, name: str) -> Provider:
        """Raises SettingMissing when the provider is unknown or its settings are incomplete."""
        ...
