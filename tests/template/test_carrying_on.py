"""What people who carry on expect is there, is read by those it is for, and agrees with the project."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.stage import PROJECT
from tools.upgrade import LOCKS

GITHUB = PROJECT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
PYTHONS = (PROJECT / "python-versions.txt").read_text(encoding="utf-8").split()
CONTRIBUTING = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# --- workflow --------------------------------------------------------------------------------------------------------


@pytest.fixture
def workflow() -> Any:
    return _yaml(GITHUB / "workflows" / "ci.yml")


def test_the_workflow_calls_what_must_hold_and_tries_every_python(workflow):
    everything, newest = workflow["jobs"]["everything"], workflow["jobs"]["newest-python"]
    assert _commands(everything) == [".ci/run"]
    assert _commands(newest) == [f"make check-python PYTHON=python{PYTHONS[-1]}"]
    assert sorted(_pythons(everything) + _pythons(newest)) == PYTHONS
    # What .ci/run asks for by its name must be there.
    assert PYTHONS[0] in _pythons(everything)
    wanted = re.search(r'for version in "\$oldest" (.*); do', (PROJECT / ".ci" / "run").read_text(encoding="utf-8"))
    assert wanted
    assert set(wanted[1].split()) <= set(_pythons(everything))


def _commands(job: Any) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def _pythons(job: Any) -> list[str]:
    return " ".join(str(step.get("with", {}).get("python-version", "")) for step in job["steps"]).split()


def test_the_workflow_may_only_read_and_runs_pinned_actions_for_a_bounded_time(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert 0 < job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"])
    text = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)) == text.count("uses:")


# --- dependabot ------------------------------------------------------------------------------------------------------


def test_dependabot_looks_at_every_lock_file_and_at_the_actions():
    updates = {update["package-ecosystem"]: update for update in _yaml(GITHUB / "dependabot.yml")["updates"]}
    assert set(updates) == {"uv", "github-actions"}
    folders = {f"/{name.rpartition('/')[0]}" for name in LOCKS}
    assert folders == set(updates["uv"]["directories"])
    assert updates["github-actions"]["directory"] == "/"
    for update in updates.values():
        assert update["schedule"]["interval"] == "weekly"
        assert all(group["patterns"] == ["*"] for group in update["groups"].values())


# --- issues and pull requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_of_issues_is_one_that_github_takes(path):
    form = _yaml(path)
    assert {"name", "description", "labels", "body"} == set(form)
    fields = [part for part in form["body"] if part["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) > 1
    assert any(field.get("validations", {}).get("required") for field in fields)
    for part in form["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"].get("value" if part["type"] == "markdown" else "label")
        if part["type"] in {"dropdown", "checkboxes"}:
            assert part["attributes"]["options"]


def test_the_forms_are_for_bugs_wishes_and_providers():
    assert [path.stem for path in FORMS] == ["bug", "feature", "provider"]


def test_a_pull_request_is_asked_for_a_test_and_for_docs():
    text = (GITHUB / "pull_request_template.md").read_text(encoding="utf-8")
    assert text.count("- [ ] ") >= 4
    assert _targets(text) == {"lint", "test"}


@pytest.mark.parametrize("page", ["pull_request_template.md", "ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/provider.yml"])
def test_files_that_are_named_are_there(page):
    for name in re.findall(r"[\w/]+\.md", (GITHUB / page).read_text(encoding="utf-8")):
        assert (PROJECT / name).is_file(), name


# --- hooks -----------------------------------------------------------------------------------------------------------


def _hooks() -> dict[str, Any]:
    [repository] = _yaml(PROJECT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "what is fetched is not what the checks run"
    return {hook["id"]: hook for hook in repository["hooks"]}


def _run_hook(name: str, file: Path) -> int:
    program, *options = shlex.split(_hooks()[name]["entry"])
    assert program.startswith(".venv/bin/")
    # The environment may stand elsewhere: there are several to test with.
    command = [str(Path(sys.executable).parent / Path(program).name), *options]
    settings = ["--config", str(PROJECT / "pyproject.toml"), "--no-cache"]
    return subprocess.run([*command, *settings, str(file)], capture_output=True, check=False).returncode


def test_the_hook_for_style_notices_a_name_that_is_not_used(tmp_path):
    file = tmp_path / "some.py"
    for text, status in (('"""Fine."""\n', 0), ('"""Not fine."""\n\nimport os\n', 1)):
        file.write_text(text, encoding="utf-8")
        assert _run_hook("ruff-check", file) == status


def test_the_hook_for_layout_mends_it(tmp_path):
    file = tmp_path / "some.py"
    file.write_text("NAME   =  'x'\n", encoding="utf-8")
    assert _run_hook("ruff-format", file) == 0
    assert file.read_text(encoding="utf-8") == 'NAME = "x"\n'


def test_the_hook_for_types_is_what_make_lint_runs():
    assert _hooks()["mypy"]["entry"].removeprefix(".venv/bin/") in (PROJECT / "Makefile").read_text(encoding="utf-8")


def test_the_hook_for_locks_looks_at_all_that_they_are_made_of():
    hook = _hooks()["locks"]
    *_, test = shlex.split(hook["entry"])
    assert (PROJECT / test).is_file()
    made_of = [f"{name}.{kind}" for name in LOCKS for kind in ("in", "txt")]
    made_of += ["requirements/cli.in", "requirements/overrides.txt", "python-versions.txt"]
    assert [name for name in made_of if not re.search(hook["files"], name)] == []
    assert not re.search(hook["files"], "layers/capture/invoice_capture/settings.py")


# --- CONTRIBUTING, SECURITY, CHANGELOG -------------------------------------------------------------------------------


def _targets(page: str) -> set[str]:
    return set(re.findall(r"(?:`|^\$ )make ([a-z][a-z-]*)", page, re.MULTILINE))


def test_the_targets_that_are_named_are_there():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = _targets(CONTRIBUTING)
    assert {"demo", "test", "lint", "check-python", "upgrade", "audit", "release"} <= named <= targets


@pytest.mark.parametrize("command", re.findall(r"^\$ \.venv/bin/python (.*)$", CONTRIBUTING, re.MULTILINE))
def test_one_test_is_run_as_the_page_says(command):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *shlex.split(command), "-n0"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE)


def test_folders_of_tests_are_all_explained():
    explained = set(re.findall(r"`tests/(\w+)`", CONTRIBUTING))
    there = {path.name for path in (PROJECT / "tests").iterdir() if path.is_dir() and list(path.rglob("test_*.py"))}
    assert there <= explained <= there | {"browser", "fakes", "releases"}


def test_what_is_promised_is_tested_where_it_says():
    promises = re.findall(
        r"^\| .* \| (`tests/.*) \|$", (PROJECT / "SECURITY.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    tests = [name for promise in promises for name in re.findall(r"`([^`]+)`", promise)]
    assert len(tests) >= len(promises) >= 8
    assert [name for name in tests if not (PROJECT / name).is_file()] == []


def test_the_changelog_has_what_a_release_needs():
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    dated = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in headings[1:-1]]
    assert all(dated)
    assert headings[-1] == "0.1.0"
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
