"""Providers that were only simulated: no document went to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from invoice_capture_cli.tables import provider_name

SIMULATED = "simulated"
"""The mark of a job whose provider is simulated, where its target says so."""


def marked(job: Mapping[str, Any], simulated: Collection[str]) -> Mapping[str, Any]:
    """The job, with the mark if its provider is among those."""
    return {**job, SIMULATED: True} if _first(job) in simulated else job


def simulated_of(jobs: Iterable[Mapping[str, Any]]) -> Collection[str]:
    """The simulated providers of these jobs."""
    return {_first(job) for job in jobs if job.get(SIMULATED)}


def provider_of(job: Mapping[str, Any]) -> str:
    """The provider, or while there is none the route, as it is shown."""
    _, *others = job.get("route") or ("",)
    first = provider_name(_first(job), simulated=bool(job.get(SIMULATED)))
    return first if job.get("provider") else " → ".join([first, *others])


def _first(job: Mapping[str, Any]) -> str:
    """The provider that has the document, or gets it first."""
    route = job.get("route") or ("",)
    return str(job.get("provider") or route[0].rstrip("?"))
