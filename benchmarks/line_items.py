"""Count the line items that the embedded engine reads right, per kind of document.

    python -m benchmarks.line_items --corpus DIR [--kinds digital,hybrid,xml] [--misses]

DIR holds documents in one folder per kind, and `ground_truth.jsonl` with `lines` per document: description, quantity,
amount. A line is right when its description (case and punctuation aside), quantity and amount (to the cent, by
absolute value) are those of a line that is wanted; what is not known of a wanted line is not asked. Lines that are
wanted without an amount are left out. `right` takes a description for right that is the beginning of the wanted one,
or begins with it: whether the remarks below an item belong to its description is nowhere laid down. `exact` does not.
Documents in whose ground truth no line is stated count neither way.
"""

import argparse
import collections
import json
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from benchmarks.extraction import predict

SHORTEST_BEGINNING = 4

Line = dict[str, Any]


def squeeze(text: str | None) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", text or "")).lower()


def same_number(wanted: object, found: object, places: str) -> bool:
    if wanted is None:
        return True
    try:
        one, other = (abs(Decimal(str(value))).quantize(Decimal(places)) for value in (wanted, found))
    except InvalidOperation:
        return False
    return one == other


def same_line(wanted: Line, found: Line, *, exact: bool) -> bool:
    one, other = squeeze(wanted.get("description")), squeeze(found.get("description"))
    begins = min(len(one), len(other)) >= SHORTEST_BEGINNING and (one.startswith(other) or other.startswith(one))
    if one != other and (exact or not begins):
        return False
    return same_number(wanted.get("quantity"), found.get("quantity"), "0.0001") and same_number(
        wanted.get("amount"), found.get("amount"), "0.01"
    )


def count(wanted: list[Line], found: list[Line], *, exact: bool) -> tuple[int, list[Line]]:
    """How many wanted lines were found, each line found once, and which were not."""
    remaining, missed = list(found), []
    for line in wanted:
        match = next((one for one in remaining if same_line(line, one, exact=exact)), None)
        if match is None:
            missed.append(line)
        else:
            remaining.remove(match)
    return len(wanted) - len(missed), missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--kinds", default="digital,hybrid,xml", help="folders to read, comma separated")
    parser.add_argument("--misses", action="store_true", help="print every wanted line that was not found")
    args = parser.parse_args()
    kinds = args.kinds.split(",")
    tally: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    for row in map(json.loads, (args.corpus / "ground_truth.jsonl").read_text(encoding="utf-8").splitlines()):
        wanted = [line for line in row.get("lines") or [] if line.get("amount") is not None]
        if row["kind"] not in kinds or not wanted:
            continue
        found = predict((args.corpus, args.corpus / row["file"])).get("lines", [])
        right, missed = count(wanted, found, exact=False)
        exact, _ = count(wanted, found, exact=True)
        for place, number in enumerate((right, exact, len(wanted), len(found))):
            tally[row["kind"]][place] += number
        if args.misses and missed:
            print(row["file"], "found", found)
            for line in missed:
                print("   missed", line)
    print(f"{'kind':10}{'wanted':>8}{'right':>8}{'':7}{'exact':>8}{'':7}{'found':>8}{'precision':>11}")
    for kind, (right, exact, wanted_lines, found_lines) in tally.items():
        shares = (100 * right / wanted_lines, 100 * exact / wanted_lines, 100 * right / max(1, found_lines))
        print(
            f"{kind:10}{wanted_lines:>8}{right:>8}{shares[0]:>6.1f}%{exact:>8}{shares[1]:>6.1f}%"
            f"{found_lines:>8}{shares[2]:>10.1f}%"
        )


if __name__ == "__main__":
    main()
