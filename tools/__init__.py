"""Checks of what was built, for developers and CI alike; the Makefile runs them."""
