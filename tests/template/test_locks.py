"""Whoever installs this gets what it was tested with, on every Python that `python-versions.txt` names."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.stage import PROJECT
from tools.upgrade import LOCKS

PYTHONS = (PROJECT / "python-versions.txt").read_text(encoding="utf-8").split()
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def _locked(name: str) -> dict[str, Requirement]:
    text = (PROJECT / f"{name}.txt").read_text(encoding="utf-8")
    lines = [re.sub(r"\s*\\$", "", line) for line in text.splitlines() if re.match(r"[\w.-]+==", line)]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def _wanted(path: Path) -> list[Requirement]:
    wanted = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text.startswith("-r "):
            wanted += _wanted(path.parent / text.removeprefix("-r "))
        elif text:
            wanted.append(Requirement(text))
    return wanted


def test_the_versions_of_python_are_the_same_everywhere(sam):
    assert sorted(PYTHONS, key=lambda version: int(version.split(".")[1])) == PYTHONS
    assert PYPROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"
    classifiers = {line.rpartition(" :: ")[2] for line in PYPROJECT["project"]["classifiers"] if "Python :: 3." in line}
    assert classifiers == set(PYTHONS)
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{PYTHONS[0].replace('.', '')}"
    assert sam["Globals"]["Function"]["Runtime"].removeprefix("python") in PYTHONS
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_every_lock_file_is_made_by_make_upgrade():
    # Overrides are what the locks are made with.
    found = {*PROJECT.glob("requirements/*.txt"), *PROJECT.glob("layers/*/requirements.txt")}
    found.discard(PROJECT / "requirements" / "overrides.txt")
    assert found == {PROJECT / f"{name}.txt" for name in LOCKS}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_its_hashes_and_no_address(name):
    text = (PROJECT / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    packages = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert len(packages) >= len(_locked(name)) > 1
    assert [package.split("==")[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_what_is_asked_for(name):
    locked = _locked(name)
    overridden = _wanted(PROJECT / "requirements" / "overrides.txt")
    assert overridden
    for wanted in _wanted(PROJECT / f"{name}.in"):
        [pinned] = locked[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(pinned.version), str(wanted)
    for pinned in overridden:
        if pinned.name in locked and any("overrides" in option for option in LOCKS[name]):
            assert locked[pinned.name].specifier == pinned.specifier


@pytest.mark.parametrize("name", ["layers/capture/requirements", "layers/engine/requirements"])
def test_a_layer_is_locked_with_all_that_its_packages_need(name):
    locked = _locked(name)
    for package in locked:
        for text in importlib.metadata.requires(package) or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in locked, f"{package} needs {needed}"


def test_one_version_of_a_package_serves_the_functions_and_everything_beside_them():
    demo = _locked("requirements/demo")
    for name in ("requirements/development", "layers/capture/requirements", "layers/engine/requirements"):
        for package, requirement in _locked(name).items():
            if package in demo:
                assert requirement.specifier == demo[package].specifier


def test_no_tool_is_installed_beside_the_product():
    """Each of these would hold one of our libraries back, or is too large for a demo."""
    assert {"aws-sam-cli", "schemathesis", "pip-audit", "uv"}.isdisjoint(_locked("requirements/development"))
    assert {"mypy", "ruff", "pytest", "hypothesis", "sympy", "cfn-lint"}.isdisjoint(_locked("requirements/demo"))


def test_what_is_installed_here_is_what_is_locked():
    for name in ("requirements/demo", "requirements/development"):
        for package, requirement in _locked(name).items():
            if requirement.marker is None or requirement.marker.evaluate():
                [pinned] = requirement.specifier
                assert importlib.metadata.version(package) == pinned.version, package


def test_a_python_is_found_by_its_version():
    find = [str(PROJECT / "tools" / "find_python.sh")]
    found = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
    asked = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() in PYTHONS
    assert subprocess.run([*find, "3.1"], capture_output=True, check=False).returncode == 1
