"""`tools/install.py` with a real pip and a package made here: what is locked gets in, and nothing else."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.stage import PROJECT

Install = Callable[..., subprocess.CompletedProcess[str]]
WHEEL = "pocket-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("pocket.py", "CONTENT = 'handkerchief'\n")
        wheel.writestr("pocket-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pocket\nVersion: 1.0\n")
        wheel.writestr(
            "pocket-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("pocket-1.0.dist-info/RECORD", "")
    return folder


@pytest.fixture
def lock(wheels: Path, tmp_path: Path) -> Path:
    digest = hashlib.sha256((wheels / WHEEL).read_bytes()).hexdigest()
    file = tmp_path / "lock.txt"
    file.write_text(f"pocket==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    return file


@pytest.fixture
def install(wheels: Path, lock: Path, tmp_path: Path) -> Install:
    # Nothing comes from anywhere but here.
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nno-index = true\nfind-links = {wheels}\n", encoding="utf-8")

    def run(*options: str, script: Path = PROJECT / "tools" / "install.py") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script), str(tmp_path / "env"), str(lock), *options],
            env={**_without_pip_settings(), "PIP_CONFIG_FILE": str(configuration)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def _without_pip_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


def _pocket(folder: Path) -> str:
    command = [str(folder / "env" / "bin" / "python"), "-c", "import pocket; print(pocket.CONTENT)"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_an_environment_is_made_once_and_told_of(install: Install, tmp_path: Path) -> None:
    first = install()
    assert (first.returncode, _pocket(tmp_path)) == (0, "handkerchief"), first.stderr
    assert "Making" in first.stdout
    assert "1 packages" in first.stdout
    assert "MB." in first.stdout
    assert "Making" not in install().stdout


def test_what_was_broken_off_is_made_again(install: Install, tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(tmp_path / "gone")
    assert install().returncode == 0
    assert _pocket(tmp_path) == "handkerchief"


def test_a_package_that_is_not_the_locked_one_is_refused(install: Install, lock: Path, tmp_path: Path) -> None:
    lock.write_text(f"pocket==1.0 \\\n    --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    done = install()
    assert (done.returncode, _pocket(tmp_path)) == (1, "")
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert "the same command goes on from here" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_is_too_old_is_named(install: Install, tmp_path: Path) -> None:
    """By a project that supports a Python of the future only."""
    (tmp_path / "project" / "tools").mkdir(parents=True)
    (tmp_path / "project" / "python-versions.txt").write_text("4.0\n", encoding="utf-8")
    script = shutil.copy(PROJECT / "tools" / "install.py", tmp_path / "project" / "tools" / "install.py")
    done = install(script=script)
    assert done.returncode == 1
    assert "needs Python 4.0 or later" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_of_another_python_is_refused_when_one_was_named(install: Install, tmp_path: Path) -> None:
    python = tmp_path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 3.1.4\n", encoding="utf-8")
    python.chmod(0o755)
    done = install("--strict")
    assert done.returncode == 1
    assert "make clean" in done.stderr
