"""What comes in and what goes out, by the contract's names; the OpenAPI document is made of these.

Inputs are pydantic models: whatever they do not name is ignored, as the contract's schema allows it. Answers are typed
dictionaries, because what is absent is left out, never null.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from invoice_capture.domain.invoice import Invoice

_MOST_METADATA_BYTES = 16 * 1024
_DEEPEST_METADATA = 10
_MOST_VALUES = 2000
_LONGEST_PATH = 100

DocumentType = Literal["pdf", "png", "jpg", "jpeg", "tiff", "bmp"]
UploadType = Literal["pdf", "png", "jpg", "jpeg", "tiff", "bmp", "xml"]
Status = Literal["created", "queued", "processing", "completed", "failed", "cancelled"]
Priority = Literal["low", "medium", "high", "urgent"]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-15T08:00:00.000Z"])]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2026-01-12"])]
Number = Annotated[float, Field(json_schema_extra={"format": "double"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Fraction = Annotated[float, Field(ge=0, le=1, json_schema_extra={"format": "double"})]
Count = Annotated[int, Field(ge=0)]


def _depth(value: Any) -> int:
    """How many objects and lists lie in each other, at most one more than may."""
    depth, level = 0, [value]
    while level and depth <= _DEEPEST_METADATA:
        level = [each for each in level if isinstance(each, dict | list)]
        depth += bool(level)
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return depth


def _bounded(metadata: dict[str, Any]) -> dict[str, Any]:
    if _depth(metadata) > _DEEPEST_METADATA:
        raise PydanticCustomError("too_deep", f"Nest at most {_DEEPEST_METADATA} objects and lists")
    if len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()) > _MOST_METADATA_BYTES:
        raise PydanticCustomError("too_long", f"Metadata have at most {_MOST_METADATA_BYTES // 1024} KB as JSON")
    return metadata


# None where a field was left out. Null itself is of no field's type, so it is refused, as by the contract's schema.
_ABSENT: Any = None


class _Input(BaseModel):
    # What a client sends belongs into no error message: messages are logged.
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, hide_input_in_errors=True)


class OcrInvoiceJobInput(_Input):
    """An order to read one document."""

    job_number: str = Field(
        min_length=1, max_length=200, description="Unique among your jobs", examples=["OCR-2026-001"]
    )
    document_name: str = Field(
        min_length=1, max_length=255, description="Name of the document", examples=["invoice_2026_001.pdf"]
    )
    document_url: str = Field(
        min_length=1,
        max_length=2048,
        description="Where the document is: an https link that it is fetched from, or the documentUrl of POST /uploads",
        examples=["https://storage.example.com/invoices/invoice_2026_001.pdf"],
        json_schema_extra={"format": "uri"},
    )
    template: str = Field(
        max_length=200,
        description="Chooses the route: a template that is set up, or the providers themselves such as "
        "`abbyy?,embedded`; any other takes the default route",
        examples=["embedded"],
    )
    document_type: DocumentType = Field(
        default=_ABSENT, description="Type of the document; its bytes decide in the end", examples=["pdf"]
    )
    group: str = Field(
        default=_ABSENT, max_length=200, description="What the job belongs to, for lists", examples=["march"]
    )
    priority: Priority = Field(default="medium", description="Kept, and listable")
    created_by: str = Field(default=_ABSENT, max_length=200, description="Who ordered it", examples=["ada@example.com"])
    metadata: Annotated[dict[str, Any], AfterValidator(_bounded)] = Field(
        default=_ABSENT,
        description=f"Whatever you want to find again with the job: at most {_MOST_METADATA_BYTES // 1024} KB as JSON, "
        f"nested at most {_DEEPEST_METADATA} deep",
        examples=[{"costCentre": "4711"}],
    )


class UploadInput(_Input):
    """A document that is to be uploaded."""

    document_name: str = Field(
        min_length=1, max_length=255, description="Name of the document", examples=["invoice_2026_001.pdf"]
    )
    document_type: UploadType = Field(
        default=_ABSENT, description="Needed where the name's extension does not say it", examples=["pdf"]
    )


def _short_paths(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > _MOST_VALUES or any(len(path) > _LONGEST_PATH for path in values):
        raise PydanticCustomError(
            "too_long", f"At most {_MOST_VALUES} values, with paths of at most {_LONGEST_PATH} characters"
        )
    return values


class Confirmation(_Input):
    """What a person says about a captured invoice."""

    values: Annotated[dict[str, Any], AfterValidator(_short_paths)] = Field(
        default_factory=dict,
        description="The right values by their paths in the canonical invoice, such as `total`, `supplier.name` or "
        "`lines.0.quantity`; `lines` and `taxes` take a whole table; null empties a field. What is not named is "
        "right as it was read.",
        examples=[{"total": "119.00", "supplier.name": "Example Ltd"}],
    )


# --- the job ---------------------------------------------------------------------------------------------------------


class Progress(TypedDict):
    percentage: Annotated[float, Field(ge=0, le=100, json_schema_extra={"format": "double"})]
    currentStep: str
    totalSteps: int


class DocumentInfo(TypedDict):
    size: Annotated[Count, Field(description="File size in bytes")]
    format: NotRequired[Annotated[str, Field(description="Document format")]]
    pages: NotRequired[Annotated[Count, Field(description="Number of pages; not known at present")]]
    resolution: NotRequired[Annotated[str, Field(description="Not known at present")]]
    language: NotRequired[Annotated[str, Field(description="Not known at present")]]


class ContractSupplier(TypedDict):
    name: NotRequired[str]
    address: NotRequired[str]
    taxId: NotRequired[str]


class ContractCustomer(TypedDict):
    name: NotRequired[str]
    address: NotRequired[str]


class ContractAmounts(TypedDict):
    subtotal: NotRequired[Number]
    tax: NotRequired[Number]
    total: NotRequired[Number]
    currency: NotRequired[str]


class ContractInvoice(TypedDict):
    number: NotRequired[str]
    date: NotRequired[Day]
    dueDate: NotRequired[Day]
    supplier: NotRequired[ContractSupplier]
    customer: NotRequired[ContractCustomer]
    amounts: NotRequired[ContractAmounts]


class ContractLine(TypedDict):
    description: NotRequired[str]
    quantity: NotRequired[Number]
    unitPrice: NotRequired[Number]
    amount: NotRequired[Number]


class ExtractedData(TypedDict):
    """What was read. Amounts are numbers here, as the contract has them; GET /{id}/invoice has exact decimals."""

    invoice: NotRequired[ContractInvoice]
    lineItems: NotRequired[list[ContractLine]]


class Confidence(TypedDict):
    overall: NotRequired[Annotated[Fraction, Field(description="Mean of the fields")]]
    fields: NotRequired[Annotated[dict[str, Fraction], Field(description="By path, such as invoice.amounts.total")]]


class ValidationIssue(TypedDict):
    field: str
    message: str
    severity: Literal["error", "warning", "info"]


class ValidationResults(TypedDict):
    isValid: NotRequired[Annotated[bool, Field(description="Whether no check found an error")]]
    errors: NotRequired[list[ValidationIssue]]


class OcrInvoiceJob(TypedDict):
    """A job: the contract's fields, and after them ours."""

    _id: Annotated[str, Field(description="Unique identifier of the job", examples=["01KFZ3C9J80000000000000000"])]
    jobNumber: Annotated[str, Field(examples=["OCR-2026-001"])]
    documentName: Annotated[str, Field(examples=["invoice_2026_001.pdf"])]
    documentUrl: Annotated[Address, Field(examples=["https://storage.example.com/invoices/invoice_2026_001.pdf"])]
    template: Annotated[str, Field(examples=["embedded"])]
    documentType: NotRequired[DocumentType]
    group: NotRequired[str]
    status: Annotated[Status, Field(description="A duplicate has the status of the first job of its document")]
    priority: Priority
    progress: Progress
    startedAt: NotRequired[Moment]
    completedAt: NotRequired[Moment]
    processingTime: NotRequired[Annotated[Number, Field(description="Processing time in seconds")]]
    documentInfo: NotRequired[DocumentInfo]
    extractedData: NotRequired[ExtractedData]
    confidence: NotRequired[Confidence]
    validationResults: NotRequired[ValidationResults]
    cost: NotRequired[Annotated[Number, Field(ge=0, description="Not known at present")]]
    currency: NotRequired[Annotated[str, Field(description="Of the cost; not known at present")]]
    errorLog: NotRequired[Annotated[str, Field(description="Why processing failed, after the error's code")]]
    retryCount: Count
    createdBy: NotRequired[str]
    metadata: NotRequired[dict[str, Any]]
    createdAt: Moment
    updatedAt: Moment
    route: Annotated[list[str], Field(description="The providers, in the order they are tried")]
    provider: NotRequired[Annotated[str, Field(description="The provider that has, or had last, the document")]]
    duplicateOf: NotRequired[Annotated[str, Field(description="The first job of the same document")]]
    possibleDoubleCharge: NotRequired[Annotated[bool, Field(description="The document may have been paid for twice")]]
    actionUrl: NotRequired[Annotated[Address, Field(description="Where a person must go on at the provider")]]
    confirmedAt: NotRequired[Annotated[Moment, Field(description="When a person confirmed the invoice last")]]


JOB_FIELDS: tuple[str, ...] = tuple(OcrInvoiceJob.__annotations__)
"""What a list is sorted and filtered by."""


class OcrResults(TypedDict):
    """What was read of a job's document; empty objects until the job is completed."""

    extractedData: ExtractedData
    confidence: Confidence
    validationResults: ValidationResults
    processingTime: NotRequired[Number]


# --- answers ---------------------------------------------------------------------------------------------------------


class FieldError(TypedDict):
    field: Annotated[str, Field(examples=["jobNumber"])]
    message: Annotated[str, Field(examples=["String should have at most 200 characters"])]


class ErrorAnswer(TypedDict):
    """Why a request was not done."""

    success: Literal[False]
    message: str
    errors: list[FieldError]


class JobAnswer(TypedDict):
    success: Literal[True]
    data: OcrInvoiceJob


class JobListAnswer(TypedDict):
    success: Literal[True]
    data: list[OcrInvoiceJob]
    total: Annotated[Count, Field(description="Number of all jobs that fit")]
    nextToken: NotRequired[Annotated[str, Field(description="Asks for the next page; absent on the last")]]


class DeletedAnswer(TypedDict):
    success: Literal[True]
    message: Annotated[str, Field(examples=["OCR invoice job deleted successfully"])]


class Started(TypedDict):
    jobId: str
    status: Status


class StartedAnswer(TypedDict):
    success: Literal[True]
    data: Started


class ResultsAnswer(TypedDict):
    success: Literal[True]
    data: OcrResults


class Upload(TypedDict):
    """Send `fields` and then the file, in this order, as multipart/form-data to `url`."""

    url: Address
    fields: dict[str, str]
    documentUrl: Annotated[str, Field(description="What to order the job with, once the document is there")]
    maximumBytes: int
    expiresAt: Moment


class UploadAnswer(TypedDict):
    success: Literal[True]
    data: Upload


class Finding(TypedDict):
    code: str
    severity: Literal["error", "warning"]
    message: str
    fields: list[str]


class StoredInvoice(TypedDict):
    invoice: Invoice
    findings: list[Finding]
    confirmed: Annotated[bool, Field(description="Whether this is what a person confirmed")]
    storedAt: Moment


class InvoiceAnswer(TypedDict):
    success: Literal[True]
    data: StoredInvoice


class SubmissionEntry(TypedDict):
    """The document at one provider."""

    number: int
    provider: str
    state: Literal["QUEUED", "SUBMITTING", "PENDING", "ACTION_REQUIRED", "DONE", "FAILED"]
    attempts: Annotated[int, Field(description="How often the document was sent")]
    checks: Annotated[int, Field(description="How often the provider was asked and was not done")]
    createdAt: Moment
    possibleDoubleCharge: bool
    submittedAt: NotRequired[Moment]
    finishedAt: NotRequired[Moment]
    errorCode: NotRequired[str]
    errorMessage: NotRequired[str]


class SubmissionsAnswer(TypedDict):
    success: Literal[True]
    data: list[SubmissionEntry]
