"""One ordinary invoice in each language of the lexicon, laid out alike."""

from dataclasses import dataclass

import pytest

from invoice_engine import extract
from invoice_engine.model import text_of
from tests.unit.engine import documents
from tests.unit.engine.documents import Text


@dataclass(frozen=True)
class Wording:
    supplier: str
    customer: tuple[str, str]
    title: str
    number: tuple[str, str]
    date: tuple[str, str]
    due: tuple[str, str]
    subtotal: tuple[str, str]
    tax: tuple[str, str]
    total: tuple[str, str]
    columns: tuple[str, str, str]


WORDINGS = {
    "en": (
        Wording(
            "Quiet Meadow Dairy Ltd", ("Bill to", "Harbour Cafe Limited"), "Tax Invoice", ("Invoice no.", "QM-81"),
            ("Invoice date", "3 Feb 2026"), ("Due date", "5 March 2026"), ("Subtotal", "£1,000.00"),
            ("VAT 20%", "£200.00"), ("Total", "£1,200.00"), ("Description", "Qty", "Amount"),
        ),
        ("QM-81", "2026-02-03", "2026-03-05", "1000.00", "200.00", "1200.00", "GBP"),
    ),
    "de": (
        Wording(
            "Nebelhorn Metallbau GmbH", ("Rechnungsempfänger", "Kranich KG"), "Rechnung", ("Rechnungs-Nr.", "17/2026"),
            ("Datum", "3. Februar 2026"), ("Zahlbar bis", "05.03.2026"), ("Nettobetrag", "1.000,00 €"),
            ("MwSt. 19 %", "190,00 €"), ("Gesamtbetrag", "1.190,00 €"), ("Bezeichnung", "Menge", "Betrag"),
        ),
        ("17/2026", "2026-02-03", "2026-03-05", "1000.00", "190.00", "1190.00", "EUR"),
    ),
    "fr": (
        Wording(
            "Moulin Perdu SARL", ("Facturé à", "Hôtel Imaginaire SAS"), "Facture", ("Facture n°", "FA-12"),
            ("Date de facture", "3 février 2026"), ("Échéance", "05/03/2026"), ("Total HT", "1 000,00 €"),
            ("TVA 20 %", "200,00 €"), ("Total TTC", "1 200,00 €"), ("Désignation", "Quantité", "Montant"),
        ),
        ("FA-12", "2026-02-03", "2026-03-05", "1000.00", "200.00", "1200.00", "EUR"),
    ),
    "nl": (
        Wording(
            "Fietsen Nergens B.V.", ("Factuuradres", "Koerier De Slak"), "Factuur", ("Factuurnummer", "26.0093"),
            ("Factuurdatum", "3 februari 2026"), ("Vervaldatum", "05-03-2026"), ("Totaal excl. btw", "€ 1.000,00"),
            ("Btw 21%", "€ 210,00"), ("Totaal incl. btw", "€ 1.210,00"), ("Omschrijving", "Aantal", "Bedrag"),
        ),
        ("26.0093", "2026-02-03", "2026-03-05", "1000.00", "210.00", "1210.00", "EUR"),
    ),
    "es": (
        Wording(
            "Nadie Ejemplo S.L.", ("Cliente", "Bodega Ficticia S.A."), "Factura", ("Nº de factura", "F-26/7"),
            ("Fecha", "3 de febrero de 2026"), ("Vencimiento", "05/03/2026"), ("Base imponible", "1.000,00 €"),
            ("IVA 21 %", "210,00 €"), ("Total factura", "1.210,00 €"), ("Concepto", "Cantidad", "Importe"),
        ),
        ("F-26/7", "2026-02-03", "2026-03-05", "1000.00", "210.00", "1210.00", "EUR"),
    ),
    "it": (
        Wording(
            "Nessuno Esempio S.r.l.", ("Spett.le", "Trattoria Immaginaria"), "Fattura", ("Numero fattura", "7/B"),
            ("Data fattura", "3 febbraio 2026"), ("Scadenza", "05/03/2026"), ("Imponibile", "1.000,00 €"),
            ("IVA 22%", "220,00 €"), ("Totale fattura", "1.220,00 €"), ("Descrizione", "Quantità", "Importo"),
        ),
        ("7/B", "2026-02-03", "2026-03-05", "1000.00", "220.00", "1220.00", "EUR"),
    ),
    "pt": (
        Wording(
            "Ninguém Exemplo Lda", ("Cliente", "Café Imaginário"), "Fatura", ("Fatura nº", "FT 2026/7"),
            ("Data de emissão", "3 de fevereiro de 2026"), ("Data de vencimento", "05/03/2026"),
            ("Total sem IVA", "1.000,00 €"), ("Total do IVA", "230,00 €"), ("Total da fatura", "1.230,00 €"),
            ("Descrição", "Quantidade", "Valor"),
        ),
        ("FT 2026/7", "2026-02-03", "2026-03-05", "1000.00", "230.00", "1230.00", "EUR"),
    ),
    "sv": (
        Wording(
            "Skuggan Handels AB", ("Kund", "Köparen HB"), "Faktura", ("Fakturanr", "20264"),
            ("Fakturadatum", "2026-02-03"), ("Förfallodatum", "2026-03-05"), ("Summa exkl. moms", "1 000,00 SEK"),
            ("Moms 25 %", "250,00 SEK"), ("Summa inkl. moms", "1 250,00 SEK"), ("Beskrivning", "Antal", "Belopp"),
        ),
        ("20264", "2026-02-03", "2026-03-05", "1000.00", "250.00", "1250.00", "SEK"),
    ),
    "da": (
        Wording(
            "Ingen Eksempel ApS", ("Kunde", "Kaffebaren"), "Faktura", ("Fakturanr.", "4411"),
            ("Fakturadato", "3. februar 2026"), ("Betalingsfrist", "05-03-2026"), ("Beløb ekskl. moms", "1.000,00 DKK"),
            ("Moms (25 %)", "250,00 DKK"), ("Total inkl. moms", "1.250,00 DKK"), ("Beskrivelse", "Antal", "Beløb"),
        ),
        ("4411", "2026-02-03", "2026-03-05", "1000.00", "250.00", "1250.00", "DKK"),
    ),
    "pl": (
        Wording(
            "Nikt sp. z o.o.", ("Nabywca", "Kawiarnia Zmyslona"), "Faktura VAT", ("Numer faktury", "FV/7/2026"),
            ("Data wystawienia", "2026-02-03"), ("Termin platnosci", "05.03.2026"), ("Razem netto", "1 000,00 PLN"),
            ("Kwota VAT", "230,00 PLN"), ("Razem brutto", "1 230,00 PLN"), ("Lp", "Cena netto", "Stawka"),
        ),
        ("FV/7/2026", "2026-02-03", "2026-03-05", "1000.00", "230.00", "1230.00", "PLN"),
    ),
    "cs": (
        Wording(
            "Nikdo s.r.o.", ("Odberatel", "Kavarna Vymyslena"), "Faktura", ("Cislo faktury", "202600007"),
            ("Datum vystaveni", "3.2.2026"), ("Datum splatnosti", "5.3.2026"), ("Zaklad dane", "1 000,00 CZK"),
            ("DPH 21 %", "210,00 CZK"), ("Celkem s DPH", "1 210,00 CZK"), ("Popis", "Množství", "Cena za kus"),
        ),
        ("202600007", "2026-02-03", "2026-03-05", "1000.00", "210.00", "1210.00", "CZK"),
    ),
}  # fmt: skip


