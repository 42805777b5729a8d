"""A browser lets pages of the origins that are named use the API, and of no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invoice_capture.api.jobs_api import JobsApi
from tests.unit.api.api_world import Answer, ApiWorld, an_order, document

JOBS = "/ocr-invoice-job"
OURS, ALSO, THEIRS = "https://app.example.com", "http://localhost:5173", "https://evil.example.com"


@pytest.fixture
def shared(world: ApiWorld) -> ApiWorld:
    world.api = JobsApi(replace(world.services(), allowed_origins=frozenset({OURS, ALSO})))
    return world


def ask(world: ApiWorld, origin: str, path: str = JOBS, method: str = "POST") -> Answer:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    return world.call("OPTIONS", path, client=None, headers=headers)


def told(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize("origin", [OURS, ALSO])
def test_a_browser_is_told_without_a_key_what_it_may_send(shared: ApiWorld, origin: str) -> None:
    answer = ask(shared, origin)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "api-key, x-api-key, content-type, idempotency-key"
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", [THEIRS, "null", "", "https://app.example.com.evil.example", "https://APP.example.com", f"{OURS}/", "*"]
)
def test_a_browser_with_another_page_is_told_nothing(shared: ApiWorld, origin: str) -> None:
    for answer in (ask(shared, origin), shared.call("GET", JOBS, headers={"Origin": origin})):
        assert told(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_every_operation_can_be_asked_about(shared: ApiWorld) -> None:
    for path, methods in document()["paths"].items():
        answer = ask(shared, OURS, path.replace("{id}", "J1"))
        assert answer.status == 204
        assert {method.upper() for method in methods} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
        assert answer.headers["Allow"].endswith(", OPTIONS")
    assert ask(shared, OURS, "/nothing").status == 404


def test_every_answer_says_who_may_read_it(shared: ApiWorld) -> None:
    origin = {"Origin": OURS}
    answers = [
        shared.call("POST", JOBS, an_order(), headers=origin),
        shared.call("GET", JOBS, headers={"origin": OURS}),
        shared.call("GET", f"{JOBS}/none", headers=origin),
        shared.call("POST", JOBS, {}, headers=origin),
        shared.call("GET", JOBS, client=None, headers=origin),
        shared.call("PATCH", JOBS, headers=origin),
        shared.call("POST", JOBS, "x" * 300_000, headers=origin),
        shared.call("GET", f"{JOBS}/{shared.captured('N9')}/document", headers=origin),
        shared.call("GET", "/openapi.json", client=None, headers=origin),
    ]
    assert [answer.status for answer in answers] == [201, 200, 404, 400, 401, 405, 413, 302, 200]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == OURS
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


def test_without_origins_nothing_is_said(world: ApiWorld) -> None:
    for answer in (ask(world, OURS), world.call("GET", JOBS, headers={"Origin": OURS})):
        assert told(answer) == {}
        assert "Vary" not in answer.headers
