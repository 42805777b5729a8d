"""Small documents made for the tests: XML texts, and PDFs drawn with reportlab."""

import io
from collections.abc import Iterable

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen import canvas

from invoice_engine.model import Box
from invoice_engine.read.words import Page, Word

A4 = (595.0, 842.0)
Text = tuple[float, float, str]  # left and top in points from the top left corner, and what is written there

CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
 <rsm:ExchangedDocument>
  <ram:ID>
    KL-2026-17
  </ram:ID>
  <ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20260302</udt:DateTimeString></ram:IssueDateTime>
 </rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
   <ram:SpecifiedTradeProduct>
    <ram:SellerAssignedID>LA-4</ram:SellerAssignedID><ram:Name>Lattenrost, verzinkt</ram:Name>
   </ram:SpecifiedTradeProduct>
   <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>
    <ram:ChargeAmount>250.00</ram:ChargeAmount><ram:BasisQuantity unitCode="H87">100</ram:BasisQuantity>
   </ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
   <ram:SpecifiedLineTradeDelivery>
    <ram:BilledQuantity unitCode="H87">40.0000</ram:BilledQuantity>
   </ram:SpecifiedLineTradeDelivery>
   <ram:SpecifiedLineTradeSettlement>
    <ram:ApplicableTradeTax><ram:RateApplicablePercent>19.00</ram:RateApplicablePercent></ram:ApplicableTradeTax>
    <ram:SpecifiedTradeAllowanceCharge>
     <ram:ChargeIndicator><udt:Indicator>false</udt:Indicator></ram:ChargeIndicator>
     <ram:ActualAmount>12.00</ram:ActualAmount>
    </ram:SpecifiedTradeAllowanceCharge>
    <ram:SpecifiedTradeAllowanceCharge>
     <ram:ChargeIndicator><udt:Indicator>true</udt:Indicator></ram:ChargeIndicator>
     <ram:ActualAmount>2.00</ram:ActualAmount>
    </ram:SpecifiedTradeAllowanceCharge>
    <ram:SpecifiedTradeSettlementLineMonetarySummation>
     <ram:LineTotalAmount>90.00</ram:LineTotalAmount>
    </ram:SpecifiedTradeSettlementLineMonetarySummation>
   </ram:SpecifiedLineTradeSettlement>
  </ram:IncludedSupplyChainTradeLineItem>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty>
    <ram:Name>Nebelhorn Metallbau GmbH</ram:Name>
    <ram:PostalTradeAddress>
     <ram:PostcodeCode>01234</ram:PostcodeCode><ram:LineOne>Nirgendweg 3</ram:LineOne><ram:LineTwo>Hof 2</ram:LineTwo>
     <ram:CityName>Wolkenheim</ram:CityName><ram:CountryID>DE</ram:CountryID>
    </ram:PostalTradeAddress>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">12/345/6789</ram:ID></ram:SpecifiedTaxRegistration>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE 294 041 172</ram:ID></ram:SpecifiedTaxRegistration>
   </ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Kranich &amp; Partner</ram:Name>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">ATU12345675</ram:ID></ram:SpecifiedTaxRegistration>
   </ram:BuyerTradeParty>
   <ram:BuyerOrderReferencedDocument>
    <ram:IssuerAssignedID>PO-77</ram:IssuerAssignedID></ram:BuyerOrderReferencedDocument>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement>
   <ram:PaymentReference>KL17-REF</ram:PaymentReference>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementPaymentMeans>
    <ram:TypeCode>58</ram:TypeCode>
    <ram:PayerPartyDebtorFinancialAccount>
     <ram:IBANID>AT611904300234573201</ram:IBANID></ram:PayerPartyDebtorFinancialAccount>
    <ram:PayeePartyCreditorFinancialAccount>
     <ram:IBANID>DE89 3704 0044 0532 0130 00</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>
    <ram:PayeeSpecifiedCreditorFinancialInstitution>
     <ram:BICID>NEBLDE21XXX</ram:BICID></ram:PayeeSpecifiedCreditorFinancialInstitution>
   </ram:SpecifiedTradeSettlementPaymentMeans>
   <ram:ApplicableTradeTax>
    <ram:CalculatedAmount>17.10</ram:CalculatedAmount><ram:BasisAmount>90.00</ram:BasisAmount>
    <ram:RateApplicablePercent>19.00</ram:RateApplicablePercent>
   </ram:ApplicableTradeTax>
   <ram:SpecifiedTradePaymentTerms>
    <ram:DueDateDateTime><udt:DateTimeString format="102">20260401</udt:DateTimeString></ram:DueDateDateTime>
   </ram:SpecifiedTradePaymentTerms>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:LineTotalAmount>90.00</ram:LineTotalAmount>
    <ram:TaxBasisTotalAmount>90.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="SEK">190.00</ram:TaxTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">17.10</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>107.10</ram:GrandTotalAmount>
    <ram:TotalPrepaidAmount>7.10</ram:TotalPrepaidAmount>
    <ram:DuePayableAmount>100.00</ram:DuePayableAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>
