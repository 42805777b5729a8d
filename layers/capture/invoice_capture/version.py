"""The version of the project. It stands here; `make release` writes it, and the engine's copy of it."""

__version__ = "0.1.0"
USER_AGENT = f"invoice-capture/{__version__}"
"""What we call ourselves to the servers that we ask."""
