"""A loopback server that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.extract_api.adapter import ExtractApiProvider
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import START, ManualClock

TOKEN = "0123456789abcdef-account"


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class CannedServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Asked] = []
        self._answers: deque[Callable[[Asked], tuple[int, bytes]]] = deque()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def result(self, result: Any) -> None:
        """Answer the next request with a JSON-RPC result."""
        self.envelope(result=result)

    def envelope(self, **parts: Any) -> None:
        """Answer the next request with a JSON-RPC envelope of these parts, and the id of the request."""
        self._answers.append(
            lambda asked: (200, json.dumps({"jsonrpc": "2.0", "id": asked.json["id"], **parts}).encode())
        )

    def answer(self, status: int, body: bytes = b"") -> None:
        self._answers.append(lambda asked: (status, body))

    def answer_to(self, asked: Asked) -> tuple[int, bytes]:
        self.asked.append(asked)
        return self._answers.popleft()(asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CannedServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answer_to(Asked(self.command, self.path, dict(self.headers), body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with CannedServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def build(server: CannedServer) -> Callable[..., ExtractApiProvider]:
    """A provider that talks to the server, with further settings; None removes one."""

    def provider(**settings: str | None) -> ExtractApiProvider:
        given = {"base_url": server.base_url, "account_token": TOKEN, **settings}
        return ExtractApiProvider(
            ProviderContext(
                settings={name: value for name, value in given.items() if value is not None},
                clock=ManualClock(),
                documents=MemoryDocumentStore(),
                invoker=None,  # type: ignore[arg-type]
                extract_function=None,
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
