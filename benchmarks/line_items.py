"""Count the line items that the embedded engine reads right, per kind of document.

    python -m benchmarks.line_items --corpus DIR [--kinds digital,hybrid,xml] [--misses]

DIR is a labelled folder: documents, and `ground_truth.jsonl` with `lines` per document: description, quantity, amount.
A line is right when its description (case and punctuation aside), quantity and amount (to the cent, by absolute value)
are those of a line that is wanted; what is not known of a wanted line is not asked. Lines that are wanted without an
amount are left out. `right` takes a description for right that is the beginning of the wanted one, or begins with it:
whether the remarks below an item belong to its description is nowhere laid down. `exact` does not. Documents in whose
ground truth no line is stated count neither way. Ends with status 1 when the recall of a kind is less than is to hold.
"""

import argparse
import sys
from functools import reduce
from pathlib import Path

from benchmarks.bounds import conclude, share
from invoice_capture_cli.evaluation.engine import read_all
from invoice_capture_cli.evaluation.equality import missed_lines
from invoice_capture_cli.evaluation.labels import load_labels
from invoice_capture_cli.evaluation.scores import LineScore
from invoice_capture_cli.evaluation.tables import share as percent

# The recall of `right` by kind of document.
ASKED = {"digital": 0.80, "hybrid": 0.90, "xml": 0.95, "scan": 0.75}


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--kinds", default="digital,hybrid,xml", help="kinds to read, comma separated")
    parser.add_argument("--misses", action="store_true", help="print every wanted line that was not found")
    args = parser.parse_args()
    kinds = args.kinds.split(",")
    labels = load_labels(args.corpus, kinds)
    readings = {one.file: one for one in read_all(args.corpus, [(label.file, None) for label in labels], None)}
    if args.misses:
        for label in labels:
            found = readings[label.file].lines
            if missed := missed_lines([line for line in label.lines if "amount" in line], found):
                print(label.file, "found", list(found))
                for line in missed:
                    print("   missed", dict(line))
    print(f"{'kind':10}{'wanted':>8}{'right':>8}{'recall':>10}{'exact':>8}{'found':>8}{'precision':>11}")
    figures = []
    for kind in kinds:
        scores = [LineScore.of(label, readings[label.file]) for label in labels if label.kind == kind]
        lines = reduce(LineScore.__add__, scores)
        if kind in ASKED:
            figures.append(share(f"recall of line items, {kind}", lines.recall, ASKED[kind]))
        print(
            f"{kind:10}{lines.wanted:>8}{lines.right:>8}{percent(lines.recall):>10}{lines.exact:>8}"
            f"{lines.found:>8}{percent(lines.precision):>11}"
        )
    return conclude(figures)


if __name__ == "__main__":
    sys.exit(main())
