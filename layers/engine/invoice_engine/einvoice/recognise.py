"""Tell which e-invoice standard an XML document follows, and read it."""

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from invoice_engine.einvoice import cii, facturae, fatturapa, ubl
from invoice_engine.errors import UnsupportedDocument
from invoice_engine.model import Invoice, Note, Standard
from invoice_engine.read.xml import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_IN_ENVELOPE = 10


class EInvoice(NamedTuple):
    """The invoice of an XML document, the standard it follows, and what a reader should know besides."""

    standard: Standard
    invoice: Invoice
    notes: tuple[Note, ...] = ()


def read_einvoice(root: "_Element") -> EInvoice:
    """The invoice of an XML document; the first, where there are several.

    Raises UnsupportedDocument when the document follows none of the standards, or is an order.
    """
    # Peppol hands invoices on in an envelope whose last child is the invoice.
    for element in (root, *islice(root, MAX_IN_ENVELOPE)):
        if found := _read(element):
            return found
    raise UnsupportedDocument(
        f"The XML is no invoice this engine knows (its root element is {local_name(root)[:60]!r}). Send it as CII "
        "(Factur-X, ZUGFeRD, XRechnung), as UBL 2 (Peppol, XRechnung), as FatturaPA, as Facturae, or as a PDF."
    )


def _read(element: "_Element") -> EInvoice | None:
    name = local_name(element)
    if name in cii.ROOTS:
        return EInvoice("cii", cii.read_cii(element))
    if ubl.is_ubl(element):
        return EInvoice("ubl", ubl.read_ubl(element))
    if name == fatturapa.ROOT:
        return EInvoice("fatturapa", fatturapa.read_fatturapa(element), _only_first(len(fatturapa.bodies(element))))
    if name == facturae.ROOT:
        return EInvoice("facturae", facturae.read_facturae(element), _only_first(len(facturae.invoices(element))))
    return None


def _only_first(invoices: int) -> tuple[Note, ...]:
    if invoices < 2:
        return ()
    return (
        Note(
            "several_invoices",
            f"The file has {invoices} invoices, and only the first was read. Ask for a file of its own for each.",
        ),
    )
