"""How much longer the engine takes for a scanned page than Tesseract itself.

    python -m benchmarks.ocr_time --corpus DIR [--kinds scan,receipt] [--limit N]

Recipe: each document of DIR's `ground_truth.jsonl` is first read by the plain program, `tesseract page.png - tsv` with
OMP_THREAD_LIMIT=1 and its defaults, image files as they are and pages of PDFs drawn beforehand at 200 dpi; right
afterwards by the engine as it comes: bytes in, invoice out, with everything that takes (drawing, decoding, the look for
the language, second readings, finding the fields), on as many cores as there are. Seconds are those of a clock, on a
machine that should be idle; CPU seconds are the work of the engine and the programs it starts. Ends with status 1 when
the engine takes more times as long as Tesseract than was asked, by the median of the scans.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.bounds import Figure, conclude
from invoice_engine import EngineError, Limits, extract
from invoice_engine.limits import Deadline
from invoice_engine.read.ocr.tesseract import TesseractReader
from invoice_engine.read.pdf import open_pdf
from invoice_engine.read.render import draw_pages

LIMITS = Limits(max_seconds=300)
# Times of Tesseract's own seconds, by the median of documents. Receipts are read twice, and nothing was asked of them.
MOST_TIMES = {"scan": 1.3}


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu_seconds: float


def main() -> int:
    """1 when a figure is missed, 2 when Tesseract is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--kinds", default="scan,receipt", help="kinds to read, comma separated")
    parser.add_argument("--limit", type=int, help="read so many documents of each kind")
    options = parser.parse_args()
    program = shutil.which("tesseract")
    if program is None:
        print("Tesseract is not installed: apt-get install tesseract-ocr", file=sys.stderr)
        return 2
    rows = [json.loads(line) for line in (options.corpus / "ground_truth.jsonl").read_text().splitlines()]
    print(
        f"{'kind':10}{'documents':>10}{'plain s':>9}{'engine s':>9}{'median':>8}{'sum':>7}{'CPU: median':>13}{'sum':>7}"
    )
    figures = []
    for kind in options.kinds.split(","):
        files = [options.corpus / row["file"] for row in rows if row["kind"] == kind][: options.limit]
        costs = [(_plain(program, file), _engine(file)) for file in files]
        seconds = [(plain.seconds, ours.seconds) for plain, ours in costs]
        cpu = [(plain.cpu_seconds, ours.cpu_seconds) for plain, ours in costs]
        print(
            f"{kind:10}{len(files):>10}{median(plain for plain, _ in seconds):>9.2f}"
            f"{median(ours for _, ours in seconds):>9.2f}{_ratios(seconds)}{'':6}{_ratios(cpu)}"
        )
        if kind in MOST_TIMES:
            times = median(ours / plain for plain, ours in seconds)
            figures.append(Figure(f"time for a page, {kind}, by Tesseract's own", times, MOST_TIMES[kind], "x"))
    return conclude(figures)


def _plain(program: str, file: Path) -> Cost:
    with TemporaryDirectory() as folder:
        pages = [file]
        if file.suffix == ".pdf":
            with open_pdf(file.read_bytes(), LIMITS) as document:
                drawn = list(draw_pages(document, range(len(document)), LIMITS, Deadline(300)))
            pages = [Path(folder) / f"page-{image.number}.png" for image in drawn]
            for page, image in zip(pages, drawn, strict=True):
                page.write_bytes(image.data)
        return _cost(lambda: _run(program, pages))


def _run(program: str, pages: Iterable[Path]) -> None:
    for page in pages:
        subprocess.run(
            [program, str(page), "-", "tsv"],
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )


def _engine(file: Path) -> Cost:
    content = file.read_bytes()
    return _cost(lambda: _extract(content))


def _extract(content: bytes) -> None:
    try:
        extract(content, LIMITS, TesseractReader())
    except EngineError as exc:
        print(f"{type(exc).__name__}: {exc}", file=sys.stderr)


def _cost(work: Callable[[], None]) -> Cost:
    cpu, began = _cpu_seconds(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - began, _cpu_seconds() - cpu)


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _ratios(pairs: list[tuple[float, float]]) -> str:
    total = sum(ours for _, ours in pairs) / sum(plain for plain, _ in pairs)
    return f"{median(ours / plain for plain, ours in pairs):>8.2f}{total:>7.2f}"


if __name__ == "__main__":
    sys.exit(main())
