"""Write every lock file anew: the newest versions that the ``*.in`` files allow, with hashes, for all Pythons.

    make upgrade

One version of a library serves everywhere: the demo's lock is made first, and the others that share libraries with it
keep to its versions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_OLDEST = (PROJECT / "python-versions.txt").read_text(encoding="utf-8").split()[0]
_OVERRIDES = ("--override", "requirements/overrides.txt")
_AS_IN_THE_DEMO = ("--constraint", "requirements/demo.txt")
LOCKS: dict[str, tuple[str, ...]] = {
    "requirements/demo": _OVERRIDES,
    "requirements/development": (*_OVERRIDES, *_AS_IN_THE_DEMO),
    "layers/capture/requirements": _AS_IN_THE_DEMO,
    "layers/engine/requirements": _AS_IN_THE_DEMO,
    "requirements/sam": (),
    "requirements/fuzz": (),
    "requirements/checkov": (),
    "requirements/docs": (),
    "requirements/maintenance": (),
}
"""What is locked, without its suffix, in the order in which it must be done, with further options."""


def main() -> int:
    for name, options in LOCKS.items():
        print(f"locking {name}.txt", flush=True)
        command = [
            *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--upgrade", "--universal", "--generate-hashes"),
            *("--python-version", _OLDEST, "--custom-compile-command", "make upgrade", *options),
            *(f"{name}.in", "--output-file", f"{name}.txt"),
        ]
        if status := subprocess.run(command, cwd=PROJECT, check=False).returncode:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
