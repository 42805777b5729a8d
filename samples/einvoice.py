"""The invoices as EN 16931 data, in both of its syntaxes: UN/CEFACT CII and UBL."""

from datetime import date

from lxml import etree

from samples.model import Invoice, Party, Tax

CII = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
UBL_INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
UBL = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
EN16931 = "urn:cen.eu:en16931:2017"
PEPPOL = f"{EN16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PEPPOL_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
BELGIAN_ENTERPRISE_NUMBER = "0208"
STANDARD_RATE = "S"


def add(parent: etree._Element, name: str, text: object = None, /, **attributes: str) -> etree._Element:
    """Append the element `prefix:name`; the prefix is one the document's root declares."""
    prefix, _, local = name.partition(":")
    element = etree.SubElement(parent, f"{{{parent.nsmap[prefix]}}}{local}", attributes)
    if text is not None:
        element.text = str(text)
    return element


def serialise(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def cii(invoice: Invoice) -> bytes:
    """Write a Cross Industry Invoice (D16B) of the EN 16931 profile."""
    root = etree.Element(f"{{{CII['rsm']}}}CrossIndustryInvoice", nsmap=CII)
    context = add(root, "rsm:ExchangedDocumentContext")
    add(add(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", EN16931)
    document = add(root, "rsm:ExchangedDocument")
    add(document, "ram:ID", invoice.number)
    add(document, "ram:TypeCode", "380" if invoice.kind == "invoice" else "381")
    _cii_date(document, "ram:IssueDateTime", invoice.issue_date)
    transaction = add(root, "rsm:SupplyChainTradeTransaction")
    _cii_lines(transaction, invoice)
    agreement = add(transaction, "ram:ApplicableHeaderTradeAgreement")
    _cii_party(agreement, "ram:SellerTradeParty", invoice.supplier)
    _cii_party(agreement, "ram:BuyerTradeParty", invoice.customer)
    if invoice.purchase_order:
        order = add(agreement, "ram:BuyerOrderReferencedDocument")
        add(order, "ram:IssuerAssignedID", invoice.purchase_order)
    delivery = add(transaction, "ram:ApplicableHeaderTradeDelivery")
    if invoice.delivery_date:
        event = add(delivery, "ram:ActualDeliverySupplyChainEvent")
        _cii_date(event, "ram:OccurrenceDateTime", invoice.delivery_date)
    _cii_settlement(transaction, invoice)
    return serialise(root)


def _cii_date(parent: etree._Element, name: str, value: date) -> None:
    add(add(parent, name), "udt:DateTimeString", value.strftime("%Y%m%d"), format="102")


def _cii_lines(transaction: etree._Element, invoice: Invoice) -> None:
    for position, line in enumerate(invoice.lines, start=1):
        item = add(transaction, "ram:IncludedSupplyChainTradeLineItem")
        add(add(item, "ram:AssociatedDocumentLineDocument"), "ram:LineID", position)
        product = add(item, "ram:SpecifiedTradeProduct")
        add(product, "ram:SellerAssignedID", line.product_code)
        add(product, "ram:Name", line.description)
        price = add(add(item, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
        add(price, "ram:ChargeAmount", line.unit_price)
        delivery = add(item, "ram:SpecifiedLineTradeDelivery")
        add(delivery, "ram:BilledQuantity", line.quantity, unitCode=line.unit)
        settlement = add(item, "ram:SpecifiedLineTradeSettlement")
        tax = add(settlement, "ram:ApplicableTradeTax")
        add(tax, "ram:TypeCode", "VAT")
        add(tax, "ram:CategoryCode", STANDARD_RATE)
        add(tax, "ram:RateApplicablePercent", line.tax_rate)
        summation = add(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
        add(summation, "ram:LineTotalAmount", line.net)


def _cii_party(agreement: etree._Element, name: str, party: Party) -> None:
    element = add(agreement, name)
    add(element, "ram:Name", party.name)
    if party.registration:
        add(add(element, "ram:SpecifiedLegalOrganization"), "ram:ID", party.registration)
    if party.contact:
        contact = add(element, "ram:DefinedTradeContact")
        add(contact, "ram:PersonName", party.contact)
        if party.phone:
            add(add(contact, "ram:TelephoneUniversalCommunication"), "ram:CompleteNumber", party.phone)
        if party.email:
            add(add(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", party.email)
    address = add(element, "ram:PostalTradeAddress")
    add(address, "ram:PostcodeCode", party.postcode)
    add(address, "ram:LineOne", party.street)
    add(address, "ram:CityName", party.city)
    add(address, "ram:CountryID", party.country)
    if party.email:
        add(add(element, "ram:URIUniversalCommunication"), "ram:URIID", party.email, schemeID="EM")
    if party.vat_number:
        add(add(element, "ram:SpecifiedTaxRegistration"), "ram:ID", party.vat_number, schemeID="VA")


def _cii_settlement(transaction: etree._Element, invoice: Invoice) -> None:
    settlement = add(transaction, "ram:ApplicableHeaderTradeSettlement")
    if invoice.payment_reference:
        add(settlement, "ram:PaymentReference", invoice.payment_reference)
    add(settlement, "ram:InvoiceCurrencyCode", invoice.currency)
    means = add(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
    add(means, "ram:TypeCode", "58")
    account = add(means, "ram:PayeePartyCreditorFinancialAccount")
    add(account, "ram:IBANID", invoice.supplier.iban)
    add(account, "ram:AccountName", invoice.supplier.name)
    bank = add(means, "ram:PayeeSpecifiedCreditorFinancialInstitution")
    add(bank, "ram:BICID", invoice.supplier.bic)
    for tax in invoice.taxes:
        _cii_tax(settlement, tax)
    if invoice.due_date:
        _cii_date(add(settlement, "ram:SpecifiedTradePaymentTerms"), "ram:DueDateDateTime", invoice.due_date)
    summation = add(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    add(summation, "ram:LineTotalAmount", invoice.subtotal)
    add(summation, "ram:TaxBasisTotalAmount", invoice.subtotal)
    add(summation, "ram:TaxTotalAmount", invoice.tax_total, currencyID=invoice.currency)
    add(summation, "ram:GrandTotalAmount", invoice.total)
    add(summation, "ram:DuePayableAmount", invoice.total)


def _cii_tax(settlement: etree._Element, tax: Tax) -> None:
    element = add(settlement, "ram:ApplicableTradeTax")
    add(element, "ram:CalculatedAmount", tax.amount)
    add(element, "ram:TypeCode", "VAT")
    add(element, "ram:BasisAmount", tax.base)
    add(element, "ram:CategoryCode", STANDARD_RATE)
    add(element, "ram:RateApplicablePercent", tax.rate)


def ubl(invoice: Invoice) -> bytes:
    """Write a UBL 2.1 invoice as Peppol BIS Billing 3 arranges it, between two Belgian enterprises."""
    # The stubs of lxml know no default namespace.
    root = etree.Element(f"{{{UBL_INVOICE}}}Invoice", nsmap={None: UBL_INVOICE, **UBL})  # type: ignore[dict-item]
    add(root, "cbc:CustomizationID", PEPPOL)
    add(root, "cbc:ProfileID", PEPPOL_PROCESS)
    add(root, "cbc:ID", invoice.number)
    add(root, "cbc:IssueDate", invoice.issue_date)
    add(root, "cbc:DueDate", invoice.due_date)
    add(root, "cbc:InvoiceTypeCode", "380")
    add(root, "cbc:DocumentCurrencyCode", invoice.currency)
    add(add(root, "cac:OrderReference"), "cbc:ID", invoice.purchase_order)
    _ubl_party(add(root, "cac:AccountingSupplierParty"), invoice.supplier)
    _ubl_party(add(root, "cac:AccountingCustomerParty"), invoice.customer)
    add(add(root, "cac:Delivery"), "cbc:ActualDeliveryDate", invoice.delivery_date)
    means = add(root, "cac:PaymentMeans")
    add(means, "cbc:PaymentMeansCode", "30", name="Credit transfer")
    add(means, "cbc:PaymentID", invoice.payment_reference)
    account = add(means, "cac:PayeeFinancialAccount")
    add(account, "cbc:ID", invoice.supplier.iban)
    add(account, "cbc:Name", invoice.supplier.name)
    add(add(account, "cac:FinancialInstitutionBranch"), "cbc:ID", invoice.supplier.bic)
    _ubl_totals(root, invoice)
    _ubl_lines(root, invoice)
    return serialise(root)


def _ubl_party(parent: etree._Element, party: Party) -> None:
    element = add(parent, "cac:Party")
    add(element, "cbc:EndpointID", party.registration, schemeID=BELGIAN_ENTERPRISE_NUMBER)
    add(add(element, "cac:PartyName"), "cbc:Name", party.name)
    address = add(element, "cac:PostalAddress")
    add(address, "cbc:StreetName", party.street)
    add(address, "cbc:CityName", party.city)
    add(address, "cbc:PostalZone", party.postcode)
    add(add(address, "cac:Country"), "cbc:IdentificationCode", party.country)
    scheme = add(element, "cac:PartyTaxScheme")
    add(scheme, "cbc:CompanyID", party.vat_number)
    add(add(scheme, "cac:TaxScheme"), "cbc:ID", "VAT")
    legal = add(element, "cac:PartyLegalEntity")
    add(legal, "cbc:RegistrationName", party.name)
    add(legal, "cbc:CompanyID", party.registration, schemeID=BELGIAN_ENTERPRISE_NUMBER)
    contact = add(element, "cac:Contact")
    add(contact, "cbc:Name", party.contact)
    if party.phone:
        add(contact, "cbc:Telephone", party.phone)
    add(contact, "cbc:ElectronicMail", party.email)


def _ubl_tax_category(parent: etree._Element, name: str, rate: object) -> None:
    category = add(parent, name)
    add(category, "cbc:ID", STANDARD_RATE)
    add(category, "cbc:Percent", rate)
    add(add(category, "cac:TaxScheme"), "cbc:ID", "VAT")


def _ubl_totals(root: etree._Element, invoice: Invoice) -> None:
    currency = invoice.currency
    total = add(root, "cac:TaxTotal")
    add(total, "cbc:TaxAmount", invoice.tax_total, currencyID=currency)
    for tax in invoice.taxes:
        subtotal = add(total, "cac:TaxSubtotal")
        add(subtotal, "cbc:TaxableAmount", tax.base, currencyID=currency)
        add(subtotal, "cbc:TaxAmount", tax.amount, currencyID=currency)
        _ubl_tax_category(subtotal, "cac:TaxCategory", tax.rate)
    sums = add(root, "cac:LegalMonetaryTotal")
    add(sums, "cbc:LineExtensionAmount", invoice.subtotal, currencyID=currency)
    add(sums, "cbc:TaxExclusiveAmount", invoice.subtotal, currencyID=currency)
    add(sums, "cbc:TaxInclusiveAmount", invoice.total, currencyID=currency)
    add(sums, "cbc:PayableAmount", invoice.total, currencyID=currency)


def _ubl_lines(root: etree._Element, invoice: Invoice) -> None:
    for position, line in enumerate(invoice.lines, start=1):
        element = add(root, "cac:InvoiceLine")
        add(element, "cbc:ID", position)
        add(element, "cbc:InvoicedQuantity", line.quantity, unitCode=line.unit)
        add(element, "cbc:LineExtensionAmount", line.net, currencyID=invoice.currency)
        item = add(element, "cac:Item")
        add(item, "cbc:Name", line.description)
        add(add(item, "cac:SellersItemIdentification"), "cbc:ID", line.product_code)
        _ubl_tax_category(item, "cac:ClassifiedTaxCategory", line.tax_rate)
        add(add(element, "cac:Price"), "cbc:PriceAmount", line.unit_price, currencyID=invoice.currency)
