"""docs/provider_matrix.md as tables, and what its cells are to say by the code."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

from invoice_capture.domain.errors import (
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmissionInDoubt,
)
from invoice_capture.ports import PollState
from invoice_capture.providers import base, registry

Row = tuple[str, ...]

PAGE = Path("docs/provider_matrix.md")
_READERS = frozenset({"setting", "optional_setting", "choice", "number", "flag"})
_STATES = {
    PollState.PENDING: "asked again",
    PollState.ACTION_REQUIRED: "waits for a person",
    PollState.READY: "captured",
    PollState.UNKNOWN: "asked again, said on the job",
}


@cache
def tables() -> dict[str, list[Row]]:
    """The rows of each table, without its head, by the heading above it; a second table's by "heading 2"."""
    found: dict[str, list[Row]] = {}
    heading, inside = "", False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            inside = False
        elif not inside:
            inside, name = True, heading
            number = 2
            while name in found:
                name, number = f"{heading} {number}", number + 1
            found[name] = []
        elif not re.fullmatch(r"[|\s:-]+", line):
            found[name].append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return found


def code(cell: str) -> str:
    """The one name in backticks that a cell has."""
    [name] = re.findall(r"`([^`]+)`", cell)
    return str(name)


def consequence(error: ProviderError | type[ProviderError] | None, finds: bool = False, refused: bool = False) -> str:
    """What a cell says of an error: its name, and what becomes of the job. ``refused``: a poll met it, and the
    provider has not said it of the document.
    """
    error_class = error if isinstance(error, type) else type(error)
    if issubclass(error_class, RateLimited):
        what = "asked again, slower"
    elif issubclass(error_class, ProviderUnavailable):
        what = "asked again"
    elif refused:
        what = "asked again, for a time"
    elif issubclass(error_class, SubmissionInDoubt):
        what = "looked up" if finds else "sent once more"
    else:
        what = "next provider"
    return f"`{error_class.__name__}`: {what}"


def state_cell(state: PollState, error: type[ProviderError] | None = None) -> str:
    """What a cell says of what a poll found."""
    if state is PollState.FAILED:
        assert error is not None
        return consequence(error)
    return _STATES[state]


def settings_of(provider: str) -> dict[str, str]:
    """The settings that a provider's adapter reads, and what they default to: "needed", "none", a value, or "?"."""
    return _settings_in(inspect.getmodule(registry.provider_class(provider)))


def common_settings() -> dict[str, str]:
    """The settings that are read for every provider."""
    return _settings_in(base)


def _settings_in(module: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _READERS:
            continue
        name, *rest = node.args
        if isinstance(name, ast.Constant) and found.get(str(name.value)) != "none":
            # A choice names what may be chosen before what is chosen by default.
            rest = rest[1:] if node.func.attr == "choice" else rest
            found[str(name.value)] = _default(node.func.attr, rest[0] if rest else None, module)
    return found


def _default(reader: str, argument: ast.expr | None, module: Any) -> str:
    match argument:
        case None:
            return "none" if reader == "optional_setting" else "needed"
        case ast.Constant(bool(value)):
            return str(value).lower()
        case ast.Constant(float(value)):
            return f"{value:g}"
        case ast.Constant(value):
            return str(value)
        case ast.Name(name) if hasattr(module, name):
            return str(getattr(module, name))
    return "?"
