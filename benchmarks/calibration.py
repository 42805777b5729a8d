"""Fit the curves that turn the engine's scores into probabilities, and say how well they hold elsewhere.

    python -m benchmarks.calibration --corpus DIR [--write]

Recipe: every labelled field of the printed documents of DIR (kinds digital, scan and receipt) whose best reading has a
score, chosen or not, is right or wrong; so are description, quantity and amount of every line item of a document with
labelled lines. For each way of reading (text, ocr, receipt), header and lines apart, the curve log-odds of being
right = offset + slope * log-odds of the score is fitted by maximum likelihood, with a normal prior around "the score is
the probability". The expected calibration error (ten bins, of values probable enough to be given) is printed twice: by
the curve of all documents, and by curves that never saw the layout group that they are tried on. `--write` puts the
curves into the engine. Ends with status 1 when the error on groups left out is larger than was asked.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bounds import Figure, conclude
from invoice_capture_cli.evaluation.engine import read_all
from invoice_capture_cli.evaluation.equality import same_in_line, same_value
from invoice_capture_cli.evaluation.labels import Label, load_labels
from invoice_capture_cli.evaluation.reading import Reading
from invoice_capture_cli.evaluation.scores import calibration_error, reliability
from invoice_engine import choose
from invoice_engine.choose.calibrate import PROBABLE, Curve, curves, log_odds
from invoice_engine.model import ReadAs

KINDS = ("digital", "scan", "receipt")
LINE_PARTS = ("description", "quantity", "amount")
PRIOR = Curve(offset=0.0, slope=1.0)
PRIOR_WEIGHT = 1.0  # the inverse of its variance
STEPS = 50
LARGEST_ERROR = 0.05
"""The expected calibration error that was asked for, on layout groups that a curve never saw."""
TABLE = Path(str(choose.__file__)).with_name("calibration.json")


@dataclass(frozen=True, slots=True)
class Trial:
    """The best reading of a field, or a line: its score, whether it is right, and the layout group of its document."""

    score: float
    right: bool
    group: str


def trials(labels: Iterable[Label], readings: Iterable[Reading]) -> dict[tuple[ReadAs, str], list[Trial]]:
    """All trials, by way of reading and part of the invoice."""
    by_file = {reading.file: reading for reading in readings}
    found: dict[tuple[ReadAs, str], list[Trial]] = {(way, part): [] for way in curves() for part in ("header", "lines")}
    for label in labels:
        reading = by_file[label.file]
        if (way := reading.read_as) in curves():
            found[way, "header"] += header_trials(label, reading, curves()[way].header)
            found[way, "lines"] += line_trials(label, reading, curves()[way].lines)
    return found


def header_trials(label: Label, reading: Reading, curve: Curve) -> Iterator[Trial]:
    for name, wanted in label.fields.items():
        best = next(iter((reading.leaves.get(name) or {}).get("candidates", ())), None)
        if best:
            score = curve.score(best["confidence"])
            yield Trial(score, same_value(name, wanted, best["value"]), label.group)


def line_trials(label: Label, reading: Reading, curve: Curve) -> Iterator[Trial]:
    """Description, quantity and amount of every line, each against the labelled line that it is likeliest of."""
    remaining = [line for line in label.lines if "amount" in line]
    if not remaining:
        return
    for best in reading.best_of_lines:
        line = {name: value for name, (value, _) in best.items()}
        wanted = max(remaining, key=lambda one: sum(same_in_line(name, one, line) for name in LINE_PARTS), default={})
        if not any(same_in_line(name, wanted, line) for name in ("description", "amount")):
            wanted = {}
        if wanted:
            remaining.remove(wanted)
        for name in LINE_PARTS:
            if name in best and (name in wanted or not wanted):
                right = bool(wanted) and same_in_line(name, wanted, line)
                yield Trial(curve.score(best[name][1]), right, label.group)


def fit(sample: Sequence[Trial]) -> Curve:
    """The likeliest curve, by Newton's method."""
    offset, slope = PRIOR.offset, PRIOR.slope
    for _ in range(STEPS):
        toward = [PRIOR_WEIGHT * (PRIOR.offset - offset), PRIOR_WEIGHT * (PRIOR.slope - slope)]
        bend = [PRIOR_WEIGHT, 0.0, PRIOR_WEIGHT]
        for trial in sample:
            place = log_odds(trial.score)
            expected = Curve(offset, slope).probability(trial.score)
            weight = expected * (1 - expected)
            toward = [toward[0] + trial.right - expected, toward[1] + (trial.right - expected) * place]
            bend = [bend[0] + weight, bend[1] + weight * place, bend[2] + weight * place * place]
        determinant = bend[0] * bend[2] - bend[1] ** 2
        offset += (bend[2] * toward[0] - bend[1] * toward[1]) / determinant
        slope += (bend[0] * toward[1] - bend[1] * toward[0]) / determinant
    return Curve(round(offset, 3), round(slope, 3))


def held_out(sample: Sequence[Trial]) -> list[tuple[float, bool]]:
    """Each trial's probability by the curve of the other groups, and whether it is right."""
    pairs = []
    for group in sorted({trial.group for trial in sample}):
        curve = fit([trial for trial in sample if trial.group != group])
        pairs += [(curve.probability(trial.score), trial.right) for trial in sample if trial.group == group]
    return pairs


def error(pairs: Iterable[tuple[float, bool]]) -> float:
    """The expected calibration error of the readings that are probable enough to be given."""
    return calibration_error(reliability(pair for pair in pairs if pair[0] >= PROBABLE)) or math.nan


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a labelled folder")
    parser.add_argument("--write", action="store_true", help=f"put the curves into {TABLE.name}")
    args = parser.parse_args()
    labels = load_labels(args.corpus, KINDS)
    samples = trials(labels, read_all(args.corpus, [(label.file, None) for label in labels], None))
    fitted: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'read as':15}{'trials':>8}{'groups':>8}{'right':>8}{'offset':>8}{'slope':>7}{'ECE':>7}{'held out':>10}")
    for (way, part), sample in samples.items():
        # Where nothing is labelled, the way of reading that comes closest stands in.
        curve = fit(sample or samples["ocr", part])
        fitted.setdefault(way, {})[part] = asdict(curve)
        if sample:
            print(row(f"{way} {part}", sample, curve))
    if args.write:
        TABLE.write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")
        print(f"Written to {TABLE.name}.")
    return conclude(
        Figure(f"calibration error, {way} {part}", error(held_out(sample)), LARGEST_ERROR)
        for (way, part), sample in samples.items()
        if sample
    )


def row(name: str, sample: Sequence[Trial], curve: Curve) -> str:
    by_all = error((curve.probability(trial.score), trial.right) for trial in sample)
    right = sum(trial.right for trial in sample) / len(sample)
    groups = len({trial.group for trial in sample})
    return (
        f"{name:15}{len(sample):>8}{groups:>8}{right:>8.1%}{curve.offset:>8}{curve.slope:>7}"
        f"{by_all:>7.3f}{error(held_out(sample)):>10.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
