"""Values of an export by their full name, whatever way its format writes names and nesting.

``Vendor.Name`` as a column, ``vendor_name`` as a key and ``Name`` below ``Vendor`` are all ``vendorname``.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from invoice_capture.providers import values

_MOST_DEPTH = 30
# Levels without a meaning of their own. A file holds one document, so of several the first is read.
_WRAPPERS = frozenset({"document", "documents", "invoice", "invoices", "fields", "header", "invoiceheader", "data"})
_ROWS = "rows"


@dataclass(frozen=True)
class Leaf:
    """A value as it was written, and how sure the provider is of it, from 0 to 1 or None."""

    value: Any
    confidence: float | None = None


Row = dict[str, list[Leaf]]


@dataclass(frozen=True)
class Export:
    """The values of an export by name, with their variants in order, and the rows of its tables."""

    values: Row = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)


def normal(name: str) -> str:
    """A name without case and separators."""
    return "".join(filter(str.isalnum, name)).casefold()


def read_names(tree: Any, tables: Mapping[str, str], columns: Mapping[str, Container[str]]) -> Export:
    """All values of a tree.

    ``tables`` are the names under which a table of ours may come, ``columns`` the column names of each of our tables;
    all names are normal ones. In rows of cells a table's columns are told by their prefix: ``LineItems.Quantity``.
    """
    reader = _Reader(tables, columns)
    reader.read(tree)
    return reader.export


class _Reader:
    def __init__(self, tables: Mapping[str, str], columns: Mapping[str, Container[str]]) -> None:
        self.export = Export()
        self._tables = tables
        self._columns = columns

    def read(self, node: Any, depth: int = 0) -> None:
        """Read an object whose names have no prefix."""
        if isinstance(node, list):
            node = node[0] if node else None
        if not isinstance(node, dict) or depth > _MOST_DEPTH:
            return
        for key, child in node.items():
            name = normal(key)
            if name in _WRAPPERS and isinstance(child, dict | list):
                self.read(child, depth + 1)
            elif name == _ROWS and isinstance(child, list):
                self._read_cells(child)
            elif name in self._tables and isinstance(child, dict | list):
                rows = (_flat(row) for row in _rows_of(child))
                self.export.tables.setdefault(self._tables[name], []).extend(rows)
            else:
                _flatten(name, child, self.export.values)

    def _read_cells(self, rows: list[Any]) -> None:
        for cells in rows:
            parts: dict[str, Row] = {}
            for name, leaves in _flat(cells).items():
                table, column = self._column_of(name)
                if table is None:
                    self.export.values.setdefault(name, []).extend(leaves)
                else:
                    parts.setdefault(table, {}).setdefault(column, []).extend(leaves)
            for table, row in parts.items():
                self.export.tables.setdefault(table, []).append(row)

    def _column_of(self, name: str) -> tuple[str | None, str]:
        for prefix, table in self._tables.items():
            column = name.removeprefix(prefix)
            if column != name and column in self._columns[table]:
                return table, column
        return None, name


def _flat(node: Any) -> Row:
    values_by_name: Row = {}
    _flatten("", node, values_by_name)
    return values_by_name


def _flatten(name: str, node: Any, into: Row, depth: int = 0) -> None:
    """Add the values below a node under their full names."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(node, list):
        for variant in node:
            _flatten(name, variant, into, depth + 1)
    elif isinstance(node, dict):
        parts = {normal(key): child for key, child in node.items()}
        if "value" in parts:
            confidence = values.confidence(parts.get("confidence"))
            into.setdefault(name, []).extend(Leaf(variant, confidence) for variant in _variants(parts["value"]))
            return
        for key, child in parts.items():
            _flatten(name + key, child, into, depth + 1)
    else:
        into.setdefault(name, []).extend(Leaf(variant) for variant in _variants(node))


def _variants(value: Any) -> list[Any]:
    """The scalars of a value that has one or several."""
    candidates = value if isinstance(value, list) else [value]
    return [
        candidate
        for candidate in candidates
        if isinstance(candidate, str | int | float | Decimal) and not isinstance(candidate, bool)
    ]


def _rows_of(node: Any) -> list[Any]:
    """The rows of a table: a list of them, a single one, or either below a name of its own, as XML has it."""
    if isinstance(node, list):
        return [row for item in node for row in _rows_of(item)]
    if not isinstance(node, dict):
        return []
    children = list(node.values())
    if len(children) == 1 and _has_objects(children[0]):
        return children[0] if isinstance(children[0], list) else children
    return [node]


def _has_objects(node: Any) -> bool:
    """Whether a node is a row, or a list of rows, and no value."""
    items = node if isinstance(node, list) else [node]
    return any(isinstance(item, dict) and "value" not in map(normal, item) for item in items)
