"""What is known against the packages that the product runs with: vulnerabilities, and licences it may not carry.

    make audit

Licences are read from what is installed, and always checked. The list of vulnerabilities is a service on the network;
that it cannot be reached is said, and is a failure with ``--online``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCK = PROJECT / "requirements" / "demo.txt"
"""Holds the layers' packages too, in the same versions."""

PERMISSIVE = (
    *("Apache", "BSD", "HPND", "ISC", "MIT", "PSF", "Python Software Foundation"),
    *("Mozilla Public License 2.0", "MPL-2.0"),
)
REPLACEABLE = ("python-stdnum",)
"""Under the LGPL: used unchanged, as a library of its own that anybody can replace, its licence beside it."""


def main() -> int:
    """The exit status: 0 nothing is known against them, 1 something is, or it could not be looked up."""
    parser = argparse.ArgumentParser(description="Vulnerabilities and licences of what the product runs with.")
    parser.add_argument("python", help="the interpreter of the environment to look at")
    parser.add_argument("--online", action="store_true", help="fail when the vulnerabilities cannot be looked up")
    options = parser.parse_args()
    names = re.findall(r"^([\w.-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    has_good_licences = _licences(options.python, names)
    return 0 if _vulnerabilities(must_answer=options.online) and has_good_licences else 1


def _licences(python: str, names: Sequence[str]) -> bool:
    command = [
        *(_beside("pip-licenses"), "--python", python, "--packages", *names, "--ignore-packages", *REPLACEABLE),
        *("--partial-match", "--allow-only", ";".join(PERMISSIVE)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"Licences: one may not be carried. {done.stderr.strip()}", file=sys.stderr)
        return False
    print(f"Licences: {len(done.stdout.splitlines()) - 1} packages, all permissive; {', '.join(REPLACEABLE)}: LGPL.")
    return True


def _vulnerabilities(*, must_answer: bool) -> bool:
    command = [_beside("pip-audit"), "--requirement", str(LOCK), "--require-hashes", "--disable-pip", "--format=json"]
    done = subprocess.run([*command, "--progress-spinner=off"], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    looked_up = [package for package in packages if "vulns" in package]
    if not looked_up:
        print("Vulnerabilities: NOT CHECKED, the list of them cannot be reached from here.", file=sys.stderr)
        return not must_answer
    found = [(package, known) for package in looked_up for known in package["vulns"]]
    for package, known in found:
        mended = ", ".join(known["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {known['id']}, mended in {mended}", file=sys.stderr)
    print(f"Vulnerabilities: {len(found)} known in {len(looked_up)} of {len(packages)} packages looked up.")
    return not found and (len(looked_up) == len(packages) or not must_answer)


def _beside(program: str) -> str:
    return str(Path(sys.executable).parent / program)


if __name__ == "__main__":
    sys.exit(main())
