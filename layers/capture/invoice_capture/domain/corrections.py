"""Corrections: a person's values in the place of what was read, which stays as a candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.invoice import Invoice, Line, Tax

CONFIRMED = "confirmed"
"""The source of a value that a person gave or changed."""

# Of a number, before or behind its point.
_MOST_DIGITS = 20

_TABLES = {"lines": Line, "taxes": Tax}


def corrected(content: Mapping[str, Any], values: Mapping[str, Any]) -> Invoice:
    """An invoice in JSON with a person's values, by their paths.

    A path is ``total``, ``supplier.name`` or ``lines.0.quantity``; ``lines`` and ``taxes`` take a whole table, as a
    list of objects. None empties a field.

    Raises:
        InvalidRequest: a path leads nowhere, or a value is not of its field's kind.
    """
    changed = deepcopy(dict(content))
    for path, value in values.items():
        _set(changed, path, value)
    try:
        invoice = Invoice.model_validate(changed)
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in problem["loc"] if part != "value")
        raise InvalidRequest(f"{path}: {problem['msg']}.", f"values.{path}") from exc
    for path, number in _numbers(invoice.model_dump(), ""):
        if number and not -_MOST_DIGITS <= number.adjusted() < _MOST_DIGITS:
            raise InvalidRequest(f"{path}: No invoice has such a number.", f"values.{path}")
    return invoice


def _numbers(content: Any, path: str) -> Iterator[tuple[str, Decimal]]:
    """The chosen numbers below a part of an invoice, with their paths."""
    if isinstance(content, Mapping) and "candidates" in content:
        if isinstance(content["value"], Decimal):
            yield path, content["value"]
        return
    parts = content.items() if isinstance(content, Mapping) else enumerate(content)
    for name, part in parts:
        yield from _numbers(part, f"{path}.{name}" if path else str(name))


def _set(content: dict[str, Any], path: str, value: Any) -> None:
    if path in _TABLES:
        if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
            raise InvalidRequest(f"{path} takes a list of objects.", f"values.{path}")
        content[path] = [_row(_TABLES[path]().model_dump(), row, f"{path}.{place}") for place, row in enumerate(value)]
        return
    *parents, name = path.split(".")
    place: Any = content
    for parent in parents:
        if isinstance(place, list):
            place = place[int(parent)] if _is_index(parent, len(place)) else None
        else:
            place = place.get(parent) if isinstance(place, dict) else None
    place[name] = _reading(_field(place, name, path), value)


def _row(empty: dict[str, Any], values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A whole row of a table with a person's values."""
    return empty | {name: _reading(_field(empty, name, f"{path}.{name}"), value) for name, value in values.items()}


def _is_index(text: str, size: int) -> bool:
    # Longer digits than a table's size has are beyond it, and thousands of them are none that Python converts.
    return text.isdecimal() and len(text) <= len(str(size)) and int(text) < size


def _field(place: Any, name: str, path: str) -> dict[str, Any]:
    """The field that is there. Raises InvalidRequest when this is no field."""
    field = place.get(name) if isinstance(place, dict) else None
    if not isinstance(field, dict) or "candidates" not in field:
        raise InvalidRequest(f"The invoice has no field {path[:100]!r}.", f"values.{path[:100]}")
    return field


def _reading(former: dict[str, Any], value: Any) -> dict[str, Any]:
    """The field with a person's value; what was read stays as the first of its candidates."""
    if former["value"] == value:
        return {**former, "confidence": 1.0}
    names = ("value", "confidence", "page", "box", "source")
    read = [] if former["value"] is None else [{name: former[name] for name in names}]
    return {
        "value": value,
        "confidence": 1.0,
        "page": None,
        "box": None,
        "source": CONFIRMED,
        "candidates": read + [each for each in former["candidates"] if each not in read],
    }
