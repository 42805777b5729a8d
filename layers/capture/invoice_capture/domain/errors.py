"""Every way a capture can go wrong, by name.

The class names are an interface: the state machines match them literally, and they are the ``code`` of a failed job.

::

    CaptureError
    ├── DocumentError                the document itself; no provider could help
    │   ├── EmptyDocument
    │   ├── DocumentTooLarge
    │   ├── UnsupportedFormat
    │   ├── DocumentMissing          removed from the bucket before it was read
    │   ├── LinkError                the URL that it is to be fetched from
    │   │   ├── LinkForbidden        leads where nothing may be fetched from
    │   │   ├── LinkBroken           nothing usable lies behind it
    │   │   └── LinkUnanswered       its server did not answer; worth trying again
    │   └── DuplicateDocument        the same bytes belong to an earlier job
    ├── ProviderError                the provider; another one may succeed
    │   ├── ProviderUnavailable      certainly not accepted; worth trying again
    │   │   └── RateLimited
    │   ├── SubmissionInDoubt        perhaps accepted: the answer was lost
    │   ├── CaptureFailed            accepted, then given up by the provider
    │   ├── ResultUnusable           the answer cannot be understood
    │   ├── PasswordProtected
    │   ├── UnreadableDocument       damaged, or beyond the provider's limits
    │   ├── FormatRefused            a format that the provider does not read
    │   ├── TooManyPages
    │   ├── NoTextLayer              an image, and the provider reads none
    │   ├── NoCredit                 the account is empty
    │   ├── CredentialsRefused       unknown, expired, or without the right
    │   ├── RequestRefused           the provider calls our request wrong
    │   ├── SubmissionUnknown        the provider no longer knows what it accepted
    │   └── OperationUnsupported     the provider's contract has no such operation
    ├── JobError
    │   ├── JobDeadlineExceeded
    │   ├── JobCancelled             deleted by its client
    │   └── JobClosed                the job had already ended
    ├── DocumentElsewhere            no failure: the document is to be fetched from its URL first
    ├── StoreUnavailable             an AWS service did not answer; worth trying again
    ├── TokenClosed                  the task token was resolved, timed out or replaced
    └── SettingMissing               a setting is absent or malformed; names it
"""

from __future__ import annotations

from datetime import datetime


class CaptureError(Exception):
    """Base of every error of this project. The message is for people: what happened, to what, what to do next."""

    @property
    def code(self) -> str:
        """The name the state machines and the users know this error by."""
        return type(self).__name__


class DocumentError(CaptureError):
    """The document itself is at fault, so trying another provider is useless."""


class EmptyDocument(DocumentError):
    pass


class DocumentTooLarge(DocumentError):
    pass


class UnsupportedFormat(DocumentError):
    pass


class DocumentMissing(DocumentError):
    pass


class LinkError(DocumentError):
    """The document could not be fetched from its URL. Messages leave out the URL's query, which may be a signature."""


class LinkForbidden(LinkError):
    pass


class LinkBroken(LinkError):
    pass


class LinkUnanswered(LinkError):
    pass


class DuplicateDocument(DocumentError):
    """The same bytes were taken in before.

    Its message is the id of the first job, nothing else: the state machine records it as ``duplicate_of``.
    """

    def __init__(self, first_job_id: str) -> None:
        super().__init__(first_job_id)
        self.first_job_id = first_job_id


class ProviderError(CaptureError):
    """A provider could not capture the document."""

    def about(self, document_name: str) -> ProviderError:
        """The same error, saying which document it is about: only the caller of a provider knows that."""
        return self if document_name in str(self) else type(self)(f"{document_name}: {self}")


class ProviderUnavailable(ProviderError):
    """The provider certainly did not take the request, or taking it twice does no harm: it is worth repeating.

    Refused connections, 5xx, maintenance, answers that cannot be read. ``retry_after`` is what the provider asked for,
    in seconds, or None.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(ProviderUnavailable):
    """The provider asked for fewer requests."""


class SubmissionInDoubt(ProviderError):
    """The document was sent and the answer was lost: it may have been accepted, and charged."""


class CaptureFailed(ProviderError):
    pass


class ResultUnusable(ProviderError):
    pass


class PasswordProtected(ProviderError):
    pass


class UnreadableDocument(ProviderError):
    pass


class FormatRefused(ProviderError):
    pass


class TooManyPages(ProviderError):
    pass


class NoTextLayer(ProviderError):
    pass


class NoCredit(ProviderError):
    pass


class CredentialsRefused(ProviderError):
    pass


class RequestRefused(ProviderError):
    pass


class SubmissionUnknown(ProviderError):
    pass


class OperationUnsupported(ProviderError):
    pass


class JobError(CaptureError):
    """The job, rather than its document or its provider."""


class JobDeadlineExceeded(JobError):
    @classmethod
    def of(cls, document_name: str, deadline_at: datetime) -> JobDeadlineExceeded:
        return cls(
            f"{document_name} was not finished by its deadline, {deadline_at:%Y-%m-%d %H:%M} UTC. "
            "Upload it again, or raise JobDeadlineHours."
        )


class JobCancelled(JobError):
    pass


class JobClosed(JobError):
    pass


class DocumentElsewhere(CaptureError):
    """The state machine fetches the document and comes back."""


class StoreUnavailable(CaptureError):
    pass


class TokenClosed(CaptureError):
    pass


class SettingMissing(CaptureError):
    pass


OF_THE_DOCUMENT = frozenset(
    error.__name__
    for error in (
        EmptyDocument,
        DocumentTooLarge,
        UnsupportedFormat,
        DocumentMissing,
        LinkForbidden,
        LinkBroken,
        LinkUnanswered,
        DuplicateDocument,
        PasswordProtected,
        UnreadableDocument,
        FormatRefused,
        TooManyPages,
        NoTextLayer,
        JobCancelled,
    )
)
"""What is nobody's to mend but the sender's, whoever reads the document; or was wanted."""
