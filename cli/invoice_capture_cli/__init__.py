"""The command line ``invoice-capture``: submit documents, follow them, and take the invoices away."""
