"""Who writes and who receives the sample invoices: nobody.

Names, streets and towns are invented, and e-mail addresses end in example.com or example.org. The bank codes
(XQZV, 9999...) are made up, and the VAT numbers pass their checksums at the far end of their range.
"""

from samples.model import Party

QUILLMERE = Party(
    name="Quillmere Instruments Ltd",
    street="14 Quayside Row",
    postcode="QX9 4ZZ",
    city="Fernmouth",
    country="GB",
    vat_number="GB999013034",
    iban="GB12XQZV99990012340056",
    bic="XQZVGB2LXXX",
    email="accounts@quillmere.example.com",
    phone="01632 960412",
)

BRACKENFOLD = Party(
    name="Brackenfold Observatory Trust",
    street="3 Hilltop Lane",
    postcode="QX4 2ZZ",
    city="Upper Brackenfold",
    country="GB",
)

THISTLEDOWN = Party(
    name="Thistledown Bindery Ltd",
    street="6 Spindle Yard",
    postcode="QX2 7ZZ",
    city="Nether Quill",
    country="GB",
    vat_number="GB999019757",
    iban="GB27XQZV99990078120045",
    bic="XQZVGB2LXXX",
    email="office@thistledown.example.com",
    phone="01632 960775",
)

LARKWATER = Party(
    name="Larkwater Public Library",
    street="1 Market Cross",
    postcode="QX7 1ZZ",
    city="Larkwater",
    country="GB",
)

FACADE = Party(
    name="Façade + Söhne GmbH",
    street="Lindwurmgasse 8",
    postcode="99991",
    city="Fabelhausen",
    country="DE",
    vat_number="DE999912349",
    registration="HRB 99817 Fabelhausen",
    iban="DE22999900000012345600",
    bic="XQZVDE99XXX",
    contact="Grete Söhne",
    email="buero@facade-soehne.example.com",
)

KRAEHENFELS = Party(
    name="Museumsverein Krähenfels e. V.",
    street="Am Alten Speicher 21",
    postcode="99984",
    city="Krähenfels",
    country="DE",
)

VERRERIE = Party(
    name="Verrerie des Trois Hérons SARL",
    street="27 rue du Four-Éteint",
    postcode="99120",
    city="Valombreuse-sur-Orle",
    country="FR",
    vat_number="FR65000412300",
    registration="000 412 300",
    iban="FR7699999990010001234567879",
    bic="XQZVFR99XXX",
    email="compta@trois-herons.example.com",
    phone="01 99 00 41 23",
)

LANTERNE = Party(
    name="Hôtel de la Lanterne Bleue",
    street="4 place du Vieux-Puits",
    postcode="99340",
    city="Mirebelle",
    country="FR",
    vat_number="FR90000877100",
)

ZILVERMEEUW = Party(
    name="Fietsatelier De Zilvermeeuw B.V.",
    street="Kurkentrekkerskade 112",
    postcode="0999 ZZ",
    city="Nieuw-Waterwolde",
    country="NL",
    vat_number="NL999941239B01",
    registration="00999412",
    iban="NL87XQZV0999001248",
    bic="XQZVNL99",
    email="administratie@zilvermeeuw.example.org",
)

SCHILDPAD = Party(
    name="Koeriersdienst Snelle Schildpad",
    street="Dijkgraafplein 7",
    postcode="0998 XX",
    city="Oosterzwin",
    country="NL",
)

GLASHEEN = Party(
    name="Glasheenbeg Paper Mill DAC",
    street="Mill Road",
    postcode="Q99 ZZ40",
    city="Ballynowhere",
    country="IE",
    vat_number="IE9990412E",
    iban="IE93XQZV99990012345678",
    bic="XQZVIE99",
    email="credit.control@glasheenbeg.example.org",
)

STATIONERS = Party(
    name="Stationers' Corner",
    street="52 Harp Street",
    postcode="Q98 YY07",
    city="Kilimaginary",
    country="IE",
)

