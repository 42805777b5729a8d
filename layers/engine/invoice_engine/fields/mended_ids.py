"""IBANs and VAT numbers as OCR damages them: O for 0, S for 5. What their country's format asks for decides.

An IBAN is mended only where its checksum holds afterwards; what has the right form as it is stays as it is.
"""

import re
from dataclasses import replace
from functools import lru_cache

from invoice_engine.fields.found import Found
from invoice_engine.fields.identifiers import VAT_PATTERNS, find_ibans, find_vat_numbers, is_iban, is_vat_number
from invoice_engine.lexicon import lexicon

_TO_DIGITS = str.maketrans("OoQDIil|!SsBZzG", "000011111558226")
_TO_LETTERS = str.maketrans("01582|", "OISBZI")
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z0-9]{2}\s?[0-9OoQDIl|SBZG]{2}(?:[ \u00a0]?[A-Za-z0-9|]){10,30})")
_VAT = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(VAT_PATTERNS)})((?:[\s.\-]{{0,2}}[A-Za-z0-9|]){{7,15}})(?![A-Za-z0-9])")
_PART = re.compile(r"(\d+)!([anc])")
# Where the numbers of a country have letters; all else in them are digits.
_LETTERS = {"AT": (0,), "CY": (8,), "ES": (0, 8), "FR": (0, 1), "IE": (1, 7, 8), "NL": (9,)}
_DUTCH = re.compile(r"(\d{9})8(\d{2})")
DIGITS_PER_LETTER = 3  # of the number as read; with fewer it is a word
MENDED_VAT, DOUBTFUL = 0.75, 0.75


def find_mended_ibans(text: str) -> list[Found]:
    """The IBANs in `text`, damaged ones put right. What has no valid checksum is likely misread."""
    exact = find_ibans(text)
    valid = [one for one in exact if is_iban(str(one.value))]
    mended = [one for one in _mended_ibans(text) if not _overlap(one, valid)]
    doubtful = [replace(one, quality=one.quality * DOUBTFUL) for one in exact if one not in valid]
    kept = [one for one in doubtful if not _overlap(one, mended)]
    return sorted([*valid, *mended, *kept], key=lambda one: one.start)


def find_mended_vat_numbers(text: str) -> list[Found]:
    """The VAT numbers with a country prefix in `text`, damaged ones put right."""
    exact = find_vat_numbers(text)
    mended = [one for one in _mended_vat_numbers(text) if not _overlap(one, exact)]
    return sorted([*exact, *mended], key=lambda one: one.start)


def _mended_ibans(text: str) -> list[Found]:
    found = []
    for match in _IBAN.finditer(text):
        compact = "".join(match[1].split())
        country = compact[:2].translate(_TO_LETTERS)
        value = _in_format(compact, country)
        if value is not None and is_iban(value):
            found.append(Found(value, match.start(1), match.start(1) + _length(match[1], len(value))))
    return found


def _in_format(compact: str, country: str) -> str | None:
    """The account number that `compact` begins with, by the format of `country`; None where that is not known."""
    kinds = _format(country)
    if not kinds or len(compact) < len(kinds):
        return None
    tables = {"n": _TO_DIGITS, "a": _TO_LETTERS, "c": {}}
    return "".join(character.translate(tables[kind]) for character, kind in zip(compact, kinds, strict=False)).upper()


@lru_cache(maxsize=100)
def _format(country: str) -> str:
    """What stands at each place of an IBAN: a letter (a), a digit (n) or either (c)."""
    from stdnum import numdb

    _, properties = numdb.get("iban").info(country)[0]
    kinds = "aann" + "".join(kind * int(length) for length, kind in _PART.findall(properties.get("bban", "")))
    return kinds if len(kinds) == lexicon().iban_lengths.get(country) else ""


def _mended_vat_numbers(text: str) -> list[Found]:
    found = []
    for match in _VAT.finditer(text):
        country, printed = match[1], match[2]
        # What follows behind a space may be the next word.
        for end in (len(printed), *(space.start() for space in reversed(list(re.finditer(r"\s", printed))))):
            body = _vat_body(country, re.sub(r"[\s.\-]", "", printed[:end]))
            if body is not None:
                quality = 1.0 if is_vat_number(country + body) else MENDED_VAT
                found.append(Found(country + body, match.start(), match.start(2) + end, quality))
                break
    return found


def _vat_body(country: str, compact: str) -> str | None:
    """`compact` in the form that the VAT numbers of a country have, if few letters in it are digits then."""
    letters = _LETTERS.get(country, ())
    wrong = sum(not one.isdigit() for place, one in enumerate(compact) if place not in letters)
    if sum(map(str.isdigit, compact)) < DIGITS_PER_LETTER * wrong:
        return None
    body = "".join(one if place in letters else one.translate(_TO_DIGITS) for place, one in enumerate(compact))
    if country == "NL":
        body = _DUTCH.sub(r"\1B\2", body)
    return body if re.fullmatch(VAT_PATTERNS[country], body) else None


def _length(text: str, characters: int) -> int:
    """Over how many characters of `text` its first `characters` reach that are no spaces."""
    seen = 0
    for index, character in enumerate(text):
        seen += not character.isspace()
        if seen == characters:
            return index + 1
    return len(text)


def _overlap(one: Found, others: list[Found]) -> bool:
    return any(one.start < other.end and other.start < one.end for other in others)
