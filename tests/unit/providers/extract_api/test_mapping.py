"""The provider's vocabulary and its features in ours."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import ResultUnusable
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line
from invoice_capture.ports import PollState
from invoice_capture.providers.extract_api.mapping import (
    CODES,
    FEATURES,
    FINAL_CODES,
    LINE_FEATURES,
    MESSAGES,
    STATUSES,
    failure,
    to_invoice,
)
from tests.unit.providers.extract_api import answers
from tests.unit.providers.extract_api.answers import candidate, feature, rates, raw

NO_VALUE: InvoiceField[Any] = InvoiceField[Any]()


def _at(invoice: Invoice | Line, path: str) -> Any:
    value: Any = invoice
    for name in path.split("."):
        value = getattr(value[0] if isinstance(value, tuple) else value, name)
    return value


def line(**features: Any) -> Line:
    return to_invoice(raw(invoice_lines=[features])).lines[0]


# --- codes -----------------------------------------------------------------------------------------------------------


def test_every_code_of_the_contract_has_its_meaning() -> None:
    assert STATUSES.keys() | CODES.keys() == {*range(13), 14, 15, 16}
    assert set(CODES) >= FINAL_CODES
    assert MESSAGES.keys() == CODES.keys()
    assert {code for code, state in STATUSES.items() if state is PollState.PENDING} == {1, 8, 9}


@pytest.mark.parametrize("code", CODES)
def test_a_failure_says_what_happened_and_what_to_do(code: int) -> None:
    message = str(failure(code, ""))
    assert f"extract_api answered status {code}: {MESSAGES[code]}" == message
    assert message.count(". ") >= 1


def test_the_provider_is_quoted_only_where_its_code_says_little() -> None:
    assert "disk full" in str(failure(2, "disk full."))
    assert "disk full" not in str(failure(3, "disk full"))


# --- features --------------------------------------------------------------------------------------------------------

HEADER = {
    "SWIFT_code": "XQZVDEFF",
    "VAT_Number": "DE999912349",
    "country": "DE",
    "currency": "EUR",
    "date": date(2026, 1, 27),
    "due_date": date(2026, 2, 10),
    "global_taxes": Decimal(19),
    "global_taxes_amount": Decimal("533.70"),
    "invoice_id": "2026-0107",
    "subtotal": Decimal("4185.80"),
    "total": Decimal("4719.50"),
    "supplier": "Façade + Söhne GmbH",
}
LINE = {
    "description": "Stucco, ready mixed",
    "discount": Decimal("1.50"),
    "product": "ST-20",
    "quantity": Decimal(3),
    "subtotal": Decimal("28.50"),
    "total": Decimal("33.92"),
    "taxes": Decimal(19),
    "unit": "kg",
    "unit_price": Decimal("10.00"),
}


def test_the_tables_name_every_feature_of_the_contract() -> None:
    assert FEATURES.keys() == HEADER.keys() | {"invoice_lines"} == answers.FEATURES.keys()
    assert LINE_FEATURES.keys() == LINE.keys() == answers.FEATURES["invoice_lines"][0].keys()


@pytest.mark.parametrize(("name", "value"), HEADER.items())
def test_every_feature_lands_in_its_field_with_its_place_and_without_a_confidence(name: str, value: Any) -> None:
    field = _at(to_invoice(raw()), FEATURES[name])
    assert str(field.value) == str(value)
    assert (field.page, field.source, field.confidence) == (0, "extract_api", None)
    assert field.box == pytest.approx((0.4, 0.2, 0.6, 0.3))
    assert field.candidates[0].value == value


@pytest.mark.parametrize(("name", "value"), LINE.items())
def test_every_feature_of_a_line_lands_in_its_field(name: str, value: Any) -> None:
    field = _at(to_invoice(raw()).lines[0], LINE_FEATURES[name])
    assert str(field.value) == str(value)
    assert (field.page, field.source, field.confidence) == (0, "extract_api", None)


def test_fields_that_the_provider_does_not_know_stay_empty() -> None:
    invoice = to_invoice(raw())
    assert (invoice.type, invoice.amount_due, invoice.purchase_order, invoice.supplier.iban) == (NO_VALUE,) * 4
    assert (invoice.taxes[0].base, invoice.taxes[0].amount) == (NO_VALUE, NO_VALUE)


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("absent", [None, {}, {"selected_value": None, "words": []}, {"words": None}, [], "?", 5])
def test_a_feature_that_is_absent_or_malformed_leaves_its_field_empty_and_the_others_alone(
    name: str, absent: Any
) -> None:
    invoice = to_invoice(raw(**{name: absent}))
    if name in {"global_taxes", "invoice_lines"}:
        assert getattr(invoice, "taxes" if name == "global_taxes" else "lines") == ()
    else:
        assert _at(invoice, FEATURES[name]) == NO_VALUE
    other = "total" if name != "total" else "subtotal"
    assert _at(invoice, other).value is not None


def test_the_selected_candidate_comes_first_and_only_once() -> None:
    field = to_invoice(raw(invoice_id=feature("A-1", "B-2", "C-3"))).invoice_number
    assert [reading.value for reading in field.candidates] == ["A-1", "B-2", "C-3"]
    selected = candidate("B-2")
    words = [candidate("A-1"), {**selected, "selected_status": 1}, candidate("B-2", page=1)]
    field = to_invoice(raw(invoice_id={"selected_value": selected, "words": words})).invoice_number
    assert [(reading.value, reading.page) for reading in field.candidates] == [("B-2", 0), ("A-1", 0), ("B-2", 1)]


def test_no_other_candidate_takes_the_place_of_one_that_was_not_selected() -> None:
    field = to_invoice(raw(currency={"selected_value": None, "words": [candidate("EUR")]})).currency
    assert (field.value, [reading.value for reading in field.candidates]) == (None, ["EUR"])
    field = to_invoice(raw(currency=feature("$", "EUR"))).currency
    assert (field.value, [reading.value for reading in field.candidates]) == (None, ["EUR"])


def test_a_candidate_without_place_is_read_nevertheless() -> None:
    for place in ({}, {"coords": None, "page": None}, {"coords": [0.5], "page": -1}, {"coords": "?", "page": "?"}):
        field = to_invoice(raw(total={"selected_value": {"content": 12.5, **place}})).total
        assert (str(field.value), field.page, field.box) == ("12.50", None, None)


@pytest.mark.parametrize(
    "content", ["", "XQZVDEFF", "[]", "{}", '{"bic": null}', '{"bic": ', "[" * 100_000, {"bic": "XQZVDEFF"}, 5]
)
def test_a_swift_code_without_a_bic_is_none(content: Any) -> None:
    assert to_invoice(raw(SWIFT_code=feature(content))).supplier.bic == NO_VALUE


@pytest.mark.parametrize(
    ("content", "currency", "written"),
    [
        (12.5, "EUR", "12.50"),
        (100, "EUR", "100.00"),
        (1e3, "EUR", "1000.00"),
        (-629.76, "EUR", "-629.76"),
        (-0.0, "EUR", "0.00"),
        (0.1 + 0.2, "EUR", "0.30"),
        (1250.0, "JPY", "1250"),
        (1.5, "KWD", "1.500"),
        ("99.9", "EUR", "99.90"),
        (12.345, None, "12.345"),
    ],
)
def test_money_is_written_as_its_currency_writes_it(content: Any, currency: str | None, written: str) -> None:
    assert str(to_invoice(raw(total=feature(content), currency=feature(currency))).total.value) == written


@pytest.mark.parametrize("content", ["1,234", "", None, True, [], {}, "12 EUR", 1e300])
def test_a_total_that_is_no_number_is_not_guessed(content: Any) -> None:
    assert to_invoice(raw(total=feature(content))).total == NO_VALUE


def test_a_negative_total_does_not_make_it_a_credit_note() -> None:
    assert to_invoice(raw(total=feature(-629.76))).type == NO_VALUE


# --- taxes -----------------------------------------------------------------------------------------------------------


def test_every_selected_rate_is_a_row_with_the_other_rates_as_candidates() -> None:
    selected = [candidate(19.0, amount_type="percent"), candidate(7.0, page=1, amount_type="percent")]
    taxes = to_invoice(
        raw(global_taxes={"selected_values": selected, "words": [*selected, candidate(16.0, page=2)]})
    ).taxes
    assert [tax.rate.value for tax in taxes] == [19, 7]
    assert [[reading.value for reading in tax.rate.candidates] for tax in taxes] == [[19, 16], [7, 16]]


def test_a_tax_that_is_a_sum_is_no_rate() -> None:
    selected = [candidate(19.0), candidate(53.0, amount_type="fixed")]
    taxes = to_invoice(raw(global_taxes={"selected_values": selected, "words": selected})).taxes
    assert [[reading.value for reading in tax.rate.candidates] for tax in taxes] == [[19]]


def test_a_line_has_a_rate_when_one_tax_applies_to_it() -> None:
    assert line(taxes=rates(7.0)).tax_rate.value == 7
    assert line(taxes=feature(7.0, 19.0)).tax_rate.value == 7
    several = line(taxes=rates(7.0, 19.0)).tax_rate
    assert (several.value, [reading.value for reading in several.candidates]) == (None, [7, 19])
    assert line(taxes={"selected_values": [candidate(5.0, amount_type="fixed")]}).tax_rate == NO_VALUE


# --- lines -----------------------------------------------------------------------------------------------------------


def test_a_discount_is_an_amount_unless_the_line_proves_it_a_percentage() -> None:
    of_ten = {"quantity": feature(2), "unit_price": feature(100), "discount": feature(10, 5)}
    assert line(**of_ten, subtotal=feature(190)).discount.value == 10
    assert line(**of_ten, subtotal=feature(175)).discount.value == 10
    assert line(**of_ten).discount.value == 10
    percentage = line(**of_ten, subtotal=feature(180)).discount
    assert [str(reading.value) for reading in percentage.candidates] == ["20.00", "10.00"]


def test_what_is_no_line_is_left_out() -> None:
    lines = to_invoice(raw(invoice_lines=[5, {"unit": feature("kg")}, None, "?"])).lines
    assert [line.unit.value for line in lines] == ["kg"]


# --- answers that cannot be used -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"junk",
        b"[]",
        b"\xff\xfe",
        b'{"results": [{"total": {"selected_value": {"content": "secret-content"}}}]}',
        b'{"status_code": 1, "status_msg": "secret-content", "results": [{}]}',
        b'{"status_code": 0}',
        b'{"status_code": 0, "results": []}',
        b'{"status_code": 0, "results": {"secret-content": 1}}',
        b'{"status_code": 0, "results": ["secret-content"]}',
        b'{"status_code": "secret-content"}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_results_is_unusable_and_not_quoted(answer: bytes) -> None:
    with pytest.raises(ResultUnusable) as caught:
        to_invoice(answer)
    assert "secret-content" not in str(caught.value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["secret-content", "2026-02-30", "EUR", 1e300, 1e-300, 1e18, 10**30, "9" * 40]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(["selected_value", "selected_values", "words", "content", "coords", "page", "amount_type"])
            | st.text(max_size=3),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_answer_raises_anything_but_unusable(answer: Any) -> None:
    message = ""
    try:
        to_invoice(json.dumps(answer).encode())
    except ResultUnusable as exc:
        message = str(exc)
    assert "secret-content" not in message


@given(st.dictionaries(st.sampled_from(sorted(FEATURES)), JSON), st.dictionaries(st.sampled_from(sorted(LINE)), JSON))
def test_whatever_the_features_are_there_is_a_canonical_invoice(
    features: dict[str, Any], of_line: dict[str, Any]
) -> None:
    features.setdefault("invoice_lines", [of_line])
    invoice = to_invoice(raw(**features))
    assert Invoice.model_validate(invoice.to_json()).to_json() == invoice.to_json()


@given(st.tuples(*[st.floats() | st.integers() | st.sampled_from([1e18, -1e18, 1e-18])] * 5))
def test_whatever_the_numbers_of_a_line_are_it_is_a_line(numbers: tuple[float, ...]) -> None:
    names = ("quantity", "unit_price", "discount", "subtotal")
    features = {name: feature(value, numbers[4]) for name, value in zip(names, numbers, strict=False)}
    assert Line.model_validate(line(**features).model_dump(mode="json"))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=2))
def test_an_amount_survives_its_way_through_a_float(amount: Decimal) -> None:
    assert to_invoice(raw(total=feature(float(amount)))).total.value == amount
