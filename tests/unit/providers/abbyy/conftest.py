"""A real server on the loopback interface that records what it is sent and answers each route as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.abbyy.adapter import AbbyyProvider
from invoice_capture.providers.abbyy.client import AbbyyClient
from invoice_capture.providers.abbyy.mapping import HTTP_STATUSES
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.http import HttpClient
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock

TOKEN = "token-of-the-test-application"


@dataclass(frozen=True)
class Request:
    route: str
    """Method, path and query, as they were sent."""
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class CannedServer:
    """Each route has its answers; the last one is repeated. A route without any is not found."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, list[tuple[int, bytes, dict[str, str]] | None]] = field(default_factory=dict)

    def on(self, route: str, body: Any = b"", status: int = 200, **headers: str) -> CannedServer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.setdefault(route, []).append((status, content, headers))
        return self

    def breaks_off(self, route: str) -> CannedServer:
        """Take a request and close the connection without an answer."""
        self.answers.setdefault(route, []).append(None)
        return self

    @property
    def routes(self) -> list[str]:
        return [request.route for request in self.requests]

    def next_answer(self, route: str) -> tuple[int, bytes, dict[str, str]] | None:
        answers = self.answers.get(route, [(404, b'{"id": "1", "error": "not_found"}', {})])
        return answers.pop(0) if len(answers) > 1 else answers[0]


def _handler(server: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def answer(self) -> None:
            route = f"{self.command} {self.path}"
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append(Request(route, dict(self.headers), body))
            canned = server.next_answer(route)
            if canned is None:
                self.close_connection = True
                return
            status, content, headers = canned
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            """Tests read the recorded requests instead."""

    return Handler


@pytest.fixture
def server() -> Iterator[CannedServer]:
    canned = CannedServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(canned)) as listener:
        canned.url = f"http://127.0.0.1:{listener.server_port}"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield canned
        listener.shutdown()
        thread.join()


@pytest.fixture
def client(server: CannedServer) -> AbbyyClient:
    http = HttpClient("abbyy", f"{server.url}/v2", headers={}, secrets=[TOKEN], statuses=HTTP_STATUSES)
    return AbbyyClient(http)


class NoInvoker:
    def invoke_later(self, function: str, payload: Any) -> None:
        raise AssertionError("ABBYY needs no function")


def provider_with(**settings: str) -> AbbyyProvider:
    return AbbyyProvider(ProviderContext(settings, ManualClock(), MemoryDocumentStore(), NoInvoker(), None))


@pytest.fixture
def settings(server: CannedServer) -> dict[str, str]:
    return {"base_url": f"{server.url}/v2", "application_id": "app-7", "application_token": TOKEN}


@pytest.fixture
def provider(settings: dict[str, str]) -> AbbyyProvider:
    return provider_with(**settings)


@pytest.fixture
def submission() -> Submission:
    now = ManualClock().now()
    return Submission(
        job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
        number=1,
        provider="abbyy",
        state=SubmissionState.PENDING,
        document=DocumentPointer("documents", "incoming/Façade + Söhne 2026-0107.pdf", None, 17),
        kind=DocumentKind.PDF,
        task_token="token",
        created_at=now,
        deadline_at=now + timedelta(hours=24),
        reference="task-1",
    )
