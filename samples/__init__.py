"""Sample invoices of our own making: every company, person and number in them is invented."""
