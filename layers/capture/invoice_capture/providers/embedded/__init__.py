"""The embedded engine as a provider: no account, no charge, no network."""
