"""A real server on the loopback interface that records what it is sent and answers what a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.http import HttpClient
from invoice_capture.providers.ocr_job.adapter import OcrJobProvider
from invoice_capture.providers.ocr_job.client import OcrJobClient
from invoice_capture.providers.ocr_job.mapping import HTTP_STATUSES
from tests.fakes.world import ManualClock

KEY = "key-of-the-test-account"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class CannedServer:
    """Answers the requests in the order of the canned answers; None breaks the connection off without one."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]] | None] = field(default_factory=list)

    def answers_with(self, body: Any, status: int = 200, **headers: str) -> CannedServer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.append((status, content, headers))
        return self

    def accepts(self, data: Any, status: int = 200, **more: Any) -> CannedServer:
        return self.answers_with({"success": True, "data": data, **more}, status)

    def breaks_off(self) -> CannedServer:
        self.answers.append(None)
        return self

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.requests]


def _handler(server: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            server.requests.append(Request(self.command, parts.path, query, dict(self.headers), body))
            canned = server.answers.pop(0) if server.answers else (418, b'{"message": "no answer is canned"}', {})
            if canned is None:
                self.close_connection = True
                return
            status, content, headers = canned
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
def client(server: CannedServer) -> OcrJobClient:
    return OcrJobClient(
        HttpClient("ocr_job", server.url, headers={"api-key": KEY}, secrets=[KEY], statuses=HTTP_STATUSES)
    )


class LinkedDocuments:
    """Links to documents as a bucket signs them."""

    def __init__(self) -> None:
        self.links: list[tuple[str, int]] = []

    def link(self, pointer: DocumentPointer, seconds: int) -> str:
        self.links.append((pointer.key, seconds))
        return f"https://documents.example.com/{pointer.key}?X-Amz-Signature=signed{len(self.links)}"


@pytest.fixture
def context(server: CannedServer) -> ProviderContext:
    return ProviderContext(
        settings={"base_url": server.url, "api_key": KEY, "template": "template-1"},
        clock=ManualClock(),
        documents=LinkedDocuments(),
        invoker=None,
        extract_function=None,
    )


@pytest.fixture
def provider(context: ProviderContext) -> OcrJobProvider:
    return OcrJobProvider(context)


@pytest.fixture
def with_settings(context: ProviderContext) -> Any:
    """Builds a provider with further settings."""
    return lambda **settings: OcrJobProvider(replace(context, settings={**context.settings, **settings}))


@pytest.fixture
def submission(context: ProviderContext) -> Submission:
    now = context.clock.now()
    return Submission(
        job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
        number=1,
        provider="ocr_job",
        state=SubmissionState.SUBMITTING,
        document=DocumentPointer("documents", "incoming/Façade 7.pdf", "v1", 1000),
        kind=DocumentKind.PDF,
        task_token="token",
        created_at=now,
        deadline_at=now + timedelta(hours=72),
    )
