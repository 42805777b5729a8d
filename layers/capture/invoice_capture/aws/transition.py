"""Changes of a job's status: the conditional update of its item.

The state machine writes two ends itself, when there is no function to do it: *Record Failure* (failed, or rejected) and
*Record Duplicate* of statemachines/capture_invoice.asl.yaml. tests/template holds them to the same table of statuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from invoice_capture.aws.items import job_key, to_attributes
from invoice_capture.aws.table import Table
from invoice_capture.domain.announcement import EVENTS
from invoice_capture.domain.job import JobStatus


@dataclass(frozen=True)
class Transition:
    """Makes a job in one of ``sources`` a ``target``, at a moment.

    ``changes`` are attributes with their values, of which None are left alone; ``forget`` names attributes to remove.
    An end is written with the announcement of it that is owed, and the job stays where it is in the due index until
    that is paid. A withdrawn job leaves it.
    """

    job_id: str
    sources: frozenset[JobStatus]
    target: JobStatus
    at: datetime
    changes: Mapping[str, Any] = field(default_factory=dict)
    forget: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    compared: Mapping[str, Any] = field(default_factory=dict)
    """Attributes that ``conditions`` compare, with the values that they are to have."""

    def also_if(self, attribute: str, value: Any) -> Transition:
        """The same, on the further condition that an attribute has this value; None: that there is none."""
        if value is None:
            condition = f"attribute_not_exists({attribute})"
            return replace(self, conditions=(*self.conditions, condition))
        condition = f"#if_{attribute} = :if_{attribute}"
        compared = {**self.compared, attribute: value}
        return replace(self, conditions=(*self.conditions, condition), compared=compared)

    @property
    def update(self) -> dict[str, Any]:
        """The arguments of UpdateItem but for the table; a transaction takes them as they are."""
        changes = {name: value for name, value in self.changes.items() if value is not None}
        if self.target in EVENTS:
            changes["announcement"] = EVENTS[self.target]
        leaves = ("due_shard", "next_check_at") if self.target is JobStatus.CANCELLED else ()
        removed = (*self.forget, *leaves)
        sources = {f":from{place}": source for place, source in enumerate(sorted(self.sources))}
        sets = ["#status = :status", "updated_at = :updated_at", *(f"#{name} = :{name}" for name in changes)]
        removes = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
        names = {f"#{name}": name for name in (*changes, *removed)} | {f"#if_{name}": name for name in self.compared}
        values = {f":{name}": value for name, value in changes.items()}
        values |= {f":if_{name}": value for name, value in self.compared.items()}
        return {
            "Key": job_key(self.job_id),
            "UpdateExpression": f"SET {', '.join(sets)}{removes}",
            "ConditionExpression": " AND ".join((f"#status IN ({', '.join(sources)})", *self.conditions)),
            "ExpressionAttributeNames": {"#status": "status"} | names,
            "ExpressionAttributeValues": to_attributes(
                {":status": self.target, ":updated_at": self.at} | sources | values
            ),
        }

    def write(self, table: Table) -> bool:
        """False when a condition did not hold."""
        update = self.update
        return table.update(
            update["Key"],
            update["UpdateExpression"],
            update["ConditionExpression"],
            update["ExpressionAttributeValues"],
            update["ExpressionAttributeNames"],
        )
