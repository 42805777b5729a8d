"""Exported files read as a tree of names: objects are dicts, repeated elements are lists, values are scalars.

ABBYY does not publish the schema of its exports, so nothing here knows a field. What a name means is ``mapping``'s.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

from pydantic_core import from_json

_MOST_DEPTH = 30
_MOST_ELEMENTS = 500_000
_DELIMITERS = ",;\t|"


class Unreadable(ValueError):
    """The content is not of its format. Never quotes it."""


def format_of(name: str | None, export_format: str | None) -> str | None:
    """The format of an exported file by its name, or else by the format that was ordered; None for one not read."""
    for candidate in (PurePath(name or "").suffix.lstrip("."), export_format or ""):
        if candidate.lower() in READERS:
            return candidate.lower()
        if candidate:
            return None
    return None


def read_json(content: bytes) -> Any:
    """Raises Unreadable."""
    try:
        return from_json(content.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        raise Unreadable("no JSON") from None


def read_csv(content: bytes) -> Any:
    """The rows by column name, below ``Rows``, which is a name of our own. Raises Unreadable."""
    try:
        text = content.decode("utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
        if text.lstrip()[:1] in {"", "<", "{"}:
            raise Unreadable("a page or an object, no table")
        header = text.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=header.count)
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval=""))
    except (ValueError, csv.Error):
        raise Unreadable("no CSV") from None
    # Cells beyond the header have no name: DictReader keeps them under None.
    return {"Rows": [{name: cell for name, cell in row.items() if name and cell} for row in rows]}


def read_xml(content: bytes) -> Any:
    """The root element's content. Namespaces and attributes are left out. Raises Unreadable."""
    reader = _XmlReader()
    try:
        return reader.read(content)
    except (expat.ExpatError, ValueError, LookupError):
        raise Unreadable("no XML") from None


class _XmlReader:
    """Builds the tree from the parser's events; a document type, and so every entity, is refused."""

    def __init__(self) -> None:
        self._open: list[tuple[dict[str, Any], list[str]]] = [({}, [])]
        self._elements = 0

    def read(self, content: bytes) -> Any:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(content, True)
        [root] = self._open[0][0].values()
        return root

    def _refuse(self, *_declaration: object) -> None:
        raise Unreadable("a document type")

    def _start(self, _name: str, _attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) > _MOST_DEPTH or self._elements > _MOST_ELEMENTS:
            raise Unreadable("too deep or too large")
        self._open.append(({}, []))

    def _text(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _end(self, qualified_name: str) -> None:
        children, texts = self._open.pop()
        content: Any = children or "".join(texts).strip()
        siblings = self._open[-1][0]
        name = qualified_name.rpartition(":")[2]
        if name not in siblings:
            siblings[name] = content
        elif isinstance(siblings[name], list):
            siblings[name].append(content)
        else:
            siblings[name] = [siblings[name], content]


READERS: Mapping[str, Callable[[bytes], Any]] = MappingProxyType({"json": read_json, "xml": read_xml, "csv": read_csv})
