"""Italian FatturaPA 1.0 to 1.2, which goes between businesses, too. Its simplified form is another format."""

from decimal import Decimal
from typing import TYPE_CHECKING

from invoice_engine.einvoice import values as v
from invoice_engine.einvoice.totals import complete_totals
from invoice_engine.model import EMPTY, Field, Invoice, Line, Party, Tax

if TYPE_CHECKING:
    from lxml.etree import _Element

ROOT = "FatturaElettronica"
_CREDIT_NOTES = frozenset({"TD04", "TD08"})
# What the tax agency has written where a customer abroad has no number.
_NO_NUMBER = frozenset({"OO99999999999", "99999999999", "00000000000", "0000000"})
_PAID_TO_THE_TREASURY = "S"


def bodies(root: "_Element") -> "list[_Element]":
    """The invoices in `root`, which share the header and so the parties."""
    return v.children(root, "FatturaElettronicaBody")


def read_fatturapa(root: "_Element") -> Invoice:
    """The first invoice in `root`, an element called ROOT. Missing parts are empty fields."""
    header = v.child(root, "FatturaElettronicaHeader")
    body = v.child(root, "FatturaElettronicaBody")
    document = v.child(body, "DatiGenerali/DatiGeneraliDocumento")
    kind = v.text(document, "TipoDocumento")
    payments = v.children(body, "DatiPagamento/DettaglioPagamento")
    invoice = Invoice(
        invoice_number=v.read(v.text(document, "Numero")),
        issue_date=v.read(v.iso_date(v.text(document, "Data"))),
        due_date=_due_date(payments),
        type=v.read(v.document_type(None, credit_note=kind in _CREDIT_NOTES)),
        currency=v.read(v.currency(v.text(document, "Divisa"))),
        purchase_order=v.read(v.text(body, "DatiGenerali/DatiOrdineAcquisto/IdDocumento")),
        payment_reference=v.read(v.text(body, "DatiPagamento/DettaglioPagamento/CodicePagamento")),
        supplier=_party(v.child(header, "CedentePrestatore")),
        customer=_party(v.child(header, "CessionarioCommittente")),
        taxes=[_tax(row) for row in v.children(body, "DatiBeniServizi/DatiRiepilogo")],
        lines=[_line(row) for row in v.children(body, "DatiBeniServizi/DettaglioLinee")],
    )
    accounts = [(v.account_word(v.text(one, "IBAN")), v.account_word(v.text(one, "BIC"))) for one in payments]
    invoice.supplier.iban, invoice.supplier.bic = v.account(accounts)
    _add_totals(invoice, body, document, payments)
    return invoice


def _due_date(payments: "list[_Element]") -> Field:
    """The first date that is stated, or else that follows from a number of days."""
    stated = (v.iso_date(v.text(one, "DataScadenzaPagamento")) for one in payments)
    if day := next(filter(None, stated), None):
        return v.read(day)
    for one in payments:
        start = v.iso_date(v.text(one, "DataRiferimentoTerminiPagamento"))
        if day := v.days_later(start, v.text(one, "GiorniTerminiPagamento")):
            return v.derived(day)
    return EMPTY


def _party(node: "_Element | None") -> Party:
    person = v.child(node, "DatiAnagrafici")
    names = v.child(person, "Anagrafica")
    seat = v.child(node, "Sede")
    country = v.country(v.text(person, "IdFiscaleIVA/IdPaese"))
    number = v.identifier(v.text(person, "IdFiscaleIVA/IdCodice"))
    person_name = v.joined([v.text(names, "Nome"), v.text(names, "Cognome")], " ")
    street = v.joined([v.text(seat, "Indirizzo"), v.text(seat, "NumeroCivico")], " ")
    town = v.joined([v.text(seat, "CAP"), v.text(seat, "Comune")], " ")
    return Party(
        name=v.read(v.text(names, "Denominazione") or person_name),
        vat_number=v.read(None if number in _NO_NUMBER else v.with_country(number, country)),
        tax_number=v.read(v.identifier(v.text(person, "CodiceFiscale"))),
        address=v.read(v.joined([street, town, v.text(seat, "Provincia")])),
        country=v.read(v.country(v.text(seat, "Nazione")) or country),
    )


def _tax(node: "_Element") -> Tax:
    return Tax(
        rate=v.read(v.percent(v.text(node, "AliquotaIVA"))),
        base=v.read(v.decimal(v.text(node, "ImponibileImporto"))),
        amount=v.read(v.decimal(v.text(node, "Imposta"))),
    )


def _add_totals(
    invoice: Invoice, body: "_Element | None", document: "_Element | None", payments: "list[_Element]"
) -> None:
    """There is no sum of the bases and taxes in the file, and the total is optional."""
    rows = v.children(body, "DatiBeniServizi/DatiRiepilogo")
    bases = v.amounts(rows, "ImponibileImporto")
    taxes = v.amounts(rows, "Imposta")
    invoice.subtotal, invoice.tax_total = v.summed(bases), v.summed(taxes)
    invoice.total = v.read(v.decimal(v.text(document, "ImportoTotaleDocumento")))
    if not invoice.total.chosen and bases and taxes:
        rounding = v.amounts([document] if document is not None else [], "Arrotondamento")
        invoice.total = v.derived(sum([*bases, *taxes, *rounding], Decimal(0)))
    treasury = [row for row in rows if v.text(row, "EsigibilitaIVA") == _PAID_TO_THE_TREASURY]
    not_paid = [*v.amounts(v.children(document, "DatiRitenuta"), "ImportoRitenuta"), *v.amounts(treasury, "Imposta")]
    invoice.amount_due = _amount_due(invoice.total, v.amounts(payments, "ImportoPagamento"))
    complete_totals(invoice, prepaid=sum(not_paid, Decimal(0)), payable=None)


def _amount_due(total: Field, payments: list[Decimal]) -> Field:
    """The sum of the instalments, unless they are alternatives that each ask for everything."""
    asked = sum(payments, Decimal(0))
    if isinstance(total.value, Decimal) and abs(asked) > abs(total.value):
        return EMPTY
    return v.summed(payments)


def _line(node: "_Element") -> Line:
    quantity = v.decimal(v.text(node, "Quantita"))
    price = v.decimal(v.text(node, "PrezzoUnitario"))
    subtotal = v.decimal(v.text(node, "PrezzoTotale"))
    # Reductions are stated per unit, and often only in percent.
    is_reduced = v.child(node, "ScontoMaggiorazione") is not None
    return Line(
        description=v.read(v.text(node, "Descrizione")),
        product_code=v.read(v.text(node, "CodiceArticolo/CodiceValore")),
        quantity=v.read(quantity),
        unit=v.read(v.text(node, "UnitaMisura")),
        unit_price=v.read(price),
        discount=v.difference_to_price(quantity, price, subtotal) if is_reduced else EMPTY,
        tax_rate=v.read(v.percent(v.text(node, "AliquotaIVA"))),
        subtotal=v.read(subtotal),
    )
