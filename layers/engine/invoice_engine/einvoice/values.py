"""Look up paths in an e-invoice without regard to its namespaces, and turn texts into typed fields."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from invoice_engine.model import EMPTY, Candidate, Field, Value, trimmed

if TYPE_CHECKING:
    from lxml.etree import _Element

# Type codes of UNTDID 1001 that EN 16931 and ZUGFeRD treat as a credit; every other code asks for money.
CREDIT_NOTE_CODES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
MAX_DECIMAL_DIGITS = 24  # below the precision of decimal arithmetic, so that nothing is ever rounded
EXACT = 80  # digits that hold the product or quotient of any two amounts
LONGEST_TERM = 3650  # days
FEWEST_VAT_DIGITS = 7
MAX_TEXT = 2000
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
_BIC = re.compile(r"[A-Z0-9]{6,11}")
_ACCOUNT_WORD = re.compile(r"[A-Z0-9]{2,34}")
# What stands where only an IBAN or BIC may stand, and looks like neither, is told and left to be checked.
MALFORMED = 0.5
_VAT_PREFIXES = MappingProxyType({"GR": "EL"})  # elsewhere VAT numbers begin with the country code
_PLAIN_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")


def child(node: "_Element | None", path: str) -> "_Element | None":
    """The first element at `path` (local names, joined by a slash) below `node`."""
    return None if node is None else node.find(_any_namespace(path))


def children(node: "_Element | None", path: str) -> "list[_Element]":
    return [] if node is None else node.findall(_any_namespace(path))


def text(node: "_Element | None", *paths: str) -> str | None:
    """The first text found at one of `paths`, with its white space collapsed; None when all are blank."""
    for path in paths:
        for found in children(node, path):
            if value := own_text(found):
                return value
    return None


def own_text(node: "_Element | None") -> str | None:
    """The element's own text, white space collapsed, cut at what any field of an invoice could need."""
    if node is None:
        return None
    return " ".join((node.text or "").split())[:MAX_TEXT] or None


def read(value: Value | None) -> Field:
    """A field whose value stands in the XML."""
    return EMPTY if value is None else Field(Candidate(value, 1.0, source="xml"))


def total_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of the amounts that are there; None when there is none."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def amounts(nodes: "Iterable[_Element]", path: str) -> list[Decimal]:
    """The amounts at `path` below each of `nodes`, without those that are missing or no numbers."""
    return [amount for node in nodes if (amount := decimal(text(node, path))) is not None]


def summed(parts: list[Decimal]) -> Field:
    """One amount as it is stated, or the sum of several, which is not."""
    return read(parts[0]) if len(parts) == 1 else derived(total_of(parts))


def derived(value: Value | None) -> Field:
    """A field whose value follows from others that stand in the XML."""
    return EMPTY if value is None else Field(Candidate(value, 0.95, source="derived"))


def decimal(raw: str | None) -> Decimal | None:
    """An xs:decimal. Anything else, and numbers no invoice could need, are None."""
    if raw is None or len(raw) > MAX_DECIMAL_DIGITS or not _PLAIN_DECIMAL.fullmatch(raw):
        return None
    try:
        return Decimal(raw)
    except InvalidOperation:
        return None


def percent(raw: str | None) -> Decimal | None:
    """A rate in percent without trailing zeros: 19.00 is 19."""
    number = decimal(raw)
    return None if number is None else trimmed(number)


def iso_date(raw: str | None) -> date | None:
    """An xs:date or xs:dateTime; a zone suffix does not move the printed day."""
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw[:10])
    except ValueError:
        return None


