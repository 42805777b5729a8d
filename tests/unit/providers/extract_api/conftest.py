"""A server that answers with JSON-RPC envelopes, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.extract_api.adapter import ExtractApiProvider
from tests.fakes.canned_server import Answer, OrderedServer
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import START, ManualClock

TOKEN = "0123456789abcdef-account"


class JsonRpcServer(OrderedServer):
    """Answers in the order in which a test says what."""

    def result(self, result: Any) -> None:
        """Answer the next request with a JSON-RPC result."""
        self.envelope(result=result)

    def envelope(self, **parts: Any) -> None:
        """Answer the next request with a JSON-RPC envelope of these parts, and the id of the request."""
        self.answers.append(lambda request: Answer.of({"jsonrpc": "2.0", "id": request.json["id"], **parts}))

    def answer(self, status: int, body: bytes = b"") -> None:
        self.answers.append(Answer(status, body))


@pytest.fixture
def server() -> Iterator[JsonRpcServer]:
    with JsonRpcServer() as server:
        yield server


@pytest.fixture
def build(server: JsonRpcServer) -> Callable[..., ExtractApiProvider]:
    """A provider that talks to the server, with further settings; None removes one."""

    def provider(**settings: str | None) -> ExtractApiProvider:
        given = {"base_url": server.url, "account_token": TOKEN, **settings}
        return ExtractApiProvider(
            ProviderContext(
                settings={name: value for name, value in given.items() if value is not None},
                clock=ManualClock(),
                documents=MemoryDocumentStore(),
            )
        )

    return provider


@pytest.fixture
def provider(build: Callable[..., ExtractApiProvider]) -> ExtractApiProvider:
    return build()


@pytest.fixture
def submission() -> Callable[..., Submission]:
    def make(reference: str | None = None) -> Submission:
        return Submission(
            job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
            number=1,
            provider="extract_api",
            state=SubmissionState.SUBMITTING if reference is None else SubmissionState.PENDING,
            document=DocumentPointer("documents", "incoming/Façade + Söhne.pdf", "v1", 9),
            kind=DocumentKind.PDF,
            task_token="token",
            created_at=START,
            deadline_at=START + timedelta(hours=72),
            reference=reference,
        )

    return make
