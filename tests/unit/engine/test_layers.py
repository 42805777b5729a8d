"""The inner order of the engine: read, layout, fields, choose; no module knows what comes after it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import invoice_engine

ENGINE = Path(invoice_engine.__file__).parent
MODULES = {path.relative_to(ENGINE).with_suffix("").as_posix(): path for path in sorted(ENGINE.rglob("*.py"))}
# What everything may know, and then each folder with those that it may know besides itself.
COMMON = {"errors", "evidence", "limits", "model", "version"}
BELOW = {
    "lexicon": set(),
    "read": {"lexicon"},
    "layout": {"lexicon", "read"},
    "fields": {"lexicon", "read", "layout"},
    "choose": {"lexicon", "fields"},
    "einvoice": {"lexicon", "read", "layout", "fields"},
}


def _imports(path: Path) -> Iterator[str]:
    """Modules of the engine that a module imports, lazily too, by their paths."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            inside = name.removeprefix("invoice_engine.").replace(".", "/")
            if name.startswith("invoice_engine.") and {inside, f"{inside}/__init__"} & MODULES.keys():
                yield inside if inside in MODULES else f"{inside}/__init__"


@pytest.mark.parametrize("module", [module for module in MODULES if module.partition("/")[0] in BELOW])
def test_a_folder_knows_what_is_below_it_alone(module: str) -> None:
    folder = module.partition("/")[0]
    known = COMMON | BELOW[folder] | {folder}
    assert {other for other in _imports(MODULES[module]) if other.partition("/")[0] not in known} == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    arrows = {module: set(_imports(path)) - {module} for module, path in MODULES.items()}
    while leaves := {module for module, others in arrows.items() if not others & arrows.keys()}:
        arrows = {module: others for module, others in arrows.items() if module not in leaves}
    assert sorted(arrows) == []
