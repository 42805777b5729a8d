"""Run the embedded engine over a folder of labelled documents and write predictions for a scorer.

    python benchmarks/extraction.py --corpus DIR --out PRED.jsonl [--kinds xml,hybrid,digital] [--processes N]

DIR holds documents in one folder per kind. Each prediction is a JSON row: file, fields, lines, seconds, error.
Documents that the engine refuses get a row without fields. One process per core; `seconds` is wall time of one
document in its process, the first one of each process includes loading the libraries.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invoice_engine import EngineError, __version__, extract

# field of a prediction -> path in the extraction's invoice
FIELDS = {
    "invoice_id": ("invoice_number",),
    "date": ("issue_date",),
    "due_date": ("due_date",),
    "total": ("total",),
    "subtotal": ("subtotal",),
    "tax_total": ("tax_total",),
    "currency": ("currency",),
    "supplier": ("supplier", "name"),
    "vat_number": ("supplier", "vat_number"),
    "iban": ("supplier", "iban"),
    "swift": ("supplier", "bic"),
}

# field of a predicted line -> the fields of an extracted line it may come from, the first that has a value
LINE_FIELDS = {
    "description": ("description",),
    "quantity": ("quantity",),
    "unit": ("unit",),
    "unit_price": ("unit_price",),
    "tax_rate": ("tax_rate",),
    "amount": ("subtotal", "total"),
}


def predict(job: tuple[Path, Path]) -> dict[str, Any]:
    corpus, file = job
    data = file.read_bytes()
    row: dict[str, Any] = {"file": file.relative_to(corpus).as_posix(), "fields": {}}
    started = time.perf_counter()
    try:
        invoice = extract(data).to_json()["invoice"]
    except EngineError as error:
        row["error"] = error.code
    else:
        row["fields"] = {name: value for name, path in FIELDS.items() if (value := _value(invoice, path))}
        row["lines"] = [_line(line) for line in invoice["lines"]]
    row["seconds"] = round(time.perf_counter() - started, 4)
    return row


def _value(invoice: dict[str, Any], path: tuple[str, ...]) -> str | None:
    node: Any = invoice
    for step in path:
        node = node[step]
    value: str | None = node["value"]
    return value


def _line(line: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, sources in LINE_FIELDS.items():
        value = next((line[source]["value"] for source in sources if line[source]["value"] is not None), None)
        if value is not None:
            found[name] = value
    return found


def documents(corpus: Path, kinds: list[str]) -> Iterator[Path]:
    for kind in kinds:
        yield from sorted(path for path in (corpus / kind).rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with one folder of documents per kind")
    parser.add_argument("--out", type=Path, required=True, help="predictions, one JSON object a line")
    parser.add_argument("--kinds", default="xml,hybrid,digital", help="folders to read, comma separated")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    jobs = [(args.corpus, file) for file in documents(args.corpus, args.kinds.split(","))]
    if not jobs:
        parser.error(f"no documents in the folders {args.kinds} of {args.corpus}")
    started = time.perf_counter()
    with multiprocessing.Pool(args.processes) as pool:
        rows = pool.map(predict, jobs, chunksize=1)
    elapsed = time.perf_counter() - started
    args.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    refused = sum("error" in row for row in rows)
    median = statistics.median(row["seconds"] for row in rows)
    print(f"{len(rows)} documents, {refused} refused, {elapsed:.1f} s in all, median {median:.4f} s a document")
    print(
        f"recipe: python benchmarks/extraction.py --corpus DIR --out {args.out} --kinds {args.kinds} "
        f"--processes {args.processes} (invoice_engine {__version__}, Python {platform.python_version()})"
    )


if __name__ == "__main__":
    main()
