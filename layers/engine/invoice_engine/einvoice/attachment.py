"""The e-invoice inside a PDF: Factur-X, ZUGFeRD, XRechnung, by name or by what the file is."""

from collections.abc import Iterable

from invoice_engine.einvoice.recognise import EInvoice, read_einvoice
from invoice_engine.errors import EngineError, UnsupportedDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Note
from invoice_engine.read.kind import Kind, kind_of
from invoice_engine.read.pdf import Attachment
from invoice_engine.read.xml import parse_xml

# In lower case: ZUGFeRD 1 has ZUGFeRD-invoice.xml.
KNOWN_NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"})


def embedded_invoice(
    attachments: Iterable[Attachment], limits: Limits, deadline: Deadline, notes: list[Note]
) -> EInvoice | None:
    """The first attachment that is an invoice, those with a known name first.

    A file with a known name that cannot be read adds to `notes`; any other that is no invoice is none of our business.
    """
    for attachment in sorted(attachments, key=lambda one: not _is_known(one)):
        if kind_of(attachment.data) is not Kind.XML and not _is_known(attachment):
            continue
        try:
            return read_einvoice(parse_xml(attachment.data, limits, deadline))
        except UnsupportedDocument:
            continue
        except EngineError as error:
            deadline.check()
            if _is_known(attachment):
                notes.append(Note("attachment_unreadable", f"The embedded {attachment.name} was ignored. {error}"))
    return None


def _is_known(attachment: Attachment) -> bool:
    return attachment.name.strip().lower() in KNOWN_NAMES