def page(wording: Wording) -> list[Text]:
    rows = [wording.number, wording.date, wording.due]
    totals = [wording.subtotal, wording.tax, wording.total]
    return [
        (60, 50, wording.supplier),
        (60, 120, wording.customer[0]),
        (60, 136, wording.customer[1]),
        (60, 220, wording.title),
        *[(330.0, 120.0 + 16 * row, pair[0]) for row, pair in enumerate(rows)],
        *[(450.0, 120.0 + 16 * row, pair[1]) for row, pair in enumerate(rows)],
        *[(60.0 + 180 * column, 280, heading) for column, heading in enumerate(wording.columns)],
        (60, 300, "X-1"),
        (240, 300, "4"),
        (420, 300, wording.subtotal[1]),
        *[(330.0, 400.0 + 16 * row, pair[0]) for row, pair in enumerate(totals)],
        *[(470.0, 400.0 + 16 * row, pair[1]) for row, pair in enumerate(totals)],
    ]


@pytest.mark.parametrize("language", WORDINGS)
def test_an_ordinary_invoice_is_read(language: str) -> None:
    wording, expected = WORDINGS[language]
    invoice = extract(documents.pdf(page(wording))).invoice
    fields = (
        invoice.invoice_number, invoice.issue_date, invoice.due_date,
        invoice.subtotal, invoice.tax_total, invoice.total, invoice.currency,
    )  # fmt: skip
    found = tuple(text_of(field.value) if field.value is not None else None for field in fields)
    assert found == expected
    assert invoice.supplier.name.value == wording.supplier
    assert invoice.type.value == "invoice"
