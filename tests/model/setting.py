"""What is explored: how many documents, which provider, and how much may go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.ports import Capabilities

START = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
CONTENT = b"%PDF-1.7 an invoice"
_FAR = timedelta(hours=72)


@dataclass(frozen=True)
class Setting:
    """One exploration.

    ``crashes`` end a function between two of its steps; its state is repeated, or, of a loop, the execution is gone.
    ``doubles`` repeat a state although its function still runs. ``faults`` are requests or answers that are lost,
    refused or late at the provider, and notices that cannot be sent. ``jumps`` let time pass while functions run.
    ``lags`` show an index as it was before the present moment. ``pendings`` are checks that find a job unfinished.
    """

    jobs: int = 2
    route: tuple[str, ...] = ("paid",)
    finds: bool = False
    discards: bool = False
    crashes: int = 0
    doubles: int = 0
    faults: int = 0
    jumps: int = 0
    lags: int = 0
    pendings: int = 0
    turns: int = 2000
    deadline: timedelta = _FAR

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(finds_submissions=self.finds, deletes_copies=self.discards, batch_size=2)

    @property
    def budgets(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("crashes", "doubles", "faults", "jumps", "lags", "pendings")}

    @property
    def has_far_deadline(self) -> bool:
        """Whether a job that waits for its deadline was forgotten."""
        return self.deadline == _FAR

    def job(self, number: int, now: datetime) -> Job:
        """A job as Receive Upload leaves it."""
        job_id = f"job{number}"
        return Job(
            job_id=job_id,
            document=DocumentPointer("documents", f"incoming/{number}.pdf", "v1", len(CONTENT) + 1),
            route=self.route,
            status=JobStatus.RECEIVED,
            created_at=now,
            updated_at=now,
            deadline_at=now + self.deadline,
        )

    def __str__(self) -> str:
        parts = ["1 job" if self.jobs == 1 else f"{self.jobs} jobs", " then ".join(self.route)]
        parts += [name for name in ("finds", "discards") if getattr(self, name)]
        parts += [
            f"{number} {name if number > 1 else _SINGULAR[name]}" for name, number in self.budgets.items() if number
        ]
        parts += [] if self.has_far_deadline else [f"deadline after {self.deadline}"]
        parts += [] if self.turns == 2000 else [f"{self.turns} turns an execution"]
        return ", ".join(parts)


_SINGULAR = {
    "crashes": "crash",
    "doubles": "double",
    "faults": "fault",
    "jumps": "jump",
    "lags": "lag",
    "pendings": "pending",
}
