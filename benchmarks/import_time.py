"""How long each handler takes to import, against a naive handler: what a cold start costs before the first event.

    python -m benchmarks.import_time .aws-sam/local [--repetitions N]

Recipe: the built functions and layers are copied and dated 1980, as SAM's archives date them. Each import is a process
of its own that sees the function, its layers and what Lambda's runtime brings, has loaded the runtime's client, and
writes no bytecode. All handlers take turns, the figures are medians. The naive handler (benchmarks/naive_handler)
imports Logger, Metrics, Tracer and the Parser from the same layer and makes four boto3 clients.

``import`` is ``import app``. ``and use case`` adds what the first event costs until its use case is built; boto3 and,
in extract_document, the engine are only loaded when the use case first needs them. One run more of each handler
listens to the interpreter for modules of the layers that it had to compile, because their bytecode was not used.

Ends with status 1 when an import takes more than 0.25 of the naive one, or bytecode was not used.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bounds import Figure, conclude
from tools.built import BuiltFunction, NotBuilt, built_functions, provide_runtime

MOST_OF_NAIVE = 0.25
"""The share of the naive handler's import."""
_YEAR_1980 = 315532800
_NAIVE = Path(__file__).parent / "naive_handler"

_MEASURE = """
import json, sys, time
from importlib import import_module
import awslambdaric.bootstrap
start = time.perf_counter()
import app
imported = built = time.perf_counter()
if len(sys.argv) > 1:
    from invoice_capture.wiring import application
    application().step(getattr(import_module(sys.argv[1]), sys.argv[2]))
    built = time.perf_counter()
print(json.dumps([imported - start, built - start]))
"""
_LISTEN = """
import json, sys
from importlib import import_module
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
import app
from invoice_capture.wiring import application
application().step(getattr(import_module(sys.argv[1]), sys.argv[2]))
loaded = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
print(json.dumps([compiled, loaded]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Import time of the built handlers, relative to a naive one.")
    parser.add_argument("build", type=Path, help="what sam build was given as --build-dir")
    parser.add_argument("--repetitions", type=int, default=9)
    arguments = parser.parse_args()
    try:
        functions = built_functions(arguments.build)
    except NotBuilt as exc:
        print(exc, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as work:
        # The naive handler's Tracer needs the X-Ray SDK; ours never look at it.
        runtime = provide_runtime(Path(work) / "runtime", "awslambdaric", "boto3", "aws-xray-sdk")
        functions = [_unpacked(function, Path(work)) for function in functions]
        slowest = _report_times(functions, runtime, arguments.repetitions)
        used, unused = _report_bytecode(functions, runtime)
    return conclude(
        [
            Figure("slowest import of a handler, by that of a naive one", slowest, MOST_OF_NAIVE, "x"),
            Figure("modules of the layers that are compiled at start", unused if used else float("nan"), 0),
        ]
    )


def step_of(name: str) -> tuple[str, str]:
    """The module and the class of what the handler of a function asks the application for."""
    module = "api.jobs_api" if name == "jobs_api" else f"use_cases.steps.{name}"
    return f"invoice_capture.{module}", name.title().replace("_", "")


def _report_times(functions: list[BuiltFunction], runtime: Path, repetitions: int) -> float:
    """The slowest import as a share of the naive one."""
    capture_layer = min((function.layers for function in functions), key=len)
    naive = BuiltFunction("naive", "Naive", _NAIVE, capture_layer, frozenset())
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repetitions):
        for function in (naive, *functions):
            step = () if function is naive else step_of(function.step)
            times.setdefault(function.step, []).append(tuple(_run(_MEASURE, function, runtime, *step)))
    medians = {name: [statistics.median(column) for column in zip(*runs, strict=True)] for name, runs in times.items()}
    reference = medians["naive"][0]
    print(f"{'handler':<18} {'import':>10} {'ratio':>6}   {'and use case':>12} {'ratio':>6}   median of {repetitions}")
    for name, (imported, built) in medians.items():
        figures = f"{name:<18} {imported * 1000:>7.1f} ms {imported / reference:>6.3f}"
        print(figures if name == "naive" else f"{figures}   {built * 1000:>9.1f} ms {built / reference:>6.3f}")
    return float(max(medians[function.step][0] / reference for function in functions))


def _report_bytecode(functions: list[BuiltFunction], runtime: Path) -> tuple[int, int]:
    """How many modules are loaded from their bytecode, and how many are not."""
    used = 0
    unused: set[str] = set()
    for function in functions:
        compiled, loaded = _run(_LISTEN, function, runtime, *step_of(function.step))
        layers = tuple(f"{layer}{os.sep}" for layer in function.layers)
        unused |= {file for file in compiled if file.startswith(layers)}
        used += sum(file.startswith(layers) and file.endswith(".py") and file not in unused for file in loaded)
    print(f"modules of the layers loaded from their bytecode: {used}, compiled from source: {len(unused)}")
    for file in sorted(unused):
        print(f"  {file}")
    return used, len(unused)


def _unpacked(function: BuiltFunction, work: Path) -> BuiltFunction:
    """The function and its layers as they are in Lambda: unpacked from an archive, every file dated 1980."""
    return replace(
        function,
        folder=_dated_copy(function.folder, work),
        layers=tuple(_dated_copy(layer, work) for layer in function.layers),
    )


def _dated_copy(folder: Path, work: Path) -> Path:
    copy = work / folder.name
    if not copy.exists():
        shutil.copytree(folder, copy)
        for file in copy.rglob("*"):
            os.utime(file, (_YEAR_1980, _YEAR_1980))
    return copy


def _run(program: str, function: BuiltFunction, runtime: Path, *arguments: str) -> Any:
    environment = {
        **dict.fromkeys(function.variables, "1"),
        "OCR": "textract",
        "ARCHIVE_LOCK": "none",
        "TEMPLATE_ROUTES": "",
        "PROVIDER_PRICES": "{}",
        "CLIENT_LIMITS": "",
        "PYTHONPATH": function.search_path(runtime),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    command = [sys.executable, "-S", "-c", program, *arguments]
    finished = subprocess.run(
        command, env=environment, cwd=function.folder, capture_output=True, check=False, text=True
    )
    if finished.returncode != 0:
        sys.exit(f"{function.step} could not be imported as it was built.\n{finished.stderr}")
    return json.loads(finished.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.exit(main())
