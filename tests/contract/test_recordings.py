"""Recorded exchanges, played back: every operation sends exactly what was recorded, and keeps all of the answer.

The recordings are of our own simulators, not of the services: they show what a change of a client changes on the wire,
and prove nothing about the other side, which may have other ideas of its contract (docs/provider_matrix.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, TypeAdapter
from werkzeug.wrappers import Request, Response

from invoice_capture.providers.extract_api import client as extract_api_client
from local_stack.simulators.server import LoopbackServer
from tools.exchanges import RECORDINGS, SETTINGS, client_of, content_of, description_of, invoke
from tools.record_exchanges import record

EXCHANGES = [
    pytest.param(provider, exchange, id=f"{provider}-{exchange['operation']}-{number}")
    for provider in SETTINGS
    for number, exchange in enumerate(json.loads((RECORDINGS / f"{provider}.json").read_text(encoding="utf-8")))
]


class Playback:
    """A server that answers with one recorded answer, and keeps what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.requests: list[dict[str, Any]] = []
        self._answer: dict[str, Any] = {}
        self._monkeypatch = monkeypatch
        self._server = LoopbackServer(self._serve)

    def play(self, provider: str, exchange: dict[str, Any], answer: dict[str, Any] | None = None) -> Any:
        """Make the recorded call, and return what the client makes of the recorded answer, or of another one."""
        self._answer = answer or exchange["response"]
        if provider == "extract_api":
            # The id of a call is the only part of any request that is drawn by lot.
            call_id = UUID(exchange["request"]["body"]["json"]["id"])
            self._monkeypatch.setattr(extract_api_client, "uuid4", lambda: call_id)
        return invoke(client_of(provider, self._server.origin), exchange["operation"], exchange["arguments"])

    def close(self) -> None:
        self._server.close()

    def _serve(self, request: Request) -> Response:
        self.requests.append(description_of(request))
        answer = self._answer
        return Response(content_of(answer["body"]), answer["status"], content_type=answer["content_type"])


@pytest.fixture
def playback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Playback]:
    running = Playback(monkeypatch)
    yield running
    running.close()


def operations_of(provider: str) -> dict[str, str]:
    return dict(import_module(f"invoice_capture.providers.{provider}.client").OPERATIONS)


@pytest.mark.parametrize(("provider", "exchange"), EXCHANGES)
def test_the_client_sends_what_was_recorded(provider: str, exchange: dict[str, Any], playback: Playback) -> None:
    playback.play(provider, exchange)
    assert playback.requests == [exchange["request"]]


@pytest.mark.parametrize(("provider", "exchange"), EXCHANGES)
def test_the_client_keeps_all_of_the_answer(provider: str, exchange: dict[str, Any], playback: Playback) -> None:
    answer = playback.play(provider, exchange)
    assert as_json(answer) == told(provider, exchange["operation"], exchange["response"]["body"])


@pytest.mark.parametrize(("provider", "exchange"), EXCHANGES)
def test_what_a_later_version_adds_is_kept(provider: str, exchange: dict[str, Any], playback: Playback) -> None:
    later = {**exchange["response"], "body": with_additions(exchange["response"]["body"])}
    answer = playback.play(provider, exchange, later)
    assert as_json(answer) == told(provider, exchange["operation"], later["body"])


@pytest.mark.parametrize("provider", SETTINGS)
def test_every_operation_is_recorded_on_its_own_route(provider: str) -> None:
    recorded = [exchange for param in EXCHANGES for name, exchange in [param.values] if name == provider]
    operations = {method: route for route, method in operations_of(provider).items()}
    assert {exchange["operation"] for exchange in recorded} == set(operations)
    for exchange in recorded:
        method, _, template = operations[exchange["operation"]].partition(" ")
        assert exchange["request"]["method"] == method
        assert fits(exchange["request"]["path"], template), exchange["operation"]


@pytest.mark.parametrize("provider", SETTINGS)
def test_recordings_can_be_made_again(provider: str) -> None:
    again = {exchange["operation"] for exchange in record(provider)}
    assert again == set(operations_of(provider).values())


def test_recordings_stay_small_enough_to_be_read() -> None:
    assert {path.stem for path in RECORDINGS.iterdir()} == set(SETTINGS)
    assert max(path.stat().st_size for path in RECORDINGS.iterdir()) < 150_000


def fits(path: str, template: str) -> bool:
    """Whether a path is one of a route's, in which a name in braces stands for what is between slashes."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) is not None


def told(provider: str, operation: str, body: dict[str, Any]) -> Any:
    """What an answer tells its caller, without the envelope it comes in."""
    if operation.startswith("delete_"):
        return None
    if "json" not in body:
        return content_of(body)
    told = body["json"]
    if provider == "extract_api":
        return told["result"]
    if operation == "upload_file":
        return told[0]
    if operation == "list_jobs":
        return {"jobs": told["data"], "total": told["total"]}
    return told["data"] if provider == "ocr_job" else told


def as_json(answer: Any) -> Any:
    """An answer as it came: without what is only known by its default."""
    if isinstance(answer, bytes | None):
        return answer
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return TypeAdapter(Any).dump_python(answer, mode="json", by_alias=True, exclude_unset=True)


def with_additions(node: Any) -> Any:
    """JSON with a key more in every object. One whose values are all objects is a collection, and stays as it is."""
    if isinstance(node, list):
        return [with_additions(item) for item in node]
    if not isinstance(node, dict):
        return node
    grown = {name: with_additions(value) for name, value in node.items()}
    is_collection = all(isinstance(value, dict) for value in node.values())
    return grown if is_collection else {**grown, "added_later": {"list": [1, "two", None]}}
