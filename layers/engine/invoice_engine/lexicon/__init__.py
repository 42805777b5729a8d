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

Phrases are compared without case, accents, spaces and punctuation ("Rechnungs-Nr." is found by "rechnungsnr").
"""

import json
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

STROKED = str.maketrans("łøđı", "lodi")  # letters with a stroke have no accent to take off
MEANINGFUL_SIGNS = "%#"  # "VAT %" heads a column of rates, "VAT" one of amounts
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
    legal_forms: tuple[str, ...] = ()
    symbols: dict[str, str] = field(default_factory=dict)
    currency_names: dict[str, str] = field(default_factory=dict)
    currency_codes: frozenset[str] = frozenset()
    country_currency: dict[str, str] = field(default_factory=dict)
    iban_lengths: dict[str, int] = field(default_factory=dict)


def squeeze(text: str) -> str:
    """`text` without case, accents, spaces and punctuation, except for the signs that change what a label means."""
    return "".join(map(squeeze_character, text))


@lru_cache(maxsize=4_000)
def squeeze_character(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character).casefold().translate(STROKED)
    return "".join(part for part in parts if part.isalnum() or part in MEANINGFUL_SIGNS)


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
        symbols=common["symbols"],
        currency_names={squeeze(name): code for name, code in common["currency_names"].items()},
        currency_codes=frozenset(common["currency_codes"]),
        country_currency=common["country_currency"],
        iban_lengths=common["iban_lengths"],
    )
    for language in (common, *contents.values()):
        _add_language(result, language)
    return result


def _add_language(result: Lexicon, language: dict[str, Any]) -> None:
    for name, strengths in language["labels"].items():
        for strength, phrases in strengths.items():
            for phrase in map(squeeze, phrases):
                result.labels.setdefault(phrase, Meaning(name, WEIGHTS[strength]))
                result.label_prefixes.update(phrase[:end] for end in range(1, len(phrase) + 1))
    for role, headings in language.get("columns", {}).items():
        result.columns.update(dict.fromkeys(map(squeeze, headings), role))
    for kind, headings in language.get("titles", {}).items():
        for phrase in map(squeeze, headings):
            result.titles[phrase] = kind
            result.title_prefixes.update(phrase[:end] for end in range(1, len(phrase) + 1))
    for number, names in enumerate(language.get("months", []), start=1):
        result.months.update(dict.fromkeys(map(squeeze, names), number))
