"""What was captured, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local_stack.compact import amount_of, compact_table, text_of
from local_stack.line_table import lines_of
from local_stack.outcome import Outcome
from local_stack.records import Notification

_MOST_ROWS = 200
_WIDE = 110
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
    names = _short_names(outcomes)
    parts: list[RenderableType] = []
    if captured := [outcome for outcome in outcomes if outcome.invoice is not None]:
        parts.append(_invoices(captured[:_MOST_ROWS], names, console.width))
        if with_lines:
            parts += [lines_of(names[outcome.file], outcome.invoice or {}) for outcome in captured[:_MOST_ROWS]]
    if others := [outcome for outcome in outcomes if outcome.invoice is None]:
        parts.append(_problems(others[:_MOST_ROWS], names))
    hidden = len(outcomes) - len(captured[:_MOST_ROWS]) - len(others[:_MOST_ROWS])
    if hidden:
        parts.append(Text(f"… and {hidden} more documents; --json lists all of them.", style="dim"))
    if notifications:
        parts.append(_published(notifications))
    parts.append(_summary(outcomes, seconds))
    console.print(Padding(Group(*parts), (1, 1)))


def line(outcome: Outcome) -> Text:
    """One document on one line."""
    label, style = _STATUS.get(outcome.status or "", _UNFINISHED)
    text = Text.assemble((f"{label:<13}", style), (PurePath(outcome.file).name, "bold"))
    if outcome.invoice is not None:
        invoice = outcome.invoice
        for part in (text_of(invoice["supplier"]["name"]), text_of(invoice["invoice_number"]), _money(invoice)):
            text.append(f"  {part}" if part else "")
    elif outcome.error is not None:
        text.append(f"  {outcome.error['code']}: {outcome.error['message']}")
    if outcome.findings:
        text.append(f"  {_findings(outcome)}", "yellow")
    if outcome.seconds is not None:
        text.append(f"  {outcome.seconds:.1f} s", "dim")
    return text


def _invoices(outcomes: Sequence[Outcome], names: Mapping[str, str], width: int) -> Table:
    table = compact_table("Invoices")
    table.add_column("Document", style="bold", ratio=4)
    table.add_column("Supplier", ratio=3)
    table.add_column("Number", ratio=3, min_width=12)
    table.add_column("Date", min_width=10)
    table.add_column("Lines", justify="right", min_width=5)
    table.add_column("Total", justify="right", min_width=max(len(_money(outcome.invoice)) for outcome in outcomes))
    with_findings = any(outcome.findings for outcome in outcomes)
    if with_findings:
        table.add_column("Findings", style="yellow", ratio=3)
    is_wide = width >= _WIDE
    if is_wide:
        table.add_column("Provider", style="dim")
        table.add_column("Time", justify="right", style="dim", min_width=6)
    for outcome in outcomes:
        invoice = outcome.invoice or {}
        is_credit_note = text_of(invoice["type"]) == "credit_note"
        cells = [
            Text(names[outcome.file]),
            Text(text_of(invoice["supplier"]["name"])),
            Text(text_of(invoice["invoice_number"])),
            Text(text_of(invoice["issue_date"])),
            Text(str(len(invoice["lines"]) or "")),
            Text(_money(invoice), style="magenta" if is_credit_note else ""),
        ]
        if with_findings:
            cells.append(Text(_findings(outcome)))
        if is_wide:
            seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f} s"
            cells += [Text(outcome.provider or ""), Text(seconds)]
        table.add_row(*cells)
    return table


def _problems(outcomes: Sequence[Outcome], names: Mapping[str, str]) -> Table:
    table = compact_table("Not captured")
    table.add_column("Document", style="bold", ratio=2)
    table.add_column("Status", min_width=12)
    table.add_column("Reason", overflow="fold", no_wrap=False, ratio=5)
    for outcome in outcomes:
        label, style = _STATUS.get(outcome.status or "", _UNFINISHED)
        reason = Text("The same document was taken in before.")
        if outcome.error is not None:
            reason = Text.assemble((outcome.error["code"], style), ": ", outcome.error["message"])
        table.add_row(Text(names[outcome.file]), Text(label, style=style), reason)
    return table


def _published(notifications: Sequence[Notification]) -> Table:
    table = compact_table("Notifications")
    table.add_column("Published", justify="right", min_width=9)
    table.add_column("Subject", min_width=max(len(notification.subject) for notification in notifications))
    table.add_column("Example", style="dim", ratio=1)
    examples = {notification.subject: notification for notification in reversed(notifications)}
    for subject, count in Counter(notification.subject for notification in notifications).most_common():
        message = examples[subject].message
        table.add_row(str(count), subject, Text(_example(message)))
    return table


def _example(message: Mapping[str, Any]) -> str:
    key = message.get("document", {}).get("key", "")
    return f"{message.get('event', '')} · {PurePath(key).name} · job {message.get('job_id', '')}"


def _summary(outcomes: Sequence[Outcome], seconds: float) -> Text:
    counts = Counter(_STATUS.get(outcome.status or "", _UNFINISHED) for outcome in outcomes)
    text = Text()
    for label, style in (*_STATUS.values(), _UNFINISHED):
        if count := counts[label, style]:
            sign, word = label.split(" ")
            text.append(f"{sign} {count} {word}   ", style=f"bold {style}")
    documents = "1 document" if len(outcomes) == 1 else f"{len(outcomes)} documents"
    return text.append(f"{documents} in {seconds:.1f} s", style="dim")


def _short_names(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Bare file names where they say which file it is, and paths where they do not."""
    uses = Counter(PurePath(outcome.file).name for outcome in outcomes)
    return {
        outcome.file: name if uses[name := PurePath(outcome.file).name] == 1 else outcome.file for outcome in outcomes
    }


def _money(invoice: Mapping[str, Any] | None) -> str:
    """The total for people, with its currency; whatever is no number as it is."""
    if invoice is None:
        return ""
    return f"{amount_of(invoice['total'])} {text_of(invoice['currency'])}".strip()


def _findings(outcome: Outcome) -> str:
    return ", ".join(sorted({str(finding["code"]) for finding in outcome.findings}))
