"""Adapters of the services that read invoices."""
