"""The wait-and-poll loop of a provider."""
