"""The API of a deployed stack without HTTP: its function's own code runs here, with its environment.

Whoever has the rights at AWS needs no key. The calls are those of a client called ``operator`` that sees everything.
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from invoice_capture_cli.api import Answer
from invoice_capture_cli.errors import Unreachable
from invoice_capture_cli.stack import Stack, calling_aws

_FUNCTION = "JobsApiFunctionName"
_SECONDS = 60

Handler = Callable[[dict[str, Any], object], Mapping[str, Any]]


@dataclass
class _Context:
    """What a function knows of its invocation."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1024
    _until: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - time.monotonic()) * 1000))


class StackApi:
    """``handler`` makes the function's handler of its environment. Safe for several threads, one at a time."""

    def __init__(self, stack: Stack, handler: Callable[[Mapping[str, str]], Handler] | None = None) -> None:
        self._stack = stack
        self._make = handler or (lambda environment: _handler(stack, environment))
        self._lock = threading.Lock()
        self._handler: Handler | None = None
        self._function = ""

    @property
    def name(self) -> str:
        return f"stack {self._stack.name}"

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        with self._lock, calling_aws(self._stack.name):
            if self._handler is None:
                self._handler = self._make(self._environment())
            context = _Context(self._function)
            event = proxy_event(
                method, path, params=params or {}, body=body, headers=headers or {}, request_id=context.aws_request_id
            )
            with _logs_apart() as log:
                response = self._handler(event, context)
        status = int(response["statusCode"])
        if status >= 500:
            # Nobody else will ever see what was logged here.
            sys.stderr.write(log.getvalue())
        answered = {name.lower(): value for name, value in _headers(response)}
        return Answer(status, _json(response.get("body")), answered.get("location"))

    def _environment(self) -> Mapping[str, str]:
        self._function = self._stack.output(_FUNCTION)
        configuration = self._stack.client("lambda").get_function_configuration(FunctionName=self._function)
        variables = configuration.get("Environment", {}).get("Variables")
        if not variables:
            raise Unreachable(f"The function {self._function} has no environment. Deploy {self._stack.name} again.")
        return dict(variables)


def proxy_event(
    method: str,
    path: str,
    *,
    params: Mapping[str, str],
    body: Mapping[str, Any] | None,
    headers: Mapping[str, str],
    request_id: str,
) -> dict[str, Any]:
    """The event that API Gateway would make of this request, authorized as the operator."""
    sent = {"Accept": "application/json", "Content-Type": "application/json", "Host": "operator.invalid", **headers}
    plain = unquote(path)
    return {
        "resource": "/{proxy+}",
        "path": plain,
        "httpMethod": method,
        "headers": dict(sent),
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(params) or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in params.items()} or None,
        "pathParameters": {"proxy": plain.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "operator",
            "authorizer": {"client": "operator", "scopes": "all", "keyId": "-", "principalId": "operator"},
            "domainName": "operator.invalid",
            "httpMethod": method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "invoice-capture"},
            "path": plain,
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTimeEpoch": int(time.time() * 1000),
            "resourcePath": "/{proxy+}",
            "stage": "operator",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def _handler(stack: Stack, environment: Mapping[str, str]) -> Handler:
    import boto3

    from invoice_capture.api.jobs_api import JobsApi
    from invoice_capture.wiring import Application

    # The application makes its clients of the default session.
    boto3.DEFAULT_SESSION = stack.session
    handler: Handler = Application(environment).step(JobsApi)
    return handler


@contextmanager
def _logs_apart() -> Iterator[io.StringIO]:
    """Logs and metrics belong on no terminal."""
    from invoice_capture.observability import write_logs_to

    log = io.StringIO()
    write_logs_to(log)
    try:
        yield log
    finally:
        write_logs_to(None)


def _headers(response: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from (response.get("headers") or {}).items()
    for name, values in (response.get("multiValueHeaders") or {}).items():
        yield name, values[-1]


def _json(body: Any) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
