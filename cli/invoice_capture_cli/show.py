"""``show``: everything that is known of one job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL
from invoice_capture_cli.invoice_tables import field_table, line_table, tax_table
from invoice_capture_cli.running import Run
from invoice_capture_cli.submitted_tables import finding_sign
from invoice_capture_cli.tables import CompactTable, status_text, table
from invoice_capture_cli.values import confidence_style, duration, part, percent, size, when

_STATES = {"DONE": "green", "FAILED": "red", "ACTION_REQUIRED": "magenta"}


def show(run: Run, job_id: str) -> int:
    """Raises CommandError, also for a job that is not there."""
    job = run.jobs.get(job_id)
    stored = run.jobs.invoice(job_id) if job.get("status") == "completed" else None
    submissions = run.jobs.submissions(job_id)
    if run.json:
        invoice = stored or {}
        run.emit(
            {
                "job": job,
                "invoice": invoice.get("invoice"),
                "findings": invoice.get("findings", []),
                "confirmed": invoice.get("confirmed", False),
                "submissions": submissions,
            }
        )
        return ALL_WELL
    run.out.print(Padding(Group(*_parts(job, stored, submissions)), (1, 1), expand=False))
    return ALL_WELL


def _parts(
    job: Mapping[str, Any], stored: Mapping[str, Any] | None, submissions: Sequence[Mapping[str, Any]]
) -> Iterator[RenderableType]:
    yield Text.assemble((str(job.get("documentName", "")), "bold"), "  ", status_text(job))
    yield _facts(job)
    if job.get("errorLog"):
        yield Text(f"\n{job['errorLog']}", style="red")
    if job.get("actionUrl") and job.get("status") == "processing":
        yield Text(f"\nA person must go on at {job['actionUrl']}", style="magenta")
    if stored is not None:
        invoice = stored["invoice"]
        yield Text()
        yield field_table(invoice, is_confirmed=bool(stored.get("confirmed")))
        if invoice.get("taxes"):
            yield tax_table(invoice["taxes"])
        if invoice.get("lines"):
            yield line_table(invoice["lines"])
        if stored.get("findings"):
            yield _findings(stored["findings"])
    if submissions:
        yield _submissions(submissions)
    yield _timeline(job, submissions)


def _facts(job: Mapping[str, Any]) -> Table:
    info, overall = part(job, "documentInfo"), part(job, "confidence").get("overall")
    facts = Table.grid(padding=(0, 2, 0, 0))
    about = [info.get("format"), size(info.get("size")), f"{info['pages']} pages" if info.get("pages") else ""]
    rows = {
        "Job": job.get("_id"),
        "Number": job.get("jobNumber"),
        "Document": " · ".join(str(fact) for fact in about if fact),
        "Template": job.get("template"),
        "Group": job.get("group"),
        "Priority": job.get("priority"),
        "Provider": job.get("provider") or " → ".join(job.get("route") or ()),
        "Created by": job.get("createdBy"),
        "Retries": job.get("retryCount"),
        "Duplicate of": job.get("duplicateOf"),
    }
    facts.add_column(style="dim")
    facts.add_column(overflow="fold", no_wrap=False)
    for name, value in rows.items():
        if value:
            facts.add_row(name, Text(str(value)))
    if overall is not None:
        facts.add_row("Sure", Text(percent(overall), style=confidence_style(overall)))
    if job.get("possibleDoubleCharge"):
        facts.add_row("Charge", Text("The provider may have been paid twice: compare with its bill.", style="yellow"))
    return facts


def _findings(findings: Sequence[Mapping[str, Any]]) -> CompactTable:
    listed = table("Findings")
    listed.add_column("", min_width=1)
    listed.add_column("What", style="yellow", min_width=max(len(str(finding.get("code", ""))) for finding in findings))
    listed.add_column("Why", no_wrap=False, overflow="fold", ratio=1)
    for finding in findings:
        listed.add_row(finding_sign(finding), Text(str(finding.get("code", ""))), Text(str(finding.get("message", ""))))
    return listed


def _submissions(submissions: Sequence[Mapping[str, Any]]) -> CompactTable:
    listed = table("Submissions", expand=False)
    listed.add_column("#", justify="right")
    listed.add_column("Provider", style="bold")
    listed.add_column("State")
    listed.add_column("Sent", justify="right")
    listed.add_column("Checks", justify="right")
    listed.add_column("Error", no_wrap=False, overflow="fold")
    for submission in submissions:
        state = str(submission.get("state", ""))
        error = " ".join(
            str(submission[name]) + sign
            for name, sign in (("errorCode", ":"), ("errorMessage", ""))
            if submission.get(name)
        )
        listed.add_row(
            str(submission.get("number", "")),
            Text(str(submission.get("provider", ""))),
            Text(state.lower().replace("_", " "), style=_STATES.get(state, "blue")),
            _times(submission.get("attempts")),
            str(submission.get("checks", 0)),
            Text(error),
        )
    return listed


def _times(attempts: object) -> str:
    return f"{attempts} x" if attempts else "–"


def _timeline(job: Mapping[str, Any], submissions: Sequence[Mapping[str, Any]]) -> CompactTable:
    """What happened when; the API's moments sort as text."""
    events = [(job.get("createdAt"), "created"), (job.get("startedAt"), "started")]
    for submission in submissions:
        events.append((submission.get("submittedAt"), f"sent to {submission.get('provider')}"))
        events.append((submission.get("finishedAt"), f"{submission.get('provider')} {_ending(submission)}"))
    ended = "captured" if job.get("status") == "completed" else job.get("status")
    took = duration(job.get("processingTime"))
    events.append((job.get("completedAt"), f"{ended}, after {took}" if took else str(ended)))
    events.append((job.get("confirmedAt"), "confirmed by a person"))
    listed = table("Timeline", expand=False)
    listed.add_column("When", style="dim", min_width=19)
    listed.add_column("What")
    # Of the same moment, in the order in which things happen.
    for moment, what in sorted(((str(at), what) for at, what in events if at), key=lambda event: event[0]):
        listed.add_row(when(moment), Text(what))
    return listed


def _ending(submission: Mapping[str, Any]) -> str:
    return "answered" if submission.get("state") == "DONE" else f"failed: {submission.get('errorCode') or 'unknown'}"