"""

ZUGFERD_1 = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryDocument xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12"
 xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15">
 <rsm:HeaderExchangedDocument>
  <ram:ID>Z1-9</ram:ID><ram:TypeCode>381</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20260115</udt:DateTimeString></ram:IssueDateTime>
 </rsm:HeaderExchangedDocument>
 <rsm:SpecifiedSupplyChainTradeTransaction>
  <ram:ApplicableSupplyChainTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Altbestand OHG</ram:Name>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE294041172</ram:ID></ram:SpecifiedTaxRegistration>
   </ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Kundin</ram:Name></ram:BuyerTradeParty>
   <ram:BuyerOrderReferencedDocument><ram:ID>B-5</ram:ID></ram:BuyerOrderReferencedDocument>
  </ram:ApplicableSupplyChainTradeAgreement>
  <ram:ApplicableSupplyChainTradeSettlement>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:ApplicableTradeTax>
    <ram:CalculatedAmount currencyID="EUR">0.70</ram:CalculatedAmount>
    <ram:BasisAmount currencyID="EUR">10.00</ram:BasisAmount><ram:ApplicablePercent>7.00</ram:ApplicablePercent>
   </ram:ApplicableTradeTax>
   <ram:SpecifiedTradeSettlementMonetarySummation>
    <ram:TaxBasisTotalAmount currencyID="EUR">10.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">0.70</ram:TaxTotalAmount>
    <ram:GrandTotalAmount currencyID="EUR">10.70</ram:GrandTotalAmount>
   </ram:SpecifiedTradeSettlementMonetarySummation>
  </ram:ApplicableSupplyChainTradeSettlement>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:AssociatedDocumentLineDocument><ram:IncludedNote>
    <ram:Content>Nur ein Hinweis</ram:Content></ram:IncludedNote></ram:AssociatedDocumentLineDocument>
  </ram:IncludedSupplyChainTradeLineItem>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:SpecifiedSupplyChainTradeAgreement><ram:NetPriceProductTradePrice>
    <ram:ChargeAmount currencyID="EUR">5.00</ram:ChargeAmount>
   </ram:NetPriceProductTradePrice></ram:SpecifiedSupplyChainTradeAgreement>
   <ram:SpecifiedSupplyChainTradeDelivery>
    <ram:BilledQuantity unitCode="C62">2</ram:BilledQuantity></ram:SpecifiedSupplyChainTradeDelivery>
   <ram:SpecifiedSupplyChainTradeSettlement>
    <ram:ApplicableTradeTax><ram:ApplicablePercent>7.00</ram:ApplicablePercent></ram:ApplicableTradeTax>
    <ram:SpecifiedTradeSettlementMonetarySummation>
     <ram:LineTotalAmount currencyID="EUR">10.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementMonetarySummation>
   </ram:SpecifiedSupplyChainTradeSettlement>
   <ram:SpecifiedTradeProduct><ram:Name>Buch</ram:Name></ram:SpecifiedTradeProduct>
  </ram:IncludedSupplyChainTradeLineItem>
 </rsm:SpecifiedSupplyChainTradeTransaction>
</rsm:CrossIndustryDocument>
"""

