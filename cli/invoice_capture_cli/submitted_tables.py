"""What became of submitted files, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from invoice_capture_cli.following import GONE
from invoice_capture_cli.heads import HEAD_COLUMNS
from invoice_capture_cli.reasons import Missed, reason_sheet
from invoice_capture_cli.simulated import simulated_of
from invoice_capture_cli.statuses import finding_sign, finding_signs, status_text
from invoice_capture_cli.submitting import Submitted
from invoice_capture_cli.tables import Column, Sheet, clean, heading, show_parts
from invoice_capture_cli.values import confidence_style, duration, least_sure, percent, short_names

_MOST_ROWS = 200
_MOST_FINDINGS = 20


def show_submitted(console: Console, results: Sequence[Submitted]) -> None:
    """The jobs of files, none of which was waited for."""
    names = short_names(done.document.shown for done in results)
    simulated = _simulated(results)
    parts: list[RenderableType] = []
    if started := [done for done in results if done.problem is None]:
        jobs = Sheet(
            heading("Submitted", simulated),
            Column("Job"),
            Column("Document", style="bold", wraps=True),
            Column("Status", turn=1, below="Job"),
        )
        for done in started[:_MOST_ROWS]:
            jobs.add(done.job_id or "", names[done.document.shown], status_text(done.job or {}))
        parts.append(jobs)
    _show(console, parts, results, names, heading("Not submitted", simulated))


def show_captured(console: Console, results: Sequence[Submitted]) -> None:
    """The invoices of files, and why others have none."""
    names = short_names(done.document.shown for done in results)
    simulated = _simulated(results)
    parts: list[RenderableType] = []
    if captured := [done for done in results if _is_captured(done)]:
        parts.append(_invoices(captured[:_MOST_ROWS], names, simulated))
    if any(done.findings for done in captured):
        parts.append(_findings(captured, names, simulated))
    _show(console, parts, results, names, heading("Not captured", simulated))


def _simulated(results: Sequence[Submitted]) -> Collection[str]:
    return simulated_of(done.job for done in results if done.job is not None)


def _show(
    console: Console,
    parts: list[RenderableType],
    results: Sequence[Submitted],
    names: Mapping[str, str],
    problems_title: str,
) -> None:
    if problems := [done for done in results if not done.is_good]:
        missed = [_missed(done, names) for done in problems[:_MOST_ROWS]]
        parts.append(reason_sheet(problems_title, missed))
    if len(results) > _MOST_ROWS:
        parts.append(Text("… and more; --json lists all of them.", style="dim"))
    show_parts(console, *parts, _summary(results))


def _invoices(captured: Sequence[Submitted], names: Mapping[str, str], simulated: Collection[str]) -> Sheet:
    invoices = Sheet(
        heading("Invoices", simulated),
        Column("Document", style="bold", wraps=True),
        *HEAD_COLUMNS,
        Column("Least sure", right=True),
        Column("Findings"),
        Column("Time", style="dim", right=True, turn=2),
        Column("Job", style="dim", turn=8, below="Document"),
    )
    for done in captured:
        job, lowest = done.job or {}, least_sure(done.invoice)
        invoices.add(
            Text.assemble(("= " if job.get("duplicateOf") else "", "cyan"), clean(names[done.document.shown])),
            *done.head.cells,
            "" if lowest is None else Text(percent(lowest[1]), style=confidence_style(lowest[1])),
            finding_signs(done.findings),
            duration(job.get("processingTime")),
            done.job_id or "",
        )
    return invoices


def _findings(captured: Sequence[Submitted], names: Mapping[str, str], simulated: Collection[str]) -> Sheet:
    """What a person should look at; what holds for several documents is told once."""
    groups: dict[str, list[tuple[Submitted, Mapping[str, object]]]] = {}
    for done in captured:
        for finding in done.findings:
            groups.setdefault(str(finding.get("message", "")), []).append((done, finding))
    listed = Sheet(
        heading("Findings", simulated),
        Column(""),
        Column("Document", style="bold", wraps=True),
        Column("What to look at", wraps=True),
    )
    for message, those in list(groups.items())[:_MOST_FINDINGS]:
        documents = dict.fromkeys(names[done.document.shown] for done, _ in those)
        listed.add(finding_sign(those[0][1]), Text("\n").join(map(clean, documents)), message)
    if len(groups) > _MOST_FINDINGS:
        listed.add("", "", Text(f"… and {len(groups) - _MOST_FINDINGS} more: invoice-capture show ID", style="dim"))
    return listed


def _missed(done: Submitted, names: Mapping[str, str]) -> Missed:
    job = done.job or {}
    return Missed(
        name=names[done.document.shown],
        own_name=done.document.name,
        status=status_text(job) if done.problem is None else Text("✗ not sent", style="yellow"),
        reason=done.problem or str(job.get("errorLog") or _silent_reason(job)),
        job_id=done.job_id,
    )


def _silent_reason(job: Mapping[str, object]) -> str:
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
