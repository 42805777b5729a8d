"""The REST API: the OCR Invoice Job contract and what we add to it, over the use cases."""
