"""The version stated in every extraction, so that a stored result can be traced to the code that made it."""

__version__ = "0.1.0"
