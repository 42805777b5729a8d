"""What the local stack's parts say, asked of others that were written independently: see docs/reliability.md."""
