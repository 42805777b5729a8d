"""Jobs and invoices as the contract has them, by literal tables. Absent values are left out.

Money is a JSON number in the contract, so here, and nowhere else, decimals become floats; GET /{id}/invoice has them
exactly, as strings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import quote

from invoice_capture.api.models import (
    Confidence,
    ContractLine,
    ExtractedData,
    OcrInvoiceJob,
    OcrResults,
    Status,
    SubmissionEntry,
    ValidationResults,
)
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.domain.submission import Submission
from invoice_capture.domain.summary import (
    HEADER,
    LINE,
    Place,
    codes,
    confidences,
    filled,
    is_valid,
    overall_confidence,
)
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.ports import Head, StoredInvoice

STATUSES: Mapping[JobStatus, Status] = MappingProxyType(
    {
        JobStatus.CREATED: "created",
        JobStatus.RECEIVED: "queued",
        JobStatus.SUBMITTED: "processing",
        JobStatus.ACTION_REQUIRED: "processing",
        JobStatus.CAPTURED: "completed",
        JobStatus.FAILED: "failed",
        JobStatus.REJECTED: "failed",
        # A duplicate shows the status of the first job. This is for one whose first job is gone.
        JobStatus.DUPLICATE: "failed",
        JobStatus.CANCELLED: "cancelled",
    }
)

_STEPS = 3
_PROGRESS: Mapping[JobStatus, tuple[int, str]] = MappingProxyType(
    {
        JobStatus.CREATED: (0, "waiting to be started"),
        JobStatus.RECEIVED: (10, "preparing the document"),
        JobStatus.SUBMITTED: (40, "being read by the provider"),
        JobStatus.ACTION_REQUIRED: (60, "waiting for a person at the provider"),
        JobStatus.CAPTURED: (100, "finished"),
        JobStatus.FAILED: (100, "failed"),
        JobStatus.REJECTED: (100, "refused"),
        JobStatus.DUPLICATE: (100, "failed"),
        JobStatus.CANCELLED: (100, "cancelled"),
    }
)

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "pdf": "pdf",
        "png": "png",
        "jpg": "jpg",
        "jpeg": "jpeg",
        "tif": "tiff",
        "tiff": "tiff",
        "bmp": "bmp",
        "xml": "xml",
    }
)
"""Document formats by the extension of a name."""

_FIRST_JOB_GONE = (
    "DuplicateDocument: The same document was read by an earlier job, which is not there any more. "
    "Retry this job to have the document read for it."
)


_SUMMARY = (
    Place("invoice.number", ("invoice_number",)),
    Place("invoice.date", ("issue_date",)),
    Place("invoice.supplier.name", ("supplier",)),
    Place("invoice.amounts.total", ("total",), is_number=True),
    Place("invoice.amounts.currency", ("currency",)),
)
# What findings name, in the contract's words; a field that the contract does not have keeps its own name.
_FINDING_FIELDS: Mapping[str, str] = MappingProxyType(
    {source: place.path for place in HEADER for source in place.sources} | {"lines": "lineItems"}
)
_FINDING_LINE_FIELDS: Mapping[str, str] = MappingProxyType(
    {source: place.path for place in LINE for source in place.sources}
)


# --- jobs ------------------------------------------------------------------------------------------------------------


def status_of(capture: Job) -> Status:
    """The contract's word for a job; ``capture`` is the one that has the invoice, of a duplicate the first."""
    return STATUSES[capture.status]


def job_object(job: Job, capture: Job, invoice: StoredInvoice | None) -> OcrInvoiceJob:
    """A job with all that was read of its document.

    ``capture`` is the job that the status and the data are of: of a duplicate the first, else the job itself.
    """
    shown = _job(job, capture)
    if invoice is not None:
        shown["extractedData"] = extracted_data(invoice)
        shown["confidence"] = confidence(invoice)
        shown["validationResults"] = validation_results(invoice)
        shown["findings"] = codes(invoice.findings)
        if (kind := invoice.invoice["type"]["value"]) is not None:
            shown["invoiceType"] = kind
    return shown


