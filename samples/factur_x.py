"""Turns a drawn invoice into a Factur-X PDF: CII data attached, and declared in catalogue and XMP metadata.

The standard fonts are not embedded, so the file is no PDF/A-3 and its metadata does not claim to be one.
"""

from io import BytesIO
from typing import cast

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from samples.einvoice import cii
from samples.model import Invoice

ATTACHMENT = "factur-x.xml"

XMP = f"""<?xpacket begin="\N{ZERO WIDTH NO-BREAK SPACE}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:fx="urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#">
   <fx:DocumentType>INVOICE</fx:DocumentType>
   <fx:DocumentFileName>{ATTACHMENT}</fx:DocumentFileName>
   <fx:Version>1.0</fx:Version>
   <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def attach_cii(pdf: bytes, invoice: Invoice) -> bytes:
    """Return `pdf` with the invoice's CII data attached, as an alternative to what the pages show."""
    writer = PdfWriter(clone_from=BytesIO(pdf))
    # Embedded files with a relationship are newer than the version that reportlab or pypdf would declare.
    writer.pdf_header = "%PDF-1.7"
    attachment = writer.add_attachment(ATTACHMENT, cii(invoice))
    attachment.alternative_name = TextStringObject(ATTACHMENT)
    attachment.description = TextStringObject("Factur-X invoice data")
    attachment.associated_file_relationship = NameObject("/Alternative")
    attachment.subtype = NameObject("/text/xml")
    writer.root_object[NameObject("/AF")] = ArrayObject([attachment.pdf_object.indirect_reference])
    writer.xmp_metadata = XMP.encode()
    # pypdf adds the packet without the two entries by which a reader recognises it.
    packet = cast(DictionaryObject, writer.root_object["/Metadata"])
    packet.update({NameObject("/Type"): NameObject("/Metadata"), NameObject("/Subtype"): NameObject("/XML")})
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
