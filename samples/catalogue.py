"""Everything the samples say: the documents and `expected.json` are both written from this one source."""

from datetime import date
from decimal import Decimal

from samples import parties
from samples.model import Invoice, Line, Refused


def line(code: str, description: str, quantity: str, unit_price: str, tax_rate: str, *, unit: str = "C62") -> Line:
    """Quantities, prices (net, per unit) and rates (percent) are written as decimal strings."""
    return Line(description, Decimal(quantity), Decimal(unit_price), Decimal(tax_rate), code, unit)


QUILLMERE = Invoice(
    file_name="english_gbp_classic.pdf",
    layout="classic",
    language="en-GB",
    number="QMI-26-00412",
    issue_date=date(2026, 1, 14),
    due_date=date(2026, 2, 13),
    currency="GBP",
    purchase_order="PO-77120",
    payment_reference="QMI-26-00412",
    supplier=parties.QUILLMERE,
    customer=parties.BRACKENFOLD,
    lines=(
        line("TG-200", "Tide gauge, calibrated", "2", "489.50", "20"),
        line("MB-316", "Mounting bracket, stainless steel", "4", "36.25", "20"),
        line("SV-010", "Commissioning on site (hours)", "6.5", "82.00", "20", unit="HUR"),
        line("CC-001", "Calibration certificate", "2", "45.00", "20"),
    ),
)

FACADE = Invoice(
    file_name="Façade + Söhne 2026-0107.pdf",
    layout="window_letter",
    language="de-DE",
    number="2026-0107",
    issue_date=date(2026, 1, 27),
    due_date=date(2026, 2, 10),
    delivery_date=date(2026, 1, 23),
    currency="EUR",
    payment_reference="2026-0107",
    supplier=parties.FACADE,
    customer=parties.KRAEHENFELS,
    lines=(
        line("G-14", "Gestaltung Ausstellungskatalog", "18.5", "78.00", "19", unit="HUR"),
        line("D-02", "Schautafeln A1, matt kaschiert", "12", "46.90", "19"),
        line("B-31", "Katalog, gebunden, 96 Seiten", "150", "11.40", "7"),
        line("B-32", "Kinderheft zur Ausstellung", "200", "2.35", "7"),
    ),
)

VERRERIE = Invoice(
    file_name="french_eur_two_columns.pdf",
    layout="two_columns",
    language="fr-FR",
    number="FA2026-0318",
    issue_date=date(2026, 2, 12),
    due_date=date(2026, 3, 14),
    currency="EUR",
    purchase_order="BC-5521",
    supplier=parties.VERRERIE,
    customer=parties.LANTERNE,
    lines=(
        line("VR-120", "Verre à pied soufflé, 35 cl", "144", "8.75", "20"),
        line("CF-040", "Carafe gravée, 1 litre", "24", "31.20", "20"),
        line("RP-003", "Réparation d'un vitrail d'entrée", "1", "640.00", "10"),
        line("EM-001", "Emballage et livraison", "1", "85.00", "20"),
    ),
)

ZILVERMEEUW = Invoice(
    file_name="dutch_eur_labels_below.pdf",
    layout="labels_below",
    language="nl-NL",
    number="26.0093",
    issue_date=date(2026, 3, 3),
    due_date=date(2026, 4, 2),
    currency="EUR",
    payment_reference="26.0093",
    supplier=parties.ZILVERMEEUW,
    customer=parties.SCHILDPAD,
    lines=(
        line("BF-7", "Bakfiets, onderhoudsbeurt groot", "3", "189.00", "9"),
        line("LB-2", "Lekke band vervangen, incl. arbeid", "5", "24.50", "9"),
        line("AC-48", "Accu 48 V, 17 Ah", "2", "412.75", "21"),
        line("KS-1", "Kettingslot met muurbeugel", "4", "57.90", "21"),
    ),
)

GLASHEEN = Invoice(
    file_name="english_eur_credit_note.pdf",
    layout="credit_note",
    language="en-IE",
    kind="credit_note",
    number="CN-2026-014",
    issue_date=date(2026, 4, 9),
    due_date=None,
    currency="EUR",
    corrects=("INV-2026-0288", date(2026, 3, 19)),
    supplier=parties.GLASHEEN,
    customer=parties.STATIONERS,
    lines=(
        line("LP-A4-120", "Laid paper A4, 120 g, returned damp", "30", "14.60", "23"),
        line("EN-C5", "Envelopes C5, short delivery", "8", "9.25", "23"),
    ),
)

