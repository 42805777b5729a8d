"""A Factur-X PDF whose pages ask for another total than its data."""

from dataclasses import replace
from decimal import Decimal

from samples.catalogue import INVOICES
from samples.factur_x import attach_cii
from samples.layouts import LAYOUTS

PRINTED = next(invoice for invoice in INVOICES if invoice.factur_x)
EMBEDDED = replace(
    PRINTED, lines=(replace(PRINTED.lines[0], quantity=PRINTED.lines[0].quantity + Decimal(7)), *PRINTED.lines[1:])
)


def disagreeing_pdf() -> bytes:
    """The printed invoice with the data of another one, of which more is bought."""
    assert EMBEDDED.total != PRINTED.total
    return attach_cii(LAYOUTS[PRINTED.layout](PRINTED), EMBEDDED)
