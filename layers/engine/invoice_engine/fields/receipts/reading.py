"""What a till receipt says of its supplier, date and total."""

from dataclasses import dataclass

from invoice_engine.fields.context import Context
from invoice_engine.fields.receipts.issue_dates import receipt_dates
from invoice_engine.fields.receipts.recognise import is_narrow, is_receipt
from invoice_engine.fields.receipts.rows import rows_of
from invoice_engine.fields.receipts.supplier import receipt_suppliers
from invoice_engine.fields.receipts.totals import receipt_totals
from invoice_engine.model import Candidate


@dataclass(frozen=True, slots=True)
class Receipt:
    """Candidates for the fields that receipts have, which take the place of those found as on invoices."""

    suppliers: list[Candidate]
    dates: list[Candidate]
    totals: list[Candidate]


def receipt_in(context: Context) -> Receipt | None:
    """The document read as a till receipt; None if it is none. Raises TooLarge when time is up."""
    if not is_narrow(context.document):
        return None
    rows = rows_of(context.document, context.deadline)
    if not is_receipt(context, rows):
        return None
    return Receipt(receipt_suppliers(context, rows), receipt_dates(context, rows), receipt_totals(rows))
