"""How long the built jobs_api function takes for GET /ocr-invoice-job/{id} once it is warm.

    make build-local && python -m benchmarks.api_latency .aws-sam/local [--requests 200]

The built function runs in Lambda's runtime emulator, with DynamoDB by moto behind a port of this machine; the job it
reads is there. Time is from sending the event to having the answer, so the emulator's own time is in it: it is shown by
a request that no route takes, which the function answers without reading anything. The first request, which imports
and builds everything, is shown beside. Ends with status 1 when the median of a warm request is 15 ms or more.
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
from typing import Any

from moto.server import ThreadedMotoServer

from tools.built import NotBuilt, built_functions, provide_runtime
from tools.emulator import Emulator, FunctionFailed
from tools.scenes import SCENES
from tools.stage import event_of, new_stage

_STEP = "jobs_api"
_LIMIT_SECONDS = 0.015
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
        cold, warm, nothing = _measure(options.build, options.requests)
    except (NotBuilt, FunctionFailed) as exc:
        print(exc, file=sys.stderr)
        return 1
    median = statistics.median(warm)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {len(warm)} requests")
    print(f"first request        {cold * 1000:8.1f} ms")
    print(f"warm, median         {median * 1000:8.1f} ms, limit {_LIMIT_SECONDS * 1000:g} ms")
    print(f"warm, 95 of 100      {statistics.quantiles(warm, n=20)[-1] * 1000:8.1f} ms")
    print(f"of it without a read {statistics.median(nothing) * 1000:8.1f} ms")
    return 0 if median < _LIMIT_SECONDS else 1


def _measure(build: Path, requests: int) -> tuple[float, list[float], list[float]]:
    """Seconds of the first request, of the warm ones, and of those that read nothing."""
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
        try:
            with Emulator(function, environment, runtime, Path(work), timeout) as emulator:
                cold = _seconds(emulator, event)
                for _ in range(_WARMING):
                    emulator.invoke(event)
                warm = [_seconds(emulator, event) for _ in range(requests)]
                scene.check(stage, event, emulator.invoke(event))
                return cold, warm, [_seconds(emulator, elsewhere) for _ in range(requests)]
        finally:
            server.stop()


def _seconds(emulator: Emulator, event: Any) -> float:
    began = time.perf_counter()
    emulator.invoke(event)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
