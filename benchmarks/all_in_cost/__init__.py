"""What 1,000 invoices cost in an account, counted from a run of the local stack."""
