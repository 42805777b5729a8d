"""Messages between two processes over pipes; before each stands its length."""

import json
import os
import select
import struct
import time
from typing import Any

_LENGTH = struct.Struct(">Q")
_CHUNK = 1 << 20


class Pipe:
    """One end: reads from and writes to these descriptors, until `give_up_at` (of time.monotonic; None for ever).

    Every method raises BrokenPipeError when the other process is gone, TimeoutError when it does nothing in time, and
    ValueError for a message of more than `longest` bytes or of the wrong form.
    """

    def __init__(self, reading: int, writing: int, longest: int) -> None:
        self._reading, self._writing, self._longest = reading, writing, longest
        # Or a message larger than the pipe would wait for its reader without end.
        os.set_blocking(writing, False)
        self.give_up_at: float | None = None

    def send(self, message: bytes) -> None:
        for piece in (_LENGTH.pack(len(message)), message):
            left = memoryview(piece)
            while left:
                self._wait([], [self._writing])
                left = left[os.write(self._writing, left[:_CHUNK]) :]

    def receive(self) -> bytes:
        [length] = _LENGTH.unpack(self._read(_LENGTH.size))
        if length > self._longest:
            raise ValueError(f"The message has {length} bytes, more than the {self._longest} allowed.")
        return self._read(length)

    def send_json(self, content: dict[str, Any]) -> None:
        """Send a JSON object."""
        self.send(json.dumps(content, ensure_ascii=False).encode())

    def receive_json(self) -> dict[str, Any]:
        """Receive a JSON object."""
        content = json.loads(self.receive())
        if not isinstance(content, dict):
            raise ValueError("The message is no JSON object.")  # noqa: TRY004 - a ValueError, as for what is no JSON
        return content

    def _read(self, length: int) -> bytes:
        parts: list[bytes] = []
        while length:
            self._wait([self._reading], [])
            part = os.read(self._reading, min(length, _CHUNK))
            if not part:
                raise BrokenPipeError("The other process is gone.")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _wait(self, reading: list[int], writing: list[int]) -> None:
        seconds = None if self.give_up_at is None else max(0.0, self.give_up_at - time.monotonic())
        if not any(select.select(reading, writing, [], seconds)):
            raise TimeoutError
