"""Words and signs for how far something is, and for how bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

_STATUS = {
    "created": ("○ created", "dim"),
    "queued": ("… queued", "blue"),
    "processing": ("… processing", "blue"),
    "completed": ("✓ completed", "green"),
    "failed": ("✗ failed", "red"),
    "cancelled": ("✗ cancelled", "yellow"),
}
_DUPLICATE = ("= duplicate", "cyan")
_ACTION = ("! your turn", "magenta")
_SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "dim")}


def status_text(job: Mapping[str, Any]) -> Text:
    """How far a job is, in a word with its sign."""
    status = str(job.get("status", ""))
    if status == "completed" and job.get("duplicateOf"):
        label, style = _DUPLICATE
    elif status == "processing" and job.get("actionUrl"):
        label, style = _ACTION
    else:
        label, style = _STATUS.get(status, (status or "?", ""))
    return Text(label, style=style)


def finding_sign(finding: Mapping[str, Any]) -> Text:
    sign, style = _SEVERITIES.get(str(finding.get("severity")), ("·", ""))
    return Text(sign, style=style)


def finding_signs(findings: Sequence[Mapping[str, Any]]) -> Text:
    """How many there are of each severity, the worst first."""
    counts = Counter(str(finding.get("severity")) for finding in findings)
    signs = [Text(f"{sign} {counts[name]}", style=style) for name, (sign, style) in _SEVERITIES.items() if counts[name]]
    return Text("  ").join(signs)
