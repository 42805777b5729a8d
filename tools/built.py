"""What ``sam build`` left behind, and a search path with which it runs here as it does in Lambda."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

RUNTIME = (3, 13)


class NotBuilt(Exception):
    """There is nothing that could be run; the message says what to do."""


@dataclass(frozen=True)
class BuiltFunction:
    """A built function: its step's name, the folder that becomes /var/task, and those that become /opt.

    ``variables`` are the names in its environment.
    """

    step: str
    logical_id: str
    folder: Path
    layers: tuple[Path, ...]
    variables: frozenset[str]

    def search_path(self, runtime: Path) -> str:
        """PYTHONPATH in the order in which Lambda searches: the function, its layers, then what the runtime brings."""
        return os.pathsep.join(map(str, (self.folder, *(layer / "python" for layer in self.layers), runtime)))


def built_functions(folder: Path) -> list[BuiltFunction]:
    """The functions that ``sam build --build-dir folder`` built, by name.

    Raises:
        NotBuilt: there are none, or this Python is not the one they were built for.
    """
    if sys.version_info[:2] != RUNTIME:
        raise NotBuilt("The functions are built for Python 3.13: make the environment with 'make PYTHON=python3.13'.")
    try:
        template = yaml_parse((folder / "template.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise NotBuilt(f"Nothing is built in {folder}: run 'make build-local' first.") from exc
    shared = template["Globals"]["Function"]
    functions = [
        _function(folder.resolve(), logical_id, shared, resource["Properties"])
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    return sorted(functions, key=lambda function: function.step)


def _function(folder: Path, logical_id: str, shared: dict[str, Any], own: dict[str, Any]) -> BuiltFunction:
    layers = [*shared.get("Layers", []), *own.get("Layers", [])]
    variables = [properties.get("Environment", {}).get("Variables", {}) for properties in (shared, own)]
    return BuiltFunction(
        step=step_name(logical_id),
        logical_id=logical_id,
        folder=folder / logical_id,
        layers=tuple(folder / layer["Ref"] for layer in layers),
        variables=frozenset().union(*variables),
    )


def step_name(logical_id: str) -> str:
    """``SubmitDocumentFunction`` is the step ``submit_document``."""
    words = re.findall(r"[A-Z][a-z]+", logical_id.removesuffix("Function"))
    return "_".join(words).lower()


def provide_runtime(folder: Path, *distributions: str) -> Path:
    """Make only these distributions, with what they require, importable from ``folder``.

    Lambda's own packages come from the development environment. Putting that on the path as a whole would hide a
    dependency that is missing in the layers.
    """
    folder.mkdir()
    for name in sorted(_with_requirements(distributions)):
        distribution = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()}:
            source = Path(str(distribution.locate_file(top)))
            if top not in {"..", "__pycache__"} and not (folder / top).exists():
                (folder / top).symlink_to(source)
    return folder


def _with_requirements(distributions: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(distributions)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _requirements(name)
    return found


def _requirements(distribution: str) -> Iterator[str]:
    for requirement in importlib.metadata.requires(distribution) or ():
        name, _, marker = requirement.partition(";")
        if "extra ==" not in marker:
            yield re.split(r"[ <>=!~\[(]", name, maxsplit=1)[0]
