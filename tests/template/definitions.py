"""What the tests of the state machines ask of their definitions, and of the errors of the domain."""

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
