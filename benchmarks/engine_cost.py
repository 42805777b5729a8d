"""What reading costs: time per page and memory for digital documents, and the size of the engine as it is installed.

    python -m benchmarks.engine_cost --corpus DIR [--kind digital] [--repetitions 3]

Recipe: one process reads all documents of the kind once to be warm, then `--repetitions` times in turn with PDFium's
own text extraction of the same pages (open, load each page, take its text); each document counts with its fastest turn.
`ms a page` is the sum over documents divided by the sum of pages, `median` that of each document's own figure.
Memory is the peak of a new process that reads them all once, above that of one that imports nothing. Size is that of
the files of the distributions in layers/engine/requirements.txt and of invoice_engine, bytecode included.

Ends with status 1 when reading takes more times as long as taking the text, more memory, or more files than is to hold.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import pypdfium2 as pdfium

import invoice_engine
from benchmarks.bounds import Figure, conclude
from invoice_engine import extract

# 12 ms on the machine on which the text alone took 1.6 ms.
MOST_TIMES = 7.5
"""Times of PDFium's seconds for the text alone."""
MOST_MEMORY, MOST_SIZE = 60.0, 100.0
"""MB."""
_REQUIREMENTS = Path(__file__).resolve().parent.parent / "layers" / "engine" / "requirements.txt"
_READ_ALL = """
import sys
from pathlib import Path
from invoice_engine import extract
for name in sys.argv[1:]:
    extract(Path(name).read_bytes())
"""
# The peak of this very program; what getrusage tells may be that of the one it was started from.
_PEAK = """
from pathlib import Path
[line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
print(line.split()[1])
"""


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with one folder of documents per kind")
    parser.add_argument("--kind", default="digital", help="folder of PDFs with a text layer (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=3)
    args = parser.parse_args()
    files = sorted((args.corpus / args.kind).rglob("*.pdf"))
    if not files:
        parser.error(f"there are no PDFs in {args.corpus / args.kind}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {len(files)} documents")
    times = _report_time(files, args.repetitions)
    memory = _peak_mb(_READ_ALL, files) - _peak_mb("", [])
    sizes = _sizes_mb()
    parts = ", ".join(f"{name} {megabytes:.1f}" for name, megabytes in sizes.items())
    print(f"size        {parts}")
    return conclude(
        [
            Figure("time for a digital page, by PDFium's for its text", times, MOST_TIMES, "x"),
            Figure("memory of the engine, over the interpreter's", memory, MOST_MEMORY, "MB"),
            Figure("size of the engine as installed", sum(sizes.values()), MOST_SIZE, "MB"),
        ]
    )


def _report_time(files: list[Path], repetitions: int) -> float:
    """Reading in times of PDFium's seconds for the text alone, over all documents."""
    documents = [path.read_bytes() for path in files]
    pages = [_text_of(data) for data in documents]
    for data in documents:
        extract(data)
    read, text = [], []
    for data in documents:
        turns = [(_seconds(extract, data), _seconds(_text_of, data)) for _ in range(repetitions)]
        read.append(1000 * min(seconds for seconds, _ in turns))
        text.append(1000 * min(seconds for _, seconds in turns))
    per_page, text_per_page = sum(read) / sum(pages), sum(text) / sum(pages)
    median = statistics.median(ms / count for ms, count in zip(read, pages, strict=True))
    print(f"reading     {per_page:6.2f} ms a page of {sum(pages)}, median {median:.2f} ms")
    print(f"PDFium      {text_per_page:6.2f} ms a page for the text alone")
    return per_page / text_per_page


def _text_of(data: bytes) -> int:
    """Have PDFium take the text of all pages; their number."""
    with pdfium.PdfDocument(data) as document:
        for page in document:
            page.get_textpage().get_text_range()
        return len(document)


def _seconds(function: Callable[[bytes], object], data: bytes) -> float:
    began = time.perf_counter()
    function(data)
    return time.perf_counter() - began


def _peak_mb(program: str, files: list[Path]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program + _PEAK, *map(str, files)], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout) / 1024


def _sizes_mb() -> dict[str, float]:
    """By distribution. What they require themselves is among the requirements."""
    names = re.findall(r"^[\w.-]+(?===|>=|~=|$)", _REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    sizes = {name: sum(_size(Path(str(file.locate()))) for file in distribution(name).files or ()) for name in names}
    package = Path(invoice_engine.__file__).parent
    bytecode = f".{sys.implementation.cache_tag}.pyc"
    own = [path for path in package.rglob("*") if path.is_file()]
    sizes["invoice_engine"] = sum(_size(path) for path in own if path.suffix != ".pyc" or path.name.endswith(bytecode))
    return {name: size / 1024**2 for name, size in sizes.items()}


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


if __name__ == "__main__":
    sys.exit(main())
