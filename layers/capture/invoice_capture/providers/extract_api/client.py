"""Every operation of the Extract API as a method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import uuid4

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.providers.bodies import InBase64
from invoice_capture.providers.extract_api.wire import (
    DocumentResult,
    DocumentResults,
    Envelope,
    Outcome,
    ParseResult,
    UserInfos,
    ValidationValues,
)
from invoice_capture.providers.http import FreeRequest, HttpClient

VERSION = 120
MOST_DOCUMENTS = 100
TEST_TOKEN = "integration_token"  # noqa: S105 - the contract publishes it
"""An account token that goes through the whole flow with a canned result, without charge."""

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "POST /iap/invoice_extract/parse": "parse",
        "POST /iap/invoice_extract/get_results": "get_results",
        "POST /iap/invoice_extract/get_result": "get_result",
        "POST /iap/invoice_extract/validate": "validate",
    }
)
_PATHS = MappingProxyType({method: operation.removeprefix("POST ") for operation, method in OPERATIONS.items()})

Result = TypeVar("Result")


class ExtractApiClient:
    """The Extract API over HTTP. Every method raises ProviderError as HttpClient does; an answer that is no JSON-RPC
    result, or belongs to another request, counts as unreadable. The outcome is the ``status_code`` of the result.
    """

    def __init__(
        self,
        http: HttpClient,
        account_token: str,
        *,
        version: int = VERSION,
        user_infos: UserInfos | None = None,
        dbuuid: str | None = None,
    ) -> None:
        self._http = http
        self._account_token = account_token
        self._version = version
        self._user_infos = user_infos or UserInfos()
        self._dbuuid = dbuuid

    def parse(
        self,
        document: bytes,
        file_name: str,
        webhook_url: str | None = None,
        before_sending: Callable[[], None] = lambda: None,
    ) -> ParseResult:
        """Have a document read, which costs one credit. ``webhook_url`` is called, without content, when it is done.

        For ``before_sending`` see HttpClient.call.
        """
        params: dict[str, Any] = {
            "account_token": self._account_token,
            "version": self._version,
            "documents": [InBase64(document)],
            "file_names": [file_name],
            "user_infos": self._user_infos.model_dump(exclude_none=True),
        }
        if self._dbuuid is not None:
            params["dbuuid"] = self._dbuuid
        if webhook_url is not None:
            params["webhook_url"] = webhook_url
        return self._call("parse", params, Envelope[ParseResult], billable=True, before_sending=before_sending)

    def get_results(self, document_ids: Sequence[int]) -> DocumentResults:
        """What is known of at most 100 documents, by id."""
        if not 1 <= len(document_ids) <= MOST_DOCUMENTS:
            raise ValueError(f"get_results takes 1 to {MOST_DOCUMENTS} documents, not {len(document_ids)}")
        ids = list(document_ids)
        # The page has one of the names in its text, and the vendor's own sample has the other.
        params = {"version": self._version, "documents_ids": ids, "document_ids": ids}
        return self._call("get_results", params, Envelope[DocumentResults])

    def get_result(self, document_id: int) -> DocumentResult:
        """What is known of one document."""
        params = {"version": self._version, "document_id": document_id}
        return self._call("get_result", params, Envelope[DocumentResult])

    def validate(self, document_id: int, values: ValidationValues) -> Outcome:
        """Tell the right values of a document, all at once: it is accepted once per document."""
        params = {"document_id": document_id, "values": values.to_json()}
        return self._call("validate", params, Envelope[Outcome])

    def _call(
        self,
        operation: str,
        params: Mapping[str, Any],
        answer: type[Envelope[Result]],
        *,
        billable: bool = False,
        before_sending: Callable[[], None] = lambda: None,
    ) -> Result:
        body = _call_of(params)
        envelope = self._http.call(
            "POST", _PATHS[operation], answer, billable=billable, before_sending=before_sending, json=body
        )
        if envelope.id != body["id"]:
            message = "extract_api answered another request than the one that was sent."
            raise SubmissionInDoubt(message) if billable else ProviderUnavailable(message)
        return envelope.result


def free_request() -> FreeRequest:
    """Asking for a document that nobody has."""
    return FreeRequest("POST", _PATHS["get_result"], {"json": _call_of({"version": VERSION, "document_id": 0})})


def _call_of(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "call", "id": uuid4().hex, "params": params}
