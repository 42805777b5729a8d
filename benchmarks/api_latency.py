"""How long the built jobs_api function takes for GET /ocr-invoice-job/{id} once it is warm.

    make build-local && python -m benchmarks.api_latency .aws-sam/local [--requests 200]

The built function runs in Lambda's runtime emulator, with DynamoDB by moto behind a port of this machine; the job it
reads is there. In an emulator of its own runs the least that answers a request with an item (benchmarks/naive_reader).
They take turns, so that whatever else the machine does befalls both, and what is held to a bound is the quotient of
their medians. Time is from sending the event to having the answer, with the emulator's own time in it: it is shown by a
request that no route takes, which the function answers without reading anything. The first request, which imports and
builds everything, is shown beside. Ends with status 1 when a warm request takes more times as long as is to hold.
"""

from __future__ import annotations

import argparse
import copy
import logging
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from moto.server import ThreadedMotoServer

from benchmarks.bounds import Figure, conclude
from tools.built import BuiltFunction, NotBuilt, built_functions, provide_runtime
from tools.emulator import Emulator, FunctionFailed
from tools.scenes import SCENES
from tools.stage import event_of, new_stage

_STEP = "jobs_api"
MOST_TIMES = 2.0
"""Of the seconds of a function that only reads one item."""
_NAIVE = Path(__file__).parent / "naive_reader"
_WARMING = 20


def main() -> int:
    parser = argparse.ArgumentParser(description="How long a warm GET of one job takes.")
    parser.add_argument("build", type=Path, help="what sam build was given as --build-dir")
    parser.add_argument("--requests", type=int, default=200, help="how many are timed (default: %(default)s)")
    options = parser.parse_args()
    # The server tells of every request, and the translator of the template has metrics that nobody collects.
    for chatty in ("werkzeug", "samtranslator"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        measured = _measure(options.build, options.requests)
    except (NotBuilt, FunctionFailed) as exc:
        print(exc, file=sys.stderr)
        return 1
    median, naive = statistics.median(measured.warm), statistics.median(measured.naive)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.requests} requests"
    )
    print(f"first request        {measured.first * 1000:8.1f} ms")
    print(f"warm, median         {median * 1000:8.1f} ms")
    print(f"warm, 95 of 100      {statistics.quantiles(measured.warm, n=20)[-1] * 1000:8.1f} ms")
    print(f"of it without a read {statistics.median(measured.nothing) * 1000:8.1f} ms")
    print(f"the least, median    {naive * 1000:8.1f} ms")
    return conclude([Figure("warm request of a job, by that of the least function", median / naive, MOST_TIMES, "x")])


class Measured(NamedTuple):
    """Seconds of the first request, of warm ones, of those to the least function, and of those that read nothing."""

    first: float
    warm: list[float]
    naive: list[float]
    nothing: list[float]


def _measure(build: Path, requests: int) -> Measured:
    function = next(function for function in built_functions(build) if function.step == _STEP)
    scene, event = SCENES[_STEP], event_of(_STEP)
    elsewhere = copy.deepcopy(event) | {"path": "/nowhere"}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with tempfile.TemporaryDirectory() as work, new_stage() as stage:
        scene.prepare(stage, event)
        server.start()
        host, port = server.get_host_and_port()
        environment = {**stage.environment(function.logical_id), "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
        runtime = provide_runtime(Path(work) / "runtime", "awslambdaric", "boto3")
        timeout = stage.resources.function(function.logical_id).timeout
        least = BuiltFunction("naive_reader", "NaiveReader", _NAIVE, (), frozenset())
        try:
            with (
                Emulator(function, environment, runtime, Path(work), timeout) as ours,
                Emulator(least, environment, runtime, Path(work), timeout) as naive,
            ):
                first = _seconds(ours, event)
                for _ in range(_WARMING):
                    ours.invoke(event)
                    naive.invoke(event)
                turns = [(_seconds(ours, event), _seconds(naive, event)) for _ in range(requests)]
                scene.check(stage, event, ours.invoke(event))
                warm, least_seconds = (list(column) for column in zip(*turns, strict=True))
                return Measured(first, warm, least_seconds, [_seconds(ours, elsewhere) for _ in range(requests)])
        finally:
            server.stop()


def _seconds(emulator: Emulator, event: Any) -> float:
    began = time.perf_counter()
    emulator.invoke(event)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
