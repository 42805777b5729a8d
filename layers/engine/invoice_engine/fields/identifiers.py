"""Document numbers, VAT numbers, IBANs and BICs. A checksum is evidence here, never a filter."""

import re
from dataclasses import replace
from functools import lru_cache

from invoice_engine.fields.found import Found
from invoice_engine.lexicon import lexicon

_NUMBER = re.compile(r"(?<![\w@.,])[A-Za-z0-9_#](?:[\w\-./\\#&]|,(?=\d)){0,63}")
_NOT_A_NUMBER = re.compile(
    r"\d{1,3}(?:[.,' ]\d{3})*[.,]\d{2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}-\d{2}-\d{2}|.*(?:https?:|www\.).*"
)
_IBAN = re.compile(r"(?<![A-Z0-9])([A-Z]{2}\s?\d{2}(?:[ \u00a0]?[A-Z0-9]){10,30})")
_BIC = re.compile(r"(?<![A-Z0-9])([A-Z]{4}\s?([A-Z]{2})\s?[A-Z0-9]{2}(?:\s?[A-Z0-9]{3})?)(?![A-Za-z0-9])")
VAT_PATTERNS = {
    "AT": r"U\d{8}", "BE": r"[01]?\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}",
    "DE": r"\d{9,11}", "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"\d{8}", "FR": r"[A-Z0-9]{2}\d{9}", "GB": r"(?:\d{12}|\d{9})", "GR": r"\d{9}", "HR": r"\d{11}",
    "HU": r"\d{8}", "IE": r"\d[A-Z0-9]\d{5}[A-Z]{1,2}", "IT": r"\d{11}", "LT": r"(?:\d{12}|\d{9})",
    "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"\d{9}B\d{2}", "NO": r"\d{9}(?:MVA)?",
    "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}",
    "XI": r"\d{9}", "CHE": r"\d{9}(?:MWST|TVA|IVA)?",
}  # fmt: skip
VAT_COMPACT = re.compile("|".join(f"{country}{body}" for country, body in VAT_PATTERNS.items()))
_VAT_PRINTED = re.compile(
    r"(?<![A-Za-z0-9])((?:" + "|".join(VAT_PATTERNS) + r")(?:[\s.\-]{0,2}[A-Z0-9]){7,15})(?![a-z])"
)
# Tax numbers of Spanish firms and people, which are often printed without a label.
_BARE = re.compile(r"[A-HJNP-SUVW]-?\d{7}-?[0-9A-J]|\d{8}-?[A-Z]")
_NATIONAL = re.compile(r"(?:\(([A-Z]{2})\)\s*)?([A-Z0-9](?:[\s.\-/]?[A-Z0-9]){5,16})(?![a-z0-9])")


def find_numbers(text: str) -> list[Found]:
    """What may be the number of a document: a token with a digit that is neither an amount nor a date."""
    results = []
    for match in _NUMBER.finditer(text):
        value = match[0].strip("#.-/\\&_ ")
        if not any(map(str.isdigit, value)) or _NOT_A_NUMBER.fullmatch(value):
            continue
        start = match.start() + match[0].index(value)
        digits = sum(map(str.isdigit, value))
        quality = 0.5 if len(value) == 1 or (len(value) < 4 and digits == len(value)) else 1.0
        results.append(Found(value, start, start + len(value), quality))
    return results


def find_ibans(text: str) -> list[Found]:
    """Account numbers in the shape of an IBAN, cut to the length of their country where that is known."""
    results = []
    for match in _IBAN.finditer(text):
        compact = "".join(match[1].split())
        length = lexicon().iban_lengths.get(compact[:2])
        if length is not None and len(compact) < length:
            continue
        # A wrong length is kept only when nothing but the account number can be meant.
        value = compact[:length] if is_iban(compact[:length]) or " " in match[1] else compact
        quality = 1.0 if is_iban(value) else 0.8 if length == len(value) else 0.5
        end = _end_of(match[1], len(value)) + match.start(1)
        results.append(Found(value, match.start(1), end, quality))
    return results


