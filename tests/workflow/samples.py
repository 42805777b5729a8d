"""What stands on the samples."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

EXPECTED = json.loads(Path("samples/expected.json").read_text())


@cache
def printed() -> tuple[str, ...]:
    """What is read of the samples and is long enough to be no coincidence."""
    values: list[Any] = [
        value
        for sample in EXPECTED.values()
        for name, value in sample.get("invoice", {}).items()
        if name not in {"currency", "type"}
    ]
    return tuple({str(value) for value in values if value and len(str(value)) > 6})
