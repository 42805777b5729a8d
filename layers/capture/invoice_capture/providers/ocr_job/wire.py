"""The OCR Invoice Job API's JSON as models. What the schema does not name is kept, and so is what breaks it.

A job among a hundred must not make the whole list unreadable. Hence only its id and its status are insisted on; any
other part that is not of the schema's type stays as it came, for ``mapping`` to judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

Part = TypeVar("Part")
Data = TypeVar("Data")
Lenient = Annotated[Part | Any, Field(union_mode="left_to_right")]
# An integer is kept as one: 5 is not to come back as 5.0.
Number = int | float

Order = Literal["asc", "desc"]
Priority = Literal["low", "medium", "high", "urgent"]
DocumentType = Literal["pdf", "png", "jpg", "jpeg", "tiff", "bmp"]


class _Wire(BaseModel):
    # Strict: a part of another type is to stay what it is, rather than become what it could be read as.
    model_config = ConfigDict(
        extra="allow", strict=True, hide_input_in_errors=True, alias_generator=AliasGenerator(alias=to_camel)
    )


class JobInput(BaseModel):
    """What a job is created or updated with; built by the names of its attributes, sent without what is None.

    ``job_number`` is unique at the provider. ``document_url`` is fetched by the provider, without credentials.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    job_number: str
    document_name: str
    document_url: str
    template: str
    document_type: DocumentType | None = None
    group: str | None = None
    priority: Priority | None = None
    created_by: str | None = None
    metadata: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {to_camel(name): value for name, value in self if value is not None}


class PartyData(_Wire):
    """A supplier or a customer; customers have no ``tax_id`` in the schema."""

    name: Lenient[str | None] = None
    address: Lenient[str | None] = None
    tax_id: Lenient[str | None] = None


class AmountsData(_Wire):
    subtotal: Lenient[Number | None] = None
    tax: Lenient[Number | None] = None
    total: Lenient[Number | None] = None
    currency: Lenient[str | None] = None


class InvoiceData(_Wire):
    """Dates are ISO 8601."""

    number: Lenient[str | None] = None
    date: Lenient[str | None] = None
    due_date: Lenient[str | None] = None
    supplier: Lenient[PartyData | None] = None
    customer: Lenient[PartyData | None] = None
    amounts: Lenient[AmountsData | None] = None


class LineItem(_Wire):
    description: Lenient[str | None] = None
    quantity: Lenient[Number | None] = None
    unit_price: Lenient[Number | None] = None
    amount: Lenient[Number | None] = None


class ExtractedData(_Wire):
    invoice: Lenient[InvoiceData | None] = None
    line_items: Lenient[list[LineItem] | None] = None


class Confidence(_Wire):
    """From 0 to 1. The keys of ``fields`` are not defined by the contract."""

    overall: Lenient[Number | None] = None
    fields_: Lenient[dict[str, Number] | None] = Field(default=None, alias="fields")


class ValidationFailure(_Wire):
    """``severity`` is error, warning or info."""

    field: Lenient[str | None] = None
    message: Lenient[str | None] = None
    severity: Lenient[str | None] = None


class ValidationResults(_Wire):
    is_valid: Lenient[bool | None] = None
    errors: Lenient[list[ValidationFailure] | None] = None


class Progress(_Wire):
    """``percentage`` is from 0 to 100."""

    percentage: Lenient[Number | None] = None
    current_step: Lenient[str | None] = None
    total_steps: Lenient[int | None] = None


class DocumentInfo(_Wire):
    """``size`` is in bytes."""

    pages: Lenient[int | None] = None
    size: Lenient[int | None] = None
    format: Lenient[str | None] = None
    resolution: Lenient[str | None] = None
    language: Lenient[str | None] = None


class Job(_Wire):
    """A job as the provider lists it. Times are ISO 8601, ``processing_time`` is in seconds.

    ``currency`` is the one of ``cost``, and no part of the invoice.
    """

    # The longest reference that a submission can have is 512 characters.
    job_id: str = Field(alias="_id", min_length=1, max_length=512)
    status: str = "created"
    job_number: Lenient[str | None] = None
    document_name: Lenient[str | None] = None
    document_url: Lenient[str | None] = None
    document_type: Lenient[str | None] = None
    template: Lenient[str | None] = None
    group: Lenient[str | None] = None
    priority: Lenient[str | None] = None
    progress: Lenient[Progress | None] = None
    started_at: Lenient[str | None] = None
    completed_at: Lenient[str | None] = None
    processing_time: Lenient[Number | None] = None
    document_info: Lenient[DocumentInfo | None] = None
    extracted_data: Lenient[ExtractedData | None] = None
    confidence: Lenient[Confidence | None] = None
    validation_results: Lenient[ValidationResults | None] = None
    cost: Lenient[Number | None] = None
    currency: Lenient[str | None] = None
    error_log: Lenient[str | None] = None
    retry_count: Lenient[int | None] = None
    created_by: Lenient[str | None] = None
    metadata: Lenient[dict[str, Any] | None] = None
    created_at: Lenient[str | None] = None
    updated_at: Lenient[str | None] = None

    def to_json(self) -> dict[str, Any]:
        """The job as it was received."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Results(_Wire):
    """What was read from a job's document. ``processing_time`` is in seconds."""

    extracted_data: Lenient[ExtractedData | None] = None
    confidence: Lenient[Confidence | None] = None
    validation_results: Lenient[ValidationResults | None] = None
    processing_time: Lenient[Number | None] = None

    def to_json(self) -> dict[str, Any]:
        """The results as they were received."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Processing(_Wire):
    """The answer to starting a job; ``status`` is queued or processing."""

    job_id: Lenient[str | None] = None
    status: Lenient[str | None] = None


class RawAnswer(_Wire):
    """What is kept of a finished job: the job, and its results where they were asked for."""

    job: dict[str, Any] = Field(default_factory=dict)
    results: dict[str, Any] = Field(default_factory=dict)


class Refusal(_Wire):
    """An answer that says in its body, whatever its HTTP status, that the request was not done."""

    success: Literal[False]
    message: Lenient[str | None] = None
    error: Lenient[str | None] = None


class Accepted(_Wire, Generic[Data]):
    """``total`` counts what a list would have without its page limit."""

    success: Literal[True] = True
    data: Data
    total: Lenient[int | None] = None


class Deleted(_Wire):
    success: Literal[True] = True
    message: Lenient[str | None] = None


class Envelope(RootModel[Accepted[Data] | Refusal], Generic[Data]):
    """What every answer but that to a deletion comes in."""

    model_config = ConfigDict(hide_input_in_errors=True)


class DeletionEnvelope(RootModel[Deleted | Refusal]):
    """What the answer to a deletion comes in."""

    model_config = ConfigDict(hide_input_in_errors=True)


class JobPage(BaseModel):
    """A page of jobs; ``total`` is None when the provider does not count."""

    model_config = ConfigDict(frozen=True)

    jobs: Sequence[Job]
    total: int | None
