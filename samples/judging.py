"""What became of a sample, compared with what `expected.json` says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_TEXT = "description"
_AMOUNTS = ("quantity", "unit_price", "subtotal")


def differences(outcome: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """A sentence for each thing that differs; none when the document ended as it must.

    `outcome` is an object of `process --json`, `expected` the document's entry in `expected.json`.
    """
    error = outcome["error"] or {}
    if outcome["status"] != expected["status"]:
        reason = f" ({error['code']}: {error['message']})" if error else ""
        return [f"it ended as {outcome['status']}, not as {expected['status']}{reason}"]
    found = []
    if outcome["notifications"] != 1:
        found.append(f"it was announced {outcome['notifications']} times, not once")
    if "reason" in expected and error.get("code") != code_of(expected["reason"]):
        found.append(f"it was refused for {error.get('code')}, not for {code_of(expected['reason'])}")
    if "invoice" in expected:
        found += _values(outcome["invoice"], expected["invoice"])
        found += _lines(outcome["invoice"]["lines"], expected["lines"])
        codes = sorted(finding["code"] for finding in outcome["findings"])
        if codes != sorted(expected["findings"]):
            found.append(f"its findings are {_listed(codes)}, not {_listed(expected['findings'])}")
    return found


def code_of(reason: str) -> str:
    """The error of a reason: `empty_document` is `EmptyDocument`."""
    return "".join(word.capitalize() for word in reason.split("_"))


def _values(invoice: Mapping[str, Any], expected: Mapping[str, str | None]) -> Iterator[str]:
    for path, wanted in expected.items():
        field: Any = invoice
        for name in path.split("."):
            field = field[name]
        if field["value"] != wanted:
            yield f"{path} is {field['value']}, not {wanted}"


def _lines(lines: list[Mapping[str, Any]], expected: list[Mapping[str, str]]) -> Iterator[str]:
    if len(lines) != len(expected):
        yield f"it has {len(lines)} lines, not {len(expected)}"
        return
    for number, (line, wanted) in enumerate(zip(lines, expected, strict=True), 1):
        # Where spaces stand in a description is a matter of taste.
        if "".join(str(line[_TEXT]["value"]).split()) != "".join(wanted[_TEXT].split()):
            yield f"line {number} is {line[_TEXT]['value']!r}, not {wanted[_TEXT]!r}"
        for name in _AMOUNTS:
            if _number(line[name]["value"]) != Decimal(wanted[name]):
                yield f"{name} of line {number} is {line[name]['value']}, not {wanted[name]}"


def _number(value: str | None) -> Decimal | None:
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None


def _listed(codes: list[str]) -> str:
    return ", ".join(codes) or "none"
