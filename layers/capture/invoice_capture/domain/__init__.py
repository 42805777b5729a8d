"""The rules of the business: no AWS, no network, no environment."""
