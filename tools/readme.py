"""Write into README.md what `make demo` really prints, 80 columns wide, on a machine without Tesseract.

python -m tools.readme
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tools.stage import PROJECT

COLUMNS = "80"
_PAGE = PROJECT / "README.md"
_BLOCK = re.compile(
    r"(<!-- what make demo prints; python -m tools\.readme writes it -->\n```text\n)(.*?)(```\n)", re.DOTALL
)
_LEFT_OUT = "⋮\n"


def shown(output: str) -> str:
    """What the README shows of the demo's output: the invoices, and how it ends.

    Raises:
        ValueError: the output has no such parts.
    """
    lines = [line.rstrip().removeprefix(" ") for line in output.strip("\n").splitlines()]
    try:
        table_ends = next(number for number, line in enumerate(lines) if line.startswith("Not captured"))
        summary = next(number for number, line in enumerate(lines) if line.startswith("✓ "))
    except StopIteration as exc:
        raise ValueError(f"The demo did not end as it does:\n{output}") from exc
    top = "\n".join(lines[:table_ends]).strip("\n")
    return f"{top}\n{_LEFT_OUT}" + "\n".join(lines[summary:]) + "\n"


def block() -> str:
    """What the README shows now."""
    found = _BLOCK.search(_PAGE.read_text(encoding="utf-8"))
    return found[2] if found else ""


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s\b", "… s", text)


def main() -> int:
    """The exit status: 0 written, 1 the demo failed."""
    # Without a PATH nothing finds Tesseract.
    environment = {**os.environ, "COLUMNS": COLUMNS, "PATH": os.devnull}
    done = subprocess.run(
        [sys.executable, "-m", "samples.demo"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        return 1
    page = _PAGE.read_text(encoding="utf-8")
    _PAGE.write_text(_BLOCK.sub(lambda found: found[1] + shown(done.stdout) + found[3], page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
