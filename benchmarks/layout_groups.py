"""Whether the embedded engine reads evenly, or only the layouts that most documents have: the cross-check by group.

    python -m benchmarks.layout_groups --corpus DIR [--kinds digital,scan,receipt] [--predictions PRED.jsonl]

Documents of one `group` of DIR's ground truth share a layout. Each group counts the same, however many documents it
has: recall and precision of each, their spread, and the groups below 70 %. With predictions of benchmarks/extraction.py
nothing is read again. Ends with status 1 when more than a quarter of a kind's groups has less recall than is to hold.

The rules are not fitted to the set by any program; what is fitted is the calibration of confidences, and
benchmarks/calibration.py tries that on groups which it left out.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.bounds import Figure, conclude, share
from invoice_capture_cli.evaluation.engine import read_all
from invoice_capture_cli.evaluation.groups import Group, by_group, spreads
from invoice_capture_cli.evaluation.judging import Judged, judge_all
from invoice_capture_cli.evaluation.labels import Label, load_labels
from invoice_capture_cli.evaluation.reading import Reading
from invoice_capture_cli.evaluation.tables import share as percent
from invoice_capture_cli.evaluation.tables import spread_lines

# The recall that three quarters of the groups of a kind have at least.
LOWER_QUARTILES = {"digital": 0.95, "scan": 0.90, "receipt": 0.60}


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a labelled folder")
    parser.add_argument("--kinds", default="digital,scan,receipt", help="kinds to compare, comma separated")
    parser.add_argument("--predictions", type=Path, help="what benchmarks/extraction.py wrote, instead of reading")
    args = parser.parse_args()
    labels = load_labels(args.corpus, args.kinds.split(","))
    readings = _predicted(args.predictions) if args.predictions else _read(args.corpus, labels)
    if missing := [label.file for label in labels if label.file not in readings]:
        sys.exit(f"{len(missing)} documents have no prediction, such as {missing[0]}")
    judged = judge_all(labels, readings)
    groups = by_group(judged)
    for group in groups:
        print(_row(group))
    print("\n".join(spread_lines(groups)))
    for group in (group for group in groups if group.is_weak):
        print(f"   {_row(group)}")
    return conclude(_figures(judged))


def _figures(judged: Sequence[Judged]) -> Iterator[Figure]:
    for kind in sorted({one.kind for one in judged} & LOWER_QUARTILES.keys()):
        spread = spreads(by_group(one for one in judged if one.kind == kind)).get("recall")
        quartile = None if spread is None else spread.lower_quartile
        yield share(f"recall of the lower quartile of layouts, {kind}", quartile, LOWER_QUARTILES[kind])


def _read(corpus: Path, labels: Sequence[Label]) -> dict[str, Reading]:
    return {one.file: one for one in read_all(corpus, [(label.file, None) for label in labels], None)}


def _predicted(path: Path) -> dict[str, Reading]:
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["file"]: Reading.of_row(row) for row in rows}


def _row(group: Group) -> str:
    name = " ".join(group.name.split())
    shares = f"recall {percent(group.score.recall):>8}  precision {percent(group.score.precision):>8}"
    return f"{shares}  {group.documents:>3} documents  {name} ({', '.join(group.kinds)})"


if __name__ == "__main__":
    sys.exit(main())
