"""Public names keep to docs/glossary.md: what is retired there does not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stage import PROJECT

GLOSSARY = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
SOURCES = [
    path
    for folder in ("layers", "cli", "functions", "local_stack")
    for path in sorted((PROJECT / folder).rglob("*.py"))
    if "build" not in path.parts
]


def _rows(heading: str) -> list[tuple[str, str]]:
    section = GLOSSARY.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)[1:]


RETIRED = [word for word, _ in _rows("Retired words")]


def words(name: str) -> str:
    """``_LookAtSubmissions`` and ``look_at_submissions`` are `` look at submissions ``."""
    return " " + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("_", " ").casefold().strip() + " "


def _names(path: Path) -> Iterator[str]:
    """What a module, and what is in it, is called; local variables are nobody else's."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            yield from (each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _offences(names: Iterator[str]) -> list[str]:
    return sorted({name for name in names for word in RETIRED if f" {word} " in words(name)})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_no_name_uses_a_retired_word(path: Path) -> None:
    assert _offences(_names(path)) == []


@pytest.mark.parametrize("name", ["hand_over_submission", "_MAX_PATIENCE", "LookAtSubmissions", "rungs", "Pace"])
def test_a_retired_word_is_found_in_any_spelling(name: str) -> None:
    assert _offences(iter([name, "throttle"])) == [name]


def test_a_term_stands_once() -> None:
    headings = re.findall(r"^## (.+)$", GLOSSARY, re.MULTILINE)
    terms = [term.casefold() for heading in headings if heading != "Retired words" for term, _ in _rows(heading)]
    assert len(terms) > 50
    assert sorted(terms) == sorted(set(terms))
    assert {word.casefold() for word in RETIRED}.isdisjoint(terms)
