"""Labels that OCR has damaged are found where a label may stand; whole ones are found exactly, and win."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.labels import Label, Labels
from invoice_engine.layout.document import Document
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.lexicon.alike import column_like, label_like, shape
from tests.unit.engine import documents
from tests.unit.engine.documents import Text

LONG = sorted(phrase for phrase in lexicon().labels if len(phrase) >= 5 and phrase.isascii())


def labels_of(*texts: Text, by_ocr: bool = True) -> list[Label]:
    document = Document.of([documents.page(texts, by_ocr=by_ocr)])
    labels = Labels(document)
    return [label for cell in document.cells for label in labels.within(cell)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rechnungsnurnmer: KL-17", "invoice_number"),
        ("lnvoice nurnber KL-17", "invoice_number"),
        ("Tota1 119,00", "total"),
        ("Zahibetrag EUR 119,00", "amount_due"),
        ("Factuurnurnmer: 2026-4", "invoice_number"),
        ("Fakturadafum: 02.03.2026", "issue_date"),
        ("Vencirniento: 02/04/2026", "due_date"),
        ("Date d'echeonce: 02/04/2026", "due_date"),
    ],
)
def test_damaged_labels_are_found_on_scanned_pages_only(text: str, name: str) -> None:
    assert [label.name for label in labels_of((60, 100, text))][:1] == [name]
    assert name not in [label.name for label in labels_of((60, 100, text), by_ocr=False)]


def test_the_value_may_stand_to_the_right_or_below() -> None:
    damaged = "Rechnungsnurnmer"
    right = labels_of((60, 100, damaged), (300, 100, "KL-17"))
    below = labels_of((60, 100, damaged), (60, 112, "KL-17"))
    assert [label.name for label in right] == [label.name for label in below] == ["invoice_number"]
    assert labels_of((60, 100, damaged), (60, 112, "folgt")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Nebelhorn 17",
        "Kranich & Partner 4",
        "Bitte beachten Sie die neue Rechnungsnurnmer 4711",
        "Datun: 4",
        "Menqe 12",
    ],
)
def test_other_words_before_numbers_are_no_labels(text: str) -> None:
    assert labels_of((60, 100, text)) == []


def test_a_damaged_label_weighs_less_than_a_whole_one() -> None:
    (whole,) = labels_of((60, 100, "Rechnungsnummer: KL-17"))
    (damaged,) = labels_of((60, 100, "Rechnungsnurnmer: KL-17"))
    (worse,) = labels_of((60, 100, "Rechnungsnunmar: KL-17"))
    assert whole.weight > damaged.weight > worse.weight


def test_a_whole_label_is_part_of_a_longer_damaged_one_that_means_the_same() -> None:
    short = labels_of((60, 100, "Fecha: 02/03/2026"))[0]
    long = labels_of((60, 100, "Fecha de ernislon: 02/03/2026"))[0]
    assert short.name == long.name == "issue_date"
    assert long.cell.text[long.start : long.end] == "Fecha de ernislon"
    assert long.weight > short.weight


@given(st.sampled_from(LONG))
def test_a_guess_never_beats_an_exact_label(phrase: str) -> None:
    text = (60.0, 100.0, f"{phrase}: 4711")
    exact = labels_of(text, by_ocr=False)
    assert labels_of(text) == exact or not exact


@given(st.sampled_from(LONG))
def test_a_whole_phrase_is_like_itself(phrase: str) -> None:
    found = label_like(phrase)
    # Phrases that are drawn alike and mean different things are found exactly or not at all.
    assert found is None or lexicon().labels[found[0]].name == lexicon().labels[phrase].name


@given(st.text(max_size=60))
def test_any_text_can_be_compared(text: str) -> None:
    found = label_like(text)
    assert found is None or 0.8 <= found[1] <= 1
    assert column_like(text) is None or len(match_key(text)) >= 5 or len(shape(text)) >= 5


def test_headings_of_columns_may_be_damaged() -> None:
    assert column_like("Besehreibung") == "description"
    assert column_like("Quantlty") == "quantity"
    assert column_like("Menqe") is None
    assert column_like("Nebelhorn") is None
