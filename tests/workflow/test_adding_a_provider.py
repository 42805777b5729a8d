"""docs/adding_a_provider.md, followed step by step in a copy of the project: the provider it adds works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.workflow.following import STEP, changed, copy_with, run

PAGE = Path("docs/adding_a_provider.md")
SAMPLES = json.loads(Path("samples/expected.json").read_text(encoding="utf-8"))
SUITES = (
    "tests/contract/test_toybox.py",
    "tests/template/test_imports.py::test_imports_point_inward",
    "tests/template/test_imports.py::test_nothing_is_read_at_import",
    "tests/unit/providers/test_provider_matrix.py::test_capabilities_are_those_of_the_providers",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project in which the page was followed."""
    return copy_with(PAGE, tmp_path_factory.mktemp("project"))


def test_every_block_of_code_is_a_step() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert len(re.findall(r"^```(?:py|diff)", page, re.MULTILINE)) == len(STEP.findall(page)) == 9


def test_the_provider_keeps_to_the_contract_and_to_the_rules_of_the_project(project: Path) -> None:
    done = run(project, "-m", "pytest", "-n0", "-vv", *SUITES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TestToybox::test_an_empty_account_is_told PASSED" in done.stdout


def test_the_provider_captures_a_sample_from_end_to_end(project: Path) -> None:
    [command] = re.findall(r"^\$ \.venv/bin/python (-m local_stack process .*)$", PAGE.read_text(), re.MULTILINE)
    words = shlex.split(command)
    done = run(project, *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["status"], outcome["provider"]) == ("CAPTURED", "toybox")
    [expected] = [known["invoice"] for name, known in SAMPLES.items() if any(word.endswith(name) for word in words)]
    for field in ("invoice_number", "issue_date", "currency", "subtotal", "tax_total", "total"):
        assert outcome["invoice"][field]["value"] == expected[field]
        assert outcome["invoice"][field]["source"] == "toybox"


def test_what_the_page_adds_is_in_the_style_of_the_project(project: Path) -> None:
    added = [str(project / name) for step, name, _, _ in STEP.findall(PAGE.read_text()) if step == "file"]
    for check in (("check",), ("format", "--check")):
        done = run(project, "-m", "ruff", *check, "--no-cache", *added)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_change_that_fits_nowhere_is_noticed() -> None:
    assert changed("a\nb\n", " a\n+c\n") == "a\nc\nb\n"
    assert changed("a\nb\n", "-a\n+c\n@@\n-b\n") == "c\n"
    for misfit in (" z\n+c\n", " a\n+c\n"):
        with pytest.raises(AssertionError, match="not to be found once"):
            changed("a\na\n", misfit)