def cii_date(node: "_Element | None") -> date | None:
    """A CII date string by its format code: 102 is CCYYMMDD, 203 and 204 add a time. Months and weeks are no day."""
    raw = own_text(node)
    if node is None or raw is None:
        return None
    code = node.get("format", "102")
    if "-" in raw:
        return iso_date(raw)
    if code not in {"102", "203", "204"}:
        return None
    try:
        return datetime.strptime(raw[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def days_later(start: date | None, days: str | None) -> date | None:
    """The end of a term of payment."""
    number = decimal(days)
    if start is None or number is None or not 0 <= number <= LONGEST_TERM:
        return None
    try:
        return start + timedelta(days=int(number))
    except OverflowError:
        return None


def identifier(raw: str | None) -> str | None:
    """VAT numbers, IBANs and BICs: upper case, no spaces."""
    return "".join(raw.split()).upper() if raw else None


def iban(raw: str | None) -> str | None:
    """An account number, if it has the shape of an IBAN: domestic account numbers are not IBANs."""
    value = identifier(raw)
    return value if value and _IBAN.fullmatch(value) else None


def bic(raw: str | None) -> str | None:
    """A bank's code, if it roughly has the shape of one: giro systems and IBANs are put in its place too."""
    value = identifier(raw)
    return value if value and _BIC.fullmatch(value) else None


def account_word(raw: str | None) -> str | None:
    """The text of an element that holds nothing but IBANs or BICs, even if it looks like neither.

    Names of giro systems have punctuation: SE:BANKGIRO.
    """
    value = identifier(raw)
    return value if value and _ACCOUNT_WORD.fullmatch(value) else None


def account(accounts: Iterable[tuple[str | None, str | None]]) -> tuple[Field, Field]:
    """Of the (IBAN, BIC) pairs of several payment means, the first with an IBAN, or else the first with a BIC.

    An account number that is no IBAN comes before none at all. What is malformed has little confidence.
    """
    named = [pair for pair in accounts if any(pair)]
    iban_text, bic_text = min(named, key=lambda pair: (iban(pair[0]) is None, pair[0] is None), default=(None, None))
    return _stated(iban_text, iban(iban_text)), _stated(bic_text, bic(bic_text))


def _stated(value: str | None, well_formed: str | None) -> Field:
    if value is None:
        return EMPTY
    return Field(Candidate(value, 1.0 if value == well_formed else MALFORMED, source="xml"))


def is_vat_number_of(number: str | None, country_code: str | None) -> bool:
    """Whether a number that the document calls otherwise is one: it begins with the country, and has many digits."""
    prefix = _VAT_PREFIXES.get(country_code or "", country_code)
    if not number or not prefix or not number.startswith(prefix):
        return False
    return sum(letter.isdigit() for letter in number) >= FEWEST_VAT_DIGITS


def with_country(number: str | None, country_code: str | None) -> str | None:
    """A VAT number with its country in front, where it may already stand."""
    prefix = _VAT_PREFIXES.get(country_code or "", country_code)
    if number is None or prefix is None or number.startswith(prefix):
        return number
    return prefix + number


def country(raw: str | None) -> str | None:
    value = identifier(raw)
    return value if value and re.fullmatch(r"[A-Z]{2}", value) else None


def currency(raw: str | None) -> str | None:
    value = identifier(raw)
    return value if value and re.fullmatch(r"[A-Z]{3}", value) else None


def document_type(code: str | None, *, credit_note: bool = False) -> str:
    return "credit_note" if credit_note or (code or "") in CREDIT_NOTE_CODES else "invoice"


def joined(parts: Iterable[str | None], separator: str = ", ") -> str | None:
    return separator.join(part for part in parts if part) or None


def in_currency(nodes: "list[_Element]", wanted: str | None) -> "_Element | None":
    """Of an amount stated in several currencies, the one of the document.

    An amount without a currency is in the document's. The accounting currency's amount is never taken for it.
    """
    for node in nodes:
        if wanted is None or node.get("currencyID") in (None, "", wanted):
            return node
    return None


@lru_cache(maxsize=512)
def _any_namespace(path: str) -> str:
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def unit_price(price: str | None, basis: str | None) -> Field:
    """The price of one unit; prices are often stated for ten, a hundred or a thousand."""
    amount, units = decimal(price), decimal(basis)
    if amount is None or units in (None, Decimal(0), Decimal(1)):
        return read(amount)
    with localcontext(prec=EXACT):
        return derived(trimmed((amount / units).quantize(Decimal("1e-10")))) if units else EMPTY


def difference_to_price(quantity: Decimal | None, price: Decimal | None, subtotal: Decimal | None) -> Field:
    """The discount of a line by what it costs less than quantity times price; without a quantity it is one."""
    if price is None or subtotal is None:
        return EMPTY
    with localcontext(prec=EXACT):
        return derived(trimmed((Decimal(1) if quantity is None else quantity) * price - subtotal))


def net_allowance(entries: Iterable[tuple[str | None, str | None]]) -> Field:
    """Allowances minus charges of (charge indicator, amount) pairs; empty when none of them states an amount."""
    amounts = [
        -amount if (indicator or "").lower() in {"true", "1"} else amount
        for indicator, raw in entries
        if (amount := decimal(raw)) is not None
    ]
    return read(sum(amounts, Decimal(0))) if amounts else EMPTY
