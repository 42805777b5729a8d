"""The Extract API's vocabulary in ours, as literal tables, and its results as canonical invoices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    PasswordProtected,
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    ResultUnusable,
    SubmissionUnknown,
    TooManyPages,
    UnreadableDocument,
)
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party, Tax
from invoice_capture.domain.money import smallest_unit
from invoice_capture.ports import PollState
from invoice_capture.providers import values
from invoice_capture.providers.extract_api.readings import (
    PROVIDER,
    chosen,
    feature_of,
    number,
    others,
    parser,
    readings,
    share,
)
from invoice_capture.providers.extract_api.wire import SUCCESS, Candidate, DocumentResult, FeatureResult

BAD_VALIDATION = 12
"""As an answer to ``validate``; elsewhere the code has another meaning, see CODES."""

STATUSES: Mapping[int, PollState] = MappingProxyType(
    {
        0: PollState.READY,
        1: PollState.PENDING,
        8: PollState.PENDING,
        9: PollState.PENDING,
    }
)
"""What a status code says of one document that is asked for, and that is no failure."""

FINAL_CODES = frozenset({2, 6, 10, 11, 14, 15, 16})
"""The failures of CODES that are about the document itself. All others refuse the request, which may pass."""

CODES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        2: CaptureFailed,
        3: NoCredit,
        4: SubmissionUnknown,
        5: RequestRefused,
        6: FormatRefused,
        7: RequestRefused,
        8: ProviderUnavailable,
        9: ProviderUnavailable,
        10: PasswordProtected,
        11: TooManyPages,
        12: CredentialsRefused,
        14: UnreadableDocument,
        15: UnreadableDocument,
        16: UnreadableDocument,
    }
)
"""What a status code is as a failure.

The page has the codes up to 12, and calls 12 a validation of the wrong form; in the vendors' own modules it is an
account token that nobody has, and they have 14 to 16 as well. Nobody documents 13.
"""

HTTP_STATUSES: Mapping[int, type[ProviderError]] = MappingProxyType(
    {
        # The routes are fixed and documents are named in bodies: these speak of the server, never of a document.
        404: ProviderUnavailable,
        405: ProviderUnavailable,
        410: ProviderUnavailable,
    }
)

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        2: "something went wrong on its side. Try again later, or choose another provider.",
        3: "the account has no credit left. Buy credits, or correct the setting account_token.",
        4: "it does not know the document. Upload it again; the setting base_url must be that of the submission.",
        5: "it misses the document's name. Update invoice-capture, or correct the setting version.",
        6: "it does not read this format. Upload the invoice as PDF, PNG, JPEG or BMP, or choose another provider.",
        7: "it received more or fewer names than documents. Update invoice-capture, or correct the setting version.",
        8: "it has no connection. The request is repeated.",
        9: "it is under maintenance. The request is repeated.",
        10: "the document is protected by a password. Upload it without.",
        11: "the document has too many pages. Split it, or choose another provider.",
        12: "it does not know the account token. Check the setting account_token.",
        14: "the document is too small to be read. Scan it at a higher resolution, or choose another provider.",
        15: "it cannot count the pages of the PDF, which is damaged. Print it anew, or choose another provider.",
        16: "it cannot turn the PDF into images. Print it anew, or choose another provider.",
    }
)

FEATURES: Mapping[str, str] = MappingProxyType(
    {
        "SWIFT_code": "supplier.bic",
        "VAT_Number": "supplier.vat_number",
        "country": "supplier.country",
        "currency": "currency",
        "date": "issue_date",
        "due_date": "due_date",
        "global_taxes": "taxes.rate",
        "global_taxes_amount": "tax_total",
        "invoice_id": "invoice_number",
        "subtotal": "subtotal",
        "total": "total",
        "supplier": "supplier.name",
        "invoice_lines": "lines",
    }
)
"""Every feature of a result, and the field of the canonical invoice that it becomes."""

LINE_FEATURES: Mapping[str, str] = MappingProxyType(
    {
        "description": "description",
        "discount": "discount",
        "product": "product_code",
        "quantity": "quantity",
        "subtotal": "subtotal",
        "total": "total",
        "taxes": "tax_rate",
        "unit": "unit",
        "unit_price": "unit_price",
    }
)
"""Every feature of a line, and the field of the canonical line that it becomes."""

# Features that are lists, or may be.
_LISTS = frozenset({"global_taxes", "invoice_lines"})


def failure(code: int, said: str) -> ProviderError:
    """The error of a status code in CODES; ``said`` is the provider's own text, told where ours says little."""
    words = f" It says: {said.rstrip('. ')}." if said and code == 2 else ""
    return CODES[code](f"{PROVIDER} answered status {code}: {MESSAGES[code]}{words}")


