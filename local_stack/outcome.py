"""What became of each document, as it is shown, printed and reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local_stack.records import Upload
from local_stack.stack import LocalStack

_GOOD = frozenset({"CAPTURED", "DUPLICATE"})
_TERMINAL = _GOOD | {"FAILED", "REJECTED"}


@dataclass(frozen=True)
class Outcome:
    """One document. ``seconds`` are real ones from the drop to the end, or None when it did not end.

    ``submissions`` is how often the document was sent to a provider without being refused at once. ``simulated`` says
    that the provider was, so that the document went nowhere.
    """

    file: str
    job_id: str | None
    status: str | None
    provider: str | None
    simulated: bool
    seconds: float | None
    invoice: Mapping[str, Any] | None
    error: Mapping[str, str] | None
    findings: Sequence[Mapping[str, Any]]
    notifications: int
    submissions: int
    possible_double_charge: bool

    @property
    def is_good(self) -> bool:
        return self.status in _GOOD

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def outcome_of(stack: LocalStack, file: str, upload: Upload) -> Outcome:
    """The outcome of a document that ended, or that is no longer waited for."""
    job_id = stack.job_id_of(upload)
    if job_id is None:
        message = "The document was not taken in: its message went to the dead-letter queue. The log says why."
        return _without_job(file, message)
    record = stack.record(job_id)
    job, rows = record.job, record.submissions
    seconds = stack.seconds_of(upload)
    provider = rows[-1]["provider"] if rows else job.get("provider")
    return Outcome(
        file=file,
        job_id=job_id,
        status=job.get("status"),
        provider=provider,
        simulated=provider in stack.simulated,
        seconds=None if seconds is None else round(seconds, 3),
        invoice=record.invoice,
        error=_error_of(job),
        findings=record.findings,
        notifications=len(stack.notifications(job_id)),
        submissions=sum(int(row.get("attempts", 0)) for row in rows),
        possible_double_charge=bool(job.get("possible_double_charge", False)),
    )


def _error_of(job: Mapping[str, Any]) -> Mapping[str, str] | None:
    if job.get("error_code"):
        return {"code": job["error_code"], "message": job.get("error_message", "")}
    if job.get("status") not in _TERMINAL:
        return {
            "code": "NotFinished",
            "message": f"The job was still {job.get('status')} when the wait for it ended. The log says more.",
        }
    return None


def _without_job(file: str, message: str) -> Outcome:
    return Outcome(
        file=file,
        job_id=None,
        status=None,
        provider=None,
        simulated=False,
        seconds=None,
        invoice=None,
        error={"code": "NotTakenIn", "message": message},
        findings=(),
        notifications=0,
        submissions=0,
        possible_double_charge=False,
    )
