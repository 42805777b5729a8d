"""Pages that say how to add something, followed step by step in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.waiting import run_to_end

STEP = re.compile(r"<!-- (file|change): (\S+) -->\n```(py|diff)\n(.*?)```\n", re.DOTALL)
_COPIED = ("cli", "docs", "functions", "layers", "local_stack", "samples", "statemachines", "tests", "tools")
_COPIED_FILES = ("pyproject.toml", "python-versions.txt", "template.yaml")


def copy_with(page: Path, folder: Path) -> Path:
    """A folder that has a copy of this project in which the page was followed."""
    for name in _COPIED:
        shutil.copytree(name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _COPIED_FILES:
        shutil.copy(name, folder)
    follow(page.read_text(encoding="utf-8"), folder)
    return folder


def follow(page: str, project: Path) -> list[Path]:
    """Do in a project what the page says. Returns the files that it adds; fails at a step that cannot be done."""
    added = []
    for step, name, _, block in STEP.findall(page):
        path = project / name
        if step == "file":
            assert not path.exists(), f"{name} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
            added.append(path)
        else:
            path.write_text(changed(path.read_text(encoding="utf-8"), block), encoding="utf-8")
    return added


def changed(text: str, diff: str) -> str:
    """A text with a diff applied, each part of which must fit in exactly one place."""
    for part in diff.split("@@\n"):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, f"this is not to be found once:\n{before}"
        text = text.replace(before, after)
    return text


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a project, with its own packages in front of those that are installed."""
    paths = [*(str(project / "layers" / name) for name in ("capture", "engine")), str(project / "cli")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    return run_to_end(
        [sys.executable, *arguments],
        cwd=project,
        env=environment,
    )
