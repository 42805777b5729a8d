"""What the use cases need from outside, as Protocols. Adapters in ``aws`` and ``providers`` implement them.

Every store raises ``StoreUnavailable`` when the service behind it does not answer, whatever else a method names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # the invoice brings pydantic along, which the lean functions never need
    from invoice_capture.domain.invoice import Invoice

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureError, ProviderError
from invoice_capture.domain.job import Job
from invoice_capture.domain.pacing import Breaker, RateBucket
from invoice_capture.domain.submission import Outcome, Submission


class Clock(Protocol):
    def now(self) -> datetime:
        """The present time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


# --- documents -------------------------------------------------------------------------------------------------------


class DocumentStore(Protocol):
    def describe(self, bucket: str, key: str, version_id: str | None) -> tuple[DocumentPointer, datetime]:
        """A stored version and the time it was stored. Raises DocumentMissing."""
        ...

    def read(self, pointer: DocumentPointer) -> bytes:
        """The bytes of a version. Raises DocumentMissing."""
        ...

    def write_result(self, job_id: str, submission: int, provider: str, content: bytes) -> str:
        """Keep a provider's raw answer; returns its key. Writing again replaces it."""
        ...

    def read_result(self, key: str) -> bytes | None:
        """A provider's raw answer, or None when there is none under this key."""
        ...

    def link(self, pointer: DocumentPointer, seconds: int) -> str:
        """An URL from which anybody can read a version for that long, without credentials."""
        ...


# --- jobs and submissions --------------------------------------------------------------------------------------------


class StaleWrite(Exception):
    """The row changed, or appeared, since it was read: read it again and decide anew."""


class JobStore(Protocol):
    def create(self, job: Job) -> bool:
        """Write a new job. False when a job of this id is there already; it stays as it is."""
        ...

    def get(self, job_id: str) -> Job | None: ...

    def claim_fingerprint(self, digest: str, job_id: str, now: datetime) -> str:
        """Claim a document's SHA-256 for a job. Returns the owner: this job, or the earlier one that keeps it.

        A job that ended without an invoice loses its claim to the next one that asks.
        """
        ...

    def capture(
        self,
        job_id: str,
        submission: int,
        invoice: Mapping[str, Any],
        findings: Sequence[Mapping[str, Any]],
        now: datetime,
    ) -> None:
        """Store the canonical invoice and make the job CAPTURED, both or neither; doing it again changes nothing.

        Raises JobClosed when the job had ended otherwise.
        """
        ...

    def require_action(self, job_id: str, url: str | None, now: datetime) -> bool:
        """Make a SUBMITTED job ACTION_REQUIRED. False when it is that already, or has ended."""
        ...

    def resume(self, job_id: str, now: datetime) -> None:
        """Make an ACTION_REQUIRED job SUBMITTED again; any other job stays as it is."""
        ...

    def suspect_double_charge(self, job_id: str, now: datetime) -> None:
        """Mark a job whose document may have been paid for twice."""
        ...

    def overdue(self, now: datetime, limit: int) -> Sequence[str]:
        """Ids of unfinished jobs past their deadline, the oldest deadline first."""
        ...


class SubmissionStore(Protocol):
    def begin(self, submission: Submission) -> bool:
        """Write a new submission and make its job SUBMITTED, both or neither. False when the submission exists.

        Raises JobClosed when the job has ended.
        """
        ...

    def get(self, key: tuple[str, int]) -> Submission | None:
        """The row as it is now, never a stale copy."""
        ...

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Sequence[Submission]:
        """The rows that exist, as they are now, in any order."""
        ...

    def of_job(self, job_id: str) -> Sequence[Submission]:
        """All submissions of a job, in the order of the route."""
        ...

    def save(self, submission: Submission) -> Submission:
        """Write a changed row and return it with its next version. Raises StaleWrite."""
        ...

    def close(self, key: tuple[str, int], task_token: str, outcome: Outcome, now: datetime) -> bool:
        """Close a row with its outcome, provided that ``task_token`` still is its token; the token is erased."""
        ...

    def due(self, provider: str, until: datetime, limit: int) -> Sequence[tuple[str, int]]:
        """Keys of the submissions to be looked at until then, the most urgent first; may lag behind by moments."""
        ...

    def next_due(self, provider: str, besides: Sequence[tuple[str, int]]) -> datetime | None:
        """When the next submission is to be looked at, leaving out the given ones; may lag behind by moments."""
        ...


# --- the shared state of a provider's loop ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Lease:
    """Who runs a provider's loop.

    ``wakes_at`` is when the owner looks next; from ``expires_at`` on it counts as dead and may be replaced.
    """

    owner: str
    wakes_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ProviderState:
    """What all who talk to one provider share.

    ``latencies`` counts finished jobs by the size class of their document and the histogram bucket.
    """

    lease: Lease | None
    bucket: RateBucket | None
    breaker: Breaker
    latencies: Mapping[str, Mapping[int, int]]


