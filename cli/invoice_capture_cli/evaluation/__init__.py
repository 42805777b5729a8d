"""Measure the embedded engine on documents whose values are known."""
