"""Run the embedded engine over a folder of labelled documents and write predictions for a scorer.

    python benchmarks/extraction.py --corpus DIR --out PRED.jsonl [--kinds xml,hybrid,digital] [--processes N]

DIR holds documents in one folder per kind. Each prediction is a JSON row: file, fields, confidence of each, pages,
lines, seconds, error. Documents that the engine refuses get a row without fields. One process per core; `seconds` is
wall time of one document in its process, the first one of each process includes loading the libraries.

`invoice-capture evaluate DIR` reads the same way and scores as well.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from invoice_capture_cli.evaluation.engine import read_all
from invoice_engine import __version__


def documents(corpus: Path, kinds: list[str]) -> Iterator[str]:
    """The files of these kinds, as labels name them."""
    for kind in kinds:
        for path in sorted(path for path in (corpus / kind).rglob("*") if path.is_file()):
            yield path.relative_to(corpus).as_posix()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with one folder of documents per kind")
    parser.add_argument("--out", type=Path, required=True, help="predictions, one JSON object a line")
    parser.add_argument("--kinds", default="xml,hybrid,digital", help="folders to read, comma separated")
    parser.add_argument("--processes", type=int, help="one per core, without")
    args = parser.parse_args()
    files = list(documents(args.corpus, args.kinds.split(",")))
    if not files:
        parser.error(f"no documents in the folders {args.kinds} of {args.corpus}")
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
        f"recipe: python benchmarks/extraction.py --corpus DIR --out {args.out} --kinds {args.kinds} "
        f"(invoice_engine {__version__}, Python {platform.python_version()})"
    )


if __name__ == "__main__":
    main()
