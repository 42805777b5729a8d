"""JSONata as the interpreter evaluates it, and who is told of every evaluation."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jsonata
from jsonata.utils import Utils


@dataclass(frozen=True)
class Evaluation:
    """An expression, what it was given, and what became of it.

    ``given`` are the variables, $states among them; ``now`` is what $now() tells, and $millis() as a number.
    ``outcome`` is ``{"value": …}``, ``{"undefined": true}`` or ``{"error": message}``.
    """

    machine_arn: str
    state: str
    expression: str
    given: Mapping[str, Any]
    now: str
    outcome: Mapping[str, Any]


Listener = Callable[[Evaluation], None]
_listeners: list[Listener] = []


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Show every evaluation in the block to a listener, from many threads; what it is shown may change afterwards."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def evaluate(expression: str, given: dict[str, Any], now: datetime, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The outcome of an expression in a state, of which ``context`` is the context object."""
    text = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
    outcome = _outcome(expression, given, text, int(now.timestamp() * 1000))
    for listener in _listeners:
        listener(Evaluation(context["StateMachine"]["Id"], context["State"]["Name"], expression, given, text, outcome))
    return outcome


def _outcome(expression: str, given: dict[str, Any], now: str, milliseconds: int) -> dict[str, Any]:
    # Evaluating keeps state in the object, and functions look for it on their thread.
    compiled = copy.copy(_parsed(expression))
    jsonata.Jsonata.CURRENT.jsonata = compiled
    # Bound instead of pasted into the expression, unescaped, as moto would.
    functions = {
        "now": jsonata.Jsonata.JLambda(lambda: now),
        "millis": jsonata.Jsonata.JLambda(lambda: milliseconds),
        "parse": jsonata.Jsonata.JLambda(json.loads),
    }
    try:
        result = compiled.evaluate(None, {**given, **functions})
    except Exception as exc:
        return {"error": str(exc)}
    return {"undefined": True} if result is None else {"value": Utils.convert_nulls(result)}


@functools.lru_cache(maxsize=1024)
def _parsed(expression: str) -> jsonata.Jsonata:
    compiled = jsonata.Jsonata(expression)
    compiled.set_output_convert_nulls(False)
    return compiled
