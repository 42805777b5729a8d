"""What was captured, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from rich.console import Console, RenderableType
from rich.text import Text

from invoice_capture_cli.heads import HEAD_COLUMNS, Head
from invoice_capture_cli.invoice_tables import line_table
from invoice_capture_cli.reasons import Missed, reason_sheet
from invoice_capture_cli.tables import Column, Sheet, clean, heading, provider_name, show_parts
from invoice_capture_cli.values import short_names
from local_stack.outcome import Outcome
from local_stack.records import Notification

_MOST_ROWS = 200
_ALL = "--json lists all of them."
_STATUS = {
    "CAPTURED": ("✓ captured", "green"),
    "DUPLICATE": ("= duplicate", "cyan"),
    "REJECTED": ("✗ refused", "yellow"),
    "FAILED": ("✗ failed", "red"),
}
_UNFINISHED = ("… unfinished", "red")


def show(
    console: Console,
    outcomes: Sequence[Outcome],
    notifications: Sequence[Notification],
    seconds: float,
    with_lines: bool = False,
) -> None:
    """Print the invoices, with their lines if wanted, the problems, the notifications and a summary."""
    names = short_names(outcome.file for outcome in outcomes)
    simulated = {str(outcome.provider) for outcome in outcomes if outcome.simulated}
    parts: list[RenderableType] = []
    if captured := [outcome for outcome in outcomes if outcome.invoice is not None]:
        parts.append(_invoices(captured[:_MOST_ROWS], names, simulated))
        if with_lines:
            parts += [_lines(outcome, names, simulated) for outcome in captured[:_MOST_ROWS]]
    if others := [outcome for outcome in outcomes if outcome.invoice is None]:
        missed = [_missed(outcome, names) for outcome in others[:_MOST_ROWS]]
        parts.append(reason_sheet(heading("Not captured", simulated), missed))
    hidden = len(outcomes) - len(captured[:_MOST_ROWS]) - len(others[:_MOST_ROWS])
    if hidden:
        parts.append(Text(f"… and {hidden} more documents; {_ALL}\n", style="dim"))
    if notifications:
        parts.append(_published(notifications, simulated))
    show_parts(console, *parts, _summary(outcomes, seconds))


def line(outcome: Outcome) -> Text:
    """One document on one line."""
    label, style = _STATUS.get(outcome.status or "", _UNFINISHED)
    text = Text.assemble((f"{label:<13}", style), clean(PurePath(outcome.file).name, "bold"))
    if outcome.invoice is not None:
        for word in Head.of_invoice(outcome.invoice).words:
            text.append("  ").append_text(clean(word))
    elif outcome.error is not None:
        text.append("  ").append_text(clean(f"{outcome.error['code']}: {outcome.error['message']}"))
    if outcome.findings:
        text.append(f"  {_findings(outcome)}", "yellow")
    if outcome.simulated:
        text.append(f"  {_provider(outcome)}", "dim")
    if outcome.seconds is not None:
        text.append(f"  {outcome.seconds:.1f} s", "dim")
    return text


def _invoices(outcomes: Sequence[Outcome], names: Mapping[str, str], simulated: Collection[str]) -> Sheet:
    sheet = Sheet(
        heading("Invoices", simulated),
        Column("Document", style="bold", wraps=True),
        *HEAD_COLUMNS,
        Column("Lines", right=True, turn=4),
        Column("Findings", style="yellow", wraps=True),
        Column("Provider", style="dim", turn=3),
        Column("Time", style="dim", right=True, turn=2),
    )
    for outcome in outcomes:
        invoice = outcome.invoice or {}
        sheet.add(
            names[outcome.file],
            *Head.of_invoice(invoice).cells,
            str(len(invoice["lines"]) or ""),
            _findings(outcome),
            _provider(outcome),
            "" if outcome.seconds is None else f"{outcome.seconds:.1f} s",
        )
    return sheet


def _lines(outcome: Outcome, names: Mapping[str, str], simulated: Collection[str]) -> RenderableType:
    invoice, name = outcome.invoice or {}, names[outcome.file]
    if not invoice["lines"]:
        return Text(f"{name} has no line items.\n", style="dim")
    return line_table(f"Lines of {name}", invoice, _ALL, simulated)


def _missed(outcome: Outcome, names: Mapping[str, str]) -> Missed:
    label, style = _STATUS.get(outcome.status or "", _UNFINISHED)
    reason = "The same document was taken in before."
    if outcome.error is not None:
        reason = f"{outcome.error['code']}: {outcome.error['message']}"
    return Missed(names[outcome.file], PurePath(outcome.file).name, Text(label, style=style), reason)


def _published(notifications: Sequence[Notification], simulated: Collection[str]) -> Sheet:
    sheet = Sheet(
        heading("Notifications", simulated),
        Column("Published", right=True),
        Column("Subject"),
        Column("Event", style="dim", turn=1),
        Column("For example", style="dim", wraps=True),
        Column("Job", style="dim", turn=2, below="For example"),
    )
    examples = {notification.subject: notification.message for notification in reversed(notifications)}
    for subject, count in Counter(notification.subject for notification in notifications).most_common():
        message = examples[subject]
        key = message.get("document", {}).get("key", "")
        sheet.add(str(count), subject, message.get("event", ""), PurePath(key).name, str(message.get("job_id", "")))
    return sheet


def _summary(outcomes: Sequence[Outcome], seconds: float) -> Text:
    counts = Counter(_STATUS.get(outcome.status or "", _UNFINISHED) for outcome in outcomes)
    text = Text()
    for label, style in (*_STATUS.values(), _UNFINISHED):
        if count := counts[label, style]:
            sign, word = label.split(" ")
            text.append(f"{sign} {count} {word}   ", style=f"bold {style}")
    documents = "1 document" if len(outcomes) == 1 else f"{len(outcomes)} documents"
    return text.append(f"{documents} in {seconds:.1f} s", style="dim")


def _provider(outcome: Outcome) -> str:
    return provider_name(outcome.provider or "", simulated=outcome.simulated)


def _findings(outcome: Outcome) -> str:
    return ", ".join(sorted({str(finding["code"]) for finding in outcome.findings}))
