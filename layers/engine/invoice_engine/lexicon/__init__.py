"""The words of invoices, one data file per language; `common.json` holds what no language owns.

A new language is a new file beside the others, in the same form:

    labels    field name -> {"strong": phrases that name the field, "weak": phrases that may also mean something else};
              either may be left out
              `name` is a party's name within its block, `column` heads a column of the table of items;
              `other`, `other_date` and `other_amount` mark labels whose values belong to no field
    columns   what a column of the table of items holds -> its headings: position, code, description, quantity, unit,
              unit_price, discount, tax_rate, tax, net, gross, amount (net or gross), and other for those not read
    titles    document type -> headings
    months    twelve lists of names and abbreviations
    receipt   the words of till receipts; may be left out:
              "amounts": what the words of a row say of its amount -> words: total, payable, part (of the total),
              exclusive and inclusive (of tax), tax, rounding, tender (money given), change, count (of items), other
              "words": till (what only tills print), heading (begins lines that are no name), address and business
              (words in addresses and in names), sentence (words of notices, not of names), date and other_date (label
              dates), legal_form (in common.json)
    terms     the words of payment terms; `payment` and `other` are beginnings of words:
              days, weeks (behind a number), net ("Net 30"), end_of_month, at_once (due on the day of issue),
              payment (a sentence with one speaks of paying), other (a sentence with one speaks of another period)

`common.json` also has what belongs to countries and to no language:

    countries           ISO 3166 code -> names of the country in all languages
    registers           ISO 3166 code -> labels of numbers that only this country gives
    titles_of_persons   words before the name of a person, whom an invoice goes to
    number_words        headings that are nothing but a word for "number"
    compound_titles     what headings of one long word end in ("Honorarrechnung")

Phrases are compared without case, accents, spaces and punctuation ("Rechnungs-Nr." is found by "rechnungsnr").
"""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

STROKED = str.maketrans("łøđı", "lodi")  # letters with a stroke have no accent to take off
MEANINGFUL_SIGNS = "%#"  # "VAT %" heads a column of rates, "VAT" one of amounts
MAX_CHARACTERS = 4_000  # different ones that are remembered
WEIGHTS = {"strong": 1.0, "weak": 0.55}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label stands for, and how surely."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All languages together, keyed by squeezed phrases."""

    labels: dict[str, Meaning] = field(default_factory=dict)
    label_prefixes: set[str] = field(default_factory=set)
    columns: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    title_prefixes: set[str] = field(default_factory=set)
    months: dict[str, int] = field(default_factory=dict)
    receipt_amounts: dict[str, str] = field(default_factory=dict)
    receipt_words: dict[str, dict[str, str]] = field(default_factory=dict)  # kind of word -> phrase -> kind of word
    terms: dict[str, set[str]] = field(default_factory=dict)
    salutations: frozenset[str] = frozenset()
    legal_forms: tuple[str, ...] = ()
    symbols: dict[str, str] = field(default_factory=dict)
    currency_names: dict[str, str] = field(default_factory=dict)
    currency_codes: frozenset[str] = frozenset()
    country_currency: dict[str, str] = field(default_factory=dict)
    iban_lengths: dict[str, int] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)
    registers: dict[str, str] = field(default_factory=dict)
    titles_of_persons: frozenset[str] = frozenset()
    number_words: frozenset[str] = frozenset()
    compound_titles: tuple[str, ...] = ()


def match_key(text: str) -> str:
    """`text` without case, accents, spaces and punctuation, except for the signs that change what a label means."""
    return text.translate(_SQUEEZED)


def fold(text: str) -> str:
    """`text` without case and accents, letter for letter, so that places in it are places in `text`."""
    return text.translate(_FOLDED)


class _Forms(dict[int, str | None]):
    """For `str.translate`: what becomes of each character, None when nothing does. Filled as characters are met."""

    def __init__(self, form: Callable[[str], str | None]) -> None:
        self._form = form

    def __missing__(self, code: int) -> str | None:
        form = self._form(chr(code))
        if len(self) < MAX_CHARACTERS:
            self[code] = form
        return form


@lru_cache(maxsize=MAX_CHARACTERS)
def match_key_of_character(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).casefold().translate(STROKED)
    return "".join(part for part in parts if part.isalnum() or part in MEANINGFUL_SIGNS)


_SQUEEZED = _Forms(lambda character: match_key_of_character(character) or None)
_FOLDED = _Forms(lambda character: (match_key_of_character(character) or character)[0])


@cache
def lexicon() -> Lexicon:
    """The lexicon of every language there is a file for, read once."""
    files = sorted(
        (entry for entry in resources.files(__name__).iterdir() if entry.name.endswith(".json")),
        key=lambda entry: entry.name,
    )
    contents = {entry.name: json.loads(entry.read_text(encoding="utf-8")) for entry in files}
    common = contents.pop("common.json")
    result = Lexicon(
        legal_forms=tuple(common["legal_forms"]),
        salutations=frozenset(map(match_key, common["salutations"])),
        symbols=common["symbols"],
        currency_names={match_key(name): code for name, code in common["currency_names"].items()},
        currency_codes=frozenset(common["currency_codes"]),
        country_currency=common["country_currency"],
        iban_lengths=common["iban_lengths"],
        countries={match_key(name): code for code, names in common["countries"].items() for name in (code, *names)},
        registers={match_key(name): code for code, names in common["registers"].items() for name in names},
        compound_titles=tuple(common["compound_titles"]),
        number_words=frozenset(map(match_key, common["number_words"])),
        titles_of_persons=frozenset(map(match_key, common["titles_of_persons"])),
    )
    for language in (common, *contents.values()):
        _add_language(result, language)
    return result


def _add_language(result: Lexicon, language: dict[str, Any]) -> None:
    for name, strengths in language["labels"].items():
        for strength, phrases in strengths.items():
            for phrase in map(match_key, phrases):
                result.labels.setdefault(phrase, Meaning(name, WEIGHTS[strength]))
                result.label_prefixes.update(phrase[:end] for end in range(1, len(phrase) + 1))
    for role, headings in language.get("columns", {}).items():
        result.columns.update(dict.fromkeys(map(match_key, headings), role))
    for kind, headings in language.get("titles", {}).items():
        for phrase in map(match_key, headings):
            result.titles[phrase] = kind
            result.title_prefixes.update(phrase[:end] for end in range(1, len(phrase) + 1))
    for number, names in enumerate(language.get("months", []), start=1):
        result.months.update(dict.fromkeys(map(match_key, names), number))
    receipt = language.get("receipt", {})
    for role, phrases in receipt.get("amounts", {}).items():
        result.receipt_amounts.update(dict.fromkeys(map(match_key, phrases), role))
    for kind, phrases in receipt.get("words", {}).items():
        result.receipt_words.setdefault(kind, {}).update(dict.fromkeys(map(match_key, phrases), kind))
    for role, phrases in language.get("terms", {}).items():
        result.terms.setdefault(role, set()).update(phrases)
