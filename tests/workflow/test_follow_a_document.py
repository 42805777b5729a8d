"""docs/follow_a_document.md names files, what is in them, and the statuses of a run."""

from __future__ import annotations

import re

import pytest

from tests.workflow.test_archive import Running, parameters, running  # noqa: F401
from tools.stage import PROJECT

PAGE = (PROJECT / "docs" / "follow_a_document.md").read_text(encoding="utf-8")
LAYER = PROJECT / "layers" / "capture" / "invoice_capture"
PLACES = re.findall(r"`([\w/]+\.(?:py|asl\.yaml))` `([\w ]+)`", PAGE)


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_what_is_named_is_there(file: str, name: str) -> None:
    path = PROJECT / file if file.endswith(".yaml") else LAYER / file
    pattern = rf"^  {name}:$" if file.endswith(".yaml") else rf"^ *(?:class|def) {name}\b|^{name}\b.* = "
    assert re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE), f"{file} has no {name}"


def test_the_page_names_where_things_happen() -> None:
    assert len(PLACES) >= 19


def test_the_page_leads_through_few_files() -> None:
    """A 429 is followed through at most six of them, and a status through four."""
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    files = {title: set(re.findall(r"`([\w/]+\.(?:py|asl\.yaml))` `", text)) for title, text in sections.items()}
    assert 1 < len(files["When a provider asks for fewer requests"]) <= 6
    assert 1 < len(files["How a status changes"]) <= 4


def test_a_document_passes_the_statuses_in_their_order(running: Running) -> None:  # noqa: F811
    named = re.findall(r"\| `([A-Z]+)` \|$", PAGE, re.MULTILINE)
    changes = [entry["what"]["status"]["to"] for entry in running.settle(running.submit()) if "status" in entry["what"]]
    assert changes == named
