"""Why documents were not captured: a reason that holds for several of them is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from invoice_capture_cli.tables import Column, Sheet, clean

_OF_SEVERAL = "the document"


@dataclass(frozen=True)
class Missed:
    """A document, shown as ``name``, without an invoice. ``own_name`` is what its reason calls it."""

    name: str
    own_name: str
    status: Text
    reason: str
    job_id: str | None = None


def reason_sheet(title: str, missed: Sequence[Missed]) -> Sheet:
    groups: dict[tuple[str, str], list[Missed]] = {}
    for one in missed:
        groups.setdefault((one.status.plain, one.reason.replace(one.own_name, _OF_SEVERAL)), []).append(one)
    sheet = Sheet(
        title,
        Column("Document", style="bold", wraps=True),
        Column("Status", turn=1, below="Document"),
        Column("Reason", wraps=True),
    )
    for (_, common), those in groups.items():
        reason = those[0].reason if len(those) == 1 else _as_sentence(common)
        sheet.add(Text("\n").join(map(_named, those)), those[0].status, reason)
    return sheet


def _named(one: Missed) -> Text:
    if one.job_id is None:
        return clean(one.name)
    return Text("\n").join([clean(one.name), Text(one.job_id, style="dim not bold")])


def _as_sentence(reason: str) -> str:
    """The reason with a capital where the name of the document stood first: behind its code, or at its beginning."""
    code, colon, message = reason.partition(": ")
    if colon and message.startswith(_OF_SEVERAL):
        return f"{code}: {_capital(message)}"
    return _capital(reason) if reason.startswith(_OF_SEVERAL) else reason


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
