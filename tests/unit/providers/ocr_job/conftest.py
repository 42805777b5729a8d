"""A server that answers in the order a test says, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.http import HttpClient
from invoice_capture.providers.ocr_job.adapter import OcrJobProvider
from invoice_capture.providers.ocr_job.client import OcrJobClient
from invoice_capture.providers.ocr_job.mapping import HTTP_STATUSES
from tests.fakes.canned_server import Answer, OrderedServer
from tests.fakes.world import ManualClock

KEY = "key-of-the-test-account"


class OcrJobServer(OrderedServer):
    """Answers what a test says, as JSON and in the order in which it was said."""

    def answers_with(self, body: Any, status: int = 200, **headers: str) -> OcrJobServer:
        self.answers.append(Answer.of(body, status, **{"Content-Type": "application/json", **headers}))
        return self

    def accepts(self, data: Any, status: int = 200, **more: Any) -> OcrJobServer:
        return self.answers_with({"success": True, "data": data, **more}, status)

    def breaks_off(self) -> OcrJobServer:
        self.answers.append(None)
        return self

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


@pytest.fixture
def server() -> Iterator[OcrJobServer]:
    with OcrJobServer() as server:
        yield server


@pytest.fixture
def client(server: OcrJobServer) -> OcrJobClient:
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
def context(server: OcrJobServer) -> ProviderContext:
    return ProviderContext(
        settings={"base_url": server.url, "api_key": KEY, "template": "template-1"},
        clock=ManualClock(),
        documents=LinkedDocuments(),
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
