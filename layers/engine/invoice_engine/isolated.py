"""Read documents in a process of their own, so that no document can take the caller down.

The libraries that read documents are written in C and fed with whatever people send. When one crashes, runs without
end or wants too much memory, it ends a child process, and the document with an EngineError; the next document gets
a new child. A child that is well reads one document after the other. Its time is that of the processor: a document
that waits for a busy machine only ends, with MachineBusy, when it has waited several times as long.

The child has none of the caller's environment beyond what programs need to run: no credentials, no tokens. On Linux it
cannot read the caller's in /proc either, nor its memory. An OCR service is asked by the caller, with pictures that the
child has drawn.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from invoice_engine.errors import EngineError, MachineBusy, TooLarge, UnreadableDocument
from invoice_engine.limits import Deadline, Limits
from invoice_engine.pipe import Pipe
from invoice_engine.read.ocr.port import OcrReader, OcrResult, PageImage, Pictures

# Time that a child gets beyond the engine's own limits, which are only looked at between steps.
GRACE_SECONDS = 5.0
MEMORY_BYTES = 500 * 1024 * 1024
_LONGEST_MESSAGE = 64 * 1024 * 1024
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR", "TESSDATA_PREFIX", "PYTHONHOME")
# The child finds modules where this process does, wherever that is.
_PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from invoice_engine.child import main
main(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
"""
# Of prctl, see PR_SET_DUMPABLE in https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
_PR_SET_DUMPABLE = 4
# Who waits for others does not work: its own processor time bounds nothing.
_NO_WORK_SECONDS = 86_400.0


class Isolated:
    """A reader in a child process. Safe to use from several threads: they take turns.

    Scans and photos are read by `ocr` in this process, or by Tesseract beside the child when None.
    """

    def __init__(
        self,
        memory_bytes: int = MEMORY_BYTES,
        grace_seconds: float = GRACE_SECONDS,
        ocr: OcrReader | None = None,
    ) -> None:
        self._bounds = (str(memory_bytes), str(grace_seconds))
        self._grace_seconds = grace_seconds
        self.ocr = ocr
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[Any, Any] | None = None

    def extract(self, data: bytes, limits: Limits) -> dict[str, Any]:
        """The extraction as JSON, see Extraction. Raises an EngineError, and nothing else, whatever the bytes are."""
        with self._lock:
            child, began_at = self._ready(), time.monotonic()
            try:
                return self._ask(child, data, limits)
            except TimeoutError as exc:
                self._close()
                raise MachineBusy.after(time.monotonic() - began_at) from exc
            except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as exc:
                self._close()
                if child.returncode == -signal.SIGXCPU:
                    raise TooLarge(
                        "Reading the document took more processor time than is allowed. Send it in smaller parts."
                    ) from exc
                raise UnreadableDocument(
                    "Reading the document crashed the reader, so it is damaged or made to do harm. Ask for a new copy."
                ) from exc
            except EngineError:
                raise
            except BaseException:
                self._close()  # it would take the next document for an answer
                raise

    def close(self) -> None:
        """End the child, if there is one. The next document starts another."""
        with self._lock:
            self._close()

    def _ready(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._close()
            _hide_from_children()
            where = "here" if self.ocr is None else "there"
            self._child = subprocess.Popen(  # noqa: S603 - this very interpreter and a module of ours
                [sys.executable, "-P", "-c", _PROGRAM, json.dumps(sys.path), *self._bounds, where],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                process_group=0,
                env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            )
            self._end = weakref.finalize(self, _end, self._child)
        return self._child

    def _ask(self, child: "subprocess.Popen[bytes]", data: bytes, limits: Limits) -> dict[str, Any]:
        """Raises the engine's error, OSError when the child is gone, TimeoutError when it does not answer in time, and
        ValueError, KeyError, TypeError, OverflowError or RecursionError when it answers nonsense."""
        assert child.stdin is not None
        assert child.stdout is not None
        pipe = Pipe(child.stdout.fileno(), child.stdin.fileno(), _LONGEST_MESSAGE)
        began_at = time.monotonic()
        pipe.give_up_at = began_at + limits.wall_seconds(limits.max_seconds) + self._grace_seconds
        pipe.send_json({name: getattr(limits, name) for name in limits.__slots__})
        pipe.send(data)
        answer = pipe.receive_json()
        if "seconds" in answer:
            # The document has scans, and there is more time for them: once, or a child could ask for more without end.
            longest = limits.wall_seconds(min(float(answer["seconds"]), limits.most_seconds))
            pipe.give_up_at = began_at + longest + self._grace_seconds
            if "pictures" in answer:
                left = began_at + longest - time.monotonic()
                pictures = Pictures(min(int(answer["pictures"]), limits.max_scanned_pages), _pictures(pipe, limits))
                pipe.send_json(self._read(pictures, limits, Deadline(_NO_WORK_SECONDS, left)))
            answer = pipe.receive_json()
        if "code" in answer:
            raise EngineError.from_json(answer)
        extraction: dict[str, Any] = answer["extraction"]
        return extraction

    def _read(self, pictures: Pictures, limits: Limits, deadline: Deadline) -> dict[str, Any]:
        if self.ocr is None:
            raise ValueError("The child was not told to send pictures.")
        try:
            result: OcrResult = self.ocr.read(pictures, limits, deadline)
        except EngineError as exc:
            return exc.to_json()
        return result.to_json()

    def _close(self) -> None:
        if self._end is not None:
            self._end()
        self._child = self._end = None


def _pictures(pipe: Pipe, limits: Limits) -> Iterator[PageImage]:
    """The child's pictures. Raises ValueError for one that is not portable: decoding is the child's part."""
    from invoice_engine.read.images import page_images
    from invoice_engine.read.ocr.portable import is_portable

    for _ in range(limits.max_scanned_pages):
        pipe.send_json({"next": True})
        told = pipe.receive_json()
        if not told:
            return
        number, dpi, data = int(told["number"]), told["dpi"] and int(told["dpi"]), pipe.receive()
        if not data:
            yield PageImage(b"", number, 1, 1)  # one that the child could not open
            continue
        [size] = page_images(data, limits)
        image = PageImage(data, number, size.width, size.height, dpi=dpi)
        if not is_portable(image):
            raise ValueError("The child sent a picture of another kind.")
        yield image


def _hide_from_children() -> None:
    """Keep this process's environment and memory, and with them its credentials, from others of the same user.

    A debugger of the same user is kept out as well. Raises OSError where the kernel refuses.
    """
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "This process cannot be hidden from the one that reads documents")


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End the child and its Tesseract, which is of its group."""
    if child.returncode is None:  # or its id may be another's by now
        with suppress(PermissionError):  # what a Mac says of a child that has ended
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
