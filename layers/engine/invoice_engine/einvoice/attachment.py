"""The e-invoice inside a PDF: Factur-X, ZUGFeRD, XRechnung, by name or by what the file is."""

from collections.abc import Iterable
from typing import Literal

from invoice_engine.einvoice.recognise import read_einvoice
from invoice_engine.errors import EngineError, UnsupportedDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.model import Invoice, Note
from invoice_engine.read.kind import Kind, kind_of
from invoice_engine.read.pdf import Attachment
from invoice_engine.read.xml import parse_xml

KNOWN_NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"})


def embedded_invoice(
    attachments: Iterable[Attachment], limits: Limits, deadline: Deadline, notes: list[Note]
) -> tuple[Literal["cii", "ubl"], Invoice] | None:
    """The first attachment that is an invoice, those with a known name first.

    A file with a known name that cannot be read adds to `notes`; any other that is no invoice is none of our business.
    """
    for attachment in sorted(attachments, key=lambda one: one.name.lower() not in KNOWN_NAMES):
        if kind_of(attachment.data) is not Kind.XML and attachment.name.lower() not in KNOWN_NAMES:
            continue
        try:
            return read_einvoice(parse_xml(attachment.data, limits, deadline))
        except UnsupportedDocument:
            continue
        except EngineError as error:
            deadline.check()
            if attachment.name.lower() in KNOWN_NAMES:
                notes.append(Note("attachment_unreadable", f"The embedded {attachment.name} was ignored. {error}"))
    return None
