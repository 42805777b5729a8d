"""Make an environment of exactly the packages of a lock file, and show what is being done.

    python3 tools/install.py FOLDER LOCK [--project] [--compile] [--strict]

Needs nothing but Python, so that it can run first. What was begun and broken off is finished by the next run.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

PROJECT = Path(__file__).resolve().parent.parent
_OLDEST = (PROJECT / "python-versions.txt").read_text(encoding="utf-8").split()[0]
_STOPPED = 130
_MEGABYTE = 1_000_000
_LINES_OF_AN_ERROR = 15
_RUNS_AND_HAS_PIP = "import pip, sys; print('%d.%d.%d' % sys.version_info[:3])"


def main() -> int:
    """The exit status: 0 installed, 1 not, 130 stopped."""
    options = _parser().parse_args()
    try:
        _install(options)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return _STOPPED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make an environment of exactly the packages of a lock file.")
    parser.add_argument("folder", type=Path, help="of the environment; made if it is not there")
    parser.add_argument("lock", type=Path, help="packages with their versions and hashes")
    parser.add_argument("--project", action="store_true", help="install this project into it as well")
    parser.add_argument("--compile", action="store_true", help="compile everything now, for who starts it often")
    parser.add_argument("--strict", action="store_true", help="refuse an environment of another Python than this one")
    return parser


def _install(options: argparse.Namespace) -> None:
    began = time.monotonic()
    folder: Path = options.folder
    python = _environment(folder, strict=options.strict)
    lock: str = options.lock.read_text(encoding="utf-8")
    progress = _Progress(len(re.findall(r"^[\w.-]+==", lock, re.MULTILINE)))
    # Nothing is built here: what a build would fetch stands in no lock file.
    _pip(python, progress, "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(options.lock))
    if options.project:
        progress.show("the project itself")
        _pip(python, progress, "--no-deps", "--no-build-isolation", "--editable", str(PROJECT))
    if options.compile:
        progress.show("compiling")
        subprocess.run([str(python), "-m", "compileall", "-q", "-j", "0", str(folder / "lib")], check=False)
    size = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) // _MEGABYTE
    progress.end(f"Installed {folder} in {time.monotonic() - began:.0f} s, {size} MB.")


def _environment(folder: Path, *, strict: bool) -> Path:
    """The environment's Python, which has pip."""
    if sys.version_info[:2] < tuple(map(int, _OLDEST.split("."))):
        _fail(f"invoice-capture needs Python {_OLDEST} or later, and {sys.executable} is {sys.version.split()[0]}.")
    python = folder / "bin" / "python"
    version = _version(python)
    ours = ".".join(map(str, sys.version_info[:3]))
    if version is None:
        print(f"Making {folder} with Python {ours}.", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True, check=False)
        if made.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            _fail(f"{folder} could not be made:\n{made.stdout}{made.stderr}")
    elif strict and version != ours:
        _fail(f"{folder} was made with Python {version}, not {ours}: run 'make clean' first.")
    return python


def _version(python: Path) -> str | None:
    """None for an environment that is missing, was broken off, or whose Python is gone."""
    try:
        asked = subprocess.run([str(python), "-c", _RUNS_AND_HAS_PIP], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return asked.stdout.strip() or None


def _pip(python: Path, progress: _Progress, *arguments: str) -> None:
    # Bytecode is left to the first import: most of what a library brings is never imported.
    command = [str(python), "-m", "pip", "install", "--no-compile", "--disable-pip-version-check", *arguments]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            said.append(line)
            progress.follow(line)
    if pip.returncode:
        progress.end("")
        _fail(
            "".join(said[-_LINES_OF_AN_ERROR:])
            + "Some packages could not be installed. With the network back, or pip set up for your proxy or mirror "
            "(pip config), the same command goes on from here."
        )


class _Progress:
    """One line that is written over in a terminal; elsewhere a line for each stage."""

    def __init__(self, packages: int) -> None:
        self._packages = packages
        self._fetched = 0
        self._is_terminal = sys.stdout.isatty()
        if not self._is_terminal:
            print(f"Fetching and installing {packages} packages.", flush=True)

    def follow(self, line: str) -> None:
        """Show what pip says it is doing."""
        if match := re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line):
            self._fetched += 1
            self.show(f"fetching {self._fetched} of {self._packages} packages: {match[1]}")
        elif line.startswith("Installing collected packages"):
            self.show(f"unpacking {self._fetched} packages")

    def show(self, text: str) -> None:
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K  {text}"[: width + len("\r\033[K")], end="", flush=True)

    def end(self, text: str) -> None:
        print(f"\r\033[K{text}" if self._is_terminal else text, flush=True)


def _fail(message: str) -> NoReturn:
    sys.exit(message)


if __name__ == "__main__":
    sys.exit(main())