MURMELTIER = Invoice(
    file_name="factur-x_en16931_austria.pdf",
    layout="sidebar",
    factur_x=True,
    language="de-AT",
    number="R-260220-5",
    issue_date=date(2026, 2, 20),
    due_date=date(2026, 3, 6),
    delivery_date=date(2026, 2, 18),
    currency="EUR",
    purchase_order="B-4471",
    payment_reference="R-260220-5",
    supplier=parties.MURMELTIER,
    customer=parties.HALBER_MOND,
    lines=(
        line("KS-24", "Bergkäse, 24 Monate gereift", "12.4", "23.80", "10", unit="KGM"),
        line("BT-05", "Almbutter, gesalzen", "15", "9.20", "10", unit="KGM"),
        line("SB-01", "Servierbrett aus Zirbenholz", "6", "34.50", "20"),
        line("LF-00", "Lieferung mit Kühlwagen", "1", "38.00", "20"),
    ),
)

KWEEPEER = Invoice(
    file_name="peppol_ubl_belgium.xml",
    layout="ubl",
    language="en-BE",
    number="2026/00087",
    issue_date=date(2026, 3, 25),
    due_date=date(2026, 4, 24),
    delivery_date=date(2026, 3, 20),
    currency="EUR",
    purchase_order="4500-XY-118",
    payment_reference="+++999/0008/70040+++",
    supplier=parties.KWEEPEER,
    customer=parties.PAPIERBOOT,
    lines=(
        line("SW-ANN", "Route planner, annual licence", "3", "420.00", "21"),
        line("TR-DAY", "Training day, remote", "1.5", "680.00", "21", unit="DAY"),
        line("BK-MAN", "Printed handbook", "10", "18.95", "6"),
    ),
)

FERRETERIA = Invoice(
    file_name="spanish_eur_two_pages.pdf",
    layout="two_pages",
    language="es-ES",
    number="A/2026/1184",
    issue_date=date(2026, 4, 17),
    due_date=date(2026, 5, 17),
    currency="EUR",
    purchase_order="PC-26-0342",
    supplier=parties.FERRETERIA,
    customer=parties.PENAFIRME,
    lines=tuple(
        line(*row, "21")
        for row in (
            ("10021", "Tornillo M8 x 40 galvanizado (caja 100)", "12", "14.85"),
            ("10022", "Tornillo M10 x 60 galvanizado (caja 100)", "8", "21.30"),
            ("10040", "Tuerca autoblocante M8 (caja 200)", "10", "17.90"),
            ("10041", "Tuerca autoblocante M10 (caja 100)", "8", "15.75"),
            ("10063", "Arandela plana M8 (caja 500)", "6", "11.20"),
            ("11204", "Taco químico 300 ml", "24", "9.65"),
            ("11210", "Varilla roscada M12, 1 m", "40", "4.35"),
            ("12001", "Broca SDS-Plus 8 x 160", "15", "3.90"),
            ("12002", "Broca SDS-Plus 10 x 210", "15", "5.25"),
            ("12003", "Broca SDS-Plus 12 x 260", "10", "7.10"),
            ("12077", "Disco de corte inox 125 mm (10 u.)", "20", "12.40"),
            ("12080", "Disco diamante 230 mm", "4", "46.80"),
            ("13310", "Guantes anticorte, talla 9", "36", "4.95"),
            ("13311", "Guantes anticorte, talla 10", "36", "4.95"),
            ("13402", "Casco de obra con ratchet", "18", "8.60"),
            ("13455", "Gafas de protección claras", "30", "3.15"),
            ("13470", "Mascarilla FFP3 (caja 20)", "9", "28.50"),
            ("14001", "Silicona neutra gris 300 ml", "48", "5.40"),
            ("14015", "Espuma de poliuretano 750 ml", "24", "6.85"),
            ("14088", "Cinta americana 50 mm x 50 m", "16", "7.95"),
            ("15120", "Cable manguera 3G2,5 (rollo 100 m)", "3", "118.00"),
            ("15133", "Regleta de conexión 10 mm²", "40", "1.75"),
            ("15140", "Caja estanca 153 x 110", "25", "4.20"),
            ("16200", "Nivel láser de línea verde", "2", "189.00"),
            ("16215", "Flexómetro 8 m", "12", "9.30"),
            ("17003", "Escalera de fibra, 8 peldaños", "2", "164.50"),
            ("17040", "Carretilla de obra 100 l", "3", "79.90"),
            ("18001", "Portes", "1", "35.00"),
        )
    ),
)

