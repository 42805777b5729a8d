"""What functions do: one step each, by the name that it has everywhere."""
