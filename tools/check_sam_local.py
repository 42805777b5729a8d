"""Have every sample event answered by ``sam local invoke``, in the container that stands for Lambda.

    python -m tools.check_sam_local .aws-sam/local --sam .tools/sam/bin/sam

It needs a container engine, and the image of Lambda's Python, which SAM pulls. The services that functions talk to are
moto's, on a port of this machine, which the containers share (``--docker-network host``, as on Linux). What each event
is to have for an effect stands in tools/scenes.py. Ends with status 1 when there is no engine, when a function fails or
when an effect is missing: nothing is skipped.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer
from samtranslator.yaml_helper import yaml_parse

from tools.scenes import SCENES
from tools.stage import EVENTS, Stage, event_of, new_stage

# The first invocation pulls an image.
_PATIENCE_SECONDS = 900
_ENDPOINT = "AWS_ENDPOINT_URL"
_TEMPLATE = "template.json"


class Failed(Exception):
    """An event was not answered as it should be; the message says how."""


class NothingRuns(Exception):
    """No event can be answered here; the message says why."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Have every sample event answered by sam local invoke.")
    parser.add_argument("build", type=Path, help="what sam build was given as --build-dir")
    parser.add_argument("--sam", type=Path, required=True, help="the program")
    options = parser.parse_args()
    for chatty in ("werkzeug", "samtranslator"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    steps = sorted(event.stem for event in EVENTS.glob("*.json"))
    failures = 0
    try:
        with tempfile.TemporaryDirectory() as work:
            declare_endpoint(options.build, Path(work))
            for step in steps:
                failures += not play(step, options.sam, Path(work))
    except NothingRuns as exc:
        print(f"Nothing was checked. {exc}", file=sys.stderr)
        return 1
    print(f"{len(steps) - failures} of {len(steps)} events were answered as they should be.")
    return 1 if failures or not steps else 0


def declare_endpoint(build: Path, work: Path) -> None:
    """Leave the built template in ``work``, with a variable more: SAM hands on what functions declare."""
    try:
        template = yaml_parse((build / "template.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise NothingRuns(f"Nothing is built in {build}: run 'make build-local' first.") from exc
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri", "DefinitionUri"):
            if isinstance(place := resource.get("Properties", {}).get(name), str):
                resource["Properties"][name] = str((build / place).resolve())
    template["Globals"]["Function"]["Environment"]["Variables"][_ENDPOINT] = ""
    (work / _TEMPLATE).write_text(json.dumps(template, default=str), encoding="utf-8")


def play(step: str, sam: Path, work: Path) -> bool:
    """Whether the function did what its scene says. Raises NothingRuns."""
    scene, event = SCENES[step], event_of(step)
    logical_id = "".join(map(str.capitalize, step.split("_"))) + "Function"
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with new_stage() as stage:
        scene.prepare(stage, event)
        server.start()
        host, port = server.get_host_and_port()
        try:
            variables = {**_declared(stage, logical_id), _ENDPOINT: f"http://{host}:{port}"}
            scene.check(stage, event, _answer(sam, logical_id, event, variables, work))
        except NothingRuns:
            raise
        except Failed as exc:
            print(f"{step:<18} FAILED  {exc}", file=sys.stderr)
            return False
        except Exception:
            # Whatever a scene stumbles over is an effect that is missing or wrong.
            print(f"{step:<18} FAILED  wrong effect\n{traceback.format_exc(limit=-1)}", file=sys.stderr)
            return False
        finally:
            server.stop()
    print(f"{step:<18} ok", flush=True)
    return True


def _declared(stage: Stage, logical_id: str) -> dict[str, str]:
    return {name: str(value) for name, value in stage.resources.function(logical_id).environment.items()}


def _answer(sam: Path, logical_id: str, event: Any, variables: Mapping[str, str], work: Path) -> Any:
    """What the function answered. Raises Failed, and NothingRuns where there is no engine."""
    files = {"event": event, "variables": {logical_id: dict(variables)}}
    for name, content in files.items():
        (work / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    command = [str(sam), "local", "invoke", logical_id, "--template", str(work / _TEMPLATE), "--docker-network", "host"]
    command += ["--event", str(work / "event.json"), "--env-vars", str(work / "variables.json")]
    try:
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except FileNotFoundError as exc:
        raise NothingRuns(f"{sam} is not there: run 'make check-sam-local', which installs it.") from exc
    except subprocess.TimeoutExpired as exc:
        raise Failed(f"no answer after {_PATIENCE_SECONDS} s") from exc
    return judged(done.returncode, done.stdout, done.stderr)


def judged(status: int, out: str, err: str) -> Any:
    """The answer that SAM printed, whose own status is 0 for an error of the function as well.

    Raises:
        NothingRuns: SAM found no container engine.
        Failed: SAM or the function failed, or nothing was answered.
    """
    last = (err.strip() or out.strip() or "without a word").splitlines()[-1]
    if status != 0 and any(word in err.lower() for word in ("docker", "container runtime", "finch")):
        raise NothingRuns(f"A container engine is needed, and SAM found none: {last}")
    if status != 0:
        raise Failed(f"sam ended with status {status}: {last}")
    answers = [line for line in out.splitlines() if line.strip()]
    if not answers:
        raise Failed(f"nothing was answered: {last}")
    try:
        answer = json.loads(answers[-1])
    except ValueError as exc:
        raise Failed(f"what was answered is no JSON: {answers[-1][:200]}") from exc
    if isinstance(answer, dict) and "errorType" in answer:
        raise Failed(f"the function raised {answer['errorType']}")
    return answer


def _environment() -> dict[str, str]:
    """Nobody's account is reached, whatever this machine is signed in to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    account = {"AWS_ACCESS_KEY_ID": "stage", "AWS_SECRET_ACCESS_KEY": "stage", "AWS_DEFAULT_REGION": "eu-central-1"}
    return {**kept, **account, "SAM_CLI_TELEMETRY": "0"}


if __name__ == "__main__":
    sys.exit(main())
