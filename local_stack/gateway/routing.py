"""Which resource of an API a path belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from local_stack.gateway.api import ANY, Api, Method

_LITERAL, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True)
class Route:
    """``parameters`` are parts of the path as they were sent, percent-encoded, which is how API Gateway gives them."""

    resource: str
    method: Method
    parameters: Mapping[str, str]


def find(api: Api, http_method: str, path: str) -> Route | None:
    """The method that answers; None when the resource that fits best has no such method, or none fits.

    A name goes before ``{parameter}``, and that before ``{greedy+}``, from left to right. Slashes at the end of
    ``path`` do not count.
    """
    segments = _segments(path)
    fitting = [
        (rank, resource, parameters)
        for resource in api.methods
        for rank, parameters in [_fit(_segments(resource), segments)]
        if rank is not None
    ]
    if not fitting:
        return None
    _, resource, parameters = min(fitting, key=lambda found: found[0])
    methods = api.methods[resource]
    method = methods.get(http_method) or methods.get(ANY)
    return None if method is None else Route(resource, method, parameters)


def _segments(path: str) -> list[str]:
    stripped = path.rstrip("/").removeprefix("/")
    return stripped.split("/") if stripped else []


def _fit(wanted: list[str], given: list[str]) -> tuple[tuple[int, ...] | None, dict[str, str]]:
    """How specifically a resource fits, the least being best, with its parameters; None when it does not."""
    rank: list[int] = []
    parameters: dict[str, str] = {}
    for position, part in enumerate(wanted):
        if position >= len(given):
            return None, {}
        if part.startswith("{") and part.endswith("+}"):
            parameters[part[1:-2]] = "/".join(given[position:])
            return (*rank, _GREEDY), parameters
        if part.startswith("{") and part.endswith("}"):
            if not given[position]:
                return None, {}
            parameters[part[1:-1]] = given[position]
            rank.append(_PARAMETER)
        elif part == unquote(given[position]):
            rank.append(_LITERAL)
        else:
            return None, {}
    return (tuple(rank), parameters) if len(wanted) == len(given) else (None, {})
