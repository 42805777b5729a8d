"""Putting a step together."""

from __future__ import annotations

import sys
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar

Built = TypeVar("Built")

_NOTHING = object()


def build(kind: type[Built], *sources: object) -> Built:
    """A dataclass, with every field from the first of the ``sources`` that has an attribute of its name.

    A field that none of them has is built in the same way where its type is a dataclass too: throttles, say, or the
    announcement of outcomes. Else it keeps its default.

    Raises:
        TypeError: a field has none of these.
    """
    found = {field.name: _value(kind, field, sources) for field in fields(kind) if field.init}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in found.items() if value is not _NOTHING})


def _value(kind: type, field: Field[Any], sources: tuple[object, ...]) -> Any:
    for source in sources:
        value = getattr(source, field.name, _NOTHING)
        if value is not _NOTHING:
            return value
    # Annotations are text, and their types stand in the module of the dataclass.
    part = getattr(sys.modules[kind.__module__], str(field.type), None)
    if isinstance(part, type) and is_dataclass(part):
        return build(part, *sources)
    if field.default is MISSING and field.default_factory is MISSING:
        raise TypeError(f"{kind.__name__} needs {field.name}, and nothing here is called so.")
    return _NOTHING
