"""The version stands in one place, and `make release` writes what must be a copy of it."""

from __future__ import annotations

import re
import tomllib

import invoice_capture.version
import invoice_engine.version
from tools.release import VERSIONS
from tools.stage import PROJECT

VERSION = invoice_capture.version.__version__


def test_the_copies_say_what_the_place_says():
    stated = [re.findall(r'"(\d+\.\d+\.\d+)"', (PROJECT / name).read_text(encoding="utf-8")) for name in VERSIONS]
    assert stated == [[VERSION], [invoice_engine.version.__version__]] == [[VERSION]] * 2


def test_the_package_takes_it_from_there():
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in pyproject["project"]["dynamic"]
    assert pyproject["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "invoice_capture.version.__version__"}


def test_requests_name_it():
    assert invoice_capture.version.USER_AGENT.endswith(f"/{VERSION}")


def test_no_other_file_states_it():
    """What is named ``version`` and quoted, in code and in the package's own description."""
    folders = ("layers", "cli", "local_stack", "functions", "tools")
    code = [*PROJECT.glob("*.toml"), *(file for name in folders for file in (PROJECT / name).rglob("*.py"))]
    stating = re.compile(rf"(?:version_*[\"']?\s*[=:]\s*[\"']|invoice-capture/){re.escape(VERSION)}\b", re.IGNORECASE)
    found = {file.relative_to(PROJECT).as_posix() for file in code if stating.search(file.read_text(encoding="utf-8"))}
    assert found == set(VERSIONS)