def find_partial_ibans(text: str) -> list[Found]:
    """Beginnings of account numbers that are too short for their country, at the end of `text`."""
    results = []
    for match in _IBAN.finditer(text):
        compact = "".join(match[1].split())
        if len(compact) < lexicon().iban_lengths.get(compact[:2], 0) and match.end() == len(text):
            results.append(Found(compact, match.start(1), match.end(1), 1.0))
    return results


def whole_iban(beginning: str, following: str) -> str | None:
    """The IBAN that `beginning` makes with the start of `following`, if its checksum holds."""
    missing = lexicon().iban_lengths.get(beginning[:2], 0) - len(beginning)
    rest = "".join(following.split())[: max(missing, 0)]
    return beginning + rest if len(rest) == missing and is_iban(beginning + rest) else None


def find_bics(text: str) -> list[Found]:
    """Bank codes; without a label beside them they are nothing but words in capitals."""
    countries = lexicon().iban_lengths.keys() | lexicon().country_currency.keys()
    return [
        Found("".join(match[1].split()), match.start(1), match.end(1))
        for match in _BIC.finditer(text)
        if match[2] in countries
    ]


def find_vat_numbers(text: str) -> list[Found]:
    """VAT numbers with a country prefix. They need no label."""
    results = []
    for match in _VAT_PRINTED.finditer(text):
        compact = re.sub(r"[\s.\-]", "", match[1])
        exact = VAT_COMPACT.match(compact)
        if exact is None or not _ends_at_boundary(match[1], exact.end()) or _is_number_word(text, match):
            continue
        end = _end_of(match[1], exact.end()) + match.start(1)
        results.append(Found(exact[0], match.start(1), end, 1.0 if is_vat_number(exact[0]) else 0.85))
    return results


def _is_number_word(text: str, match: re.Match[str]) -> bool:
    """Whether the "country" of `match` is the word "No" of a label, as in "VAT NO 123 4567 89"."""
    apart = match[1].startswith("NO") and not match[1][2].isdigit() and not match[1].endswith("MVA")
    return apart and any(map(str.isalpha, text[: match.start()]))


def find_tax_ids(text: str) -> list[Found]:
    """What stands beside a VAT label where numbers have no prefix, as in `NIF: (ES) B5837843-1`."""
    results = []
    for match in _NATIONAL.finditer(text):
        compact = re.sub(r"[\s.\-/]", "", match[2])
        if sum(map(str.isdigit, compact)) < 6:
            continue
        results.append(Found((match[1] or "") + compact, match.start(), match.end(), 0.9))
    return results


def find_bare_ids(text: str) -> list[Found]:
    """A Spanish NIF that is all there is in `text`, and whose check letter or digit holds."""
    if not _BARE.fullmatch(text):
        return []
    from stdnum.es import nif

    compact = text.replace("-", "")
    return [Found(compact, 0, len(text))] if nif.is_valid(compact) else []


def find_tax_numbers(text: str) -> list[Found]:
    """National tax numbers, with the slashes that are part of some of them."""
    return [
        replace(found, value="".join(text[found.start : found.end].split()).upper()) for found in find_tax_ids(text)
    ]


@lru_cache(maxsize=1000)
def is_iban(value: str) -> bool:
    from stdnum import iban

    return bool(iban.is_valid(value, check_country=False))


@lru_cache(maxsize=1000)
def is_vat_number(value: str) -> bool:
    """Whether the checksum of a VAT number with country prefix holds, as far as its country has one."""
    from stdnum.eu import vat

    return bool(vat.is_valid(value))


def _end_of(text: str, compact_length: int) -> int:
    """Where in `text` its first `compact_length` letters and digits end."""
    seen = 0
    for index, character in enumerate(text):
        seen += character.isalnum()
        if seen == compact_length:
            return index + 1
    return len(text)


def _ends_at_boundary(text: str, compact_length: int) -> bool:
    end = _end_of(text, compact_length)
    return end == len(text) or not text[end].isalnum()
