"""The Extract API of Flectra and Odoo, 1.2.0: parse, get_results, get_result and validate over JSON-RPC 2.0.

Where its page is silent: a request that is no JSON-RPC 2.0 call of a hexadecimal id is answered with a JSON-RPC error,
parameters that break their form with status code 2, and an account token that nobody has with 3, as nobody paid for it.
A password and too many pages are found while processing, hence told by the results. Validating before the document is
ready is answered with 1, and a second time with 2; a validation that breaks its form does not count.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from local_stack.simulators import extract_features, fetching
from local_stack.simulators.answers import json_body, json_response
from local_stack.simulators.documents import AcceptedDocument, format_of
from local_stack.simulators.extract_validation import is_valid
from local_stack.simulators.script import Latency
from local_stack.simulators.simulator import Route, Simulator

TEST_TOKEN = "integration_token"
SUCCESS, NOT_READY, ERROR, NO_CREDIT, NOT_FOUND, NO_NAME, BAD_FORMAT, OTHER_NAMES = range(8)
MAINTENANCE, PASSWORD, TOO_MANY_PAGES, BAD_VALIDATION = 9, 10, 11, 12
_MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        SUCCESS: "Success",
        NOT_READY: "Not ready",
        ERROR: "An error occurred",
        NO_CREDIT: "You don't have enough credit",
        NOT_FOUND: "Document not found",
        NO_NAME: "No document name",
        BAD_FORMAT: "Unsupported file format",
        OTHER_NAMES: "File names do not match the documents",
        MAINTENANCE: "Server is under maintenance, try again later",
        PASSWORD: "The document is password protected",
        TOO_MANY_PAGES: "The document has too many pages",
        BAD_VALIDATION: "Validation format is incorrect",
    }
)
_FAILURES: Mapping[str, int] = MappingProxyType(
    {"encrypted": PASSWORD, "unreadable": ERROR, "pages": TOO_MANY_PAGES, "script": ERROR}
)
_FORMATS = frozenset({"pdf", "png", "jpg", "bmp"})
_USER_INFOS = frozenset(
    {
        *("user_company_vat", "user_company_VAT", "user_company_name", "user_company_country_code"),
        *("user_lang", "user_email"),
    }
)
_HEX = re.compile(r"[0-9a-fA-F]+")
_MOST_IDS = 100
_FIRST_ID = 1001
_WATCH_SECONDS = 0.02


class Unsuccessful(Exception):
    """Ends a call with a status code."""

    def __init__(self, code: int, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class _Document:
    """A document by its id; ``accepted`` is None in test mode, where nothing is read or charged."""

    document_id: int
    ready_at: datetime
    accepted: AcceptedDocument | None


class ExtractApiSimulator(Simulator):
    """``validations`` has what was validated, by document id."""

    name: ClassVar[str] = "extract_api"
    default_latency: ClassVar[Latency] = Latency(median=8)
    default_settings: ClassVar[Mapping[str, str]] = MappingProxyType({"account_token": "51a0ca7e0acc0a47"})
    effects: ClassVar[frozenset[str]] = frozenset({"code", "another_id", "repeat_id"})

    def prepare(self) -> None:
        self._documents: dict[int, _Document] = {}
        self.validations: dict[int, Mapping[str, Any]] = {}

    def routes(self) -> Sequence[Route]:
        return tuple(
            Route("POST", f"/iap/invoice_extract/{operation}", operation, self._calling(handler))
            for operation, handler in (
                ("parse", self._parse),
                ("get_results", self._get_results),
                ("get_result", self._get_result),
                ("validate", self._validate),
            )
        )

    def authenticate(self, request: Request) -> None:
        """Only parse takes an account token, as one of its parameters."""

    def refusal(self, status: int, message: str) -> Response:
        """What stands before the service answers in its own way: the contract has no form for it."""
        return Response(message, status, mimetype="text/plain")

    def coded(self, operation: str, request: Request, code: int) -> Response:
        try:
            call_id, params = _call_of(json_body(request))
        except _NoCall as exc:
            return exc.response
        outcome = _outcome(code)
        ids = _ids(params) if operation == "get_results" else None
        return _answer(call_id, outcome if ids is None else {str(document_id): outcome for document_id in ids})

    def maintenance(self, operation: str, request: Request) -> Response:
        return self.coded(operation, request, MAINTENANCE)

    def about_another(self, operation: str, response: Response) -> Response:
        told = response.get_json()
        if operation == "get_results":
            others = {str(int(key) + _FIRST_ID): value for key, value in told["result"].items() if key.isdigit()}
            return json_response({**told, "result": others})
        return json_response({**told, "id": secrets.token_hex(16)})

    def repeating(self, operation: str, response: Response) -> Response:
        before = list(self._documents)[-2:-1]
        if operation != "parse" or not before:
            return response
        told = response.get_json()
        return json_response({**told, "result": {**told["result"], "document_id": before[0]}})

    # --- operations --------------------------------------------------------------------------------------------------

    def _parse(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if type(params.get("version", 120)) is not int:
            raise Unsuccessful(ERROR, "version must be an integer")
        _check_user_infos(params.get("user_infos"))
        contents = _contents(params.get("documents"))
        name = _checked_name(params.get("file_names"), contents)
        content = next((one for one in contents if format_of(one) == "pdf"), contents[0])
        if format_of(content) not in _FORMATS:
            raise Unsuccessful(BAD_FORMAT)
        webhook = params.get("webhook_url")
        if webhook is not None and not isinstance(webhook, str):
            raise Unsuccessful(ERROR, "webhook_url must be a string")
        document = self._take(params.get("account_token"), name, content)
        if webhook and fetching.is_loopback(webhook):
            threading.Thread(target=self._knock_when_ready, args=(document, webhook), daemon=True).start()
        return {**_outcome(SUCCESS), "document_id": document.document_id}

    def _get_results(self, params: Mapping[str, Any]) -> dict[str, Any]:
        _check_version(params)
        ids = _ids(params)
        if not ids or len(ids) > _MOST_IDS:
            raise Unsuccessful(ERROR, f"documents_ids must be a list of 1 to {_MOST_IDS} integers")
        return {str(document_id): self._result(document_id) for document_id in ids}

    def _get_result(self, params: Mapping[str, Any]) -> dict[str, Any]:
        _check_version(params)
        return self._result(_id(params, "document_id"))

    def _validate(self, params: Mapping[str, Any]) -> dict[str, Any]:
        document_id = _id(params, "document_id" if "document_id" in params else "documents_id")
        with self._lock:
            document = self._documents.get(document_id)
            if document is None:
                raise Unsuccessful(NOT_FOUND)
            if self.clock.now() < document.ready_at:
                raise Unsuccessful(NOT_READY)
            if not is_valid(params.get("values")):
                raise Unsuccessful(BAD_VALIDATION)
            if document_id in self.validations:
                raise Unsuccessful(ERROR, "The document was validated before")
            self.validations[document_id] = params["values"]
        return _outcome(SUCCESS)

    # --- documents ---------------------------------------------------------------------------------------------------

    def _take(self, token: Any, name: str, content: bytes) -> _Document:
        with self._lock:
            document_id = _FIRST_ID + len(self._documents)
            if token == TEST_TOKEN:
                document = _Document(document_id, self.clock.now() + self.draw_latency(), None)
            elif self._knows(token) and self.has_credit():
                accepted = self.accept(name, content)
                document = _Document(document_id, accepted.ready_at, accepted)
            else:
                raise Unsuccessful(NO_CREDIT)
            self._documents[document_id] = document
        return document

    def _knows(self, token: Any) -> bool:
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self.setting("account_token").encode())

    def _result(self, document_id: int) -> dict[str, Any]:
        document = self._documents.get(document_id)
        if document is None or (document.accepted and not self.is_shown(str(document_id), document.accepted)):
            return _outcome(NOT_FOUND)
        told = self._told_result(document_id, document)
        if document.accepted is None:
            return told
        code = self.spoken(told["status_code"], document.accepted)
        return told if code == told["status_code"] else _outcome(int(code))

    def _told_result(self, document_id: int, document: _Document) -> dict[str, Any]:
        if not self.shows_finished(str(document_id), document.ready_at):
            return _outcome(NOT_READY)
        if document.accepted is None:
            return {**_outcome(SUCCESS), "results": [dict(extract_features.CANNED)]}
        failure = self.failure_of(document.accepted)
        if failure is not None:
            return _outcome(_FAILURES[failure])
        invoice = document.accepted.reading().invoice
        return {**_outcome(SUCCESS), "results": [extract_features.features_of(invoice)]}

    def _knock_when_ready(self, document: _Document, webhook: str) -> None:
        # The clock may run at any speed, so the time is looked at instead of waited for.
        while self.clock.now() < document.ready_at:
            if self._stopping.wait(_WATCH_SECONDS):
                return
        fetching.knock(webhook)

    def _calling(self, operation: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Callable[[Request], Response]:
        """A handler that takes an operation's parameters out of their call, and puts its result back into one."""

        def handle(request: Request) -> Response:
            try:
                call_id, params = _call_of(json_body(request))
            except _NoCall as exc:
                return exc.response
            try:
                return _answer(call_id, operation(params))
            except Unsuccessful as exc:
                return _answer(call_id, _outcome(exc.code, exc.message))

        return handle


