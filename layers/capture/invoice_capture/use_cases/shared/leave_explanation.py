"""Leaving the words of an error on its job, where Record Failure finds them for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from invoice_capture.domain.errors import CaptureError, StoreUnavailable
from invoice_capture.ports import JobStore


@contextmanager
def explained(job_id: str, jobs: JobStore) -> Iterator[None]:
    """Keep what an error says and raise it again: a function's answer says no more than its name.

    Lambda's runtime would print the rest, and it names the document.
    """
    try:
        yield
    except StoreUnavailable:
        raise
    except CaptureError as exc:
        jobs.explain(job_id, str(exc))
        raise