def to_invoice(raw: bytes) -> Invoice:
    """The canonical invoice of one document's entry.

    Raises:
        ResultUnusable: there are no results in it. The message never quotes them.
    """
    features = _features_of(raw)
    currency = chosen(feature_of(features.get("currency")), values.currency)
    fields = {
        field: chosen(feature_of(features.get(feature)), parser(feature, currency.value))
        for feature, field in FEATURES.items()
        if feature not in _LISTS
    }
    supplier = {field.removeprefix("supplier."): value for field, value in fields.items() if "." in field}
    header = {field: value for field, value in fields.items() if "." not in field}
    try:
        return Invoice(
            **header,
            supplier=Party(**supplier),
            taxes=_taxes(features.get("global_taxes")),
            lines=_lines(features.get("invoice_lines"), currency.value),
        )
    except ValidationError as exc:
        places = ", ".join(".".join(map(str, error["loc"])) for error in exc.errors()[:5])
        raise ResultUnusable(f"The answer of {PROVIDER} does not fit the canonical invoice at: {places}.") from exc


def _features_of(raw: bytes) -> Mapping[str, Any]:
    try:
        entry = DocumentResult.model_validate_json(raw)
    except ValidationError as exc:
        raise ResultUnusable(f"The answer of {PROVIDER} is no document result.") from exc
    if entry.status_code != SUCCESS:
        raise ResultUnusable(f"The answer of {PROVIDER} has status {entry.status_code} instead of results.")
    if not isinstance(entry.results, list) or not entry.results or not isinstance(entry.results[0], dict):
        raise ResultUnusable(f"The answer of {PROVIDER} has no results in it.")
    return entry.results[0]


# --- taxes -----------------------------------------------------------------------------------------------------------


def _taxes(value: Any) -> tuple[Tax, ...]:
    """A row per selected rate. Bases and amounts are not told, and none is derived."""
    selected, words = _percentages(feature_of(value))
    return tuple(Tax(rate=values.field([rate, *readings(words, number)])) for rate in readings(selected, number))


def _line_tax(value: Any) -> InvoiceField[Any]:
    """The rate of a line. Where several taxes apply to it there is no single rate to tell, only candidates."""
    selected, words = _percentages(feature_of(value))
    if len(selected) == 1:
        return chosen(FeatureResult(selected_value=selected[0], words=words), number)
    return chosen(FeatureResult(words=(*selected, *words)), number)


def _percentages(feature: FeatureResult) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
    """The selected rates and the other candidates, both without what is a sum instead of a rate."""
    selected = _rates(feature.selected_values or (feature.selected_value,))
    return selected, _rates(others(feature, *selected))


def _rates(candidates: Iterable[Candidate | None]) -> tuple[Candidate, ...]:
    return tuple(one for one in candidates if one is not None and one.amount_type in {None, "percent"})


# --- lines -----------------------------------------------------------------------------------------------------------


def _lines(value: Any, currency: str | None) -> tuple[Line, ...]:
    lines = value if isinstance(value, list) else []
    return tuple(_line(line, currency) for line in lines if isinstance(line, dict))


def _line(features: Mapping[str, Any], currency: str | None) -> Line:
    fields = {
        field: chosen(feature_of(features.get(feature)), parser(feature, currency))
        for feature, field in LINE_FEATURES.items()
        if feature != "taxes"
    }
    line = Line(**fields, tax_rate=_line_tax(features.get("taxes")))
    gross = _gross_of_percentage(line, smallest_unit(currency))
    if gross is None:
        return line
    discount = chosen(feature_of(features.get("discount")), lambda content: share(content, gross, currency))
    return line.model_copy(update={"discount": discount})


def _gross_of_percentage(line: Line, unit: Decimal) -> Decimal | None:
    """Quantity x price of a line that adds up with its discount as a percentage, and not as an amount.

    The contract says nothing of the discount's unit, so it is an amount unless the line itself proves otherwise.
    """
    quantity, price, discount = line.quantity.value, line.unit_price.value, line.discount.value
    if quantity is None or price is None or not discount or line.subtotal.value is None:
        return None
    gross = quantity * price
    reduction = gross - line.subtotal.value
    is_percentage = abs(reduction - discount) > unit >= abs(reduction - gross * discount / 100)
    return gross if is_percentage else None
