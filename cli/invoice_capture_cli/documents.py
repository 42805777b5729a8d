"""Files on this machine that are to be captured."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.values import size as count

# No stack can be told to take more; most take less, and say so when a document is offered.
_LARGEST_BYTES = 100 * 1024**2
_LONGEST_NUMBER = 200
_LONGEST_NAME = 255
_TYPES = {
    ".pdf": "pdf",
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
}


@dataclass(frozen=True)
class Document:
    """A file, by the path it is shown by. ``problem`` says why it is not sent; None for one that is."""

    path: Path
    shown: str
    size: int = 0
    problem: str | None = None

    @property
    def name(self) -> str:
        """The bare name, as text: a file name may hold bytes that are no UTF-8."""
        return _text(self.path.name)[:_LONGEST_NAME]

    @property
    def document_type(self) -> str | None:
        """The contract's word for the kind that the name promises; None for any other, such as an e-invoice."""
        return _TYPES.get(self.path.suffix.lower())

    def new_number(self) -> str:
        """A job number that nobody has given before, by which a person recognises the file."""
        chance = secrets.token_hex(4)
        return f"{self.name[: _LONGEST_NUMBER - len(chance) - 1]}-{chance}"


def find(paths: Iterable[Path]) -> list[Document]:
    """The files at these paths; a folder stands for the files in it and below, without hidden ones.

    A file that cannot be sent is there with its problem. Raises UsageError when there is no file at all.
    """
    given = list(paths)
    documents = list(dict.fromkeys(document for path in given for document in _at(path)))
    if not documents:
        raise UsageError(f"There is no file in {', '.join(_text(str(path)) for path in given)}.")
    return documents


def too_large(size: int, maximum: int) -> str:
    return f"It has {count(size)}, and at most {count(maximum)} are taken. Split it, or scan it at a lower resolution."


def _at(path: Path) -> Iterator[Document]:
    if not path.is_dir():
        yield _looked_at(path)
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield _looked_at(file)


def _looked_at(path: Path) -> Document:
    shown = _text(str(path))
    try:
        if not path.is_file():
            problem = "It is neither a file nor a folder." if path.exists() else "It does not exist."
            return Document(path, shown, problem=problem)
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as exc:
        return Document(path, shown, problem=f"It cannot be read: {exc.strerror}.")
    if size == 0:
        return Document(path, shown, problem="It is empty.")
    return Document(path, shown, size, too_large(size, _LARGEST_BYTES) if size > _LARGEST_BYTES else None)


def _text(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")
