"""What became of submitted files, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from invoice_capture_cli.documents import Document
from invoice_capture_cli.following import GONE
from invoice_capture_cli.submitting import Submitted
from invoice_capture_cli.tables import status_text, table
from invoice_capture_cli.values import confidence_style, duration, invoice_of, part, percent, total_of

_MOST_ROWS = 200
_MOST_FINDINGS = 20
_WIDE = 150
_SEVERITIES = {"error": ("✗", "red"), "warning": ("!", "yellow"), "info": ("·", "dim")}


def show_submitted(console: Console, results: Sequence[Submitted]) -> None:
    """The jobs of files, none of which was waited for."""
    names = _short_names(results)
    started = [done for done in results if done.problem is None]
    parts: list[RenderableType] = []
    if started:
        jobs = table("Submitted", expand=False)
        jobs.add_column("Job", min_width=26)
        jobs.add_column("Document", style="bold")
        jobs.add_column("Status")
        for done in started[:_MOST_ROWS]:
            jobs.add_row(done.job_id, Text(names[done.document]), status_text(done.job or {}))
        parts.append(jobs)
    _print(console, parts, results, names, "Not submitted")


def show_captured(console: Console, results: Sequence[Submitted]) -> None:
    """The invoices of files, and why others have none."""
    names = _short_names(results)
    parts: list[RenderableType] = []
    if captured := [done for done in results if _is_captured(done)]:
        parts.append(_invoices(captured[:_MOST_ROWS], names, console.width))
    findings = [(names[done.document], finding) for done in captured for finding in findings_of(done.job or {})]
    if findings:
        parts.append(_findings(findings))
    _print(console, parts, results, names, "Not captured")


def findings_of(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a person should look at, as ``field``, ``message`` and ``severity``."""
    errors = part(job, "validationResults").get("errors")
    return [error for error in errors if isinstance(error, Mapping)] if isinstance(errors, list) else []


def _signs(findings: Sequence[Mapping[str, Any]]) -> Text:
    """How many there are of each severity, the worst first."""
    counts = Counter(str(finding.get("severity")) for finding in findings)
    signs = [Text(f"{sign} {counts[name]}", style=style) for name, (sign, style) in _SEVERITIES.items() if counts[name]]
    return Text("  ").join(signs)


def finding_sign(finding: Mapping[str, Any]) -> Text:
    sign, style = _SEVERITIES.get(str(finding.get("severity")), ("·", ""))
    return Text(sign, style=style)


def _print(
    console: Console,
    parts: list[RenderableType],
    results: Sequence[Submitted],
    names: Mapping[Document, str],
    problems_title: str,
) -> None:
    if problems := [done for done in results if not done.is_good]:
        parts.append(_problems(problems[:_MOST_ROWS], names, problems_title))
    if len(results) > _MOST_ROWS:
        parts.append(Text("… and more; --json lists all of them.", style="dim"))
    parts.append(_summary(results))
    console.print(Padding(Group(*parts), (1, 1), expand=False))


def _invoices(captured: Sequence[Submitted], names: Mapping[Document, str], width: int) -> Table:
    invoices = table("Invoices")
    invoices.add_column("Document", style="bold", ratio=4)
    invoices.add_column("Supplier", ratio=3)
    invoices.add_column("Number", ratio=3)
    invoices.add_column("Date", min_width=10)
    invoices.add_column("Total", justify="right", min_width=max(len(total_of(done.job or {})) for done in captured))
    invoices.add_column("Sure", justify="right", min_width=5)
    with_findings = any(findings_of(done.job or {}) for done in captured)
    if with_findings:
        invoices.add_column("Findings", min_width=8)
    is_wide = width >= _WIDE
    if is_wide:
        invoices.add_column("Time", justify="right", style="dim", min_width=6)
        invoices.add_column("Job", style="dim", min_width=26)
    for done in captured:
        job = done.job or {}
        invoice, overall = invoice_of(job), part(job, "confidence").get("overall")
        name = Text.assemble(("= " if job.get("duplicateOf") else "", "cyan"), names[done.document])
        cells = [
            name,
            Text(str(part(invoice, "supplier").get("name") or "")),
            Text(str(invoice.get("number") or "")),
            Text(str(invoice.get("date") or "")),
            Text(total_of(job)),
            Text(percent(overall), style=confidence_style(overall)),
        ]
        if with_findings:
            cells.append(_signs(findings_of(job)))
        if is_wide:
            cells += [Text(duration(job.get("processingTime"))), Text(str(job["_id"]))]
        invoices.add_row(*cells)
    return invoices


def _findings(findings: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    several = len({name for name, _ in findings}) > 1
    listed = table("Findings")
    listed.add_column("", min_width=1)
    if several:
        listed.add_column("Document", style="bold", ratio=2)
    listed.add_column("What to look at", no_wrap=False, overflow="fold", ratio=5)
    for name, finding in findings[:_MOST_FINDINGS]:
        cells = [finding_sign(finding), *([Text(name)] if several else []), Text(str(finding.get("message", "")))]
        listed.add_row(*cells)
    if len(findings) > _MOST_FINDINGS:
        more = Text(f"… and {len(findings) - _MOST_FINDINGS} more: invoice-capture show ID", style="dim")
        listed.add_row("", *([""] if several else []), more)
    return listed


def _problems(problems: Sequence[Submitted], names: Mapping[Document, str], title: str) -> Table:
    listed = table(title)
    listed.add_column("Document", style="bold", ratio=2)
    listed.add_column("Status", min_width=12)
    listed.add_column("Reason", no_wrap=False, overflow="fold", ratio=5)
    for done in problems:
        job = done.job or {}
        label = status_text(job) if done.problem is None else Text("✗ not sent", style="yellow")
        reason = Text(done.problem or str(job.get("errorLog") or _silent_reason(job)))
        if done.job_id is not None:
            reason.append(f"\n{done.job_id}", style="dim")
        listed.add_row(Text(names[done.document]), label, reason)
    return listed


def _silent_reason(job: Mapping[str, Any]) -> str:
    if job.get("status") in {"cancelled", GONE}:
        return "Somebody deleted the job."
    return "The API does not say why."


def _summary(results: Sequence[Submitted]) -> Text:
    counts = Counter(_word(done) for done in results)
    text = Text()
    for word, sign, style in (
        ("captured", "✓", "green"),
        ("duplicate", "=", "cyan"),
        ("under way", "…", "blue"),
        ("not captured", "✗", "red"),
        ("not sent", "✗", "yellow"),
    ):
        if counts[word]:
            text.append(f"{sign} {counts[word]} {word}   ", style=f"bold {style}")
    return text.append("1 document" if len(results) == 1 else f"{len(results)} documents", style="dim")


def _word(done: Submitted) -> str:
    if done.problem is not None:
        return "not sent"
    if done.runs:
        return "under way"
    if not done.is_good:
        return "not captured"
    return "duplicate" if (done.job or {}).get("duplicateOf") else "captured"


def _is_captured(done: Submitted) -> bool:
    return done.is_good and not done.runs


def _short_names(results: Sequence[Submitted]) -> dict[Document, str]:
    """Bare file names where they say which file it is, and paths where they do not."""
    uses = Counter(PurePath(done.document.shown).name for done in results)
    return {
        done.document: name if uses[name := PurePath(done.document.shown).name] == 1 else done.document.shown
        for done in results
    }
