"""Run the embedded engine over a folder of labelled documents, hold it to what is asked, and write predictions.

    python -m benchmarks.extraction --corpus DIR --out PRED.jsonl [--kinds xml,hybrid,digital] [--processes N]

DIR holds documents in one folder per kind. Each prediction is a JSON row: file, fields, confidence of each, pages,
lines, seconds, error. Documents that the engine refuses get a row without fields. One process per core; `seconds` is
wall time of one document in its process, the first one of each process includes loading the libraries.

The documents that DIR's `ground_truth.jsonl` has labels for are judged as `invoice-capture evaluate DIR` does. Ends
with status 1 when recall or precision of a kind, or of a field of PDFs with a text layer, is less than was asked.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.bounds import Figure, conclude, share
from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.evaluation.engine import read_all
from invoice_capture_cli.evaluation.labels import Label, load_labels
from invoice_capture_cli.evaluation.reading import Reading
from invoice_capture_cli.evaluation.results import Results
from invoice_engine import __version__

# Recall and precision by kind of document.
ASKED = {
    "digital": (0.95, 0.97),
    "hybrid": (1.0, 1.0),
    "xml": (1.0, 1.0),
    "scan": (0.90, 0.96),
    "receipt": (0.64, 0.90),
}
# Recall by field, of PDFs with a text layer.
ASKED_OF_FIELDS = {
    "total": 0.97,
    "date": 0.97,
    "invoice_id": 0.95,
    "currency": 0.98,
    "iban": 0.97,
    "vat_number": 0.95,
    "subtotal": 0.93,
    "tax_total": 0.93,
    "due_date": 0.90,
    "supplier": 0.90,
}


def documents(corpus: Path, kinds: list[str]) -> Iterator[str]:
    """The files of these kinds, as labels name them."""
    for kind in kinds:
        for path in sorted(path for path in (corpus / kind).rglob("*") if path.is_file()):
            yield path.relative_to(corpus).as_posix()


def figures(labels: Sequence[Label], readings: Mapping[str, Reading]) -> Iterator[Figure]:
    """What was asked of these kinds of documents."""
    for part in Results(labels, readings).kinds:
        recall, precision = ASKED.get(part.kind, (0.0, 0.0))
        yield share(f"recall, {part.kind}", part.total.recall, recall)
        yield share(f"precision, {part.kind}", part.total.precision, precision)
        if part.kind == "digital":
            for name, asked in ASKED_OF_FIELDS.items():
                if name in part.fields:
                    yield share(f"recall, {part.kind}, {name}", part.fields[name].recall, asked)


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with one folder of documents per kind")
    parser.add_argument("--out", type=Path, required=True, help="predictions, one JSON object a line")
    parser.add_argument("--kinds", default="xml,hybrid,digital", help="folders to read, comma separated")
    parser.add_argument("--processes", type=int, help="one per core, without")
    args = parser.parse_args()
    files = list(documents(args.corpus, args.kinds.split(",")))
    if not files:
        parser.error(f"no documents in the folders {args.kinds} of {args.corpus}")
    try:
        labels = load_labels(args.corpus, args.kinds.split(","))
    except UsageError as exc:
        parser.error(str(exc))
    started = time.perf_counter()
    readings = {one.file: one for one in read_all(args.corpus, [(file, None) for file in files], args.processes)}
    elapsed = time.perf_counter() - started
    rows = [json.dumps(readings[file].to_row(), ensure_ascii=False) + "\n" for file in files]
    args.out.write_text("".join(rows), encoding="utf-8")
    refused = [one for one in readings.values() if one.refusal]
    for one in refused:
        print(f"refused {one.file}: {one.refusal.message if one.refusal else ''}")
    median = statistics.median(one.seconds for one in readings.values())
    print(f"{len(files)} documents, {len(refused)} refused, {elapsed:.1f} s in all, median {median:.4f} s a document")
    print(
        f"recipe: python -m benchmarks.extraction --corpus DIR --out {args.out} --kinds {args.kinds} "
        f"(invoice_engine {__version__}, Python {platform.python_version()})"
    )
    return conclude(figures(labels, readings))


if __name__ == "__main__":
    sys.exit(main())