MURMELTIER = Party(
    name="Murmeltier Almkäse KG",
    street="Nebelsteig 3",
    postcode="9990",
    city="Hinterwolkenau",
    country="AT",
    vat_number="ATU99904103",
    registration="FN 999041x",
    iban="AT479999900012345678",
    bic="XQZVAT99",
    contact="Vroni Nebelhauer",
    email="rechnung@murmeltier.example.com",
    phone="+43 999 0041 03",
)

HALBER_MOND = Party(
    name="Gasthof Zum Halben Mond",
    street="Kirchplatz 1",
    postcode="9998",
    city="Vorderwolkenau",
    country="AT",
    vat_number="ATU99937104",
)

KWEEPEER = Party(
    name="Kweepeer & Fils BV",
    street="Mistletoelaan 40",
    postcode="9999",
    city="Verzonnegem",
    country="BE",
    vat_number="BE0999041206",
    registration="0999041206",
    iban="BE65999001234596",
    bic="XQZVBE99",
    contact="Odile Kweepeer",
    email="invoices@kweepeer.example.com",
    phone="+32 9 999 04 12",
)

PAPIERBOOT = Party(
    name="Atelier Papierboot NV",
    street="Sluiskant 15",
    postcode="9998",
    city="Denkbeeldrode",
    country="BE",
    vat_number="BE0999068227",
    registration="0999068227",
    contact="Inkoop",
    email="ap@papierboot.example.org",
)

FERRETERIA = Party(
    name="Ferretería El Tornillo Sabio, S.L.",
    street="Calle del Candil Apagado, 19",
    postcode="99412",
    city="Villanubla de la Nada",
    country="ES",
    vat_number="ESB99941205",
    iban="ES8099990001480001234567",
    bic="XQZVES99XXX",
    email="facturas@tornillosabio.example.com",
)

PENAFIRME = Party(
    name="Construcciones Peñafirme, S.A.",
    street="Avenida de los Almendros, 230",
    postcode="99730",
    city="Robledal del Eco",
    country="ES",
    vat_number="ESA99973000",
)

NORDLICHT = Party(
    name="Nordlicht Laborbedarf Fabelhausen GmbH",
    street="Polarsternweg 17",
    postcode="99992",
    city="Fabelhausen",
    country="DE",
    vat_number="DE999945670",
    registration="HRB 99822",
    iban="DE98999911110098700400",
    bic="XQZVDE98XXX",
    contact="Jördis Ohnesorge",
    email="rechnung@nordlicht-labor.example.org",
    phone="+49 30 23125 041",
)

TAGTRAEUME = Party(
    name="Institut für Angewandte Tagträume",
    street="Traumallee 100",
    postcode="99980",
    city="Schlummerstadt",
    country="DE",
    vat_number="DE999977773",
    email="einkauf@tagtraeume.example.org",
)

UHRWERK = Party(
    name="Uhrwerk Zeitlos AG",
    street="Stundenweg 12",
    postcode="9999",
    city="Hinterzifferblatt",
    country="CH",
    vat_number="CHE999041202MWST",
    iban="CH1199990000123456789",
    email="buchhaltung@uhrwerk-zeitlos.example.com",
)

NIMMERHORN = Party(
    name="Bergbahnen Nimmerhorn AG",
    street="Talstation 1",
    postcode="9998",
    city="Nimmertal",
    country="CH",
)

TUMBLEWICK = Party(
    name="Tumblewick Signage Co.",
    street="1200 Nowhere Boulevard, Suite 5",
    postcode="ZZ 00412",
    city="Dusty Gulch",
    country="US",
    email="billing@tumblewick.example.com",
    phone="(555) 555-0142",
)

PRICKLY_PEAR = Party(
    name="Prickly Pear Diner",
    street="9 Cactus Court",
    postcode="ZZ 00987",
    city="Mesa Perdida",
    country="US",
)
