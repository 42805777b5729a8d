"""The data files of the languages keep what their form promises."""

import json
from collections import defaultdict
from importlib import resources

import pytest

from invoice_engine.lexicon import lexicon, match_key

FILES = {
    entry.name: json.loads(entry.read_text(encoding="utf-8"))
    for entry in resources.files("invoice_engine.lexicon").iterdir()
    if entry.name.endswith(".json")
}
LANGUAGES = sorted(FILES.keys() - {"common.json"})
ROLES = {
    "position", "code", "description", "quantity", "unit", "unit_price", "discount", "tax_rate", "tax", "net", "gross",
    "amount", "other",
}  # fmt: skip
NEEDED = {"invoice_number", "issue_date", "due_date", "subtotal", "tax_total", "total", "supplier", "customer"}


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_has_every_needed_label_both_titles_and_twelve_months(name: str) -> None:
    language = FILES[name]
    assert language["labels"].keys() >= NEEDED
    assert all(language["titles"][kind] for kind in ("invoice", "credit_note"))
    assert len(language["months"]) == 12


def test_no_phrase_names_two_fields() -> None:
    meanings = defaultdict(set)
    for language in FILES.values():
        for field, strengths in language["labels"].items():
            for phrases in strengths.values():
                for phrase in phrases:
                    meanings[match_key(phrase)].add(field)
    assert {phrase: fields for phrase, fields in meanings.items() if len(fields) > 1} == {}


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_names_every_column_that_lines_are_made_of(name: str) -> None:
    assert FILES[name]["columns"].keys() >= {"description", "quantity", "unit_price", "tax_rate", "amount"}
    assert FILES[name]["columns"].keys() <= ROLES


def test_no_heading_names_two_columns() -> None:
    meanings = defaultdict(set)
    for language in FILES.values():
        for role, headings in language["columns"].items():
            for heading in headings:
                meanings[match_key(heading)].add(role)
    assert {heading: roles for heading, roles in meanings.items() if len(roles) > 1} == {}


def test_no_phrase_is_empty_once_squeezed() -> None:
    assert "" not in lexicon().labels
    assert "" not in lexicon().columns
    assert "" not in lexicon().titles


def test_phrases_are_compared_without_case_accents_and_punctuation() -> None:
    assert match_key("Rechnungs-Nr.:") == match_key("rechnungsnr")
    assert match_key("Échéance") == "echeance"
    assert match_key("№ 7") == "no7"


def test_months_of_all_languages_agree() -> None:
    assert lexicon().months["marz"] == lexicon().months["mars"] == lexicon().months["march"] == 3


HEADINGS_BY_LANGUAGE = {
    "en": ("Description", "Qty", "Unit price", "Amount"),
    "de": ("Bezeichnung", "Menge", "Einzelpreis", "Gesamt"),
    "fr": ("Désignation", "Quantité", "Prix unitaire HT", "Montant HT"),
    "nl": ("Omschrijving", "Aantal", "Prijs", "Bedrag"),
    "es": ("Descripción", "Cantidad", "Precio", "Importe"),
    "it": ("Descrizione", "Quantità", "Prezzo unitario", "Importo"),
    "pt": ("Descrição", "Quantidade", "Preço unitário", "Valor"),
    "pl": ("Nazwa towaru", "Ilość", "Cena netto", "Wartość netto"),
    "sv": ("Beskrivning", "Antal", "À-pris", "Belopp"),
    "da": ("Beskrivelse", "Antal", "Stk. pris", "Beløb"),
    "cs": ("Popis", "Množství", "Cena za kus", "Celkem"),
}


@pytest.mark.parametrize("language", HEADINGS_BY_LANGUAGE)
def test_headings_are_known_in_every_language(language: str) -> None:
    known = [lexicon().columns.get(match_key(text)) for text in HEADINGS_BY_LANGUAGE[language]]
    assert known[:3] == ["description", "quantity", "unit_price"]
    assert known[3] in {"amount", "net"}
