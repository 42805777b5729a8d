"""Call every built function in Lambda's runtime emulator: with its sample event, and with events that it fails over.

    python -m tools.invoke_built .aws-sam/local

The functions see only what was built and what Lambda's runtime brings. The services they talk to are moto's, behind a
port of this machine. Ends with status 1 when a function fails, does not have the effect it should, or when it or its
runtime prints what must not be printed: a document's name or content, a key, a task token.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer

from tools.built import BuiltFunction, NotBuilt, built_functions, provide_runtime
from tools.emulator import Emulator, FunctionFailed
from tools.scenes import SCENES
from tools.spoiled import WORDS, spoiled
from tools.stage import Stage, event_of, new_stage


def main() -> int:
    parser = argparse.ArgumentParser(description="Call every built function once in Lambda's runtime emulator.")
    parser.add_argument("build", type=Path, help="what sam build was given as --build-dir")
    # The server tells of every request, and the translator of the template has metrics that nobody collects.
    for chatty in ("werkzeug", "samtranslator"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        functions = built_functions(parser.parse_args().build)
        with tempfile.TemporaryDirectory() as work:
            runtime = provide_runtime(Path(work) / "runtime", "awslambdaric", "boto3")
            failures = sum(not _play(function, runtime, Path(work)) for function in functions)
    except NotBuilt as exc:
        print(exc, file=sys.stderr)
        return 1
    if failures:
        print(f"{failures} of {len(functions)} built functions failed.", file=sys.stderr)
    return 1 if failures or not functions else 0


def _play(function: BuiltFunction, runtime: Path, work: Path) -> bool:
    """Whether the function did what its scene says."""
    scene, event = SCENES[function.step], event_of(function.step)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with new_stage() as stage:
        scene.prepare(stage, event)
        server.start()
        host, port = server.get_host_and_port()
        environment = {**stage.environment(function.logical_id), "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
        timeout = stage.resources.function(function.logical_id).timeout
        try:
            with Emulator(function, environment, runtime, work, timeout) as emulator:
                started_at = time.perf_counter()
                answer = emulator.invoke(event)
                seconds = time.perf_counter() - started_at
                scene.check(stage, event, answer)
                failed = _fail(emulator, stage, event)
        except FunctionFailed as exc:
            print(f"{function.step:<18} FAILED  {exc}", file=sys.stderr)
            return False
        except Exception:
            # Whatever a scene stumbles over is an effect that is missing or wrong.
            print(f"{function.step:<18} FAILED  wrong effect\n{traceback.format_exc(limit=-1)}", file=sys.stderr)
            return False
        finally:
            server.stop()
    print(f"{function.step:<18} ok      first call {seconds:.2f} s, {failed} errors told without their words")
    return True


def _fail(emulator: Emulator, stage: Stage, event: Any) -> int:
    """Have a function fail in many ways; how many of them were errors. Raises FunctionFailed for words it printed."""
    said = [emulator.attempt(spoiled_one) for spoiled_one in spoiled(event)]
    stage.lose_table()
    said += [emulator.attempt(event) for event in (event, *spoiled(event))]
    errors = [answer for answer in said if isinstance(answer, dict) and "errorType" in answer]
    for place, text in (("printed", emulator.printed()), ("answered as an error", json.dumps(errors))):
        for line in text.splitlines():
            if words := [word for word in WORDS if word in line]:
                raise FunctionFailed(f"{', '.join(words)} was {place}:\n{line[:2000]}")
    return len(errors)


if __name__ == "__main__":
    sys.exit(main())
