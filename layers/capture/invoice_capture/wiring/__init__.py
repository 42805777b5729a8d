"""The composition root: which adapter stands behind which port, and what each step is made of.

``application()`` is what a handler asks for its step. A step is a dataclass, and what it needs is called the same
everywhere: ``build`` looks its fields up by name, in the tests too, where fakes have these names.
"""

from invoice_capture.wiring.application import Application, application, using
from invoice_capture.wiring.build import build

__all__ = ["Application", "application", "build", "using"]
