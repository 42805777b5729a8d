"""An invoice on its way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invoice_capture_cli.jobs import Job
from invoice_capture_cli.simulated import SIMULATED


@dataclass(frozen=True)
class Exported:
    """A job and what the API has stored of its invoice: ``invoice``, ``findings``, ``confirmed``, ``storedAt``."""

    job: Job
    stored: Mapping[str, Any] | None

    @property
    def invoice(self) -> Mapping[str, Any]:
        return (self.stored or {}).get("invoice") or {}

    @property
    def findings(self) -> Sequence[Mapping[str, Any]]:
        return (self.stored or {}).get("findings") or ()

    def to_json(self) -> dict[str, Any]:
        names = ("jobNumber", "documentName", "group", "createdAt", SIMULATED)
        known = {"jobId": self.job["_id"]} | {name: self.job[name] for name in names if name in self.job}
        return known | dict(self.stored or {})
