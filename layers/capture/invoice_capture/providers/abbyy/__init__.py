"""ABBYY FlexiCapture for Invoices Cloud, REST API v2."""
