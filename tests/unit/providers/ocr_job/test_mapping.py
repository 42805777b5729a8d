"""Literal tables and pure functions: the provider's words as ours."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import ResultUnusable
from invoice_capture.domain.invoice import Invoice
from invoice_capture.ports import PollState
from invoice_capture.providers.ocr_job import mapping
from invoice_capture.providers.ocr_job.client import OPERATIONS

INVOICE = {
    "number": "R-2026-7",
    "date": "2026-01-07",
    "dueDate": "2026-02-06T00:00:00Z",
    "supplier": {"name": "Quillmere Ltd", "address": "1 Mill Lane", "taxId": "GB 999 0130 34"},
    "customer": {"name": "Harbour Café", "address": "2 Quay"},
    "amounts": {"subtotal": 100, "tax": 20.0, "total": 120.5, "currency": "gbp"},
}
LINES = [{"description": "Lens", "quantity": 4.0, "unitPrice": 12.5, "amount": 50}, {"amount": "50.00"}]


def read(**answer):
    return mapping.to_invoice(json.dumps(answer).encode())


def job(invoice=INVOICE, lines=LINES, **parts):
    return {"extractedData": {"invoice": invoice, "lineItems": lines}, **parts}


# --- tables ----------------------------------------------------------------------------------------------------------


def test_every_status_of_the_contract_has_a_meaning() -> None:
    assert set(mapping.STATUSES) == {"created", "queued", "processing", "completed", "failed", "cancelled"}
    for status, state in mapping.STATUSES.items():
        for said in (status, status.upper(), status.title()):
            read = mapping.status_of(said)
            assert (read.state, read.word) == (state, status)


def test_every_failure_has_an_error_and_a_sentence() -> None:
    failed = {status for status, state in mapping.STATUSES.items() if state is PollState.FAILED}
    assert failed == set(mapping.FAILURES) == set(mapping.FAILURE_MESSAGES)
    for status, error in mapping.FAILURES.items():
        told = mapping.failure_of(mapping.status_of(status), "a.pdf", "job-1", "the template does not fit")
        assert type(told) is error
        assert mapping.FAILURE_MESSAGES[status] in str(told)
        assert "a.pdf" in str(told)
        assert "the template does not fit" in str(told)


def test_every_http_status_of_the_contract_has_an_error() -> None:
    assert set(mapping.HTTP_STATUSES) == {400, 401, 404, 500}
    assert len(OPERATIONS) == 7


def test_links_are_told_without_the_right_to_follow_them() -> None:
    told = mapping.without_link_queries("GET HTTPS://a.example/b?X-Amz-Signature=c&d=e, then 'http://f/g?h' and i?j")
    assert told == "GET HTTPS://a.example/b then 'http://f/g' and i?j"


# --- fields ----------------------------------------------------------------------------------------------------------


def test_every_field_of_the_schema_has_its_place_in_the_canonical_invoice() -> None:
    invoice = read(job=job())
    assert invoice.invoice_number.value == "R-2026-7"
    assert invoice.issue_date.value == date(2026, 1, 7)
    assert invoice.due_date.value == date(2026, 2, 6)
    assert invoice.currency.value == "GBP"
    assert invoice.supplier.name.value == "Quillmere Ltd"
    assert invoice.supplier.address.value == "1 Mill Lane"
    assert invoice.supplier.vat_number.value == "GB999013034"
    assert invoice.supplier.tax_number.value is None
    assert invoice.customer.name.value == "Harbour Café"
    assert invoice.customer.address.value == "2 Quay"
    assert [str(field.value) for field in (invoice.subtotal, invoice.tax_total, invoice.total)] == [
        "100.00",
        "20.00",
        "120.50",
    ]
    first, second = invoice.lines
    assert (first.description.value, str(first.quantity.value)) == ("Lens", "4")
    assert (str(first.unit_price.value), str(first.subtotal.value)) == ("12.50", "50.00")
    assert first.total.value is None
    assert (second.description.value, str(second.subtotal.value)) == (None, "50.00")


def test_what_the_schema_does_not_have_stays_empty() -> None:
    invoice = read(job=job(currency="USD", cost=0.5))
    empty = Invoice()
    for name in ("type", "purchase_order", "payment_reference", "amount_due", "taxes"):
        assert getattr(invoice, name) == getattr(empty, name)
    assert invoice.currency.value == "GBP", "the currency of the job is that of its cost"
    assert (invoice.total.page, invoice.total.box, invoice.total.source) == (None, None, "ocr_job")


@pytest.mark.parametrize(
    ("tax_id", "vat_number", "tax_number"),
    [
        ("DE 129 273 398", "DE129273398", None),
        ("CHE-123.456.788 MWST", "CHE123456788MWST", None),
        ("12/345/67890", None, "1234567890"),
        ("22AAAAA0000A1Z5", None, "22AAAAA0000A1Z5"),
        ("D1234567", None, "D1234567"),
        ("UNKNOWN", None, "UNKNOWN"),
        (129273398, None, "129273398"),
        ("  ", None, None),
        (None, None, None),
    ],
)
def test_a_tax_id_is_a_vat_number_when_it_begins_with_a_country(tax_id, vat_number, tax_number) -> None:
    supplier = read(job=job({"supplier": {"taxId": tax_id}})).supplier
    assert (supplier.vat_number.value, supplier.tax_number.value) == (vat_number, tax_number)


@pytest.mark.parametrize("quantity", ["2", 2, 2.0, "2.00"])
def test_a_whole_quantity_is_written_whole(quantity) -> None:
    assert str(read(job=job({}, [{"quantity": quantity}])).lines[0].quantity.value) == "2"
    assert str(read(job=job({}, [{"quantity": 2.25}])).lines[0].quantity.value) == "2.25"


def test_money_is_written_as_its_currency_writes_it() -> None:
    assert str(read(job=job({"amounts": {"total": 1200, "currency": "JPY"}})).total.value) == "1200"
    assert str(read(job=job({"amounts": {"total": 1.5, "currency": "KWD"}})).total.value) == "1.500"
    assert str(read(job=job({"amounts": {"total": 0.125}})).total.value) == "0.125"


# --- results beside the job ------------------------------------------------------------------------------------------


def test_results_go_before_the_job_and_the_other_value_is_a_candidate() -> None:
    results = {"extractedData": {"invoice": {"number": "R-2026-1", "amounts": {"total": 120.5}}}}
    invoice = read(job=job(), results=results)
    assert invoice.invoice_number.value == "R-2026-1"
    assert [reading.value for reading in invoice.invoice_number.candidates] == ["R-2026-1", "R-2026-7"]
    assert [reading.value for reading in invoice.total.candidates] == [Decimal("120.50")]
    assert invoice.supplier.name.value == "Quillmere Ltd", "the job says what the results leave out"
    assert len(invoice.lines) == 2


def test_lines_of_both_are_the_same_lines_only_where_there_are_as_many() -> None:
    same = read(job=job(), results=job({}, [{"amount": 51}, {"amount": 50}]))
    assert [reading.value for reading in same.lines[0].subtotal.candidates] == [Decimal(51), Decimal(50)]
    assert same.lines[0].description.value == "Lens"
    other = read(job=job(), results=job({}, [{"amount": 100}]))
    assert [line.subtotal.value for line in other.lines] == [Decimal(100)]
    assert other.lines[0].description.value is None


# --- confidence ------------------------------------------------------------------------------------------------------


def _confidence_of(invoice: Invoice, path: str) -> float | None:
    line = invoice.lines[0]
    places = {
        "invoice.number": invoice.invoice_number,
        "invoice.date": invoice.issue_date,
        "invoice.dueDate": invoice.due_date,
        "invoice.supplier.name": invoice.supplier.name,
        "invoice.supplier.address": invoice.supplier.address,
        "invoice.supplier.taxId": invoice.supplier.vat_number,
        "invoice.customer.name": invoice.customer.name,
        "invoice.customer.address": invoice.customer.address,
        "invoice.amounts.subtotal": invoice.subtotal,
        "invoice.amounts.tax": invoice.tax_total,
        "invoice.amounts.total": invoice.total,
        "invoice.amounts.currency": invoice.currency,
        "lineItems.#.description": line.description,
        "lineItems.#.quantity": line.quantity,
        "lineItems.#.unitPrice": line.unit_price,
        "lineItems.#.amount": line.subtotal,
    }
    assert set(places) == set(mapping.CONFIDENCE_NAMES)
    return places[path].confidence


@pytest.mark.parametrize(
    ("path", "name"), [(path, name) for path, names in mapping.CONFIDENCE_NAMES.items() for name in names]
)
def test_the_confidence_of_a_field_is_found_by_each_of_its_names(path, name) -> None:
    invoice = read(job=job(confidence={"overall": 0.5, "fields": {name.replace("#", "0"): 0.25}}))
    assert _confidence_of(invoice, path) == 0.25
    others = {other for other, names in mapping.CONFIDENCE_NAMES.items() if name not in names}
    assert {_confidence_of(invoice, other) for other in others} == {0.5}


def test_the_names_of_the_schema_go_before_shorter_ones() -> None:
    stated = {"fields": {"total": 0.1, "invoice.amounts.total": 0.9, "lineItems": 0.2, "lineItems.1.amount": 0.7}}
    invoice = read(job=job(confidence=stated))
    assert invoice.total.confidence == 0.9
    assert [line.subtotal.confidence for line in invoice.lines] == [0.2, 0.7]


@pytest.mark.parametrize(
    "stated",
    [None, {}, "high", {"overall": 95}, {"overall": -0.1}, {"overall": None, "fields": {"total": True}}, {"fields": 1}],
)
def test_a_confidence_that_is_none_is_unknown(stated) -> None:
    assert read(job=job(confidence=stated)).total.confidence is None


def test_each_value_has_the_confidence_of_where_it_stands() -> None:
    results = job({"number": "R-1"}, confidence={"overall": 0.8})
    number = read(job=job(confidence={"overall": 0.4}), results=results).invoice_number
    assert [(reading.value, reading.confidence) for reading in number.candidates] == [("R-1", 0.8), ("R-2026-7", 0.4)]
    number = read(job=job(confidence={"overall": 0.4}), results=job({"number": "R-1"})).invoice_number
    assert [reading.confidence for reading in number.candidates] == [0.4, 0.4]


# --- answers that are none -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"junk",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"job": 5}',
        b'{"invoice": {"number": "secret-content"}}',
        b'{"job": {"extractedData": {"invoice": {"number": "secret-content\\ud800"}}}}',
        b'{"job": {"extractedData": {}}, "results": {"extractedData": []}}',
    ],
)
def test_an_answer_without_extracted_data_is_unusable_and_said_without_its_content(raw) -> None:
    with pytest.raises(ResultUnusable) as caught:
        mapping.to_invoice(raw)
    assert "secret-content" not in str(caught.value)
    assert "secret-content" not in str(caught.value.__cause__)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just("secret-content") | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
LEAVES = JSON | st.sampled_from(["1E+30", "9" * 40, "1." + "1" * 60, "2026-13-01", "-0", 1e300, 10**30])
EXTRACTED = st.fixed_dictionaries(
    {},
    optional={
        "invoice": LEAVES
        | st.fixed_dictionaries(
            {},
            optional={
                "number": LEAVES,
                "date": LEAVES,
                "supplier": LEAVES | st.fixed_dictionaries({}, optional={"name": LEAVES, "taxId": LEAVES}),
                "amounts": LEAVES | st.fixed_dictionaries({"total": LEAVES, "currency": LEAVES}),
            },
        ),
        "lineItems": LEAVES | st.lists(LEAVES | st.fixed_dictionaries({"quantity": LEAVES, "amount": LEAVES})),
    },
)
PART = st.fixed_dictionaries({"extractedData": LEAVES | EXTRACTED, "confidence": LEAVES})


@given(JSON | st.fixed_dictionaries({"job": PART | JSON, "results": PART | JSON}))
def test_any_json_is_an_invoice_or_unusable_and_never_told(answer) -> None:
    told = ""
    try:
        invoice = mapping.to_invoice(json.dumps(answer).encode())
    except ResultUnusable as exc:
        told = str(exc)
    else:
        assert Invoice.model_validate(invoice.to_json()) == invoice
        json.dumps(invoice.to_json(), allow_nan=False).encode()
    assert "secret-content" not in told
