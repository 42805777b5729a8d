"""A benchmark with a figure to hold ends with status 1 when it is missed, and all figures stand in one table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import calibration, extraction, figures, layout_groups, line_items, throughput
from benchmarks.bounds import COLLECT, Figure, conclude, share
from benchmarks.figures import Benchmark, Result
from benchmarks.small_invoices import ubl_invoice
from tests.unit.cli.labelled import LINES, a_row, an_invoice, write

Run = Callable[..., int]

MISSED = Figure("parcels lost", 3, 2)
HELD = share("letters found", 0.954, 0.95)


@pytest.fixture(autouse=True)
def collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COLLECT, raising=False)


def test_a_figure_holds_on_the_right_side_of_its_bound() -> None:
    assert [Figure("x", reached, 2.0).holds for reached in (1.9, 2.0, 2.1)] == [True, True, False]
    assert [Figure("x", reached, 2.0, at_least=True).holds for reached in (1.9, 2.0, 2.1)] == [False, True, True]
    assert not Figure("x", float("nan"), 2.0).holds
    assert not share("x", None, 0.0).holds


def test_one_that_is_missed_or_none_at_all_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert conclude([HELD]) == 0
    assert conclude([HELD, MISSED]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "letters found        95.4 %, at least 95 %: held",
        "parcels lost              3, at most 2: MISSED",
    ]
    assert conclude([]) == 1


# --- each benchmark  ----------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(main: Callable[[], int], *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
        return main()

    return run


@pytest.fixture(params=["right", "wrong"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, int]:
    """A labelled folder, and the status that follows: by wrong labels, what was asked for is missed."""
    is_right = request.param == "right"
    changes = {} if is_right else {"total": "1.00", "date": "2001-01-01", "supplier": "Nobody"}
    lines = LINES if is_right else [{"description": "Nothing", "amount": "1.00"}]
    rows = [a_row(f"digital/{name}.pdf", group=name, **changes) | {"lines": lines} for name in ("one", "two")]
    (tmp_path / "corpus" / "digital").mkdir(parents=True)
    files = {f"digital/{name}": an_invoice() for name in ("one", "two")}
    return str(write(tmp_path / "corpus", *rows, **files)), 0 if is_right else 1


def test_what_was_asked_of_reading_is_held_to(run: Run, corpus: tuple[str, int], tmp_path: Path) -> None:
    folder, status = corpus
    predictions = str(tmp_path / "PRED.jsonl")
    options = ("--corpus", folder, "--kinds", "digital")
    assert run(extraction.main, *options, "--out", predictions) == status
    assert run(layout_groups.main, *options, "--predictions", predictions) == status
    assert run(line_items.main, *options) == status


def test_a_calibration_error_is_held_to(run: Run, corpus: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = corpus
    monkeypatch.setattr(calibration, "KINDS", ("digital",))
    for bound, status in ((1.0, 0), (-1.0, 1)):
        monkeypatch.setattr(calibration, "LARGEST_ERROR", bound)
        assert run(calibration.main, "--corpus", folder) == status


@pytest.mark.parametrize(("name", "bound"), [("MOST_WORK", 0.0), ("MOST_MEMORY", 0.0)])
def test_few_documents_are_held_to_it_as_well(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, bound: float
) -> None:
    monkeypatch.setattr(throughput, name, bound)
    assert run(throughput.main, "--count", "2") == 1


def test_a_lost_document_is_status_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "ubl_invoice", lambda number: ubl_invoice(number) if number else b"no invoice")
    for name in ("MOST_WORK", "MOST_MEMORY"):
        monkeypatch.setattr(throughput, name, 1e6)
    assert run(throughput.main, "--count", "2") == 1


# --- the table  ----------------------------------------


def test_the_table_has_a_row_for_each_figure_and_for_what_was_not_measured() -> None:
    done = Benchmark.of("post --letters 5")
    rows = [
        row
        for result in (Result(done, 1, [HELD, MISSED]), Result(Benchmark.of("ocr --corpus DIR"), None, []))
        for row in result.rows()
    ]
    assert rows == [
        "| letters found | at least 95 % | 95.4 % |  | `python -m benchmarks.post --letters 5` |",
        "| parcels lost | at most 2 | 3 | **missed** | `python -m benchmarks.post --letters 5` |",
        "| not measured | | | | `python -m benchmarks.ocr --corpus DIR` |",
    ]
    assert not Result(done, 1, [HELD, MISSED]).holds
    assert not Result(done, 0, []).holds
    assert next(Result(done, 3, []).rows()).startswith("| **ended with status 3, without a figure** |")


def test_figures_are_collected_and_one_that_is_missed_is_status_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A stand-in for the processes: each adds its figures to the file that the environment names."""

    def play(command: list[str], env: dict[str, str], check: bool) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv(COLLECT, env[COLLECT])
        return subprocess.CompletedProcess(command, conclude([MISSED if "polling" in command[2] else HELD]))

    out = tmp_path / "figures.md"
    monkeypatch.setattr(figures.subprocess, "run", play)
    assert run(figures.main, "--out", str(out)) == 1
    page = out.read_text()
    measured = [benchmark for benchmark in figures.BOUNDED if not benchmark.lacks({})]
    assert page.count("letters found") == len(measured) - 1
    assert page.count("parcels lost | at most 2 | 3 | **missed**") == 1
    assert page.count("not measured") == len([one for one in figures.BOUNDED if {"BUILD", "DIR"} & set(one.words)])


def test_every_benchmark_that_concludes_is_in_the_table() -> None:
    files = [path for path in Path("benchmarks").rglob("*.py") if "conclude(" in path.read_text()]
    bounded = {path.parent.name if path.stem == "__main__" else path.stem for path in files}
    assert {benchmark.words[0] for benchmark in figures.BOUNDED} == bounded - {"bounds"}


def test_the_page_of_the_docs_has_the_rows_of_the_present_benchmarks() -> None:
    page = Path("docs/figures.md").read_text()
    for benchmark in figures.BOUNDED:
        assert f"`{benchmark.line}`" in page