def row(job: Job, capture: Job) -> Mapping[str, Any]:
    """A job in a list: of what was read, as much as the job itself has of it.

    What was captured by a release that kept less of it shows less: what is not known is absent.
    """
    return {**_job(job, capture), **_summarised(capture.summary)}


def glance(head: Head) -> Mapping[str, Any]:
    """As much of a row as a complete head has; no duplicate's, which shows what another job has."""
    known = {
        "_id": head.job_id,
        "createdAt": timestamp(head.created_at),
        "status": None if head.status is None else STATUSES[head.status],
        "group": head.group,
    }
    return {**_present(known), **_summarised(head.summary)}


def _summarised(summary: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a job keeps of its invoice, as rows show it."""
    if summary is None:
        return {}
    data: dict[str, Any] = {}
    for place in _SUMMARY:
        value = summary.get(place.sources[0])
        _put(data, place.path, _number(value) if place.is_number else value)
    shown: dict[str, Any] = {"extractedData": data}
    if (overall := summary.get("confidence")) is not None:
        shown["confidence"] = {"overall": overall}
    if "findings" in summary:
        shown["validationResults"] = {"isValid": summary["is_valid"]}
        shown["findings"] = summary["findings"]
    if (kind := summary.get("type")) is not None:
        shown["invoiceType"] = kind
    return shown


def texts(row: Mapping[str, Any]) -> Iterator[str]:
    """What of a row is searched. What follows the question mark of a link may be a signature, which nobody knows."""
    for name in ("jobNumber", "documentName", "template", "group", "createdBy", "errorLog"):
        if isinstance(text := row.get(name), str):
            yield text
    yield str(row.get("documentUrl", "")).partition("?")[0]
    invoice = row.get("extractedData", {}).get("invoice", {})
    for text in (invoice.get("number"), invoice.get("supplier", {}).get("name")):
        if isinstance(text, str):
            yield text


def results_object(capture: Job, invoice: StoredInvoice | None) -> OcrResults:
    """What was read of a job's document; empty objects when nothing was, or not yet."""
    shown: OcrResults = {
        "extractedData": {} if invoice is None else extracted_data(invoice),
        "confidence": {} if invoice is None else confidence(invoice),
        "validationResults": {} if invoice is None else validation_results(invoice),
    }
    if (seconds := _seconds(capture)) is not None:
        shown["processingTime"] = seconds
    return shown


def submission_entry(row: Submission) -> SubmissionEntry:
    """A submission for people: neither its task token nor what the provider knows it by."""
    entry: dict[str, Any] = {
        "number": row.number,
        "provider": row.provider,
        "state": row.state.value,
        "attempts": row.attempts,
        "checks": row.polls,
        "createdAt": timestamp(row.created_at),
        "possibleDoubleCharge": row.possible_double_charge,
        "submittedAt": _optional_timestamp(row.submitted_at),
        "finishedAt": _optional_timestamp(row.finished_at),
        "errorCode": row.error_code,
        "errorMessage": row.error_message,
    }
    return cast(SubmissionEntry, _present(entry))


def format_of(name: str) -> str | None:
    """The format that a document's name says it has."""
    _stem, dot, extension = name.rpartition(".")
    return FORMATS.get(extension.lower()) if dot else None


def _job(job: Job, capture: Job) -> OcrInvoiceJob:
    order = job.order
    has_ended = capture.status.is_terminal
    percentage, step = _PROGRESS[capture.status]
    shown: dict[str, Any] = {
        "_id": job.job_id,
        "jobNumber": job.job_id if order is None else order.job_number,
        "documentName": job.document.name if order is None else order.document_name,
        "documentUrl": f"s3://{job.document.bucket}/{quote(job.document.key)}" if order is None else order.document_url,
        "template": ",".join(job.route) if order is None else order.template,
        "documentType": None if order is None else order.document_type,
        "group": None if order is None else order.group,
        "status": STATUSES[capture.status],
        "priority": "medium" if order is None else order.priority,
        "progress": {"percentage": percentage, "currentStep": step, "totalSteps": _STEPS},
        "startedAt": _optional_timestamp(capture.started_at),
        "completedAt": _optional_timestamp(capture.finished_at) if has_ended else None,
        "processingTime": _seconds(capture),
        "documentInfo": _document_info(job),
        "errorLog": _error_log(capture),
        "retryCount": job.retries,
        "createdBy": None if order is None else order.created_by,
        "metadata": None if order is None else order.metadata,
        "createdAt": timestamp(job.created_at),
        "updatedAt": timestamp(max(job.updated_at, capture.updated_at)),
        "route": list(job.route),
        "provider": capture.provider,
        "duplicateOf": None if capture is job else capture.job_id,
        "possibleDoubleCharge": job.possible_double_charge,
        # A person's work that is done, or that nobody waits for, is nothing to send anybody to.
        "actionUrl": capture.action_url if capture.status is JobStatus.ACTION_REQUIRED else None,
        "remark": None if capture.status.is_terminal else capture.remark,
        "confirmedAt": _optional_timestamp(capture.confirmed_at),
    }
    return cast(OcrInvoiceJob, _present(shown))


def _document_info(job: Job) -> dict[str, Any] | None:
    if not job.document.is_stored:
        return None
    given = None if job.order is None else job.order.document_type
    name = job.document.name if job.order is None else job.order.document_name
    return _present({"size": job.document.size, "format": given or format_of(name)})


def _error_log(capture: Job) -> str | None:
    if capture.status is JobStatus.DUPLICATE:
        return _FIRST_JOB_GONE
    if capture.error_code is None:
        return None
    return f"{capture.error_code}: {capture.error_message or 'No more is known.'}"


def _seconds(capture: Job) -> float | None:
    if capture.started_at is None or capture.finished_at is None or not capture.status.is_terminal:
        return None
    return max(0.0, round((capture.finished_at - capture.started_at).total_seconds(), 3))


def _optional_timestamp(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


# --- invoices --------------------------------------------------------------------------------------------------------


def extracted_data(stored: StoredInvoice) -> ExtractedData:
    """The canonical invoice in the contract's schema, as far as it has a place for its values."""
    data: dict[str, Any] = {}
    for place, field in filled(HEADER, stored.invoice):
        _put(data, place.path, _value(place, field))
    lines = [
        cast(ContractLine, _present({place.path: _value(place, field) for place, field in filled(LINE, line)}))
        for line in stored.invoice["lines"]
    ]
    if lines:
        data["lineItems"] = lines
    return cast(ExtractedData, data)


def confidence(stored: StoredInvoice) -> Confidence:
    """How sure the provider is of every value that is shown, where it says so."""
    fields = confidences(stored.invoice)
    overall = overall_confidence(fields)
    return {"fields": fields} if overall is None else {"overall": overall, "fields": fields}


def validation_results(stored: StoredInvoice) -> ValidationResults:
    """What the checks found; a finding about several fields is told at the first."""
    return {
        "isValid": is_valid(stored.findings),
        "errors": [
            {
                "field": _field_of(finding["fields"]),
                "message": finding["message"],
                "severity": finding["severity"],
            }
            for finding in stored.findings
        ],
    }


def _field_of(fields: Sequence[str]) -> str:
    field = fields[0] if fields else ""
    table, bracket, rest = field.partition("[")
    if table == "lines" and bracket:
        index, _, name = rest.partition("].")
        return f"lineItems.{index}.{_FINDING_LINE_FIELDS.get(name, name)}"
    return _FINDING_FIELDS.get(field, field)


def _value(place: Place, field: Mapping[str, Any]) -> Any:
    return _number(field["value"]) if place.is_number else field["value"]


def _number(value: str | None) -> float | None:
    """A decimal as a JSON number; None for one that is too large to be one."""
    number = math.inf if value is None else float(value)
    return number if math.isfinite(number) else None


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    if value is None:
        return
    *parents, name = path.split(".")
    for parent in parents:
        data = data.setdefault(parent, {})
    data[name] = value
