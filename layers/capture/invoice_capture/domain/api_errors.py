"""Why the API does not do what it was asked: for whoever asked, while a ``CaptureError`` is about a job."""

from __future__ import annotations


class ApiError(Exception):
    """Base. The message is for people; ``field`` is what of the request it is about, or None."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidRequest(ApiError):
    """Something in the request is wrong, or not allowed in the job's present status."""


class JobNotFound(ApiError):
    """There is no such job, or it is another client's, which is not to be told apart."""

    def __init__(self) -> None:
        super().__init__("OCR invoice job not found. Its id is the _id that creating it answered with.")


class NothingThere(ApiError):
    """The job is there; what was asked of it is not, or not yet."""


class WrongStatus(ApiError):
    """The job cannot do this in its present status."""


class TooLarge(ApiError):
    """What was sent has more bytes than are taken."""


class NotAllowed(ApiError):
    """The client may not do this, whoever it is."""


class LimitReached(ApiError):
    """The client has had what it may have for now; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after
