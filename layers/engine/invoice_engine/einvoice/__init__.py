"""From an e-invoice's XML to the invoice: CII, UBL, FatturaPA and Facturae, alone or in a PDF."""
