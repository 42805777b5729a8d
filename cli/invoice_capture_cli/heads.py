"""The head of an invoice, as tables and lines show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from invoice_capture_cli.tables import Column
from invoice_capture_cli.values import CREDIT_NOTE, invoice_of, money, part, sign_of, value_of

HEAD_COLUMNS = (
    Column("Supplier", wraps=True, turn=5, below="Document"),
    Column("Number", turn=6, below="Document"),
    Column("Date", right=True, turn=7, below="Total"),
    Column("Total", right=True),
    Column("Kind", style="magenta", right=True, turn=1, below="Total"),
)
"""For ``Head.cells``, beside a column Document. A credit note is named in a column that other tables do not have."""


@dataclass(frozen=True)
class Head:
    """Texts, empty where nothing is known. ``total`` has its currency, and of a credit note its sign."""

    supplier: str = ""
    number: str = ""
    date: str = ""
    total: str = ""
    kind: str = ""

    @classmethod
    def of_invoice(cls, invoice: Mapping[str, Any]) -> Head:
        """Of a canonical invoice."""
        kind, total = value_of(invoice, "type"), value_of(invoice, "total")
        return cls(
            supplier=str(value_of(part(invoice, "supplier"), "name") or ""),
            number=str(value_of(invoice, "invoice_number") or ""),
            date=str(value_of(invoice, "issue_date") or ""),
            total=money(total, value_of(invoice, "currency"), sign=sign_of(kind, total)),
            kind=_kind(kind),
        )

    @classmethod
    def of_job(cls, job: Mapping[str, Any]) -> Head:
        """Of a job as the API shows it."""
        invoice = invoice_of(job)
        amounts, kind = part(invoice, "amounts"), job.get("invoiceType")
        total = amounts.get("total")
        return cls(
            supplier=str(part(invoice, "supplier").get("name") or ""),
            number=str(invoice.get("number") or ""),
            date=str(invoice.get("date") or ""),
            total=money(total, amounts.get("currency"), sign=sign_of(kind, total)),
            kind=_kind(kind),
        )

    @property
    def cells(self) -> tuple[str | Text, ...]:
        return self.supplier, self.number, self.date, self.total, self.kind

    @property
    def words(self) -> list[str]:
        """For one line of text."""
        return [word for word in (self.supplier, self.number, self.kind, self.total) if word]


def _kind(kind: object) -> str:
    return "credit note" if kind == CREDIT_NOTE else ""
