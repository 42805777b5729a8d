"""SQS batches: every message is answered for on its own, so one bad message never repeats its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from invoice_capture.domain.errors import DocumentMissing, StoreUnavailable
from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import Outcome
from invoice_capture.observability import about, count, info, warning

_MOST_DELIVERIES = 5


def receive_each(
    event: dict[str, Any], receive: Callable[[Mapping[str, Any]], Job | None], put_aside: Callable[[str], None]
) -> dict[str, Any]:
    """Take in every message of an SQS event; returns the partial batch response that names those to deliver again.

    The queue itself gives a message up after a day, because deliveries that Lambda throttles count as well. What AWS
    does not answer is repeated for as long; what fails otherwise is ``put_aside``, by its body, after five deliveries.
    """

    def take(record: SQSRecord) -> None:
        try:
            job = receive(record)
        except DocumentMissing as exc:
            # Deleted by its owner before it was taken in: there is nothing to capture, however often it is delivered.
            warning("An upload was gone before it was taken in.", error=exc.code)
            return
        except StoreUnavailable as exc:
            warning("AWS was busy; an upload will be delivered again.", error=exc.code)
            raise
        except Exception as exc:
            if int(record.attributes.approximate_receive_count or 0) >= _MOST_DELIVERIES:
                put_aside(record.body)
                warning("An upload could not be taken in and was put aside.", error=type(exc).__name__)
                return
            warning("An upload could not be taken in and will be delivered again.", error=type(exc).__name__)
            raise
        if job is not None:
            with about(job_id=job.job_id, provider=job.route[0]):
                info("Upload received.", bytes=job.document.size)
            count("UploadsReceived")

    return _each(event, take)


def extract_each(event: dict[str, Any], extract: Callable[[Mapping[str, Any]], Outcome | None]) -> dict[str, Any]:
    """Read the document of every message, likewise."""

    def take(record: SQSRecord) -> None:
        body = record.json_body
        with about(job_id=body["job_id"], provider=body["provider"]):
            try:
                outcome = extract(record)
            except Exception as exc:
                warning("A document could not be read and will be delivered again.", error=type(exc).__name__)
                raise
            if outcome is not None:
                info("Document extracted.", state=outcome.state, error=outcome.error_code)

    return _each(event, take)


class _NotYet(Exception):
    """A message is to come again, when its time has come."""


def deliver_each(event: dict[str, Any], deliver: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Deliver every message, likewise; one that is not dealt with comes again as its visibility says."""

    def take(record: SQSRecord) -> None:
        try:
            is_done = deliver(record)
        except Exception as exc:
            warning("A message could not be dealt with and will come again.", error=type(exc).__name__)
            raise
        if not is_done:
            raise _NotYet

    return _each(event, take)


def _each(event: dict[str, Any], take: Callable[[SQSRecord], None]) -> dict[str, Any]:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=take, processor=processor))
