"""Filters of rows of plain values, as the API takes them: equality, ``$in``, ``$gte`` and ``$lte``.

What can never hold is refused, so that an empty list says that there is no such job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from invoice_capture.domain.api_errors import InvalidRequest

# API Gateway takes 10,240 bytes of request line and headers, and a filter is percent-encoded.
_LONGEST_FILTER = 6_000
_MOST_VALUES = 500
_LONGEST_QUOTED = 50
# Python takes 20260115 for a date as well, which may just as well be a number of a job.
_DATE_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}(?:\D|$)", re.ASCII)


class Kind(StrEnum):
    """What a field holds: one of these or nothing, or a list of it, of which one is then enough."""

    TEXT = "a text"
    NUMBER = "a number"
    TRUTH = "true or false"
    MOMENT = "a date or a time"
    ANYTHING = "a single value"


@dataclass(frozen=True)
class Field:
    """What rows can be compared by; ``choices`` are all the texts that there are, where that is known."""

    kind: Kind
    choices: tuple[str, ...] = ()


Fields = Mapping[str, Field]
"""Fields by their paths. ``name.*`` stands for everything below a name."""


@dataclass(frozen=True)
class Filter:
    """A test of the value at ``path``, whose dots lead into objects. ``operator`` is $in, $gte or $lte."""

    path: str
    operator: str
    value: Any
    kind: Kind = Kind.ANYTHING

    def holds(self, row: Mapping[str, Any]) -> bool:
        found = value_at(row, self.path)
        return any(self._fits(each) for each in (found if isinstance(found, list) else [found]))

    def _fits(self, found: Any) -> bool:
        if self.operator == "$in":
            return any(_same(found, wanted, self.kind) for wanted in self.value)
        ordered, bound = _ordered(found, self.kind), _ordered(self.value, self.kind)
        # A number is neither before nor after a date.
        if ordered is None or bound is None or ordered[0] != bound[0]:
            return False
        return ordered >= bound if self.operator == "$gte" else ordered <= bound


def parse_filters(text: str | None, fields: Fields) -> tuple[Filter, ...]:
    """The filters in a JSON object, all of which must hold.

    Raises:
        InvalidRequest: naming what is wrong, and what can be used instead.
    """
    if text is None or not text.strip():
        return ()
    if len(text) > _LONGEST_FILTER:
        raise InvalidRequest(f"filter has more than {_LONGEST_FILTER} characters.", "filter")
    try:
        given = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise InvalidRequest('filter is no JSON. An example: {"status": "completed"}', "filter") from exc
    if not isinstance(given, dict):
        raise InvalidRequest("filter must be a JSON object of fields and what they are to be.", "filter")
    return tuple(
        each for path, wanted in given.items() for each in _filters(path, wanted, require_field(path, fields, "filter"))
    )


def require_field(path: str, fields: Fields, parameter: str) -> Field:
    """The field at a path. Raises InvalidRequest, naming those that there are."""
    if path in fields:
        return fields[path]
    beginning, dot, _ = path.partition(".")
    if dot and f"{beginning}.*" in fields:
        return fields[f"{beginning}.*"]
    below = [name for name in fields if name.startswith(f"{path}.")]
    raise InvalidRequest(
        f"{parameter} cannot go by {path[:_LONGEST_QUOTED]!r}; it can by {', '.join(below or fields)}.", parameter
    )


def value_at(row: Any, path: str) -> Any:
    """The value that a path with dots leads to; None where it leads nowhere. A name may have dots itself."""
    if not isinstance(row, Mapping):
        return None
    if path in row:
        return row[path]
    for dot in (place for place, letter in enumerate(path) if letter == "."):
        if path[:dot] in row and (found := value_at(row[path[:dot]], path[dot + 1 :])) is not None:
            return found
    return None


def sort_key(value: Any) -> tuple[int, float, str]:
    """Orders any values: absent ones first, then numbers, then texts, then everything else by its JSON."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float):
        return (1, value, "")
    return (2, 0.0, value) if isinstance(value, str) else (3, 0.0, json.dumps(value, sort_keys=True, default=str))


