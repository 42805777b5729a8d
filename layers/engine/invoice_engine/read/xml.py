"""Parse XML of unknown origin: no DTD, no entities, no network, bounded depth and size."""

from typing import TYPE_CHECKING, cast

from invoice_engine.errors import TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits

if TYPE_CHECKING:
    from lxml.etree import _Element

CHUNK = 64 * 1024


def parse_xml(data: bytes, limits: Limits, deadline: Deadline) -> "_Element":
    """The root element of `data`, in any encoding it declares.

    Raises TooLarge beyond the limits, UnreadableDocument for malformed XML and for any document type declaration.
    """
    from lxml import etree

    # Fed in pieces and counted on the way, so that a hostile document is refused before it has grown in memory.
    parser = etree.XMLPullParser(
        ("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    depth = elements = 0
    data = data.lstrip(b" \t\r\n")
    try:
        for start in range(0, len(data), CHUNK):
            deadline.check()
            parser.feed(data[start : start + CHUNK])
            for event, element in parser.read_events():
                if event == "end":
                    depth -= 1
                    continue
                if elements == 0:
                    _refuse_doctype(cast("_Element", element))
                depth += 1
                elements += 1
                _check_size(depth, elements, limits)
        root: _Element = parser.close()
    except etree.XMLSyntaxError as exc:
        raise UnreadableDocument(f"The XML is damaged ({exc.msg}). Ask the sender for the original file.") from exc
    return root


def local_name(element: "_Element") -> str:
    """The tag of `element` without its namespace; empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _refuse_doctype(element: "_Element") -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise UnreadableDocument(
            "The XML has a document type declaration, which e-invoices never need and which is unsafe to read. "
            "Ask the sender for a file without it."
        )


def _check_size(depth: int, elements: int, limits: Limits) -> None:
    if depth > limits.max_xml_depth:
        raise TooLarge(f"The XML is nested deeper than {limits.max_xml_depth} levels. It is no ordinary invoice.")
    if elements > limits.max_xml_elements:
        raise TooLarge(f"The XML has more than {limits.max_xml_elements} elements. Send the invoice in smaller parts.")