UBL_BODY = """
 <cbc:ID>SV-2026-4</cbc:ID>
 <cbc:IssueDate>2026-02-10+01:00</cbc:IssueDate>
 {due}
 <cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>
 <cac:OrderReference><cbc:ID>{order}</cbc:ID></cac:OrderReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyName><cbc:Name>Skuggan</cbc:Name></cac:PartyName>
  <cac:PostalAddress>
   <cbc:StreetName>Ingenstansgatan 1</cbc:StreetName><cbc:AdditionalStreetName>Uppgång B</cbc:AdditionalStreetName>
   <cbc:CityName>Dimstad</cbc:CityName><cbc:PostalZone>00100</cbc:PostalZone>
   <cac:Country><cbc:IdentificationCode>SE</cbc:IdentificationCode></cac:Country>
  </cac:PostalAddress>
  <cac:PartyTaxScheme><cbc:CompanyID>se 556677889901</cbc:CompanyID><cac:TaxScheme>
   <cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyTaxScheme><cbc:CompanyID>F-skatt</cbc:CompanyID><cac:TaxScheme>
   <cbc:ID>TAX</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Skuggan Handels AB</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party>
  <cac:PartyLegalEntity><cbc:RegistrationName>Köparen HB</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingCustomerParty>
 <cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>
  <cac:PayeeFinancialAccount><cbc:ID>12-3456</cbc:ID><cac:FinancialInstitutionBranch>
   <cbc:ID>SE:BANKGIRO</cbc:ID></cac:FinancialInstitutionBranch></cac:PayeeFinancialAccount>
 </cac:PaymentMeans>
 <cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode>{payment_due}<cbc:PaymentID>OCR 42</cbc:PaymentID>
  <cac:PayeeFinancialAccount><cbc:ID>SE4550000000058398257466</cbc:ID><cac:FinancialInstitutionBranch>
   <cbc:ID>ESSESESS</cbc:ID></cac:FinancialInstitutionBranch></cac:PayeeFinancialAccount>
 </cac:PaymentMeans>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">2.20</cbc:TaxAmount></cac:TaxTotal>
 <cac:TaxTotal><cbc:TaxAmount currencyID="SEK">25.00</cbc:TaxAmount>
  <cac:TaxSubtotal><cbc:TaxableAmount currencyID="SEK">100.00</cbc:TaxableAmount>
   <cbc:TaxAmount currencyID="SEK">25.00</cbc:TaxAmount>
   <cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
 <cac:LegalMonetaryTotal>
  <cbc:LineExtensionAmount currencyID="SEK">100.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="SEK">100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="SEK">125.00</cbc:TaxInclusiveAmount>
  <cbc:PrepaidAmount currencyID="SEK">25.00</cbc:PrepaidAmount>
  <cbc:PayableAmount currencyID="SEK">100.00</cbc:PayableAmount>
 </cac:LegalMonetaryTotal>
 <cac:{line}>
  <cbc:ID>1</cbc:ID><cbc:{quantity} unitCode="HUR">2</cbc:{quantity}>
  <cbc:LineExtensionAmount currencyID="SEK">100.00</cbc:LineExtensionAmount>
  <cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>
   <cbc:Amount currencyID="SEK">20.00</cbc:Amount></cac:AllowanceCharge>
  <cac:Item><cbc:Description>Lång text</cbc:Description><cbc:Name>Rådgivning</cbc:Name>
   <cac:SellersItemIdentification><cbc:ID>RG-1</cbc:ID></cac:SellersItemIdentification>
   <cac:ClassifiedTaxCategory><cbc:Percent>25.0</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="SEK">60.00</cbc:PriceAmount></cac:Price>
 </cac:{line}>
"""


