"""Secondary indexes that show a table as it was some time ago."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

Item = Mapping[str, Any]
"""DynamoDB JSON."""


class RecentWrites:
    """What the items of a table were before their latest writes. Its user sees to it that one thread calls at a time.

    An item is remembered by its table and key for as long as the lag.
    """

    def __init__(self) -> None:
        self._writes: dict[Hashable, list[tuple[float, Item | None]]] = {}

    def remember(self, item: Hashable, before: Item | None, now: float, lag: float) -> None:
        """An item was something else, or absent, until now."""
        young = [write for write in self._writes.get(item, ()) if now - write[0] < lag]
        self._writes[item] = [*young, (now, before)]

    def shown(self, now: float, lag: float) -> dict[Hashable, Item | None]:
        """The items that were written within the lag, as an index shows them; None for one it does not show yet."""
        self._writes = {
            item: young
            for item, writes in self._writes.items()
            if (young := [write for write in writes if now - write[0] < lag])
        }
        return {item: writes[0][1] for item, writes in self._writes.items()}
