"""Tell which e-invoice standard an XML document follows, and read it."""

from itertools import islice
from typing import TYPE_CHECKING, Literal

from invoice_engine.einvoice import cii, ubl
from invoice_engine.errors import UnsupportedDocument
from invoice_engine.model import Invoice
from invoice_engine.read.xml import local_name

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_IN_ENVELOPE = 10


def read_einvoice(root: "_Element") -> tuple[Literal["cii", "ubl"], Invoice]:
    """The standard and the invoice of an XML document.

    Raises UnsupportedDocument when the document follows neither, or is an order.
    """
    # Peppol hands invoices on in an envelope whose last child is the invoice.
    for element in (root, *islice(root, MAX_IN_ENVELOPE)):
        if local_name(element) in cii.ROOTS:
            return "cii", cii.read_cii(element)
        if ubl.is_ubl(element):
            return "ubl", ubl.read_ubl(element)
    raise UnsupportedDocument(
        f"The XML is no invoice this engine knows (its root element is {local_name(root)[:60]!r}). "
        "Send it as CII (Factur-X, ZUGFeRD, XRechnung), as UBL 2 (Peppol, XRechnung), or as a PDF."
    )
