"""A server that answers each route as a test says, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.abbyy.adapter import AbbyyProvider
from invoice_capture.providers.abbyy.client import AbbyyClient
from invoice_capture.providers.abbyy.mapping import HTTP_STATUSES
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.http import HttpClient
from tests.fakes.canned_server import Answer, CannedServer, Request
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock

TOKEN = "token-of-the-test-application"


class RoutedServer(CannedServer):
    """Each route has its answers; the last one is repeated. A route without any is not found."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[Answer | None]] = {}

    def on(self, route: str, body: Any = b"", status: int = 200, **headers: str) -> RoutedServer:
        self.answers.setdefault(route, []).append(Answer.of(body, status, **headers))
        return self

    def breaks_off(self, route: str) -> RoutedServer:
        self.answers.setdefault(route, []).append(None)
        return self

    @property
    def routes(self) -> list[str]:
        return [request.route for request in self.requests]

    def answer_to(self, request: Request) -> Answer | None:
        answers = self.answers.get(request.route, [Answer(404, b'{"id": "1", "error": "not_found"}')])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
def server() -> Iterator[RoutedServer]:
    with RoutedServer() as server:
        yield server


@pytest.fixture
def client(server: RoutedServer) -> AbbyyClient:
    http = HttpClient("abbyy", f"{server.url}/v2", headers={}, secrets=[TOKEN], statuses=HTTP_STATUSES)
    return AbbyyClient(http)


def provider_with(**settings: str) -> AbbyyProvider:
    return AbbyyProvider(ProviderContext(settings, ManualClock(), MemoryDocumentStore()))


@pytest.fixture
def settings(server: RoutedServer) -> dict[str, str]:
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
