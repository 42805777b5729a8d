"""The version stated in every extraction, so that a stored result can be traced to the code that made it.

A copy of the project's, as this is a library of its own: `make release` writes both.
"""

__version__ = "0.1.0"
