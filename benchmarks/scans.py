"""Whether a pile of scans is captured as a whole by a Textract that reads few pages a second, and what it costs.

    python -m benchmarks.scans [--jobs 500] [--rate 1] [--concurrency 5] [--pages 1] [--seed 1] [--time-scale 50]

Recipe: the whole local stack with `Ocr=textract`, `TextractPagesPerSecond` as ``--rate`` and `ExtractionConcurrency`
as ``--concurrency``. Textract is a double in this process, which takes so many pages a second and a second's worth at
once, refuses what is more as Textract does (ProvisionedThroughputExceededException), and reads a page in one to three
seconds. All documents are dropped at once; each has up to ``--pages`` pages, every one another picture. Times are the
stack's: waiting passes ``--time-scale`` times faster, work at its real speed.

Ends with status 1 when a document is not captured, a page is paid for twice, or more than one request in twenty was
refused.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from PIL import Image

from benchmarks.bounds import Figure, conclude
from local_stack import runtime
from local_stack.clock import ScaledClock
from local_stack.session import longest_wait
from local_stack.stack import LocalStack

MOST_REFUSED = 0.05
"""Of the requests, those that Textract may refuse for a moment."""
_PAGE = (60, 85)
_LINES = (
    "Mustermann GmbH",
    "Invoice number: INV-2026-17",
    "Invoice date: 2026-03-31",
    "Net amount 100.00 EUR",
    "VAT 19 % 19.00 EUR",
    "Total amount 119.00 EUR",
)


class TextractDouble:
    """DetectDocumentText with the quota of an account, on the stack's clock."""

    def __init__(self, rate: float, randomness: random.Random) -> None:
        self._rate = rate
        self._random = randomness
        self._lock = threading.Lock()
        self._left = max(1.0, rate)
        self._filled_at = 0.0
        self.clock: ScaledClock | None = None
        self.read: Counter[str] = Counter()
        self.refused = 0

    def detect_document_text(self, **request: Any) -> Any:
        assert self.clock is not None
        with self._lock:
            now = self.clock.elapsed()
            self._left = min(max(1.0, self._rate), self._left + (now - self._filled_at) * self._rate)
            self._filled_at = now
            if self._left < 1:
                self.refused += 1
                error = {"Code": "ProvisionedThroughputExceededException", "Message": "Provisioned rate exceeded"}
                raise ClientError({"Error": error}, "DetectDocumentText")  # type: ignore[typeddict-item]
            self._left -= 1
            self.read[sha256(request["Document"]["Bytes"]).hexdigest()] += 1
            seconds = self._random.uniform(1, 3)
        self.clock.sleep(seconds)
        return {"Blocks": _BLOCKS}


def _blocks() -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_LINES):
        top, words = 0.1 + 0.1 * number, line.split()
        ids = [f"{number}-{place}" for place in range(len(words))]
        yield {"BlockType": "LINE", "Id": str(number), "Relationships": [{"Type": "CHILD", "Ids": ids}]}
        for place, word in enumerate(words):
            box = {"Left": 0.1 + 0.2 * place, "Top": top, "Width": 0.018 * len(word), "Height": 0.02}
            yield {"BlockType": "WORD", "Id": ids[place], "Text": word, "Geometry": {"BoundingBox": box}}


_BLOCKS = list(_blocks())


@dataclass(frozen=True)
class Run:
    """``pages`` is how many the documents have, ``paid`` how many Textract read; ``seconds`` are the stack's."""

    jobs: int
    statuses: Counter[str]
    pages: int
    paid: int
    paid_twice: int
    refused: int
    seconds: float


def scan(pages: int, randomness: random.Random) -> bytes:
    """A TIFF of so many pages that no other scan has."""
    drawn = [Image.frombytes("L", _PAGE, randomness.randbytes(_PAGE[0] * _PAGE[1])) for _ in range(pages)]
    file = io.BytesIO()
    drawn[0].save(file, "TIFF", save_all=True, append_images=drawn[1:])
    return file.getvalue()


def measure(jobs: int, rate: int, *, concurrency: int, most_pages: int, seed: int, time_scale: float) -> Run:
    randomness = random.Random(seed)
    counts = [randomness.randint(1, most_pages) for _ in range(jobs)]
    documents = [scan(pages, randomness) for pages in counts]
    double = TextractDouble(rate, randomness)
    parameters = {
        "Ocr": "textract",
        "TextractPagesPerSecond": str(rate),
        "ExtractionConcurrency": str(concurrency),
    }
    with (
        patch("invoice_engine.read.ocr.textract.default_client", lambda: double),
        # Who waits for Textract needs no core.
        patch.object(runtime, "MOST_BATCHES", concurrency),
        LocalStack(time_scale=time_scale, parameters=parameters) as stack,
    ):
        double.clock = stack.clock
        began = stack.clock.elapsed()
        uploads = [stack.upload(f"incoming/{number:04d}.tiff", content) for number, content in enumerate(documents)]
        ended = list(stack.finished(uploads, longest_wait(stack)))
        return Run(
            jobs=jobs,
            statuses=Counter(stack.job(stack.job_id_of(upload) or "").get("status", "LOST") for upload in ended),
            pages=sum(counts),
            paid=double.read.total(),
            paid_twice=double.read.total() - len(double.read),
            refused=double.refused,
            seconds=stack.clock.elapsed() - began,
        )


def main() -> int:
    """1 when a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500, help="how many documents (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=1, help="pages a second (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=5, help="documents at a time (default: %(default)s)")
    parser.add_argument("--pages", type=int, default=1, help="pages of a document at most (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-scale", type=float, default=50.0)
    options = parser.parse_args()
    run = measure(
        options.jobs,
        options.rate,
        concurrency=options.concurrency,
        most_pages=options.pages,
        seed=options.seed,
        time_scale=options.time_scale,
    )
    print(f"machine    {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(
        f"recipe     python -m benchmarks.scans --jobs {options.jobs} --rate {options.rate} "
        f"--concurrency {options.concurrency} --pages {options.pages} --seed {options.seed}"
    )
    print(f"documents  {run.jobs} scans with {run.pages} pages: {dict(run.statuses)}")
    print(f"Textract   {run.paid} pages read, {run.paid_twice} of them twice; {run.refused} requests refused")
    print(f"time       {run.seconds:.0f} s of the stack's time, {run.pages / run.seconds:.2f} pages a second")
    return conclude(
        [
            Figure(f"scans at Textract, {options.rate} a second: not captured", run.jobs - run.statuses["CAPTURED"], 0),
            Figure(f"scans at Textract, {options.rate} a second: pages paid twice", run.paid_twice, 0),
            Figure(
                f"scans at Textract, {options.rate} a second: refused",
                run.refused / max(1, run.paid + run.refused),
                MOST_REFUSED,
                "%",
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
