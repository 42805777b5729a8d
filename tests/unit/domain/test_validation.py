"""Checks add findings and never block: sound invoices have none, and each kind of mistake has its own."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.invoice import AmountField, DateField, Invoice, Line, Party, Tax, TextField
from invoice_capture.domain.validation import Severity, validate_invoice

TODAY = date(2026, 3, 31)
CENT = Decimal("0.01")


def text(value: str | None) -> TextField:
    return TextField(value=value)


def amount(value: Decimal | str | None) -> AmountField:
    return AmountField(value=None if value is None else Decimal(value))


def a_line(quantity: str, unit_price: str, tax_rate: str = "19", discount: str | None = None) -> Line:
    subtotal = Decimal(quantity) * Decimal(unit_price) - Decimal(discount or 0)
    return Line(
        quantity=amount(quantity),
        unit_price=amount(unit_price),
        tax_rate=amount(tax_rate),
        discount=amount(discount),
        subtotal=amount(subtotal.quantize(CENT, ROUND_HALF_UP)),
    )


def an_invoice(*lines: Line, **changes: object) -> Invoice:
    """A sound invoice with these lines; its taxes are rounded once per rate."""
    bases: dict[Decimal, Decimal] = {}
    for line in lines:
        bases[line.tax_rate.value] = bases.get(line.tax_rate.value, Decimal(0)) + line.subtotal.value
    taxes = tuple(
        Tax(rate=amount(rate), base=amount(base), amount=amount((base * rate / 100).quantize(CENT, ROUND_HALF_UP)))
        for rate, base in bases.items()
    )
    subtotal = sum(bases.values(), Decimal(0))
    tax_total = sum((tax.amount.value for tax in taxes), Decimal(0))
    values = {
        "invoice_number": text("R-1"),
        "issue_date": DateField(value=date(2026, 3, 1)),
        "due_date": DateField(value=date(2026, 3, 31)),
        "currency": text("EUR"),
        "supplier": Party(iban=text("DE89370400440532013000"), vat_number=text("DE136695976")),
        "subtotal": amount(subtotal),
        "tax_total": amount(tax_total),
        "total": amount(subtotal + tax_total),
        "taxes": taxes,
        "lines": lines,
    }
    return Invoice(**{**values, **changes})


def codes(invoice: Invoice) -> list[str]:
    return [finding.code for finding in validate_invoice(invoice, TODAY)]


LINES = st.lists(
    st.builds(
        a_line,
        st.integers(1, 500).map(str),
        st.integers(1, 10**6).map(lambda cents: str(Decimal(cents) / 100)),
        st.sampled_from(["0", "7", "19", "5.5", "21"]),
    ),
    min_size=1,
    max_size=12,
)


@given(LINES)
def test_sound_invoices_have_no_findings_whatever_their_rates(lines: list[Line]) -> None:
    assert codes(an_invoice(*lines)) == []


@given(LINES)
def test_a_credit_note_with_negative_amounts_is_as_sound(lines: list[Line]) -> None:
    sound = an_invoice(*lines)
    negative = Invoice.model_validate(
        sound.model_dump()
        | {
            name: {"value": -getattr(sound, name).value, "confidence": 1.0}
            for name in ("subtotal", "tax_total", "total")
        }
        | {"lines": (), "taxes": ()}
    )
    assert codes(negative) == []


@given(LINES, st.integers(10, 10**6))
def test_a_wrong_total_is_found(lines: list[Line], cents: int) -> None:
    sound = an_invoice(*lines)
    wrong = an_invoice(*lines, total=amount(sound.total.value + Decimal(cents) / 100))
    assert codes(wrong) == ["total_mismatch"]


def test_rounding_is_tolerated() -> None:
    assert codes(an_invoice(a_line("3", "0.333"), a_line("7", "1.005"), a_line("1", "2.00", discount="0.50"))) == []
    sound = an_invoice(a_line("1", "10.00"))
    assert codes(an_invoice(a_line("1", "10.00"), total=amount(sound.total.value + CENT))) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"invoice_number": text(None)}, "missing"),
        ({"subtotal": amount("150.00"), "total": amount("169.00"), "taxes": ()}, "lines_mismatch"),
        ({"taxes": (Tax(rate=amount("19"), base=amount("100"), amount=amount("25")),)}, "tax_mismatch"),
        ({"taxes": (Tax(rate=amount("19"), amount=amount("25")),)}, "taxes_mismatch"),
        ({"taxes": (Tax(rate=amount("19"), base=amount("90"), amount=amount("17.10")),)}, "tax_bases_mismatch"),
        ({"total": amount("118.00")}, "total_mismatch"),
        ({"due_date": DateField(value=date(2026, 2, 1))}, "due_before_issue"),
        ({"issue_date": DateField(value=date(2026, 6, 1)), "due_date": DateField()}, "future_date"),
        ({"supplier": Party(iban=text("DE89370400440532013001"))}, "iban_invalid"),
        ({"supplier": Party(iban=text("not an iban"))}, "iban_invalid"),
        ({"customer": Party(vat_number=text("DE136695977"))}, "vat_number_invalid"),
        ({"customer": Party(vat_number=text("FR"))}, "vat_number_invalid"),
    ],
)
def test_each_mistake_has_its_finding(changes: dict, code: str) -> None:
    found = validate_invoice(an_invoice(a_line("10", "10.00"), **changes), TODAY)
    assert code in [finding.code for finding in found]
    for finding in found:
        assert finding.message
        assert finding.fields
        assert finding.severity in Severity


def test_a_line_that_does_not_multiply_is_named() -> None:
    wrong = Line(quantity=amount("2"), unit_price=amount("5.00"), subtotal=amount("11.00"))
    [finding] = [f for f in validate_invoice(Invoice(lines=(wrong,)), TODAY) if f.code == "line_mismatch"]
    assert finding.fields == ("lines[0].subtotal",)


@pytest.mark.parametrize(
    "number",
    [
        "DE136695976",
        "ATU13585627",
        "NL004495445B01",
        "ESB58378431",
        "CHE100155212MWST",
        "EL094259216",
        "GB980780684",
        "XI980780684",
    ],
)
def test_vat_numbers_of_many_countries_are_known(number: str) -> None:
    assert codes(an_invoice(a_line("1", "1.00"), supplier=Party(vat_number=text(number)))) == []


def test_a_vat_number_of_a_country_without_rules_is_given_the_benefit() -> None:
    assert codes(an_invoice(a_line("1", "1.00"), supplier=Party(vat_number=text("ZZ123")))) == []


def test_findings_are_bounded_however_long_the_invoice() -> None:
    wrong = Line(quantity=amount("2"), unit_price=amount("5.00"), subtotal=amount("11.00"))
    assert len(validate_invoice(Invoice(lines=(wrong,) * 1000), TODAY)) == 100


@pytest.mark.parametrize("number", ["/", "..", "../../x", "1234567", "", "ÄÖ123", "D"])
def test_a_vat_number_without_a_country_is_none(number: str) -> None:
    assert codes(an_invoice(a_line("1", "1.00"), supplier=Party(vat_number=text(number)))) == ["vat_number_invalid"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_makes_the_checks_fail(iban: str, vat_number: str) -> None:
    invoice = Invoice(supplier=Party(iban=text(iban), vat_number=text(vat_number)), currency=text(vat_number))
    assert isinstance(validate_invoice(invoice, TODAY), tuple)


_WILD = (
    st.none()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1E+999999", "-9E-999999", "1E+30"])
)


@given(st.lists(_WILD, min_size=9, max_size=9))
def test_amounts_that_nobody_can_calculate_with_block_nothing(wild: list[Decimal | str | None]) -> None:
    """A misread line of digits must not cost the job its invoice."""
    quantity, price, discount, line_total, rate, base, tax, subtotal, total = map(amount, wild)
    invoice = Invoice(
        lines=(Line(quantity=quantity, unit_price=price, discount=discount, subtotal=line_total),),
        taxes=(Tax(rate=rate, base=base, amount=tax),),
        subtotal=subtotal,
        tax_total=tax,
        total=total,
    )
    for finding in validate_invoice(invoice, TODAY):
        assert "NaN" not in finding.message


def test_a_misread_amount_is_told_as_it_is() -> None:
    line = Line(quantity=amount("1E+30"), unit_price=amount("10"), subtotal=amount("5"))
    [mismatch] = [each for each in validate_invoice(Invoice(lines=(line,)), TODAY) if each.code == "line_mismatch"]
    assert mismatch.message.endswith("E+31, the line says 5.")
