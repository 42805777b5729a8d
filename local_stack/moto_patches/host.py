"""What the patched moto calls, and tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from local_stack.clock import ScaledClock
from local_stack.hostility.faults import Faults

if TYPE_CHECKING:
    from local_stack.hostility.gate import Gate

Patch: TypeAlias = tuple[Any, str, Any]
"""An object, the name of one of its attributes, and what to put in its place."""


@dataclass(frozen=True)
class TableCall:
    """A DynamoDB request with the items it touched, as DynamoDB JSON without DynamoDB's own overhead.

    ``before`` and ``after`` hold the items of the keys in the request, in its order; None is an absent item.
    ``queried`` are the whole items that a query read, ``key`` the table's key attributes and ``indexes`` those
    of its secondary indexes, which carry those of ``projected`` as well.
    """

    operation: str
    body: Mapping[str, Any]
    before: tuple[Mapping[str, Any] | None, ...]
    after: tuple[Mapping[str, Any] | None, ...]
    queried: tuple[Mapping[str, Any], ...]
    key: tuple[str, ...]
    indexes: Mapping[str, tuple[str, ...]]
    projected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Pump(Protocol):
    """Who hands the messages of a queue to a function."""

    def wake(self) -> None:
        """Look for messages now."""
        ...

    def hide(self, receipt: str, seconds: float) -> bool:
        """Have a message that is at hand come again after so long. False when it is not at hand."""
        ...


class Host(Protocol):
    """What the patched moto calls. The calls come from many threads."""

    clock: ScaledClock
    faults: Faults
    gate: Gate | None
    """None until the resources are there: what creates them passes untouched."""

    def invoke(self, function_name: str, payload: bytes, invocation_type: str) -> tuple[bytes, bool]:
        """The answer of a function, and whether it is an error. Raises Throttled at a limit."""
        ...

    def pump_of(self, queue_arn: str) -> Pump | None:
        """Who hands the messages of a queue to a function, if anybody does."""
        ...

    def table_called(self, call: TableCall) -> None: ...

    def execution_started(self, arn: str, machine_arn: str, execution_input: Any) -> None: ...

    def execution_ended(self, arn: str, execution_input: Any, events: list[dict[str, Any]]) -> None: ...

    def in_execution(self, machine_arn: str, execution_input: Any, run: Callable[[], None]) -> None:
        """Run the body of an execution on this thread."""
        ...
