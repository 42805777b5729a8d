"""make check-mutants fails where a test is missing, and where an excuse is not needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.check_mutants import KILLED, SURVIVED, Result, complaints
from tools.mutants import mutants

MODULE = "def is_enough(paid, asked):\n    return paid >= asked\n"
WEAK = "from payable import is_enough\n\n\ndef test_more():\n    assert is_enough(2, 1)\n"
STRONG = f"{WEAK}\n\ndef test_exactly():\n    assert is_enough(1, 1)\n"
RUN = """
import sys
sys.path[:0] = [".", {root!r}]
from pathlib import Path
from tools.check_mutants import examine
for result in examine(["payable.py"], ["test_payable.py"], 1, Path("state/known.json")):
    print(result.killed, result.mutant.change)
"""
ROOT = Path(__file__).parents[3]


def _outcomes(folder: Path, tests: str) -> dict[str, bool]:
    folder.joinpath("payable.py").write_text(MODULE)
    folder.joinpath("test_payable.py").write_text(tests)
    run = subprocess.run(
        [sys.executable, "-c", RUN.format(root=str(ROOT))], cwd=folder, capture_output=True, text=True, check=True
    )
    lines = [line.split(" ", 1) for line in run.stdout.splitlines() if line.startswith(("True", "False"))]
    return {change: killed == "True" for killed, change in lines}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
@pytest.mark.parametrize(("tests", "at_the_limit"), [(WEAK, False), (STRONG, True)])
def test_a_bug_that_no_test_notices_survives(tmp_path: Path, tests: str, at_the_limit: bool) -> None:
    assert _outcomes(tmp_path, tests) == {"return None": True, "comparison 0 Gt": at_the_limit}


def _results(killed: bool) -> list[Result]:
    return [Result("payable.py", mutant, KILLED if killed else SURVIVED) for mutant in mutants(MODULE)]


def test_a_survivor_without_an_excuse_is_complained_of() -> None:
    survivors = _results(killed=False)
    assert complaints(survivors, {}, least=0.0) == sorted(f"survives: {result.key}" for result in survivors)
    assert complaints(survivors, {result.key: "equivalent" for result in survivors}, least=0.0) == []


def test_an_excuse_that_excuses_nothing_is_complained_of() -> None:
    killed = _results(killed=True)
    assert complaints(killed, {killed[0].key: "equivalent"}) == [f"excuses nothing: {killed[0].key}"]
    assert complaints(killed, {"gone.py |  | x = 1 | 1 is 2": "equivalent"}) == [
        "excuses nothing: gone.py |  | x = 1 | 1 is 2"
    ]


def test_excuses_do_not_raise_the_score() -> None:
    survivors = _results(killed=False)
    assert complaints(survivors, {result.key: "equivalent" for result in survivors}) == ["the score is 0.0%, not 95%"]


def _changes(source: str) -> list[str]:
    return [mutant.change for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "change", "mutated"),
    [
        ("x = a < b", "comparison 0 LtE", "x = a <= b"),
        ("x = a and b", "or", "x = a or b"),
        ("x = a + 1", "Sub", "x = a - 1"),
        ("x = a + 1", "1 is 0", "x = a + 0"),
        ("x = not a", "without not", "x = not not a"),
        ("x = f(a, key=b)", "without key=", "x = f(a)"),
        ("for a in b:\n    continue", "break", "for a in b:\n    break"),
        ("try:\n    f()\nexcept E:\n    g()", "handler raises", "try:\n    f()\nexcept E:\n    raise"),
        ("f()", "removed", "pass"),
        ("x = {A, B}", "without A", "x = {B}"),
    ],
)
def test_what_becomes_of_a_line(source: str, change: str, mutated: str) -> None:
    assert mutated in [mutant.source for mutant in mutants(source) if mutant.change == change]


def test_words_about_the_code_are_not_changed() -> None:
    assert _changes('"""Text."""\n\n\ndef f(a: "int") -> "str":\n    """Text."""\n') == []
