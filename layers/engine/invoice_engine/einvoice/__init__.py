"""From an e-invoice's XML to the invoice: CII (Factur-X, ZUGFeRD, XRechnung) and UBL (Peppol, XRechnung)."""
