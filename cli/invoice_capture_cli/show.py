"""``show``: everything that is known of one job."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL
from invoice_capture_cli.invoice_tables import field_name, field_table, line_table, tax_table
from invoice_capture_cli.running import Run
from invoice_capture_cli.simulated import provider_of, simulated_of
from invoice_capture_cli.statuses import finding_sign, status_text
from invoice_capture_cli.tables import Column, Sheet, clean, heading, provider_name, show_parts
from invoice_capture_cli.values import confidence_style, duration, least_sure, part, percent, size, when

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
    show_parts(run.out, *_parts(job, stored, submissions))
    return ALL_WELL


def _parts(
    job: Mapping[str, Any], stored: Mapping[str, Any] | None, submissions: Sequence[Mapping[str, Any]]
) -> Iterator[RenderableType]:
    simulated = simulated_of([job])
    yield Text.assemble(clean(job.get("documentName", ""), "bold"), "  ", status_text(job))
    yield _facts(job, part(stored or {}, "invoice"))
    if job.get("errorLog"):
        yield Text(f"\n{job['errorLog']}", style="red")
    if job.get("actionUrl") and job.get("status") == "processing":
        yield Text(f"\nA person must go on at {job['actionUrl']}", style="magenta")
    if job.get("remark"):
        yield clean(f"\n{job['remark']}", "yellow")
    yield Text()
    if stored is not None:
        invoice = stored["invoice"]
        yield field_table(invoice, is_confirmed=bool(stored.get("confirmed")), simulated=simulated)
        if invoice.get("taxes"):
            yield tax_table(invoice, simulated)
        if invoice.get("lines"):
            yield line_table("Lines", invoice, "export --lines has them all.", simulated)
        if stored.get("findings"):
            yield _findings(stored["findings"], simulated)
    if submissions:
        yield _submissions(submissions, simulated)
    yield _timeline(job, submissions, simulated)


def _facts(job: Mapping[str, Any], invoice: Mapping[str, Any]) -> Table:
    info = part(job, "documentInfo")
    facts = Table.grid(padding=(0, 2, 0, 0))
    about = [info.get("format"), size(info.get("size")), f"{info['pages']} pages" if info.get("pages") else ""]
    rows = {
        "Job": job.get("_id"),
        "Number": job.get("jobNumber"),
        "Document": " · ".join(str(fact) for fact in about if fact),
        "Template": job.get("template"),
        "Group": job.get("group"),
        "Priority": job.get("priority"),
        "Provider": provider_of(job),
        "Created by": job.get("createdBy"),
        "Retries": job.get("retryCount"),
        "Duplicate of": job.get("duplicateOf"),
    }
    facts.add_column(style="dim")
    facts.add_column(overflow="fold", no_wrap=False)
    for name, value in rows.items():
        if value:
            facts.add_row(name, clean(value))
    if (lowest := least_sure(invoice)) is not None:
        facts.add_row("Least sure", _sure(job, *lowest))
    if job.get("possibleDoubleCharge"):
        facts.add_row("Charge", Text("The provider may have been paid twice: compare with its bill.", style="yellow"))
    return facts


def _sure(job: Mapping[str, Any], field: str, confidence: float) -> Text:
    """The field to look at first, before an average that hides it."""
    average = part(job, "confidence").get("overall")
    least = Text(f"{percent(confidence)}, {field_name(field)}", style=confidence_style(confidence))
    return least if average is None else least.append(f" ({percent(average)} on average)", "dim")


def _findings(findings: Sequence[Mapping[str, Any]], simulated: Collection[str]) -> Sheet:
    listed = Sheet(
        heading("Findings", simulated),
        Column(""),
        Column("What", style="yellow", turn=1, below="Why"),
        Column("Why", wraps=True),
    )
    for finding in findings:
        listed.add(finding_sign(finding), str(finding.get("code", "")), str(finding.get("message", "")))
    return listed


def _submissions(submissions: Sequence[Mapping[str, Any]], simulated: Collection[str]) -> Sheet:
    listed = Sheet(
        heading("Submissions", simulated),
        Column("#", right=True),
        Column("Provider", style="bold", wraps=True),
        Column("State"),
        Column("Sent", right=True),
        Column("Checks", right=True, turn=1),
        Column("Error", wraps=True),
    )
    for submission in submissions:
        state, name = str(submission.get("state", "")), str(submission.get("provider", ""))
        error = " ".join(
            str(submission[key]) + sign
            for key, sign in (("errorCode", ":"), ("errorMessage", ""))
            if submission.get(key)
        )
        listed.add(
            str(submission.get("number", "")),
            provider_name(name, simulated=name in simulated),
            Text(state.lower().replace("_", " "), style=_STATES.get(state, "blue")),
            _times(submission.get("attempts")),
            str(submission.get("checks", 0)),
            error,
        )
    return listed


def _times(attempts: object) -> str:
    return f"{attempts} x" if attempts else "–"


def _timeline(job: Mapping[str, Any], submissions: Sequence[Mapping[str, Any]], simulated: Collection[str]) -> Sheet:
    """What happened when; the API's moments sort as text."""
    events = [(job.get("createdAt"), "created"), (job.get("startedAt"), "started")]
    for submission in submissions:
        events.append((submission.get("submittedAt"), f"sent to {submission.get('provider')}"))
        events.append((submission.get("finishedAt"), f"{submission.get('provider')} {_ending(submission)}"))
    ended = "captured" if job.get("status") == "completed" else job.get("status")
    took = duration(job.get("processingTime"))
    events.append((job.get("completedAt"), f"{ended}, after {took}" if took else str(ended)))
    events.append((job.get("confirmedAt"), "confirmed by a person"))
    listed = Sheet(heading("Timeline", simulated), Column("When", style="dim"), Column("What", wraps=True))
    # Of the same moment, in the order in which things happen.
    for moment, what in sorted(((str(at), what) for at, what in events if at), key=lambda event: event[0]):
        listed.add(when(moment), what)
    return listed


def _ending(submission: Mapping[str, Any]) -> str:
    return "answered" if submission.get("state") == "DONE" else f"failed: {submission.get('errorCode') or 'unknown'}"
