"""The child process of `isolated`: reads documents from its standard input until that ends.

Not to be started by people. Before each answer and document stands its length.
"""

import json
import os
import resource
import sys
from typing import IO

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError, TooLarge
from invoice_engine.isolated import LENGTH
from invoice_engine.limits import Limits


def main(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    # A crash is told by the end of this process; a picture of its memory would be kept for nobody.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a library prints must not stand among the answers.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        while (told := _read(sys.stdin.buffer)) is not None:
            limits = Limits(**json.loads(told))
            document = _read(sys.stdin.buffer) or b""
            answer = _answer(document, limits)
            answers.write(LENGTH.pack(len(answer)) + answer)
            answers.flush()


def _answer(document: bytes, limits: Limits) -> bytes:
    try:
        return json.dumps({"extraction": extract(document, limits).to_json()}, ensure_ascii=False).encode()
    except EngineError as exc:
        return json.dumps({"code": exc.code, "message": str(exc)}).encode()
    except (MemoryError, RecursionError):
        message = "The document needs more memory than is allowed. Send it in smaller parts."
        return json.dumps({"code": TooLarge.code, "message": message}).encode()


def _read(stream: IO[bytes]) -> bytes | None:
    """The next piece, or None at the end."""
    head = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None
