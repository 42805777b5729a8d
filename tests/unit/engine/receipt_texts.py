"""Till receipts of invented shops: lines from top to bottom, amounts behind a bar; supplier, date and total."""

PLAIN = {
    "de": (
        """
        Stadtbäckerei Morgenrot
        Inh. Petra Falke
        Lindenstraße 7
        01234 Wolkenheim
        Tel. 0999 123456
        Steuer-Nr. 11/222/33333
        Kassenbon
        Roggenbrot 750 g|4,20 A
        3 x 0,85 Laugenbrezel|2,55 A
        Zwischensumme|6,75
        SUMME EUR|6,75
        Bar|20,00
        Rückgeld|13,25
        MwSt A 7 %|0,44
        17.02.2026 07:42 Kasse 2
        Vielen Dank für Ihren Einkauf
        """,
        ("Stadtbäckerei Morgenrot", "2026-02-17", "6.75"),
    ),
    "fr": (
        """
        BOULANGERIE DU MOULIN PERDU
        12 rue des Nuages
        99123 Villebrume
        Tél : 09 99 12 34 56
        SIRET 12345678900011
        Ticket n° 4471
        Baguette tradition|1,30
        2 x 1,15 Croissant|2,30
        Tarte citron|4,50
        Nombre d'articles : 4
        TOTAL TTC|8,10 €
        Dont TVA 5,5%|0,42 €
        Espèces|10,00 €
        Rendu monnaie|1,90 €
        Le 03/04/26 à 08:15
        Merci de votre visite
        """,
        ("BOULANGERIE DU MOULIN PERDU", "2026-04-03", "8.10"),
    ),
    "nl": (
        """
        Kaashandel De Maan
        Nergensstraat 14
        1234 AB Mistdam
        BTW nr NL001234567B01
        Kassabon 00871
        Jong belegen|7,49
        Boerenkaas 500g|9,95
        Korting|-1,00
        Subtotaal|17,44
        Afronding|0,01
        TE BETALEN|17,45
        Contant|20,00
        Wisselgeld|2,55
        23-01-2026 16:20
        Bedankt voor uw bezoek
        """,
        ("Kaashandel De Maan", "2026-01-23", "17.45"),
    ),
    "es": (
        """
        CAFETERÍA LA NIEBLA
        NIF: B00000001
        Avda. Ninguna, 9
        28999 Puebloalto
        FACTURA SIMPLIFICADA 2026-118
        Fecha: 05/03/2026 Hora: 11:32
        Mesa: 4
        2 Café con leche|3,40
        1 Tostada|2,60
        Base imponible|5,45
        IVA 10%|0,55
        TOTAL|6,00 €
        Entregado|10,00 €
        Cambio|4,00 €
        Gracias por su visita
        """,
        ("CAFETERÍA LA NIEBLA", "2026-03-05", "6.00"),
    ),
    "it": (
        """
        Trattoria Nebbia Chiara S.r.l.
        Via del Nulla 8
        00999 Borgonuvola
        P.IVA 01234567890
        DOCUMENTO COMMERCIALE
        di vendita o prestazione
        2 COPERTI|4,00
        LASAGNE|11,50
        ACQUA|2,50
        Subtotale|18,00
        TOTALE COMPLESSIVO|18,00
        DI CUI IVA|1,64
        Pagamento contante|50,00
        Resto|32,00
        12-05-2026 13:41
        DOCUMENTO N. 0210-0034
        """,
        ("Trattoria Nebbia Chiara S.r.l.", "2026-05-12", "18.00"),
    ),
    "pt": (
        """
        Pastelaria Bruma Doce Lda
        Rua de Lado Nenhum 3
        1999-999 Vilanova
        Contribuinte: 500000000
        Fatura simplificada FS 12/345
        Data: 2026-06-09 Hora: 17:05
        Pastel de nata|1,40
        Galão|1,60
        Sumo natural|2,75
        Total|5,75
        IVA incluído 13%|0,66
        Numerário|6,00
        Troco|0,25
        Obrigado pela preferência
        """,
        ("Pastelaria Bruma Doce Lda", "2026-06-09", "5.75"),
    ),
    "pl": (
        """
        SKLEP SPOŻYWCZY MGIEŁKA
        ul. Nijaka 5
        00-999 Chmurowo
        NIP 000-000-00-00
        PARAGON FISKALNY
        Chleb żytni 1 x 6,49|6,49 A
        Masło 2 x 7,99|15,98 A
        Sprzedaż opodatkowana A|22,47
        PTU A 5%|1,07
        SUMA PLN|22,47
        Gotówka|50,00
        Reszta|27,53
        2026-03-14 18:22
        Kasjer: 3
        """,
        ("SKLEP SPOŻYWCZY MGIEŁKA", "2026-03-14", "22.47"),
    ),
    "sv": (
        """
        Dimmans Bokhandel AB
        Ingenstansgatan 1
        001 23 Dimstad
        Org nr 556000-0000
        KVITTO
        Roman inbunden|249,00
        Vykort 3 st|45,00
        Delsumma|294,00
        Att betala|294,00
        Varav moms 6%|16,64
        Kontokort|294,00
        2026-02-28 14:03
        Kassa 1  Kvittonr 5521
        Öppet köp 30 dagar
        """,
        ("Dimmans Bokhandel AB", "2026-02-28", "294.00"),
    ),
    "da": (
        """
        Tågens Konditori ApS
        Ingenstedsvej 22
        9999 Tågeby
        CVR 00000000
        KVITTERING
        Wienerbrød|28,00
        Kaffe stor|39,50
        I alt DKK|67,50
        Heraf moms|13,50
        Kontant|100,00
        Byttepenge|32,50
        08-01-2026 09:14
        Tak for besøget
        """,
        ("Tågens Konditori ApS", "2026-01-08", "67.50"),
    ),
    "cs": (
        """
        Pekařství Mlha s.r.o.
        Nikde 17
        199 00 Mrakov
        IČO: 00000000
        Účtenka č. 1482
        Chléb kmínový|42,90
        Rohlík 5 ks|19,50
        Celkem|62,40
        Zaokrouhlení|-0,40
        K úhradě|62,00 Kč
        Hotovost|100,00
        Vráceno|38,00
        Datum: 21.3.2026 10:05
        Děkujeme za nákup
        """,
        ("Pekařství Mlha s.r.o.", "2026-03-21", "62.00"),
    ),
    "en": (
        """
        WELCOME TO
        THE FOGGY LANTERN PUB
        3 Nowhere Lane, Mistbury
        MB1 2XY
        VAT No. 000 0000 00
        Table 12  Server: Ada
        Fish and chips|14.50
        Steak pie|13.95
        2 Lemonade|5.60
        Subtotal|34.05
        Service charge|3.41
        TOTAL|£37.46
        Visa|37.46
        Change|0.00
        19 Mar 2026 20:11
        Thank you, please come again
        """,
        ("THE FOGGY LANTERN PUB", "2026-03-19", "37.46"),
    ),
    "en_US": (
        """
        CLOUDBERRY HARDWARE
        500 Nowhere Blvd
        Springfield, IL 62999
        (555) 010-0199
        CASHIER: SAM   REG 04
        03/04/2026 09:12 AM
        GALV NAILS 2IN|6.49
        CLAW HAMMER|18.99
        SUBTOTAL|25.48
        SALES TAX 8.25%|2.10
        TOTAL|$27.58
        CASH TEND|$40.00
        CHANGE DUE|$12.42
        ITEMS SOLD 2
        RETURN BY 04/03/2026
        """,
        ("CLOUDBERRY HARDWARE", "2026-03-04", "27.58"),
    ),
    "en_MY": (
        """
        MISTY HILL TRADING
        SDN BHD (000123-X)
        NO. 9, JALAN AWAN 3/1
        47999 KOTA KABUS
        GST ID : 000000000000
        TAX INVOICE
        Doc No : C0001 Date : 06-01-18 20:51:03
        BUCKET 5L|1 x 12.90|12.90 SR
        MOP|1 x 20.04|20.04 SR
        Total Sales (Excluding GST)|31.07
        Total GST|1.87
        Rounding|0.01
        Total Sales (Inclusive of GST)|32.95
        CASH|50.00
        CHANGE|17.05
        GST SUMMARY|Amount|Tax
        SR 6%|31.07|1.87
        """,
        ("MISTY HILL TRADING SDN BHD", "2018-01-06", "32.95"),
    ),
}