class ProviderStateStore(Protocol):
    """Writes are compare-and-swap: False when somebody else was faster."""

    def load(self, provider: str) -> ProviderState:
        """The state as it is now, never a stale copy."""
        ...

    def take_lease(self, provider: str, lease: Lease, instead_of: Lease | None) -> bool:
        """Become the owner, provided that the lease still is what it was seen to be."""
        ...

    def keep_lease(self, provider: str, lease: Lease) -> bool:
        """Set new times on the lease, provided that ``lease.owner`` still owns it."""
        ...

    def pass_lease(self, provider: str, owner: str, lease: Lease) -> bool:
        """Make ``lease.owner`` the owner, provided that ``owner`` still is it."""
        ...

    def release_lease(self, provider: str, owner: str) -> bool: ...

    def swap_bucket(self, provider: str, bucket: RateBucket) -> bool:
        """Write the successor of the bucket of version ``bucket.version - 1``."""
        ...

    def swap_breaker(self, provider: str, breaker: Breaker) -> bool:
        """Write the successor of the breaker of version ``breaker.version - 1``."""
        ...

    def accounts(self) -> frozenset[str]:
        """The names of accounts that ever had a loop, such as ``abbyy-us``; providers themselves are known anyway."""
        ...

    def add_latencies(self, provider: str, counts: Mapping[tuple[str, int], int]) -> None:
        """Count finished jobs by size class and histogram bucket."""
        ...


# --- Step Functions and notifications --------------------------------------------------------------------------------


class Executions(Protocol):
    def start_capture(self, job: Job, name: str) -> None:
        """Start the capture of a job; an execution of this name that exists already is the one that was wanted."""
        ...

    def start_loop(self, provider: str, owner: str) -> None:
        """Start a provider's loop under the name that owns the lease."""
        ...


class Callbacks(Protocol):
    """Both raise TokenClosed when the token was resolved before, timed out or was replaced."""

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> None: ...

    def fail(self, task_token: str, error: CaptureError) -> None: ...


class Notifier(Protocol):
    def publish(self, subject: str, message: Mapping[str, Any]) -> None: ...


class Metrics(Protocol):
    def count(self, metric: str, value: int = 1, **dimensions: str) -> None: ...


class FunctionInvoker(Protocol):
    def invoke_later(self, function: str, payload: Mapping[str, Any]) -> None:
        """Queue an asynchronous invocation."""
        ...


# --- providers -------------------------------------------------------------------------------------------------------


ALL_KINDS = frozenset(DocumentKind)


@dataclass(frozen=True)
class RequestCounts:
    """How many requests an operation sends at most, so that it can be paced as a whole."""

    submit: int = 1
    find: int = 1
    fetch: int = 1
    discard: int = 1


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do, as data: the provider matrix and the use cases read the same values.

    ``calls_back``: it resolves tokens itself and the loop is only its safety net. ``finds_submissions``: it can be
    asked whether it knows a job. ``charges``: it is paid, so sending twice must never go unseen. ``batch_size``: how
    many references one check takes. ``confirms``: it learns from corrected values. ``discards``: it keeps a copy that
    can be deleted. ``formats``: what it reads.
    """

    calls_back: bool = False
    finds_submissions: bool = False
    charges: bool = True
    batch_size: int = 1
    confirms: bool = False
    discards: bool = False
    formats: frozenset[DocumentKind] = ALL_KINDS
    requests: RequestCounts = RequestCounts()


class CheckState(Enum):
    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class Check:
    """What a provider says of one submission.

    ``raw`` is the answer itself where the check brings it along; otherwise it is fetched. ``error`` belongs to FAILED,
    and to a READY answer that could not be fetched; ``action_url`` to ACTION_REQUIRED.
    """

    state: CheckState
    raw: bytes | None = None
    error: ProviderError | None = None
    action_url: str | None = None


class Provider(Protocol):
    """A service that reads invoices. See docs/adding_a_provider.md for writing one.

    Every method that talks to the service raises ProviderUnavailable or RateLimited when repeating the request is safe
    and may help, and another ProviderError when the provider refuses for good.
    """

    name: str
    capabilities: Capabilities
    typical_latency_seconds: float
    """Until real latencies are known; for a provider that calls back, how long to trust it before looking."""
    requests_per_second: float | None
    """The configured pace, or None for no limit."""
    max_concurrency: int
    """How many requests the loop has under way at the same time."""
    spacing_seconds: float
    """What to leave between the requests of one operation; set by whoever paces the provider."""
    keeps_copies: bool
    """Whether the provider's copy is left alone after the invoice is stored."""

    def submit(self, submission: Submission, content: bytes) -> str:
        """Hand a document over and return the provider's reference.

        Raises SubmissionInDoubt when the document was sent and the answer was lost.
        """
        ...

    def find(self, submission: Submission) -> str | None:
        """The reference of a submission that was in doubt, or None when the provider does not know it."""
        ...

    def check(self, submissions: Sequence[Submission]) -> Mapping[str, Check]:
        """The state of at most ``batch_size`` submissions, by reference; one left out counts as pending."""
        ...

    def fetch(self, reference: str) -> bytes:
        """The raw answer of a finished submission."""
        ...

    def normalise(self, raw: bytes) -> Invoice:
        """The canonical invoice of a raw answer; pure. Raises ResultUnusable."""
        ...

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:
        """Tell the provider the right values of what it answered with ``raw``. Raises OperationUnsupported."""
        ...

    def discard(self, reference: str, raw: bytes) -> None:
        """Delete what the provider keeps of a submission; what is gone already is fine. Raises OperationUnsupported."""
        ...


class Providers(Protocol):
    def names(self) -> frozenset[str]: ...

    def get(self, name: str) -> Provider:
        """Raises SettingMissing when the provider is unknown or its settings are incomplete."""
        ...
