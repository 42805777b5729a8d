"""Files on this machine as objects to drop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import UserError

# Far above any sensible limit of the stack, which is what is to refuse large documents.
_LARGEST_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Document:
    """A file, the name it is shown by, and the key it is dropped under."""

    path: Path
    name: str
    key: str

    def read(self) -> bytes:
        """Raises UserError when the file cannot be read any more."""
        try:
            return self.path.read_bytes()
        except OSError as exc:
            raise UserError(f"{self.name} cannot be read: {exc.strerror}.") from exc


class Keys:
    """Gives every file a key of its own: files of one name from several folders must not replace each other."""

    def __init__(self, provider: str | None) -> None:
        self._prefix = f"incoming/{provider}/" if provider else "incoming/"
        self._used: set[str] = set()

    def for_file(self, path: Path) -> str:
        # A file name may hold bytes that are no UTF-8, a key may not.
        name = path.name.encode(errors="surrogateescape").decode(errors="replace")
        key, number = self._prefix + name, 1
        while key in self._used:
            number += 1
            key = f"{self._prefix}{number}/{name}"
        self._used.add(key)
        return key


def find(paths: Iterable[str], provider: str | None) -> list[Document]:
    """The files at these paths; a folder stands for the files in it and below, without hidden ones.

    Raises:
        UserError: a path is missing or unreadable, or there is no file at all.
    """
    keys = Keys(provider)
    documents = [
        Document(path=file, name=_shown(file), key=keys.for_file(file)) for path in paths for file in _files(Path(path))
    ]
    if not documents:
        raise UserError(f"There is no file in {', '.join(paths)}.")
    return documents


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        try:
            found = sorted(path.rglob("*"))
        except OSError as exc:
            raise UserError(f"{path} cannot be read: {exc.strerror}.") from exc
        for file in found:
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield _readable(file)
    elif path.exists():
        yield _readable(path)
    else:
        raise UserError(f"{path} does not exist.")


def _readable(file: Path) -> Path:
    """Find out now, before anything is started, and not in the middle of the run."""
    if not file.is_file():
        raise UserError(f"{file} is neither a file nor a folder.")
    try:
        with file.open("rb"):
            size = file.stat().st_size
    except OSError as exc:
        raise UserError(f"{file} cannot be read: {exc.strerror}.") from exc
    if size > _LARGEST_BYTES:
        raise UserError(f"{file} is too large for the local stack ({size / 1024**2:.0f} MB).")
    return file


def _shown(file: Path) -> str:
    return str(file).encode(errors="surrogateescape").decode(errors="replace")
