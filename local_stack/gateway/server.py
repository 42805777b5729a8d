"""The REST API of a running stack: each request goes the way it would go through API Gateway."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from local_stack.gateway.api import Api, UsagePlan
from local_stack.gateway.authorization import permit, require_identity
from local_stack.gateway.events import (
    Incoming,
    authorizer_event,
    incoming,
    method_arn,
    proxy_event,
    request_context,
)
from local_stack.gateway.limits import Limits, StageLimits
from local_stack.gateway.responses import Malformed, Refused, proxy_response, refusal
from local_stack.gateway.routing import Route, find
from local_stack.isolation import REGION
from local_stack.simulators.server import LoopbackServer

INTEGRATION_SECONDS = 29.0
_MOST_BODY_BYTES = 10 * 1024**2
# What Lambda takes and gives in one call.
_MOST_EVENT_BYTES = 6 * 1024**2
_THREADS = 16
_LOG = logging.getLogger(__name__)

Invoke = Callable[[str, bytes], tuple[bytes, bool]]
"""Calls a function by its name: its JSON answer, and whether that is an error."""
Listener = Callable[[str, str, int, float], None]
"""Is told method, path, status and milliseconds of every request."""


class Gateway:
    """One API. ``is_enrolled`` says whether a key's value belongs to a usage plan; ``now`` is the stack's time."""

    def __init__(
        self,
        api: Api,
        invoke: Invoke,
        is_enrolled: Callable[[UsagePlan, str], bool],
        now: Callable[[], datetime],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        integration_seconds: float = INTEGRATION_SECONDS,
    ) -> None:
        self._api = api
        self._invoke = invoke
        self._now = now
        self._integration_seconds = integration_seconds
        self._stage_limits = StageLimits(api.throttles, monotonic)
        self._limits = Limits(api.plan, is_enrolled, monotonic, now)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="gateway")

    def answer(self, request: Request) -> Response:
        """The answer to a request that came through a ``LoopbackServer``.

        Raises:
            HangUp: the client left.
        """
        context: dict[str, Any] = {"requestId": str(uuid.uuid4()), "httpMethod": request.method, "path": request.path}
        try:
            received = _received(request)
            route = self._route(received)
            context.update(request_context(self._api, route, received, self._now()))
            # Before anybody is asked who it is: what is refused here costs nothing.
            self._stage_limits.take(route.resource, received.method)
            self._admit(route, received, context)
            return self._integrate(route, received, context)
        except Refused as exc:
            return refusal(self._api, exc, context)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _route(self, request: Incoming) -> Route:
        route = find(self._api, request.method, request.path)
        if route is None:
            raise Refused("MISSING_AUTHENTICATION_TOKEN")
        return route

    def _admit(self, route: Route, request: Incoming, context: dict[str, Any]) -> None:
        """Add to ``context`` who asks."""
        key = None if self._api.key_from_authorizer else request.header("x-api-key")
        if authorizer := route.method.authorizer:
            require_identity(authorizer, request)
            event = authorizer_event(self._api, route, request, context, REGION)
            answer, failed = self._call(authorizer.function_name, event, "AUTHORIZER_FAILURE")
            permitted = permit(answer, failed, method_arn(self._api, request, REGION))
            context["authorizer"] = dict(permitted.context)
            if self._api.key_from_authorizer:
                key = permitted.usage_key
        if route.method.needs_key:
            self._limits.take(key)
            context["identity"]["apiKey"] = key

    def _integrate(self, route: Route, request: Incoming, context: Mapping[str, Any]) -> Response:
        event = proxy_event(self._api, route, request, context)
        answer, failed = self._call(route.method.function_name, event, "INTEGRATION_TIMEOUT")
        if failed or len(answer) > _MOST_EVENT_BYTES:
            # The runtime has logged why.
            raise Refused("DEFAULT_5XX")
        try:
            return proxy_response(self._api, request, json.loads(answer), context["requestId"])
        except Malformed as exc:
            _LOG.error("Malformed Lambda proxy response to %s %s: %s", request.method, request.path, exc)
            raise Refused("DEFAULT_5XX") from exc

    def _call(self, function_name: str, event: Mapping[str, Any], when_late: str) -> tuple[bytes, bool]:
        """Call a function; waiting for its turn counts as answering late."""
        payload = json.dumps(event).encode()
        if len(payload) > _MOST_EVENT_BYTES:
            raise Refused("REQUEST_TOO_LARGE")
        try:
            return self._pool.submit(self._invoke, function_name, payload).result(self._integration_seconds)
        except TimeoutError as exc:
            _LOG.error("%s did not answer within %g s", function_name, self._integration_seconds)
            raise Refused(when_late) from exc
        except RuntimeError as exc:
            # Closed between the request and the call.
            raise Refused("DEFAULT_5XX") from exc


def _received(request: Request) -> Incoming:
    if (request.content_length or 0) > _MOST_BODY_BYTES:
        raise Refused("REQUEST_TOO_LARGE")
    try:
        return incoming(request)
    except UnicodeDecodeError as exc:
        raise Refused("DEFAULT_4XX") from exc


class ApiServer:
    """``http://localhost:PORT``, from ``__init__`` to ``close``; it answers 503 until ``serve`` gives it an API.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int, listener: Listener | None = None) -> None:
        self._gateway: Gateway | None = None
        self._listener = listener
        self._server = LoopbackServer(self._answer, port)

    @property
    def url(self) -> str:
        return f"http://localhost:{self._server.port}"

    def serve(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def close(self) -> None:
        self._server.close()
        if self._gateway is not None:
            self._gateway.close()

    def _answer(self, request: Request) -> Response:
        began = time.monotonic()
        if self._gateway is None:
            response = Response('{"message":"Service Unavailable"}', 503, mimetype="application/json")
        else:
            response = self._gateway.answer(request)
        if self._listener is not None:
            self._listener(request.method, request.path, response.status_code, (time.monotonic() - began) * 1000)
        return response
