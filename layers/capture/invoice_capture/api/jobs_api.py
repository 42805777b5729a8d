"""The API as a whole: an event of API Gateway in, an answer for it out."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from invoice_capture.api import contract_routes, description_routes, envelopes, extension_routes, upload_routes
from invoice_capture.api.cross_origin import headers_for, preflight_headers
from invoice_capture.api.forms import form_of
from invoice_capture.api.requests import (
    json_event,
    parse_object,
    principal_of,
    refuse_unknown,
    request_id_of,
    with_json,
)
from invoice_capture.api.services import JobsApiServices, Resolver
from invoice_capture.domain.acting import acting_for
from invoice_capture.domain.api_errors import ApiError
from invoice_capture.domain.client import Unauthorized
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.observability import about, info

__all__ = ["JobsApi", "JobsApiServices"]

_LONGEST_LOGGED = 64
# Of 6 MB that Lambda answers with, without what stands around the body. What is written twice in JSON at most doubles,
# but for control characters, which no text of an answer has.
_MOST_BODY_BYTES = 6 * 1024**2 - 64 * 1024
_CERTAINLY_FITS = 1024**2


@dataclass(eq=False)
class JobsApi:
    """Everything that takes long is made at the first request that needs it.

    One request at a time, as in Lambda: the resolver keeps the request that it answers, and whose it is, in itself.
    """

    services: JobsApiServices
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __call__(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """The answer to an event of a proxy integration. Never raises: what fails is logged and answered with 500."""
        request_id = request_id_of(event, context)
        client = ((event.get("requestContext") or {}).get("authorizer") or {}).get("client")
        with about(client=str(client or "-"), request_id=request_id, job_id=_job_id_of(event)):
            with self._lock, acting_for(client if isinstance(client, str) else None):
                answer = self._answer(event, context, request_id)
            for name, value in headers_for(event, self.services.allowed_origins).items():
                answer["multiValueHeaders"][name] = [value]
            info("Request answered.", method=event.get("httpMethod"), status=answer["statusCode"])
        return answer

    def _answer(self, event: Mapping[str, Any], context: object, request_id: str) -> dict[str, Any]:
        try:
            if event.get("httpMethod") == "OPTIONS":
                return _built(self._options(event))
            principal = None if description_routes.is_open(str(event.get("path"))) else principal_of(event)
            request, document = _read(event)
            self._resolver.begin(principal, request_id, document)
            answer = self._resolver.resolve(request, context)  # type: ignore[arg-type]
            return answer if _fits(answer) else _built(envelopes.answer_too_large())
        except Unauthorized as exc:
            return _built(envelopes.unauthorized(exc))
        except ApiError as exc:
            return _built(envelopes.failure(exc))
        except Exception as exc:
            return _built(envelopes.failed(exc, request_id))

    def _options(self, event: Mapping[str, Any]) -> Response[Any]:
        """What can be done at a path; a browser asks this before it lets a page of another origin do it."""
        methods = self._resolver.methods_at(str(event.get("path")))
        if not methods:
            return envelopes.nothing_there()
        return Response(204, None, None, headers={**preflight_headers(event, self.services.allowed_origins, methods)})

    @cached_property
    def _resolver(self) -> Resolver:
        app = Resolver(enable_validation=True, json_body_deserializer=parse_object)
        app.use(middlewares=[refuse_unknown])
        self._handle_errors(app)
        contract_routes.register(app, self.services)
        upload_routes.register(app, self.services)
        extension_routes.register(app, self.services)
        description_routes.register(app)
        return app

    def _handle_errors(self, app: Resolver) -> None:
        def failed(exc: Exception) -> Response[dict[str, Any]]:
            return envelopes.failed(exc, app.request_id)

        app.exception_handler(ApiError)(envelopes.failure)
        app.exception_handler(Unauthorized)(envelopes.unauthorized)
        app.exception_handler(RequestValidationError)(lambda exc: envelopes.invalid(exc.errors()))
        app.exception_handler(StoreUnavailable)(envelopes.unavailable)
        app.exception_handler(Exception)(failed)

        @app.not_found
        def not_found(_exc: NotFoundError) -> Response[dict[str, Any]]:
            allowed = app.methods_at(app.current_event.path)
            if not allowed:
                return envelopes.nothing_there()
            message = f"This path knows {', '.join(allowed)}. GET /docs shows what each does."
            return envelopes.error(405, message, headers={"Allow": ", ".join(allowed)})


def _read(event: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The event with its body as JSON, and the document that came with it. Raises InvalidRequest, TooLarge."""
    if (event.get("httpMethod"), event.get("path")) != ("POST", upload_routes.DOCUMENTS):
        return json_event(event), b""
    form = form_of(event)
    return with_json(event, form.to_json()), form.content


def _fits(answer: Mapping[str, Any]) -> bool:
    """Whether Lambda can give an answer; API Gateway would make an error of a larger one."""
    body = str(answer.get("body") or "")
    return len(body) < _CERTAINLY_FITS or envelopes.written_size(body) <= _MOST_BODY_BYTES


def _job_id_of(event: Mapping[str, Any]) -> str:
    """The job that a path names, for the log."""
    parts = str(event.get("path") or "").split("/")
    return (parts[2][:_LONGEST_LOGGED] if len(parts) > 2 and f"/{parts[1]}" == contract_routes.JOBS else "") or "-"


def _built(response: Response[dict[str, Any]]) -> dict[str, Any]:
    """An answer that is given without the resolver, in the form that it gives."""
    headers = {name: [str(value)] for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "body": "" if response.body is None else json.dumps(response.body, separators=(",", ":")),
        "isBase64Encoded": False,
        "multiValueHeaders": headers,
    }
