"""``python -m invoice_engine explain FILE``: what was read of a document, and why."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from invoice_engine.engine import extract
from invoice_engine.errors import EngineError
from invoice_engine.evidence import Evidence, Seen, Sum
from invoice_engine.explain import Explanation, Reading, explain, names, place
from invoice_engine.model import text_of

_COLUMNS = 79
_MOST_SHOWN = 5
_EMPTY = "–"
_WHERE = {"left": "left of", "right": "right of", "above": "above", "below": "below"}
_SOME_FAILED, _WRONG_USAGE, _STOPPED = 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 explained, 1 not readable, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m invoice_engine", description="Read one invoice, and say why so.")
    command = parser.add_subparsers(dest="command", required=True).add_parser(
        "explain", help="say of each field what was seen, what it was chosen from, and why"
    )
    command.add_argument("file", type=Path, metavar="FILE", help="a PDF, an image or an e-invoice")
    command.add_argument("--field", metavar="NAME", help="one field only, such as total or supplier.name")
    command.add_argument("--json", action="store_true", help="as JSON, one object a field")
    options = parser.parse_args(arguments)
    if options.field is not None and options.field not in names():
        parser.error(f"there is no field {options.field}; there are {', '.join(names())}")
    evidence = Evidence()
    try:
        extraction = extract(options.file.read_bytes(), evidence=evidence)
    except OSError as exc:
        print(f"{options.file}: {exc.strerror}", file=sys.stderr)
        return _WRONG_USAGE
    except EngineError as exc:
        print(f"{options.file}: {exc}", file=sys.stderr)
        return _SOME_FAILED
    asked = names() if options.field is None else [options.field]
    explanations = [explain(extraction, evidence, name) for name in asked]
    if options.json:
        print(json.dumps([one.to_json() for one in explanations], ensure_ascii=False, indent=2))
    else:
        print("\n\n".join("\n".join(_shown(one)) for one in explanations))
    return 0


def _shown(one: Explanation) -> Iterator[str]:
    yield f"{one.field}: {_EMPTY if one.chosen is None else _value(one.chosen)}"
    yield from textwrap.wrap(one.verdict, _COLUMNS, initial_indent="  ", subsequent_indent="  ")
    if one.chosen is not None:
        yield f"  {_sureness(one.chosen)}"
    value = None if one.chosen is None else one.chosen.candidate.value
    if others := [each for each in one.candidates if each.candidate.value != value]:
        yield "  Other readings:" if one.chosen else "  Readings:"
        yield from (_cut(f"    {_value(each)}   {_sureness(each)}") for each in others[:_MOST_SHOWN])
    if one.seen:
        yield "  Seen at labels:"
        yield from (_cut(f"    {_seen(each)}") for each in one.seen[:_MOST_SHOWN])
    if one.sums:
        yield "  Choices of subtotal + tax = total, and what they are worth:"
        for each in one.sums:
            yield from textwrap.wrap(_sum(each), _COLUMNS, initial_indent="    ", subsequent_indent="      ")


def _seen(one: Seen) -> str:
    where = _WHERE[place(one.label_box, one.box)]
    return f"{text_of(one.value)}   {where} “{one.label}”, page {one.page + 1}, score {one.score:.2f}"


def _sum(one: Sum) -> str:
    subtotal, tax, total = (
        _EMPTY if amount is None else text_of(amount) for amount in (one.subtotal, one.tax_total, one.total)
    )
    return f"{subtotal} + {tax} = {total}   {one.worth:.2f}: {', '.join(one.reasons) or 'nothing chosen'}"


def _value(one: Reading) -> str:
    return text_of(one.candidate.value).replace("\n", " / ")


def _sureness(one: Reading) -> str:
    page = "" if one.candidate.page is None else f", page {one.candidate.page + 1}"
    score = "" if one.score is None else f", score {one.score:.2f}"
    return f"probability {one.probability:.3f}{score}{page}"


def _cut(line: str) -> str:
    return line if len(line) <= _COLUMNS else f"{line[: _COLUMNS - 1]}…"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
