"""The messages of the Extract API, version 1.2.0, as it defines them. Keys that it does not define are kept."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

T = TypeVar("T")

SUCCESS = 0
NOT_READY = 1
ACCEPTED = frozenset({SUCCESS, NOT_READY})


def _or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


# One part that breaks the contract must not take the rest of an answer with it: it counts as absent.
Lenient = Annotated[T | None, WrapValidator(_or_none)]
DocumentId = Annotated[int, Field(ge=0, lt=2**63)]


class _Wire(BaseModel):
    # What a document says belongs in no error message.
    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


# --- answers ---------------------------------------------------------------------------------------------------------


class Envelope(_Wire, Generic[T]):
    """The JSON-RPC frame of an answer. An ``error`` object makes it invalid: outcomes are told in ``result``."""

    jsonrpc: str
    id: str
    result: T
    error: Any = None

    @model_validator(mode="after")
    def _has_no_error(self) -> Envelope[T]:
        if self.error is not None:
            raise ValueError("a JSON-RPC error")
        return self


class Outcome(_Wire):
    """How a request ended; all status codes stand in ``mapping.CODES`` and ``mapping.STATUSES``."""

    status_code: int
    status_msg: Lenient[str] = None


class ParseResult(Outcome):
    """The answer to ``parse``. A document that was taken has an id."""

    document_id: DocumentId | None = None

    @model_validator(mode="after")
    def _has_an_id(self) -> ParseResult:
        if self.status_code in ACCEPTED and self.document_id is None:
            raise ValueError("a document without id")
        return self


class DocumentResult(Outcome):
    """What is known of one document. ``results`` holds one object of features once the document is read."""

    # Looked into by the mapping: a result that is malformed is the end of its own document, not of the whole answer.
    results: Any = None


DocumentResults = dict[DocumentId, Lenient[DocumentResult]]
"""The answer to ``get_results`` by document id; None for an entry that cannot be understood."""


# --- features --------------------------------------------------------------------------------------------------------


class Candidate(_Wire):
    """One reading of a feature.

    ``coords`` are centre x, centre y, width, height as fractions of the page, and degrees clockwise; ``page`` counts
    from 0. ``amount_type`` comes with tax rates and is ``percent``.
    """

    content: Any = None
    coords: Any = None
    page: Lenient[Annotated[int, Field(ge=0)]] = None
    amount_type: Lenient[str] = None


class FeatureResult(_Wire):
    """The candidates of a feature, best first, and the one that was selected; tax rates may have several selected."""

    selected_value: Lenient[Candidate] = None
    selected_values: Lenient[tuple[Lenient[Candidate], ...]] = None
    words: Lenient[tuple[Lenient[Candidate], ...]] = None


# --- requests --------------------------------------------------------------------------------------------------------


class UserInfos(_Wire):
    """Who receives the invoice: not needed, but it improves the result. Country is ISO 3166, language as ``fr_FR``."""

    user_company_vat: str | None = None
    user_company_name: str | None = None
    user_company_country_code: str | None = None
    user_lang: str | None = None
    user_email: str | None = None


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ContentForm(_Form):
    """The right value of a feature, as text or number."""

    content: str | float


class TaxForm(_Form):
    """A tax of the invoice: ``tax_amount`` is a percentage of ``amount`` or a sum, as its type says."""

    amount: float
    tax_amount: float
    tax_amount_type: Literal["fixed", "percent"]
    tax_price_include: bool


class GlobalTaxesForm(_Form):
    content: tuple[TaxForm, ...]


class LineTaxForm(_Form):
    amount: float
    type: Literal["fixed", "percent"]
    price_include: bool


class LineForm(_Form):
    """A line of the invoice; what is unknown of it is left out."""

    description: str | None = None
    quantity: float | None = None
    unit_price: float | None = None
    product: str | None = None
    taxes_amount: float | None = None
    taxes: tuple[LineTaxForm, ...] | None = None
    subtotal: float | None = None
    total: float | None = None


class LinesForm(_Form):
    lines: tuple[LineForm, ...]


class ValidationValues(_Form):
    """The right values of an invoice; features that are None are not sent."""

    merged_lines: bool = False
    swift_code: ContentForm | None = Field(default=None, serialization_alias="SWIFT_code")
    vat_number: ContentForm | None = Field(default=None, serialization_alias="VAT_Number")
    country: ContentForm | None = None
    currency: ContentForm | None = None
    date: ContentForm | None = None
    due_date: ContentForm | None = None
    global_taxes: GlobalTaxesForm | None = None
    global_taxes_amount: ContentForm | None = None
    invoice_id: ContentForm | None = None
    subtotal: ContentForm | None = None
    total: ContentForm | None = None
    supplier: ContentForm | None = None
    invoice_lines: LinesForm | None = None

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
