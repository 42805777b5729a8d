"""The OCR Invoice Job API 1.0.0: jobs that are created with a link to a document, processed, and polled in batches."""
