"""Read an invoice from its bytes: e-invoices (CII, UBL, Factur-X) completely, printed PDFs by their text layer.

    from invoice_engine import extract
    extraction = extract(data)          # raises EngineError
    extraction.to_json()                # JSON-ready, see Extraction

The libraries that read documents are imported when the first document of their kind arrives, so importing this
package costs next to nothing.
"""

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError
from invoice_engine.limits import Limits
from invoice_engine.model import Extraction
from invoice_engine.version import __version__

__all__ = ["EngineError", "Extraction", "Limits", "__version__", "extract"]