NORDLICHT = Invoice(
    file_name="cii_germany.xml",
    layout="cii",
    language="de-DE",
    number="NL-2026-0041",
    issue_date=date(2026, 4, 28),
    due_date=date(2026, 5, 28),
    delivery_date=date(2026, 4, 24),
    currency="EUR",
    purchase_order="EK-9903",
    payment_reference="NL-2026-0041",
    supplier=parties.NORDLICHT,
    customer=parties.TAGTRAEUME,
    lines=(
        line("PZ-100", "Pipettenspitzen 100 µl, 10 x 96 Stück", "14", "38.60", "19"),
        line("KV-050", "Kolben, Borosilikatglas, 500 ml", "20", "12.95", "19"),
        line("HB-007", "Handbuch Laborpraxis, 7. Auflage", "3", "49.00", "7"),
    ),
)

UHRWERK = Invoice(
    file_name="swiss_chf_apostrophe.pdf",
    layout="swiss",
    language="de-CH",
    number="2026-118",
    issue_date=date(2026, 5, 4),
    due_date=date(2026, 5, 24),
    currency="CHF",
    payment_reference="2026-118",
    supplier=parties.UHRWERK,
    customer=parties.NIMMERHORN,
    lines=(
        line("TU-3", "Turmuhr, Revision und Neulagerung", "1", "8450.00", "8.1"),
        line("ZB-2", "Zifferblatt, Ø 180 cm, vergoldet", "2", "1725.00", "8.1"),
        line("MO-1", "Montage am Bergrestaurant (Stunden)", "14", "125.00", "8.1", unit="HUR"),
        line("BU-9", "Festschrift «100 Jahre Bahnhofsuhr»", "25", "18.00", "2.6"),
    ),
)

TUMBLEWICK = Invoice(
    file_name="us_usd_amount_due_first.pdf",
    layout="amount_first",
    language="en-US",
    number="TW-10457",
    issue_date=date(2026, 3, 24),
    due_date=date(2026, 4, 23),
    currency="USD",
    purchase_order="88-2031",
    supplier=parties.TUMBLEWICK,
    customer=parties.PRICKLY_PEAR,
    lines=(
        line("NEON-S", "Neon sign, 36 in, cactus green", "1", "1875.00", "8.25"),
        line("MENU-B", "Menu board, double-sided", "3", "142.50", "8.25"),
        line("DECAL", "Window decal set", "2", "64.99", "8.25"),
        line("INST", "Wiring kit and mounts", "1", "318.40", "8.25"),
    ),
)

THISTLEDOWN = Invoice(
    file_name="english_gbp_scanned.pdf",
    layout="classic",
    language="en-GB",
    number="TB-3307",
    issue_date=date(2026, 5, 11),
    due_date=date(2026, 5, 25),
    currency="GBP",
    purchase_order="LIB-2291",
    payment_reference="TB-3307",
    supplier=parties.THISTLEDOWN,
    customer=parties.LARKWATER,
    lines=(
        line("RB-20", "Rebinding, cloth, quarto", "36", "14.75", "20"),
        line("SP-02", "Spine repair", "12", "9.40", "20"),
        line("GT-12", "Gold tooling of titles", "24", "6.25", "20"),
        line("CL-01", "Collection and return", "2", "28.00", "20"),
    ),
)

INVOICES = (
    QUILLMERE,
    FACADE,
    VERRERIE,
    ZILVERMEEUW,
    GLASHEEN,
    MURMELTIER,
    KWEEPEER,
    FERRETERIA,
    NORDLICHT,
    UHRWERK,
    TUMBLEWICK,
)

# Printed, and scanned again: they have no text of their own.
SCANNED = (THISTLEDOWN,)

REFUSED = (
    Refused(
        file_name="not_really_a_pdf.pdf",
        content=b"Dear accounts team,\n\nour invoice follows by post. Only the name of this file says PDF.\n",
        reason="unsupported_format",
    ),
    Refused(file_name="empty.pdf", content=b"", reason="empty_document"),
)
