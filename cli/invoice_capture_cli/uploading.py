"""Storing a document by the form that the API gave: streamed, with its length known beforehand."""

from __future__ import annotations

import io
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from invoice_capture_cli.errors import CommandError, Unreachable
from invoice_capture_cli.http_api import is_refused, new_session

_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_BLOCK_BYTES = 64 * 1024
_TIMEOUTS = (5.0, 120.0)
_CODE = re.compile(r"<Code>(\w+)</Code>")

Progress = Callable[[int], None]


class Uploads:
    """``sleep`` waits between attempts; sending the same form twice stores the same object. Safe for several threads.

    No key of ours is ever sent along: the form is what opens the bucket.
    """

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._session = new_session()
        self._sleep = sleep

    def send(self, url: str, fields: Mapping[str, str], path: Path, progress: Progress) -> None:
        """``progress`` is told how many bytes more were sent, and a negative number when they are sent again.

        Raises:
            CommandError: the file cannot be read, or the storage refuses it.
            Unreachable: the storage does not answer.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                problem: CommandError | None = self._try(url, fields, path, progress)
            except OSError as exc:
                raise _read_error(path, exc) from exc
            if problem is None:
                return
            if not isinstance(problem, Unreachable) or attempt == _ATTEMPTS:
                raise problem
            self._sleep(_FIRST_PAUSE * 2 ** (attempt - 1))

    def _try(self, url: str, fields: Mapping[str, str], path: Path, progress: Progress) -> CommandError | None:
        """None when the document was stored."""
        import requests

        with path.open("rb") as file:
            form = Form(fields, file, path.stat().st_size, progress)
            try:
                response = self._session.post(
                    url,
                    data=form,
                    headers={"Content-Type": form.content_type},
                    timeout=_TIMEOUTS,
                    allow_redirects=False,
                )
            except requests.exceptions.RequestException as exc:
                form.give_back()
                what = "cannot be reached" if is_refused(exc) else "broke the connection off"
                return Unreachable(f"The storage for documents {what}. Submit the file again.")
        if response.ok:
            return None
        form.give_back()
        code = match[1] if (match := _CODE.search(response.text[:4096])) else f"status {response.status_code}"
        if response.status_code >= 500 or response.status_code == 429:
            return Unreachable(f"The storage for documents is out of order ({code}). Submit the file again later.")
        return CommandError(f"The storage for documents does not take this file: {code}.")


class _Readable(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


class Form:
    """A multipart form whose last field is a file that is read while it is sent; ``len`` is its length in bytes."""

    def __init__(self, fields: Mapping[str, str], file: IO[bytes], size: int, progress: Progress) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._progress = progress
        self._sent = 0
        head = b"".join(_field(boundary, key, value) for key, value in fields.items()) + _file_head(boundary)
        tail = f"\r\n--{boundary}--\r\n".encode()
        self._parts: list[_Readable] = [io.BytesIO(head), _Bounded(file, size), io.BytesIO(tail)]
        self._length = len(head) + size + len(tail)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(_BLOCK_BYTES), b"")

    def read(self, size: int = -1) -> bytes:
        wanted = self._length if size is None or size < 0 else size
        content = b""
        while self._parts and len(content) < wanted:
            some = self._parts[0].read(wanted - len(content))
            if some:
                content += some
            else:
                self._parts.pop(0)
        self._sent += len(content)
        self._progress(len(content))
        return content

    def give_back(self) -> None:
        """What was sent counts no more."""
        self._progress(-self._sent)
        self._sent = 0


class _Bounded:
    """A file that has as many bytes as it was announced with, and an error if somebody made it shorter meanwhile."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            return b""
        content = self._file.read(min(size, self._left) if size >= 0 else self._left)
        if not content:
            raise OSError(0, "it became shorter while it was read")
        self._left -= len(content)
        return content


def _field(boundary: str, name: str, value: Any) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
    return head.encode() + str(value).encode() + b"\r\n"


def _file_head(boundary: str) -> bytes:
    # S3 wants the file to be the last field, and takes its key and its type from other fields: a name, which parsers
    # read in different ways, would be of no use.
    return f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="document"\r\n\r\n'.encode()


def _quoted(text: str) -> str:
    """As browsers do it, see the HTML standard on multipart/form-data."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _read_error(path: Path, error: OSError) -> CommandError:
    return CommandError(f"{path.name} cannot be read: {error.strerror or error}.")
