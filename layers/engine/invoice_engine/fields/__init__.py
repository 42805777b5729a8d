"""Readers of single values (numbers, dates, identifiers) and finders of fields, one module per family."""
