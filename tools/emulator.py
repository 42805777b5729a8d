"""Lambda's Runtime Interface Emulator, which the SAM CLI brings along, around one built function."""

from __future__ import annotations

import http.client
import json
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.built import BuiltFunction, NotBuilt
from tools.stage import PROJECT

_SAM = PROJECT / ".tools" / "sam"
"""The environment that the Makefile makes for the SAM CLI."""

_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_READY_WITHIN_SECONDS = 20
_INVOKE = "/2015-03-31/functions/function/invocations"


class FunctionFailed(Exception):
    """The function did not answer, or with an error; the message has what it printed."""


class Emulator:
    """One function, from ``__enter__`` to ``__exit__``. It takes one request at a time: a second one would crash it."""

    def __init__(
        self, function: BuiltFunction, environment: Mapping[str, str], runtime: Path, work: Path, timeout: int
    ) -> None:
        self._function = function
        self._timeout = timeout
        self._port, api_port = _free_ports(2)
        self._log = work / f"{function.step}.log"
        self._command = [
            *(str(_executable(work)), "--log-level", "error"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{api_port}"),
            # Without its site-packages, this interpreter knows nothing but the search path it is given.
            *(sys.executable, "-S", "-m", "awslambdaric", "app.handler"),
        ]
        self._environment = {
            **environment,
            "PYTHONPATH": function.search_path(runtime),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(function.folder),
            "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
        }

    def __enter__(self) -> Emulator:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._function.folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def invoke(self, event: Any) -> Any:
        """The handler's answer.

        Raises:
            FunctionFailed: it raised, timed out, or the emulator itself gave up.
        """
        answer = self.attempt(event)
        if isinstance(answer, dict) and "errorType" in answer:
            raise self._failed(f"raised {answer['errorType']}: {answer.get('errorMessage')}")
        return answer

    def attempt(self, event: Any) -> Any:
        """The handler's answer, or what Lambda tells of its error. Raises FunctionFailed for anything else."""
        self._wait_until_ready()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._timeout + 10)
        try:
            connection.request("POST", _INVOKE, json.dumps(event).encode())
            body = connection.getresponse().read()
        except OSError as exc:
            raise self._failed("broke off") from exc
        finally:
            connection.close()
        try:
            return json.loads(body)
        except ValueError as exc:
            # A timeout is told as plain text.
            raise self._failed(f"answered {body[:500]!r}") from exc

    def printed(self) -> str:
        """What the function and its runtime have printed until now."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + _READY_WITHIN_SECONDS
        while time.monotonic() < give_up_at and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise self._failed("did not start")

    def _failed(self, what: str) -> FunctionFailed:
        return FunctionFailed(f"{self._function.step} {what}\n{self.printed()[-4000:]}".rstrip())


def _executable(work: Path) -> Path:
    """A copy of the emulator for this machine that surely may be executed."""
    machine = _MACHINES.get(platform.machine())
    name = f"aws-lambda-rie-{machine}"
    found = sorted(_SAM.glob(f"lib/python*/site-packages/samcli/local/rapid/{name}"))
    if platform.system() != "Linux" or not found:
        raise NotBuilt("Lambda's runtime emulator comes with the SAM CLI and runs on Linux, on x86_64 or arm64.")
    copy = work / name
    if not copy.exists():
        shutil.copy(found[0], copy)
        copy.chmod(0o755)
    return copy


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]
    finally:
        for opened in sockets:
            opened.close()
