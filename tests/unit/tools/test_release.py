"""`make release`, in a repository of its own: it tags what was checked, or leaves everything as it was."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from tools.release import CHANGELOG, VERSIONS, Refused, release

TODAY = date(2026, 3, 1)
UNRELEASED = """\
# Changelog

## [Unreleased]

### Added

- Credit notes are shown as such.

## [0.1.0] - 2026-01-01

- The first one.
"""
HOLDS = (sys.executable, "-c", "")
FAILS = (sys.executable, "-c", "raise SystemExit(3)")


def git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in VERSIONS:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text('"""Where it stands."""\n\n__version__ = "0.1.0"\nMORE = 1\n', encoding="utf-8")
    (tmp_path / CHANGELOG).write_text(UNRELEASED, encoding="utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "Ada Example")
    git(tmp_path, "config", "user.email", "ada@example.org")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def refused(project: Path, version: str = "0.2.0", checks: Sequence[str] = HOLDS) -> str:
    """Why there is no release, after making sure that nothing was changed."""
    before = state(project)
    with pytest.raises(Refused) as told:
        release(project, version, checks, TODAY)
    assert state(project) == before
    return str(told.value)


def state(project: Path) -> tuple[str, ...]:
    files = (*VERSIONS, CHANGELOG)
    parts = ("rev-parse HEAD", "tag --list", "status --porcelain")
    return (*(git(project, *part.split()) for part in parts), *((project / name).read_text() for name in files))


def test_a_release_is_checked_committed_and_tagged(project: Path) -> None:
    seen = "import pathlib, sys; sys.exit('0.2.0' not in pathlib.Path(sys.argv[1]).read_text())"
    release(project, "0.2.0", (sys.executable, "-c", seen, VERSIONS[1]), TODAY)
    for name in VERSIONS:
        assert '\n__version__ = "0.2.0"\nMORE = 1\n' in (project / name).read_text(encoding="utf-8")
    text = (project / CHANGELOG).read_text(encoding="utf-8")
    assert "## [Unreleased]\n\n## [0.2.0] - 2026-03-01\n\n### Added\n\n- Credit notes" in text
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s", "-1") == "Release 0.2.0"
    assert git(project, "rev-parse", "v0.2.0^{commit}") == git(project, "rev-parse", "HEAD")
    message = git(project, "tag", "--list", "--format=%(contents)", "v0.2.0")
    assert message == "0.2.0\n\n### Added\n\n- Credit notes are shown as such."


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "0.1", "v0.2.0", "0.2.0rc1", "0.02.0", ""])
def test_a_version_is_three_numbers_and_higher(project: Path, version: str) -> None:
    assert "0.1.0" in (why := refused(project, version)) or "three numbers" in why


def test_versions_are_compared_as_numbers(project: Path) -> None:
    release(project, "0.10.0", HOLDS, TODAY)
    (project / CHANGELOG).write_text(UNRELEASED, encoding="utf-8")
    git(project, "commit", "--all", "--quiet", "--message", "Go on")
    assert "not higher than 0.10.0" in refused(project, "0.9.0")


def test_another_branch_and_no_branch_are_refused(project: Path) -> None:
    git(project, "switch", "--quiet", "--create", "mine")
    assert "branch mine" in refused(project)
    git(project, "switch", "--quiet", "--detach")
    assert "branch (none)" in refused(project)


@pytest.mark.parametrize("name", [VERSIONS[0], "new.txt"])
def test_what_is_not_committed_is_refused(project: Path, name: str) -> None:
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    assert name in refused(project)


def test_a_tag_that_is_there_is_refused(project: Path) -> None:
    git(project, "tag", "v0.2.0")
    assert "v0.2.0 is there already" in refused(project)


@pytest.mark.parametrize(
    "text",
    [
        UNRELEASED.replace("- Credit notes are shown as such.\n", ""),
        UNRELEASED.replace("Unreleased", "Next"),
        UNRELEASED + "## [Unreleased]\n",
    ],
    ids=["nothing told", "no heading", "two headings"],
)
def test_a_changelog_that_tells_nothing_is_refused(project: Path, text: str) -> None:
    (project / CHANGELOG).write_text(text, encoding="utf-8")
    git(project, "commit", "--all", "--quiet", "--message", "Change it")
    assert CHANGELOG in refused(project)


def test_copies_that_state_another_version_are_refused(project: Path) -> None:
    (project / VERSIONS[1]).write_text('__version__ = "0.1.1"\n', encoding="utf-8")
    git(project, "commit", "--all", "--quiet", "--message", "Change it")
    assert "the same one version" in refused(project)


def test_failed_checks_leave_everything_as_it_was(project: Path) -> None:
    assert "status 3" in refused(project, checks=FAILS)


def test_checks_that_leave_something_behind_release_nothing(project: Path) -> None:
    writes = (sys.executable, "-c", "open('left.txt', 'w').close()")
    with pytest.raises(Refused, match=r"left\.txt"):
        release(project, "0.2.0", writes, TODAY)
    (project / "left.txt").unlink()
    assert git(project, "status", "--porcelain") == git(project, "tag", "--list") == ""


def test_a_commit_and_a_tag_that_fail_are_taken_back(project: Path) -> None:
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'the hook says no' >&2; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    assert "the hook says no" in refused(project)
    hook.unlink()
    # A tag cannot be made below a tag.
    git(project, "tag", "v0.2.0/taken")
    assert "git tag failed" in refused(project)


def test_stopped_checks_leave_everything_as_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(project)
    with pytest.raises(KeyboardInterrupt):
        release(project, "0.2.0", _Interrupting(HOLDS), TODAY)
    assert state(project) == before


class _Interrupting(tuple[str, ...]):
    """A command during which somebody presses Ctrl-C."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        raise KeyboardInterrupt


def test_the_command_wants_one_version() -> None:
    done = subprocess.run([sys.executable, "tools/release.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "Say which version: make release VERSION=0.2.0\n")
