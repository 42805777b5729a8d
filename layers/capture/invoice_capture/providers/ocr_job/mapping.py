"""The provider's words as ours: its statuses, its refusals, and what it read as a canonical invoice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    ResultUnusable,
    SubmissionUnknown,
)
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party, Reading
from invoice_capture.domain.money import as_written
from invoice_capture.ports import PollState
from invoice_capture.providers import statuses, values
from invoice_capture.providers.ocr_job.wire import DocumentType, Job, RawAnswer, Results

SOURCE = "ocr_job"

STATUSES: Mapping[str, PollState] = MappingProxyType(
    {
        "created": PollState.PENDING,
        "queued": PollState.PENDING,
        "processing": PollState.PENDING,
        "completed": PollState.READY,
        "failed": PollState.FAILED,
        "cancelled": PollState.FAILED,
    }
)

FAILURES: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "failed": CaptureFailed,
        "cancelled": CaptureFailed,
    }
)

FAILURE_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "failed": "Look at the job there, or send the document to another provider.",
        "cancelled": "Somebody cancelled the job there: upload the document again if that was a mistake.",
    }
)

HTTP_STATUSES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        400: RequestRefused,
        401: CredentialsRefused,
        404: SubmissionUnknown,
        500: ProviderUnavailable,
    }
)

ADVICE: Mapping[type[ProviderError], str] = MappingProxyType(
    {
        CredentialsRefused: "Check the setting 'api_key'.",
        NoCredit: "Top the account up, or take the provider out of the route.",
        RequestRefused: "Check the settings 'template', 'group', 'priority' and 'metadata'.",
        SubmissionUnknown: "The job was deleted there, or the setting 'base_url' names another server.",
    }
)

# The contract has no word for an e-invoice: a kind that is not here is sent without a type.
DOCUMENT_TYPES: Mapping[DocumentKind, DocumentType] = MappingProxyType(
    {
        DocumentKind.PDF: "pdf",
        DocumentKind.PNG: "png",
        DocumentKind.JPEG: "jpg",
        DocumentKind.TIFF: "tiff",
        DocumentKind.BMP: "bmp",
    }
)

# The contract leaves open how confidence.fields names a field, so the path in the schema, its parts and the
# usual flat names are all looked for, in this order.
CONFIDENCE_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "invoice.number": ("invoice.number", "number", "invoiceNumber"),
        "invoice.date": ("invoice.date", "date", "invoiceDate"),
        "invoice.dueDate": ("invoice.dueDate", "dueDate"),
        "invoice.supplier.name": ("invoice.supplier.name", "supplier.name", "supplierName"),
        "invoice.supplier.address": ("invoice.supplier.address", "supplier.address", "supplierAddress"),
        "invoice.supplier.taxId": ("invoice.supplier.taxId", "supplier.taxId", "supplierTaxId", "taxId"),
        "invoice.customer.name": ("invoice.customer.name", "customer.name", "customerName"),
        "invoice.customer.address": ("invoice.customer.address", "customer.address", "customerAddress"),
        "invoice.amounts.subtotal": ("invoice.amounts.subtotal", "amounts.subtotal", "subtotal"),
        "invoice.amounts.tax": ("invoice.amounts.tax", "amounts.tax", "tax"),
        "invoice.amounts.total": ("invoice.amounts.total", "amounts.total", "total", "totalAmount"),
        "invoice.amounts.currency": ("invoice.amounts.currency", "amounts.currency", "currency"),
        "lineItems.#.description": ("lineItems.#.description", "lineItems[#].description", "lineItems"),
        "lineItems.#.quantity": ("lineItems.#.quantity", "lineItems[#].quantity", "lineItems"),
        "lineItems.#.unitPrice": ("lineItems.#.unitPrice", "lineItems[#].unitPrice", "lineItems"),
        "lineItems.#.amount": ("lineItems.#.amount", "lineItems[#].amount", "lineItems"),
    }
)

_VAT_NUMBER = re.compile(r"[A-Z]{2}(?=.*\d)[0-9A-Z]+")
_LINK_QUERY = re.compile(r"(https?://[^\s?\"'<>]*)\?[^\s\"'<>]+", re.IGNORECASE)

# --- statuses --------------------------------------------------------------------------------------------------------


def status_of(said: str) -> statuses.Status:
    """What a job's status means; ``said`` is without secrets."""
    return statuses.read(said, STATUSES, SOURCE)


def failure_of(status: statuses.Status, document_name: str, job_id: str, told: str) -> ProviderError:
    """The error of a job that ended without a result; ``told`` is its error log, made fit to be told, or empty."""
    job = f"ocr_job's job {job_id} for {document_name}"
    if status.word is None:
        return statuses.failure(status, job)
    because = f": {told}" if told else ""
    return FAILURES[status.word](f"{job} ended as {status.word}{because}. {FAILURE_MESSAGES[status.word]}")


def without_link_queries(text: str) -> str:
    """A text whose links have lost what follows the question mark, where the right to read a document stands."""
    return _LINK_QUERY.sub(r"\1", text)


# --- results ---------------------------------------------------------------------------------------------------------


def raw_answer(job: Job, results: Results | None = None) -> bytes:
    """What is kept of a finished job: everything as it was received."""
    parts = {"job": job, "results": results}
    answer = RawAnswer(**{name: part.to_json() for name, part in parts.items() if part is not None})
    return answer.model_dump_json(exclude_unset=True).encode()


