"""The embedded engine behind one call, with its errors translated."""

from __future__ import annotations

import json
from collections.abc import Callable

from invoice_capture.domain.errors import UnreadableDocument


def engine(maximum_bytes: int) -> Callable[[bytes], bytes]:
    """A function from a document's bytes to the engine's answer as JSON; it raises ProviderError."""

    def read(content: bytes) -> bytes:
        # The engine lies in a layer of its own, which only the function that extracts carries.
        from invoice_capture.providers.embedded.mapping import ERRORS
        from invoice_engine import EngineError, Limits, extract

        try:
            extraction = extract(content, Limits(max_bytes=maximum_bytes))
        except EngineError as exc:
            raise ERRORS.get(exc.code, UnreadableDocument)(str(exc)) from exc
        return json.dumps(extraction.to_json(), ensure_ascii=False, separators=(",", ":")).encode()

    return read
