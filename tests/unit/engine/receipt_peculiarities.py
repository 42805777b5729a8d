"""More till receipts: cash rounded, cards and tips, discounts and deposits, times of return, names with a brand."""

PECULIAR = {
    "de_CH": (
        """
        Bergkäserei Nebel AG
        Dorfplatz 2
        3999 Niemandsdorf
        CHE-000.000.000 MWST
        Filiale 12
        Bergkäse 300g|8.45
        Brot dunkel|4.90
        Total CHF|13.35
        Rundung|0.00
        Bar CHF|20.00
        Zurück CHF|6.65
        MWST 2.6%|0.34
        04.11.25 17:22
        Es bediente Sie: Rosa
        """,
        ("Bergkäserei Nebel AG", "2025-11-04", "13.35"),
    ),
    "de_fuel": (
        """
        NEBEL TANKSTELLE
        Pächter H. Dunst
        Autobahnring 44
        99998 Nirgendwo
        Beleg-Nr. 4471  Kasse 1
        *001 Super E10
        Zapfpunkt 4
        41,30 l x 1,789 EUR/l|73,89 A
        Kaffee|2,90 B
        Gesamtbetrag EUR|76,79
        girocard|76,79
        MwSt A 19%|12,26
        Netto A|64,53
        Datum 30.12.2025 Uhrzeit 23:58
        Terminal-ID 54000000
        Gültig bis 12/27
        """,
        ("NEBEL TANKSTELLE", "2025-12-30", "76.79"),
    ),
    "en_US_tip": (
        """
        Captain Fog's Grill
        88 Harbor St
        Portland, OR 97299
        503-555-0142
        Server: Kim  Table 7
        Guests: 2
        11/05/2025 7:48 PM
        Clam Chowder|9.50
        Salmon|24.00
        Iced Tea|3.25
        Subtotal|36.75
        Tax|0.00
        Total|36.75
        15% tip|5.51
        18% tip|6.62
        20% tip|7.35
        Tip: ________
        Thank you!
        """,
        ("Captain Fog's Grill", "2025-11-05", "36.75"),
    ),
    "en_GB": (
        """
        MISTLEY'S
        Supermarket
        High Street, Fogford
        VAT NO 000 0000 00
        SEMI SKIMMED MILK|1.45
        CHEDDAR 400G|3.75
        PLUM JAM|2.10
        2 @ 0.80 LEMONS|1.60
        MULTIBUY SAVING|-0.40
        BALANCE DUE|8.50
        VISA DEBIT|8.50
        CHANGE|0.00
        YOU SAVED|0.40
        POINTS EARNED 8
        09/10/25 18:14 4410 07 122
        Open 7am-10pm
        """,
        ("MISTLEY'S", "2025-10-09", "8.50"),
    ),
    "fr_discount": (
        """
        BRUMEMARCHÉ
        Vivre léger
        Centre commercial des Nuées
        99120 VILLEBRUME
        Tél : 01.99.00.00.00
        LAIT DEMI ECREME|0,99
        PATES 500G|1,19
        VIN DE TABLE|4,80
        REMISE FIDELITE|-0,50
        SOUS-TOTAL|6,48
        TOTAL A PAYER|6,48 EUR
        CB EMV|6,48
        4 ARTICLES
        TVA 5,50%|0,11
        TVA 20,00%|0,80
        Caisse 012  Hôte 0034
        14/07/2025 10:31:22
        """,
        ("BRUMEMARCHÉ", "2025-07-14", "6.48"),
    ),
    "it_bar": (
        """
        BAR SPORT NUVOLA
        di Bianchi Carla
        P.zza Nessuna 1
        00998 Borgonuvola (BN)
        P.I. 09876543210
        CAFFE' NORMALE|1,30
        CORNETTO|1,50
        TOTALE EURO|2,80
        CONTANTE|5,00
        RESTO|2,20
        22/08/25 07:55 SCONTRINO N. 12
        """,
        ("BAR SPORT NUVOLA", "2025-08-22", "2.80"),
    ),
    "sv_rounding": (
        """
        ICE & DIMMA LIVS HB
        Storgatan 9, Dimstad
        Tel 0999-123 45
        Org.nr: 969999-9999
        Kassa: 2 Kassör: 14
        Mjölk 1,5%|15,90
        Bröd|32,95
        Äpplen 0,842kg*24,90|20,97
        Totalt 3 varor
        Öresavrundning|0,18
        Totalt SEK|70,00
        Kontant|100,00
        Tillbaka|30,00
        Moms% Moms Netto Brutto
        12,00|7,48|62,34|69,82
        2025-09-01 08:02
        """,
        ("ICE & DIMMA LIVS HB", "2025-09-01", "70.00"),
    ),
    "cs_whole_crowns": (
        """
        HOSPODA U MLHY
        Náves 3, Mrakov
        DIČ: CZ0000000000
        Stůl: 5  Obsluha: Jana
        Pivo 12° 0,5l 3x|165
        Svíčková|189
        Celkem|354 Kč
        Hotově|400 Kč
        Vráceno|46 Kč
        7. 6. 2025 21:40
        """,
        ("HOSPODA U MLHY", "2025-06-07", "354"),
    ),
    "de_parking": (
        """
        Parkhaus Wolkengarage GmbH
        Ringstraße 1, 01234 Wolkenheim
        Quittung
        Einfahrt: 03.05.2025 09:10
        Ausfahrt: 03.05.2025 12:25
        Parkgebühr|6,50 EUR
        MwSt 19%|1,04 EUR
        Summe|6,50 EUR
        EC-Karte|6,50 EUR
        Gültig bis: 03.05.2025 12:40
        Vielen Dank
        """,
        ("Parkhaus Wolkengarage GmbH", "2025-05-03", "6.50"),
    ),
    "fr_card_slip": (
        """
        La Taverne Grise SARL
        5 quai Perdu
        99130 Port-Brume
        Menu midi|16,90
        Café|2,10
        Total TTC|19,00
        Carte bancaire|19,00
        le 28/02/25 13:37
        CARTE BANCAIRE SANS CONTACT
        A0000000421010
        NO AUTO 123456
        MONTANT = 19,00 EUR
        TICKET CLIENT A CONSERVER
        """,
        ("La Taverne Grise SARL", "2025-02-28", "19.00"),
    ),
    "pl_discount": (
        """
        MGLISTA APTEKA SP. Z O.O.
        ul. Cicha 8, 00-998 Chmurowo
        NIP 111-111-11-11
        2025-04-17 nr wydr. 10442
        PARAGON FISKALNY
        Vitamina C 1 szt. x19,99|19,99B
        Syrop 1 szt. x24,50|24,50B
        OPUST|-2,00
        SPRZED. OPOD. PTU B|42,49
        KWOTA PTU B 8%|3,15
        SUMA PTU|3,15
        SUMA PLN|42,49
        KARTA|42,49
        10:15
        """,
        ("MGLISTA APTEKA SP. Z O.O.", "2025-04-17", "42.49"),
    ),
    "en_SG": (
        """
        THE GREY KOPI HOUSE PTE LTD
        10 Nowhere Road #01-05
        Singapore 999999
        Tel 6999 0000
        GST Reg 000000000X
        Receipt: 0008812
        15 Jan 2025 14:22
        Kopi O|1.80
        Kaya Toast Set|5.60
        Subtotal|7.40
        Service Charge 10%|0.74
        GST 9%|0.73
        Total|8.87
        Rounding|-0.02
        Total Payable|8.85
        NETS|8.85
        """,
        ("THE GREY KOPI HOUSE PTE LTD", "2025-01-15", "8.85"),
    ),
    "en_AU": (
        """
        Foggy Dew Bottle Shop
        ABN 00 000 000 000
        12 Nowhere Pde, Mistville NSW 2999
        TAX INVOICE
        Date: 26/01/25  3:12pm
        2 x Pale Ale 6pk|38.00
        Pinot Noir|21.99
        TOTAL (inc GST)|$59.99
        GST included|$5.45
        EFTPOS|$59.99
        Please retain for proof of purchase
        """,
        ("Foggy Dew Bottle Shop", "2025-01-26", "59.99"),
    ),
    "nl_card": (
        """
        Café 't Mistige Hoekje
        Markt 3
        9999 ZZ Nergenshuizen
        Tafel 11
        2x Koffie|6,40
        1x Appelgebak|4,75
        Totaal|€ 11,15
        BTW 9% over 10,23|0,92
        PIN|€ 11,15
        Betaald op 02-03-25 om 15:40
        Dank u wel en tot ziens
        """,
        ("Café 't Mistige Hoekje", "2025-03-02", "11.15"),
    ),
    "da_deposit": (
        """
        TÅGE & SØN KØBMAND
        Havnegade 7
        9999 Tågeby
        Tlf. 99 99 00 00
        MÆLK|12,95
        RUGBRØD|24,00
        2 X PANT A|2,00
        AT BETALE|38,95
        DANKORT|38,95
        MOMS UDGØR|7,79
        BON NR 8812  15-06-25 16:45
        """,
        ("TÅGE & SØN KØBMAND", "2025-06-15", "38.95"),
    ),
    "pt_two_names": (
        """
        Supermercado Neblina
        Neblina Retalho, S.A.
        Estrada Nacional 999
        NIF 500 000 000
        Arroz carolino|1,29
        Azeite 0,75L|7,49
        Poupança|-1,00
        TOTAL A PAGAR|7,78
        Multibanco|7,78
        2025-05-20 19:03 Caixa 04
        """,
        ("Supermercado Neblina", "2025-05-20", "7.78"),
    ),
    "es_return_by": (
        """
        FERRETERÍA EL HUMO, S.L.
        C/ Inventada 21
        28998 Puebloalto (Madrid)
        CIF B99999999
        Tfno: 999 000 111
        Ticket: 0012345 Fecha 11-12-25 12:05
        Tornillos 4x40|3,95
        Broca 8mm|4,25
        TOTAL EUR|8,20
        TARJETA|8,20
        I.V.A. 21% incluido
        Cambios antes del 26-12-25
        """,
        ("FERRETERÍA EL HUMO, S.L.", "2025-12-11", "8.20"),
    ),
}