def ubl(root: str = "Invoice", order: str = "PO-3") -> str:
    """A UBL Invoice or CreditNote; the due date stands where each of them has it."""
    credit = root == "CreditNote"
    body = UBL_BODY.format(
        due="" if credit else "<cbc:DueDate>2026-03-12</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>",
        payment_due="<cbc:PaymentDueDate>2026-03-12</cbc:PaymentDueDate>" if credit else "",
        order=order,
        line=f"{root}Line",
        quantity="CreditedQuantity" if credit else "InvoicedQuantity",
    )
    return (
        f'<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" '
        'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
        f'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">{body}</{root}>'
    )


GERMAN_INVOICE: list[Text] = [
    (60, 40, "Nebelhorn Metallbau GmbH"),
    (60, 110, "Nebelhorn Metallbau GmbH · Nirgendweg 3 · 01234 Wolkenheim"),
    (60, 130, "Kranich & Partner KG"),
    (60, 144, "Seeufer 9"),
    (60, 158, "04321 Schilfhausen"),
    (60, 230, "Rechnung"),
    (350, 130, "Rechnungsnummer:"),
    (460, 130, "KL-2026-17"),
    (350, 146, "Rechnungsdatum:"),
    (460, 146, "02.03.2026"),
    (350, 162, "Fällig am:"),
    (460, 162, "01.04.2026"),
    (60, 280, "Bezeichnung"),
    (300, 280, "Menge"),
    (380, 280, "Einzelpreis"),
    (480, 280, "Gesamt"),
    (60, 300, "Lattenrost, verzinkt"),
    (300, 300, "40"),
    (380, 300, "2,50"),
    (480, 300, "90,00"),
    (350, 400, "Summe netto"),
    (480, 400, "1.090,00 €"),
    (350, 416, "zzgl. 19 % MwSt."),
    (480, 416, "207,10 €"),
    (350, 432, "Rechnungsbetrag"),
    (480, 432, "1.297,10 €"),
    (60, 780, "USt-IdNr. DE294041172"),
    (250, 780, "IBAN DE89 3704 0044 0532 0130 00"),
    (480, 780, "BIC NEBLDE21XXX"),
]


def pdf(*pages: Iterable[Text], rotation: int = 0, size: float = 9) -> bytes:
    """A PDF with the given texts on its pages; with `rotation` they are drawn so that viewers show them upright."""
    buffer = io.BytesIO()
    # reportlab turns the sheet of a rotated page, so that it is displayed in the given size.
    width, height = A4 if rotation % 180 == 0 else A4[::-1]
    paper = canvas.Canvas(buffer, pagesize=A4, invariant=1)
    for texts in pages:
        paper.setPageRotation(rotation)
        if rotation == 90:
            paper.translate(width, 0)
            paper.rotate(90)
        elif rotation == 180:
            paper.translate(width, height)
            paper.rotate(180)
        elif rotation == 270:
            paper.translate(0, height)
            paper.rotate(-90)
        paper.setFont("Helvetica", size)
        for left, top, text in texts:
            paper.drawString(left, A4[1] - top, text)
        paper.showPage()
    paper.save()
    return buffer.getvalue()


def page(texts: Iterable[Text], number: int = 0, size: float = 9, *, by_ocr: bool = False) -> Page:
    """The given texts as the words of a page, without a file. Every letter is half as wide as the text is high."""
    width, height = A4
    words = []
    for start, top, text in texts:
        left = start
        for word in text.split():
            right = left + len(word) * size / 2
            words.append(Word(word, Box(left / width, (top - size) / height, right / width, top / height)))
            left = right + size / 3
    return Page(number, width, height, tuple(words), by_ocr)


def with_attachment(document: bytes, name: str, content: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    writer.add_attachment(name, content)
    return _written(writer)


def encrypted(document: bytes, password: str, owner_password: str | None = None) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(document)))
    writer.encrypt(password, owner_password, algorithm="RC4-128")
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
