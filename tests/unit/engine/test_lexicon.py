"""The data files of the languages keep what their form promises."""

import json
from collections import defaultdict
from importlib import resources

import pytest

from invoice_engine.lexicon import lexicon, squeeze

FILES = {
    entry.name: json.loads(entry.read_text(encoding="utf-8"))
    for entry in resources.files("invoice_engine.lexicon").iterdir()
    if entry.name.endswith(".json")
}
LANGUAGES = sorted(FILES.keys() - {"common.json"})
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
                    meanings[squeeze(phrase)].add(field)
    assert {phrase: fields for phrase, fields in meanings.items() if len(fields) > 1} == {}


def test_no_phrase_is_empty_once_squeezed() -> None:
    assert "" not in lexicon().labels
    assert "" not in lexicon().titles


def test_phrases_are_compared_without_case_accents_and_punctuation() -> None:
    assert squeeze("Rechnungs-Nr.:") == squeeze("rechnungsnr")
    assert squeeze("Échéance") == "echeance"
    assert squeeze("№ 7") == "no7"


def test_months_of_all_languages_agree() -> None:
    assert lexicon().months["marz"] == lexicon().months["mars"] == lexicon().months["march"] == 3