# --- JSON-RPC --------------------------------------------------------------------------------------------------------


class _NoCall(Exception):
    def __init__(self, call_id: Any, message: str) -> None:
        super().__init__(message)
        error = {"code": -32600, "message": "Invalid Request", "data": {"message": message}}
        self.response = json_response({"jsonrpc": "2.0", "id": call_id, "error": error})


def _call_of(body: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(body, dict):
        raise _NoCall(None, "A call is a JSON object.")
    call_id = body.get("id")
    if body.get("jsonrpc") != "2.0":
        raise _NoCall(call_id, 'jsonrpc must be "2.0".')
    if body.get("method") != "call":
        raise _NoCall(call_id, 'method must be "call".')
    if not isinstance(call_id, str) or not _HEX.fullmatch(call_id):
        raise _NoCall(None, "id must be a hexadecimal string.")
    if not isinstance(body.get("params"), dict):
        raise _NoCall(call_id, "params must be an object.")
    return call_id, body["params"]


def _answer(call_id: str, result: Mapping[str, Any]) -> Response:
    return json_response({"jsonrpc": "2.0", "id": call_id, "result": result})


def _outcome(code: int, message: str | None = None) -> dict[str, Any]:
    return {"status_code": code, "status_msg": message or _MESSAGES.get(code, f"Status {code}")}


# --- parameters ------------------------------------------------------------------------------------------------------


def _check_version(params: Mapping[str, Any]) -> None:
    if type(params.get("version")) is not int:
        raise Unsuccessful(ERROR, "version is required, as an integer")


def _check_user_infos(infos: Any) -> None:
    if not isinstance(infos, dict):
        raise Unsuccessful(ERROR, "user_infos is required, as an object")
    for name, value in infos.items():
        if name not in _USER_INFOS or not isinstance(value, str):
            raise Unsuccessful(ERROR, f"user_infos has no string {name[:50]!r}")
    if not re.fullmatch(r"([A-Z]{2})?", infos.get("user_company_country_code", "")):
        raise Unsuccessful(ERROR, "user_company_country_code must be ISO 3166 alpha-2")
    if not re.fullmatch(r"([a-z]{2,3}_[A-Z]{2})?", infos.get("user_lang", "")):
        raise Unsuccessful(ERROR, "user_lang must look like fr_FR")


def _contents(documents: Any) -> list[bytes]:
    if not isinstance(documents, list) or not documents or not all(isinstance(one, str) for one in documents):
        raise Unsuccessful(ERROR, "documents must be a list of base64 strings")
    try:
        return [base64.b64decode(one, validate=True) for one in documents]
    except (binascii.Error, ValueError):
        raise Unsuccessful(ERROR, "documents must be a list of base64 strings") from None


def _checked_name(names: Any, contents: Sequence[bytes]) -> str:
    """The name of the document; a client need not send any."""
    if names is None:
        return ""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Unsuccessful(ERROR, "file_names must be a list of strings")
    if len(names) != len(contents):
        raise Unsuccessful(OTHER_NAMES)
    if not all(names):
        raise Unsuccessful(NO_NAME)
    return str(names[0])


def _ids(params: Mapping[str, Any]) -> list[int]:
    """The ids under either of the two names that the page and its sample use; empty when they are no integers."""
    ids = params.get("documents_ids", params.get("document_ids"))
    other = params.get("document_ids", ids)
    if not isinstance(ids, list) or not all(type(one) is int for one in ids) or other != ids:
        return []
    return ids


def _id(params: Mapping[str, Any], name: str) -> int:
    if type(params.get(name)) is not int:
        raise Unsuccessful(ERROR, f"{name} is required, as an integer")
    return int(params[name])
