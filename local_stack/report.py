"""The report: what every job cost, what all of them shared, and the averages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local_stack.counting import SHARED, Costs, Ledger
from local_stack.errors import UserError
from local_stack.outcome import Outcome


def build(ledger: Ledger, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """``per_job`` are averages over the jobs of what was done for one job alone; ``per_job_with_shared`` adds each
    job's part of the loops and the sweeper."""
    costs = ledger.all()
    shared = costs.pop(SHARED)
    described = {outcome.job_id: outcome for outcome in outcomes if outcome.job_id is not None}
    jobs = [
        {
            "job_id": job_id,
            "file": described[job_id].file if job_id in described else None,
            "status": described[job_id].status if job_id in described else None,
            **_counts(cost),
        }
        for job_id, cost in sorted(costs.items())
    ]
    own = _sum(costs.values())
    everything = _sum([own, shared])
    return {
        "jobs": jobs,
        "shared": _counts(shared),
        "totals": _counts(everything),
        "per_job": _averages(own, len(costs)),
        "per_job_with_shared": _averages(everything, len(costs)),
    }


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Raises UserError when the file cannot be written."""
    write_text(path, json.dumps(report, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Raises UserError when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UserError(f"{path} cannot be written: {exc.strerror}.") from exc


def _sum(costs: Iterable[Costs]) -> Costs:
    total = Costs()
    for cost in costs:
        total.add(cost)
    return total


def _counts(cost: Costs) -> dict[str, Any]:
    return {
        "state_transitions": cost.state_transitions,
        "history_events": cost.history_events,
        "aws_calls": dict(sorted(cost.aws_calls.items())),
        "write_units": cost.write_units,
        "write_units_invoice": cost.write_units_invoice,
        "read_units": cost.read_units,
        "provider_requests": cost.provider_requests,
    }


def _averages(cost: Costs, jobs: int) -> dict[str, Any]:
    counts = _counts(cost)
    calls = Counter(counts.pop("aws_calls"))
    share = max(1, jobs)
    averages: dict[str, Any] = {name: round(count / share, 4) for name, count in counts.items()}
    averages["aws_calls"] = {operation: round(count / share, 4) for operation, count in sorted(calls.items())}
    averages["aws_calls_total"] = round(calls.total() / share, 4)
    return averages
