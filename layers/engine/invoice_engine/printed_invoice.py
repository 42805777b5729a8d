"""Understand printed pages: candidates for every field, the best of them, and how probable each is."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from invoice_engine.choose.calibrate import calibrated
from invoice_engine.choose.rank import choose
from invoice_engine.choose.receipt_totals import reconcile_with_receipt_total
from invoice_engine.choose.totals import Totals, TotalsEvidence, choose_totals
from invoice_engine.fields import accounts, header, money
from invoice_engine.fields.context import Context
from invoice_engine.fields.currencies import currencies
from invoice_engine.fields.customer import customer_names, customer_vat_numbers
from invoice_engine.fields.line_items import ItemTable, Sums, item_tables, line_items, sums_of_items
from invoice_engine.fields.party_blocks import PartyBlocks
from invoice_engine.fields.party_details import addresses_of, countries_of
from invoice_engine.fields.receipts.reading import Receipt, receipt_in
from invoice_engine.fields.split_taxes import split_taxes
from invoice_engine.fields.sum_rows import sum_row
from invoice_engine.fields.supplier import supplier_names
from invoice_engine.model import Invoice, Party, ReadAs

# There is one currency in nearly every document, so that seeing it once nearly settles it.
ANY_MENTION = 0.1


class Printed(NamedTuple):
    """What the pages say, and the way they were read, by which the confidences are calibrated."""

    invoice: Invoice
    read_as: ReadAs


def read_printed(context: Context) -> Printed:
    """The header fields and lines of a document's pages. Raises TooLarge when time is up."""
    receipt = receipt_in(context)
    read_as: ReadAs = "receipt" if receipt else "ocr" if context.document.read_by_ocr else "text"
    scored = _scored(context, receipt)
    if context.evidence is not None:
        context.evidence.scored, context.evidence.read_as = scored, read_as
    return Printed(calibrated(scored, read_as), read_as)


def _scored(context: Context, receipt: Receipt | None) -> Invoice:
    """The invoice with scores of evidence for confidences."""
    supplier, customer = _parties(context, receipt)
    amounts = money.all_amounts(context)
    tables = item_tables(context)
    totals = _totals(context, amounts, tables)
    if receipt:
        totals = reconcile_with_receipt_total(totals, choose(receipt.totals))
    issue_date = choose(receipt.dates if receipt else header.issue_dates(context))
    issued = issue_date.value if isinstance(issue_date.value, date) else None
    subtotal, total = totals.subtotal.value, totals.total.value
    sums = Sums(
        subtotal if isinstance(subtotal, Decimal) else None,
        total if isinstance(total, Decimal) else None,
        {amount.value for amount in amounts},
    )
    return Invoice(
        invoice_number=choose(header.invoice_numbers(context)),
        issue_date=issue_date,
        due_date=choose(header.due_dates(context, issued)),
        type=choose(header.document_types(context, negative_total=isinstance(total, Decimal) and total < 0)),
        currency=choose(currencies(context, _country(supplier)), ANY_MENTION),
        purchase_order=choose(header.references(context, "purchase_order")),
        payment_reference=choose(header.references(context, "payment_reference")),
        subtotal=totals.subtotal,
        tax_total=totals.tax_total,
        total=totals.total,
        amount_due=totals.amount_due,
        taxes=totals.taxes,
        supplier=supplier,
        customer=customer,
        lines=line_items(context, tables, sums),
    )


def _parties(context: Context, receipt: Receipt | None) -> tuple[Party, Party]:
    """Supplier and customer."""
    blocks = PartyBlocks(context)
    supplier = Party(
        name=choose(receipt.suppliers if receipt else supplier_names(context, blocks)),
        vat_number=choose(accounts.vat_numbers(context, blocks)),
        tax_number=choose(accounts.tax_numbers(context, blocks)),
        iban=choose(accounts.ibans(context, blocks)),
        bic=choose(accounts.bics(context, blocks)),
    )
    supplier.address = choose(addresses_of(context, blocks, "supplier", supplier.name))
    supplier.country = choose(countries_of(context, blocks, "supplier", supplier))
    customer = Party(
        name=choose(customer_names(context, blocks, supplier.name)),
        vat_number=choose(customer_vat_numbers(context, blocks, supplier.vat_number)),
    )
    customer.address = choose(addresses_of(context, blocks, "customer", customer.name))
    customer.country = choose(countries_of(context, blocks, "customer", customer))
    return supplier, customer


def _totals(context: Context, amounts: list[money.Amount], tables: list[ItemTable]) -> Totals:
    """Subtotal, taxes and totals, by everything that the document says of them."""
    summed = sum_row(context)
    total_candidates = money.amount_candidates(context, "total")
    due_candidates = money.amount_candidates(context, "amount_due")
    split = split_taxes(context, [*total_candidates, *due_candidates], amounts)
    return choose_totals(
        TotalsEvidence(
            subtotal=[*money.amount_candidates(context, "subtotal"), *summed.subtotal, *split.subtotal],
            tax_total=[*money.amount_candidates(context, "tax_total"), *summed.tax_total, *split.tax_total],
            total=[*total_candidates, *summed.total],
            amount_due=due_candidates,
            rows=money.tax_rows(context),
            rates=money.rates(context),
            amounts=amounts,
            by_ocr=context.document.read_by_ocr,
            charges=money.charges(context),
            sums_of_items=sums_of_items(tables),
        ),
        context.evidence,
    )


def _country(party: Party) -> str | None:
    """The party's country: of its address or VAT number, or else the one that its IBAN begins with."""
    if party.country.value:
        return str(party.country.value)
    for field in (party.vat_number, party.iban):
        prefix = str(field.value or "")[:2]
        if prefix.isalpha() and len(prefix) == 2:
            return prefix
    return None
