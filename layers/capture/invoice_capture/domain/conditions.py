"""Conditions on rows of plain values, as a list's filter has them: equality, ``$in``, ``$gte`` and ``$lte``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from invoice_capture.domain.refusals import InvalidRequest

# API Gateway takes 10,240 bytes of request line and headers, and a filter is percent-encoded.
_LONGEST_FILTER = 6_000
_MOST_VALUES = 500
_SCALARS = (str, int, float, bool, type(None))
# Python takes 20260115 for a date as well, which may just as well be a number of a job.
_DATE_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}(?:\D|$)", re.ASCII)


@dataclass(frozen=True)
class Condition:
    """One test of the value at ``path``, whose dots lead into objects. ``operator`` is $in, $gte or $lte."""

    path: str
    operator: str
    value: Any

    def holds(self, row: Mapping[str, Any]) -> bool:
        found = value_at(row, self.path)
        if self.operator == "$in":
            return any(_same(found, wanted) for wanted in self.value)
        ordered, bound = _ordered(found), _ordered(self.value)
        # A number is neither before nor after a date.
        if ordered is None or bound is None or ordered[0] != bound[0]:
            return False
        return ordered >= bound if self.operator == "$gte" else ordered <= bound


def parse_conditions(text: str | None, fields: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions of a filter in JSON; ``fields`` are the names that a path may begin with.

    Raises:
        InvalidRequest: naming what is wrong.
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
    return tuple(condition for path, wanted in given.items() for condition in _conditions(path, wanted, fields))


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value that a path with dots leads to; None where it leads nowhere."""
    found: Any = row
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def sort_key(value: Any) -> tuple[int, float, str]:
    """Orders any values: absent ones first, then numbers, then texts, then everything else by its JSON."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float):
        return (1, value, "")
    return (2, 0.0, value) if isinstance(value, str) else (3, 0.0, json.dumps(value, sort_keys=True, default=str))


def _conditions(path: str, wanted: Any, fields: Sequence[str]) -> Iterator[Condition]:
    if path.partition(".")[0] not in fields:
        raise InvalidRequest(f"filter names {path[:50]!r}, which is no field of a job.", "filter")
    if not isinstance(wanted, dict):
        yield Condition(path, "$in", [_scalar(path, wanted)])
        return
    if not wanted:
        raise InvalidRequest(f"filter does not say what {path[:50]!r} is to be.", "filter")
    for operator, value in wanted.items():
        if operator == "$in":
            if not isinstance(value, list) or len(value) > _MOST_VALUES:
                raise InvalidRequest(f"$in of {path[:50]!r} must be a list of at most {_MOST_VALUES} values.", "filter")
            yield Condition(path, operator, [_scalar(path, entry) for entry in value])
        elif operator in {"$gte", "$lte"}:
            if _ordered(value) is None:
                raise InvalidRequest(f"{operator} of {path[:50]!r} must be a number or a date.", "filter")
            yield Condition(path, operator, value)
        else:
            raise InvalidRequest(f"filter knows $in, $gte and $lte, not {operator[:50]!r}.", "filter")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _scalar(path: str, value: Any) -> Any:
    if not isinstance(value, _SCALARS):
        raise InvalidRequest(f"filter compares {path[:50]!r} with something that is no single value.", "filter")
    return value


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if found == wanted:
        return True
    if isinstance(found, str) and isinstance(wanted, str):
        first, second = _moment(found), _moment(wanted)
        return first is not None and first == second
    return False


def _ordered(value: Any) -> tuple[str, float | datetime] | None:
    """A number or a moment as something that can be compared with its like, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return ("number", value)
    moment = _moment(value) if isinstance(value, str) else None
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


def bounds_of(conditions: Sequence[Condition], path: str) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest moment that conditions leave to a path, or None for no limit."""
    since = [moment for moment in _moments(conditions, path, "$gte") if moment is not None]
    until = [moment for moment in _moments(conditions, path, "$lte") if moment is not None]
    return max(since, default=None), min(until, default=None)


def _moments(conditions: Sequence[Condition], path: str, operator: str) -> Iterator[datetime | None]:
    for condition in conditions:
        if (condition.path, condition.operator) == (path, operator) and isinstance(condition.value, str):
            yield _moment(condition.value)
