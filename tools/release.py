"""Release a version: check what will be tagged, then commit it and tag it. Nothing leaves this machine.

    make release VERSION=0.2.0

What is checked is what is tagged: the version and the heading in CHANGELOG.md are written first, and taken back when
anything fails. Needs nothing but Python and git.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VERSIONS = ("layers/capture/invoice_capture/version.py", "layers/engine/invoice_engine/version.py")
"""Where the version stands: the first is the place, the others are copies."""
CHANGELOG = "CHANGELOG.md"

_BRANCH = "main"
_CHECKS = (".ci/run",)
_STOPPED = 130
_VERSION_LINE = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
_UNRELEASED = "## [Unreleased]"


class Refused(Exception):
    """There is no release; the message says why, and what to do about it."""


def main() -> int:
    """The exit status: 0 released, 1 not, 2 wrong usage, 130 stopped."""
    match sys.argv[1:]:
        case [version]:
            pass
        case _:
            print("Say which version: make release VERSION=0.2.0", file=sys.stderr)
            return 2
    try:
        release(PROJECT, version, _CHECKS, datetime.now(UTC).date())
    except Refused as exc:
        print(f"Not released: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Nothing was released.", file=sys.stderr)
        return _STOPPED
    print(
        f"Released {version} here. To publish it:\n"
        f"  git push origin {_BRANCH} v{version}\n"
        "  sam build && sam deploy --config-env prod\n"
        f"To take it back before that: git tag --delete v{version} && git reset --hard HEAD~1"
    )
    return 0


def release(project: Path, version: str, checks: Sequence[str], today: date) -> None:
    """Write, check, commit and tag a version in a project's repository.

    ``checks`` is the command that must end with status 0.

    Raises:
        Refused: nothing was changed.
    """
    _require_higher(version, _present(project))
    _require_ready(project, version)
    changes = _unreleased(project)
    with _written(project, version, today):
        if status := subprocess.run(checks, cwd=project, check=False).returncode:
            raise Refused(f"{' '.join(checks)} ended with status {status}.")
        changed = _git(project, "status", "--porcelain")
        if set(changed.splitlines()) != {f" M {name}" for name in (*VERSIONS, CHANGELOG)}:
            raise Refused(f"the checks left changes behind, or somebody made some:\n{changed}")
        _git(project, "commit", "--quiet", "--message", f"Release {version}", "--", *VERSIONS, CHANGELOG)
        message = f"{version}\n\n{changes}"
        _git(project, "tag", "--annotate", f"v{version}", "--cleanup=verbatim", "--message", message)


def _present(project: Path) -> str:
    [first, *copies] = [_VERSION_LINE.findall((project / name).read_text(encoding="utf-8")) for name in VERSIONS]
    if len(first) != 1 or any(copy != first for copy in copies):
        raise Refused(f"{' and '.join(VERSIONS)} do not state the same one version.")
    present: str = first[0]
    return present


def _require_higher(version: str, present: str) -> None:
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        raise Refused(f"{version!r} is no version. It is three numbers, for example 0.2.0.")
    if _numbers(version) <= _numbers(present):
        raise Refused(f"{version} is not higher than {present}, the version that stands here.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _require_ready(project: Path, version: str) -> None:
    branch = _git(project, "branch", "--show-current")
    if branch != _BRANCH:
        raise Refused(f"this is the branch {branch or '(none)'}, and releases are made on {_BRANCH}.")
    if changed := _git(project, "status", "--porcelain"):
        raise Refused(f"there are changes that are not committed:\n{changed}")
    if _git(project, "tag", "--list", f"v{version}"):
        raise Refused(f"the tag v{version} is there already.")


def _unreleased(project: Path) -> str:
    """What stands below the heading of what is not released, up to the next one."""
    text = (project / CHANGELOG).read_text(encoding="utf-8")
    if text.count(f"{_UNRELEASED}\n") != 1:
        raise Refused(f"{CHANGELOG} has not exactly one heading {_UNRELEASED!r}.")
    changes = re.split(r"^## ", text.split(f"{_UNRELEASED}\n")[1], maxsplit=1, flags=re.MULTILINE)[0].strip()
    if not re.search(r"^[-*] ", changes, re.MULTILINE):
        raise Refused(f"{CHANGELOG} tells of no change below {_UNRELEASED!r}. Say there what this release brings.")
    return changes


@contextmanager
def _written(project: Path, version: str, today: date) -> Iterator[None]:
    """The files state the version; whatever is raised inside, they and the branch are as they were before."""
    head = _git(project, "rev-parse", "HEAD")
    before = {project / name: (project / name).read_bytes() for name in (*VERSIONS, CHANGELOG)}
    try:
        for name in VERSIONS:
            _rewrite(project / name, _VERSION_LINE.pattern, f'__version__ = "{version}"')
        _rewrite(project / CHANGELOG, f"^{re.escape(_UNRELEASED)}$", f"{_UNRELEASED}\n\n## [{version}] - {today}")
        yield
    except BaseException:
        _git(project, "reset", "--quiet", head)
        for path, content in before.items():
            path.write_bytes(content)
        raise


def _rewrite(path: Path, pattern: str, replacement: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE), encoding="utf-8")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(f"git {arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