def to_invoice(raw: bytes) -> Invoice:
    """The canonical invoice of an answer that ``raw_answer`` wrote.

    Results go before what the job itself lists; where both say something else, the other is a candidate. The contract
    knows neither pages nor boxes, no type of invoice and no breakdown of taxes. validationResults stay in the raw
    answer: our own checks judge the values.

    Raises:
        ResultUnusable: it is no such answer, or nothing was extracted. The message has nothing of its content.
    """
    try:
        versions = _versions(RawAnswer.model_validate_json(raw))
    except ValidationError as exc:
        raise ResultUnusable("The answer of ocr_job is no JSON object with a job in it.") from exc
    if not versions:
        raise ResultUnusable("ocr_job finished the job without any extracted data. Look at its template.")
    try:
        return _invoice(versions)
    except ValidationError as exc:
        places = ", ".join(sorted({".".join(map(str, error["loc"])) for error in exc.errors()})[:5])
        raise ResultUnusable(f"What ocr_job extracted breaks the canonical form at: {places}.") from exc


@dataclass(frozen=True)
class _Version:
    """One of the places that extracted data come from, with the confidence that goes with them."""

    data: Mapping[str, Any]
    confidence: Mapping[str, Any]

    def confidence_of(self, path: str, index: int | None) -> float | None:
        """How sure the provider is of a field: by its own entry, else overall, else unknown."""
        by_name = _object(self.confidence.get("fields"))
        for name in CONFIDENCE_NAMES[path]:
            told = values.confidence(by_name.get(name.replace("#", str(index))))
            if told is not None:
                return told
        return values.confidence(self.confidence.get("overall"))


def _versions(answer: RawAnswer) -> list[_Version]:
    sources = (answer.results, answer.job)
    stated = [_object(source.get("confidence")) for source in sources]
    # Where one of the two says nothing of confidence, what the other says holds for both.
    confidences = (stated[0] or stated[1], stated[1] or stated[0])
    pairs = zip(sources, confidences, strict=True)
    return [_Version(data, stated) for source, stated in pairs if (data := _object(source.get("extractedData")))]


def _invoice(versions: Sequence[_Version]) -> Invoice:
    currency = _field(versions, "invoice.amounts.currency", values.currency)
    money = partial(_money, currency=currency.value)
    return Invoice(
        invoice_number=_field(versions, "invoice.number", values.text),
        issue_date=_field(versions, "invoice.date", values.day),
        due_date=_field(versions, "invoice.dueDate", values.day),
        currency=currency,
        supplier=Party(
            name=_field(versions, "invoice.supplier.name", values.text),
            address=_field(versions, "invoice.supplier.address", values.text),
            vat_number=_field(versions, "invoice.supplier.taxId", _vat_number),
            tax_number=_field(versions, "invoice.supplier.taxId", _tax_number),
        ),
        customer=Party(
            name=_field(versions, "invoice.customer.name", values.text),
            address=_field(versions, "invoice.customer.address", values.text),
        ),
        subtotal=_field(versions, "invoice.amounts.subtotal", money),
        tax_total=_field(versions, "invoice.amounts.tax", money),
        total=_field(versions, "invoice.amounts.total", money),
        lines=_lines(versions, money),
    )


def _lines(versions: Sequence[_Version], money: Callable[[Any], Decimal | None]) -> tuple[Line, ...]:
    counts = [len(_list(version.data.get("lineItems"))) for version in versions]
    count = next((count for count in counts if count), 0)
    # Only where there are as many lines are they the same lines.
    comparable = [version for version, own in zip(versions, counts, strict=True) if own == count]
    return tuple(
        Line(
            description=_field(comparable, "lineItems.#.description", values.text, index),
            quantity=_field(comparable, "lineItems.#.quantity", _quantity, index),
            unit_price=_field(comparable, "lineItems.#.unitPrice", money, index),
            # Lines add up to amounts.subtotal, which stands before tax: the amount of a line is net.
            subtotal=_field(comparable, "lineItems.#.amount", money, index),
        )
        for index in range(count)
    )


def _field(
    versions: Sequence[_Version], path: str, parse: Callable[[Any], Any], index: int | None = None
) -> InvoiceField[Any]:
    """The field at a path of the schema, with a reading for each different value that the versions have."""
    readings: dict[Any, Reading[Any]] = {}
    for version in versions:
        value = parse(_at(version.data, path, index))
        if value is not None and value not in readings:
            readings[value] = Reading[Any](value=value, confidence=version.confidence_of(path, index), source=SOURCE)
    return values.field(readings.values())


def _at(data: Any, path: str, index: int | None) -> Any:
    """What stands at a path, ``#`` being the place in a list; None where the data take another way."""
    for step in path.split("."):
        data = _list(data)[index or 0] if step == "#" else _object(data).get(step)
    return data


def _money(value: Any, currency: str | None) -> Decimal | None:
    amount = values.decimal(value)
    return None if amount is None else as_written(amount, currency)


def _quantity(value: Any) -> Decimal | None:
    """A number without the zero that JSON writes after a whole one."""
    number = values.decimal(value)
    return number.quantize(Decimal(1)) if number is not None and number == number.to_integral_value() else number


def _vat_number(value: Any) -> str | None:
    """A tax id that begins with a country, as only VAT numbers do."""
    number = values.compact(value)
    return number if number and _VAT_NUMBER.fullmatch(number) else None


def _tax_number(value: Any) -> str | None:
    number = values.compact(value)
    return None if number is None or _VAT_NUMBER.fullmatch(number) else number


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []
