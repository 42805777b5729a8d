"""What goes out, by the contract's names; the OpenAPI document is made of these and of the inputs.

Typed dictionaries, because what is absent is left out, never null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from invoice_capture.domain.invoice import Invoice

DocumentType = Literal["pdf", "png", "jpg", "jpeg", "tiff", "bmp"]
Status = Literal["created", "queued", "processing", "completed", "failed", "cancelled"]
InvoiceKind = Literal["invoice", "credit_note"]
Priority = Literal["low", "medium", "high", "urgent"]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-15T08:00:00.000Z"])]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2026-01-12"])]
Number = Annotated[float, Field(json_schema_extra={"format": "double"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Fraction = Annotated[float, Field(ge=0, le=1, json_schema_extra={"format": "double"})]
Count = Annotated[int, Field(ge=0)]


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
    possibleDoubleCharge: Annotated[bool, Field(description="The document may have been paid for twice")]
    actionUrl: NotRequired[Annotated[Address, Field(description="Where a person must go on at the provider")]]
    remark: NotRequired[Annotated[str, Field(description="What is unusual about a job that has not ended")]]
    confirmedAt: NotRequired[Annotated[Moment, Field(description="When a person confirmed the invoice last")]]
    invoiceType: NotRequired[Annotated[InvoiceKind, Field(description="What the document is")]]
    findings: NotRequired[Annotated[list[str], Field(description="Codes of what the checks found, each once")]]


JOB_FIELDS: tuple[str, ...] = tuple(OcrInvoiceJob.__annotations__)
"""What a job shows, by the names of its fields."""


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
    total: Annotated[Count, Field(description="Number of all jobs that fit; see `moreToRead`")]
    nextToken: NotRequired[Annotated[str, Field(description="Asks for the next page; absent on the last")]]
    moreToRead: NotRequired[
        Annotated[
            Literal[True],
            Field(description="Too many to read at once: `total` counts those found so far, `nextToken` goes on"),
        ]
    ]


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
    nextLine: NotRequired[
        Annotated[Count, Field(description="Not all lines are here: `fromLine` of the next part of this invoice")]
    ]


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
