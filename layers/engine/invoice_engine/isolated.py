"""Read documents in a process of their own, so that no document can take the caller down.

The libraries that read documents are written in C and fed with whatever people send. When one crashes, runs without
end or wants too much memory, it ends a child process, and the document with an EngineError; the next document gets
a new child. A child that is well reads one document after the other.
"""

import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

from invoice_engine.errors import EngineError, TooLarge, UnreadableDocument
from invoice_engine.limits import Limits

# Time that a child gets beyond the engine's own limit, which is only looked at between steps.
GRACE_SECONDS = 5.0
MEMORY_BYTES = 500 * 1024 * 1024
LENGTH = struct.Struct(">Q")
_CHUNK = 1 << 20
# The child finds modules where this process does, wherever that is.
_PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from invoice_engine.child import main
main(int(sys.argv[2]))
"""


class Isolated:
    """A reader in a child process. Safe to use from several threads: they take turns."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES, grace_seconds: float = GRACE_SECONDS) -> None:
        self._memory_bytes = memory_bytes
        self._grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    def extract(self, data: bytes, limits: Limits) -> dict[str, Any]:
        """The extraction as JSON, see Extraction. Raises an EngineError, and nothing else, whatever the bytes are."""
        with self._lock:
            child = self._ready()
            try:
                answer = self._ask(child, data, limits)
            except TimeoutError as exc:
                self._close()
                raise TooLarge(
                    f"Reading the document took longer than {limits.max_seconds:g} seconds. Send it in smaller parts."
                ) from exc
            except OSError as exc:
                self._close()
                raise UnreadableDocument(
                    "Reading the document crashed the reader, so it is damaged or made to do harm. Ask for a new copy."
                ) from exc
        if "extraction" in answer:
            extraction: dict[str, Any] = answer["extraction"]
            return extraction
        raise _error(answer["code"], answer["message"])

    def close(self) -> None:
        """End the child, if there is one. The next document starts another."""
        with self._lock:
            self._close()

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._close()
            self._child = subprocess.Popen(  # noqa: S603 - this very interpreter and a module of ours
                [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path), str(self._memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._end = weakref.finalize(self, _end, self._child)
        return self._child

    def _ask(self, child: "subprocess.Popen[bytes]", data: bytes, limits: Limits) -> dict[str, Any]:
        """Raises BrokenPipeError when the child is gone, TimeoutError when it does not answer in time."""
        give_up_at = time.monotonic() + limits.max_seconds + self._grace_seconds
        assert child.stdin is not None
        assert child.stdout is not None
        told = json.dumps({name: getattr(limits, name) for name in limits.__slots__}).encode()
        child.stdin.write(LENGTH.pack(len(told)) + told + LENGTH.pack(len(data)))
        child.stdin.write(data)
        child.stdin.flush()
        [length] = LENGTH.unpack(_read(child.stdout.fileno(), LENGTH.size, give_up_at))
        answer: dict[str, Any] = json.loads(_read(child.stdout.fileno(), length, give_up_at))
        return answer

    def _close(self) -> None:
        if self._end is not None:
            self._end()
        self._child = self._end = None


def _read(descriptor: int, length: int, give_up_at: float) -> bytes:
    parts: list[bytes] = []
    while length:
        readable, _, _ = select.select([descriptor], [], [], max(0.0, give_up_at - time.monotonic()))
        if not readable:
            raise TimeoutError
        part = os.read(descriptor, min(length, _CHUNK))
        if not part:
            raise BrokenPipeError("the child is gone")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _error(code: str, message: str) -> EngineError:
    kind = next((kind for kind in EngineError.__subclasses__() if kind.code == code), UnreadableDocument)
    return kind(message)


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                continue  # what was not written yet has no reader any more