def _filters(path: str, wanted: Any, field: Field) -> Iterator[Filter]:
    name = repr(path[:_LONGEST_QUOTED])
    if not isinstance(wanted, dict):
        yield Filter(path, "$in", [_checked(name, wanted, field)], field.kind)
        return
    if not wanted:
        raise InvalidRequest(f"filter does not say what {name} is to be.", "filter")
    for operator, value in wanted.items():
        if operator == "$in":
            if not isinstance(value, list) or len(value) > _MOST_VALUES:
                raise InvalidRequest(f"$in of {name} must be a list of at most {_MOST_VALUES} values.", "filter")
            yield Filter(path, operator, [_checked(name, entry, field) for entry in value], field.kind)
        elif operator in {"$gte", "$lte"}:
            if field.kind in {Kind.TEXT, Kind.TRUTH}:
                raise InvalidRequest(f"{name} has no {operator}: it is {field.kind}. Name its values.", "filter")
            if _ordered(value, field.kind) is None:
                wants = "a number or a date" if field.kind is Kind.ANYTHING else field.kind
                raise InvalidRequest(f"{operator} of {name} must be {wants}.", "filter")
            yield Filter(path, operator, value, field.kind)
        else:
            raise InvalidRequest(f"filter knows $in, $gte and $lte, not {operator[:_LONGEST_QUOTED]!r}.", "filter")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _checked(name: str, value: Any, field: Field) -> Any:
    """A value that a field may have, or null, which stands for having none."""
    if value is None:
        return value
    if not _IS_OF[field.kind](value):
        raise InvalidRequest(f"filter compares {name} with something else than {field.kind}.", "filter")
    if field.choices and value not in field.choices:
        raise InvalidRequest(f"{name} is one of {', '.join(field.choices)}.", "filter")
    return value


def _same(found: Any, wanted: Any, kind: Kind) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if found == wanted:
        return True
    if kind in _IN_TIME and isinstance(found, str) and isinstance(wanted, str):
        first, second = _moment(found), _moment(wanted)
        return first is not None and first == second
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(value: Any, kind: Kind) -> tuple[str, float | datetime] | None:
    """A number or a moment as something that can be compared with its like, or None."""
    if _is_number(value):
        return None if kind is Kind.MOMENT else ("number", value)
    moment = _moment(value) if kind in _IN_TIME and isinstance(value, str) else None
    return None if moment is None else ("moment", moment)


def _moment(text: str) -> datetime | None:
    """A date or a time in ISO 8601, written with hyphens; in UTC where it does not say."""
    if not _DATE_FIRST.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def bounds_of(filters: Sequence[Filter], path: str) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest moment that filters leave to a path, or None for no limit."""
    since = [moment for moment in _moments(filters, path, "$gte") if moment is not None]
    until = [moment for moment in _moments(filters, path, "$lte") if moment is not None]
    return max(since, default=None), min(until, default=None)


def _moments(filters: Sequence[Filter], path: str, operator: str) -> Iterator[datetime | None]:
    for each in filters:
        if (each.path, each.operator) == (path, operator) and isinstance(each.value, str):
            yield _moment(each.value)


_IN_TIME = frozenset({Kind.MOMENT, Kind.ANYTHING})
_IS_OF: Mapping[Kind, Callable[[Any], bool]] = MappingProxyType(
    {
        Kind.TEXT: lambda value: isinstance(value, str),
        Kind.NUMBER: _is_number,
        Kind.TRUTH: lambda value: isinstance(value, bool),
        Kind.MOMENT: lambda value: isinstance(value, str) and _moment(value) is not None,
        Kind.ANYTHING: lambda value: isinstance(value, str | int | float),
    }
)
