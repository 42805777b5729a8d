"""Items as DynamoDB keeps them: times to the millisecond, a largest size, and an index that may lag behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from invoice_capture.aws.items import moment
from invoice_capture.domain.timestamps import timestamp

K = TypeVar("K")
R = TypeVar("R")

_MOST_BYTES = 400 * 1024


def as_kept(value: R) -> R:
    """A time, or a dataclass with its times, as it is read again."""
    if isinstance(value, datetime):
        return moment(timestamp(value))
    times = {field.name: getattr(value, field.name) for field in fields(value)}  # type: ignore[arg-type]
    times = {name: as_kept(time) for name, time in times.items() if isinstance(time, datetime)}
    return replace(value, **times)  # type: ignore[type-var]


def require_size(item: Any) -> None:
    """Raises ClientError for an item that is too large; its size is taken for that of its JSON, bytes as they are."""
    if len(json.dumps(item, ensure_ascii=False, default=_of_the_size_of).encode()) > _MOST_BYTES:
        error = {"Code": "ValidationException", "Message": "Item size has exceeded the maximum allowed size"}
        raise ClientError({"Error": error}, "PutItem")


def _of_the_size_of(value: Any) -> str:
    return " " * len(value) if isinstance(value, bytes) else str(value)


class Items(dict[K, R]):
    """Dataclasses by their key, as they are read again."""

    def __init__(self) -> None:
        super().__init__()
        self._as_indexed: list[R] | None = None

    def __setitem__(self, key: K, item: R) -> None:
        require_size(asdict(item))  # type: ignore[call-overload]
        super().__setitem__(key, as_kept(item))

    @property
    def indexed(self) -> list[R]:
        """What an index shows."""
        return list(self.values()) if self._as_indexed is None else self._as_indexed

    @contextmanager
    def lagging(self) -> Iterator[None]:
        """The indexes show nothing of what is written in the block."""
        self._as_indexed = list(self.values())
        try:
            yield
        finally:
            self._as_indexed = None
