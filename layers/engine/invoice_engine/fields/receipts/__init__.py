"""Till receipts: recognised by their shape and words, read by their rows, which add up, and not by labels."""
