"""What the tests ask of the state machines, of the errors of the domain, and of what the template says by functions."""

from collections.abc import Iterator
from typing import Any

from invoice_capture.domain import errors

MACHINES = ["CaptureInvoiceStateMachine", "PollProviderStateMachine"]


def leaves(error: type[errors.CaptureError]) -> set[str]:
    """The names of the errors below one, and its own when it is raised itself."""
    raised = error in {errors.ProviderUnavailable} or not error.__subclasses__()
    return ({error.__name__} if raised else set()).union(*(leaves(sub) for sub in error.__subclasses__()))


def handlers(definition: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, content in definition["States"].items():
        for handler in content.get(kind, []):
            yield name, handler


def resolved(value: Any, refs: dict[str, Any], conditions: dict[str, Any]) -> Any:
    """A part of a template in which intrinsic functions that choose have chosen; without a value, None."""
    if isinstance(value, list):
        return [resolved(item, refs, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        return {name: resolved(item, refs, conditions) for name, item in value.items()}
    [(name, content)] = value.items()
    if name == "Ref":
        return None if content == "AWS::NoValue" else refs.get(content, value)
    if name == "Condition":
        return resolved(conditions[content], refs, conditions)
    if name == "Fn::If":
        holds = resolved(conditions[content[0]], refs, conditions)
        return resolved(content[1 if holds else 2], refs, conditions)
    parts = resolved(content, refs, conditions)
    if name == "Fn::Equals":
        return parts[0] == parts[1]
    return {"Fn::Or": any, "Fn::And": all, "Fn::Not": lambda given: not given[0]}.get(name, lambda _: {name: parts})(
        parts
    )
