"""Why a field has its value: what `explain` says is what was seen and chosen in that very run."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

import invoice_engine
from invoice_engine import extract
from invoice_engine.__main__ import main
from invoice_engine.evidence import Evidence
from invoice_engine.explain import Explanation, explain, names, place
from invoice_engine.model import Box
from tools.stage import PROJECT, SAMPLES

PAGE = (PROJECT / "docs" / "where_a_total_comes_from.md").read_text(encoding="utf-8")
CLASSIC = SAMPLES / "english_gbp_classic.pdf"
PRINTED = sorted(path for path in SAMPLES.glob("*.pdf") if path.stem not in {"empty", "not_really_a_pdf"})


def explained(path: Path, name: str) -> Explanation:
    evidence = Evidence()
    return explain(extract(path.read_bytes(), evidence=evidence), evidence, name)


@pytest.mark.parametrize("path", [*PRINTED, *sorted(SAMPLES.glob("*.xml"))], ids=lambda path: path.stem)
def test_who_asks_why_gets_the_same_invoice(path: Path) -> None:
    asked = extract(path.read_bytes(), evidence=Evidence())
    assert asked.to_json() == extract(path.read_bytes()).to_json()


def test_a_total_is_explained_by_its_sum() -> None:
    total = explained(CLASSIC, "total")
    assert total.chosen is not None
    assert total.chosen.candidate.value == Decimal("2096.40")
    best, *others = total.sums
    assert (best.subtotal, best.tax_total, best.total) == (Decimal("1747.00"), Decimal("349.40"), Decimal("2096.40"))
    assert {"adds up", "a printed rate fits", "the lines make it"} < set(best.reasons)
    assert [one.worth for one in others] == sorted((one.worth for one in others), reverse=True)
    assert best.worth > others[0].worth
    [seen] = total.seen
    assert (seen.label, seen.value, place(seen.label_box, seen.box)) == ("Total due", Decimal("2096.40"), "right")
    assert total.chosen.score is not None
    assert total.chosen.score < total.chosen.probability


def test_a_label_explains_what_stands_beside_it() -> None:
    number = explained(CLASSIC, "invoice_number")
    assert [(one.label, one.value) for one in number.seen] == [("Invoice No", "QMI-26-00412")]
    assert number.sums == ()
    assert number.verdict == "Of all readings it is the most probable."


def test_what_was_not_found_says_so() -> None:
    nothing = explained(CLASSIC, "payment_reference")
    assert (nothing.chosen, nothing.candidates, nothing.seen) == (None, (), ())
    assert nothing.verdict == "Left empty: nothing was found that could be it."


def test_what_is_improbable_is_left_empty_with_its_probability() -> None:
    chosen = explained(CLASSIC, "total")
    empty = chosen._replace(chosen=None, candidates=chosen.candidates[1:])
    assert re.fullmatch(
        r"Left empty: the best reading is right with a probability of 0\.\d\d, and 0\.60 is asked\.", empty.verdict
    )


@pytest.mark.parametrize("name", ["cii_germany.xml", "factur-x_en16931_austria.pdf"])
def test_data_is_stated_and_not_chosen(name: str) -> None:
    total = explained(SAMPLES / name, "total")
    assert total.verdict == "The document states it as data."
    assert total.chosen is not None


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: path.stem)
def test_every_field_is_explained_within_eighty_columns(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(path)]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) < 80
    assert re.findall(r"^([a-z_.]+): ", shown, re.MULTILINE) == names()


def test_json_has_places_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(CLASSIC), "--field", "total", "--json"]) == 0
    [total] = json.loads(capsys.readouterr().out)
    assert (total["field"], total["value"], total["read_as"]) == ("total", "2096.40", "text")
    assert total["seen"][0]["place"] == "right"
    assert len(total["seen"][0]["box"]) == 4
    assert total["sums"][0]["reasons"][-1] == "the lines make it"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["explain", "nowhere.pdf"], 2, "nowhere.pdf: No such file or directory"),
        (["explain", str(SAMPLES / "empty.pdf")], 1, "The document is empty."),
        (["explain", str(SAMPLES / "not_really_a_pdf.pdf")], 1, "neither a PDF, an image nor an XML invoice"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(
    arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == status
    out, err = capsys.readouterr()
    assert (out, said in err, "Traceback" in err) == ("", True, False)


def test_an_unknown_field_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["explain", str(CLASSIC), "--field", "grand_total"])
    assert stopped.value.code == 2
    assert "there is no field grand_total; there are invoice_number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("box", "where"),
    [
        (Box(0.6, 0.1, 0.7, 0.2), "right"),
        (Box(0.1, 0.1, 0.2, 0.2), "left"),
        (Box(0.4, 0.3, 0.5, 0.4), "below"),
        (Box(0.4, 0.0, 0.5, 0.1), "above"),
    ],
)
def test_a_place_is_told_from_the_label(box: Box, where: str) -> None:
    assert place(Box(0.4, 0.1, 0.5, 0.2), box) == where


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    [(command, shown)] = re.findall(r"^\$ python -m invoice_engine ([^\n]*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert main(command.split()) == 0
    assert capsys.readouterr().out == shown


def test_the_page_leads_through_few_files_that_have_what_it_names() -> None:
    engine = Path(invoice_engine.__file__).parent
    places = re.findall(r"`([\w/]+\.py)` `(\w+)`", PAGE)
    for file, name in places:
        assert re.search(rf"^(?:class|def) {name}\b", (engine / file).read_text(encoding="utf-8"), re.MULTILINE), name
    assert 1 < len({file for file, _ in places}) <= 7
