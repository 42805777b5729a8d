"""The API of template.yaml through the gateway: refusals that say how to go on, forms, and pages of other origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from invoice_capture.api.envelopes import UNAUTHORIZED
from invoice_capture.api.forms import FORM_TOO_LARGE, MOST_FORM_BYTES
from local_stack.serve import make_key
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks
from tools.stage import SAMPLES

JOBS = "/ocr-invoice-job"
OURS, ALSO, THEIRS = "https://app.example.com", "http://localhost:5173", "https://evil.example.com"
SAMPLE = SAMPLES / "peppol_ubl_belgium.xml"


class Door:
    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.key = make_key(stack)

    def ask(self, method: str, path: str, *, with_key: bool = True, **options: Any) -> requests.Response:
        headers = ({"api-key": self.key} if with_key else {}) | options.pop("headers", {})
        return requests.request(
            method, f"{self.stack.api_url}{path}", headers=headers, timeout=30, allow_redirects=False, **options
        )


@pytest.fixture(scope="module")
def door(stacks: Stacks) -> Iterator[Door]:
    stacks.close()
    unthrottled = (f"{whose}Request{what}" for whose in ("", "Stage", "Open") for what in ("sPerSecond", "Burst"))
    parameters = {"AllowedOrigins": f"{OURS},{ALSO}", **dict.fromkeys(unthrottled, "1000")}
    with LocalStack(api_port=0, parameters=parameters) as stack:
        yield Door(stack)


def test_a_request_without_a_key_is_told_the_header(door: Door) -> None:
    for headers in ({}, {"api-key": "nonsense"}, {"authorization": "Bearer x"}):
        answer = door.ask("GET", JOBS, with_key=False, headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "ApiKey name=api-key")
        assert answer.json()["message"] == UNAUTHORIZED
        assert answer.json()["errors"] == [{"field": "api-key", "message": UNAUTHORIZED}]


def test_a_form_is_a_job_and_its_document_comes_back_as_what_it_is(door: Door) -> None:
    # The name says something else.
    files = {"file": ("Rechnung März.pdf", SAMPLE.read_bytes())}
    answer = door.ask("POST", f"{JOBS}/documents", files=files, data={"group": "door"})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["data"]["status"], answer.json()["data"]["group"]) == ("queued", "door")
    link = door.ask("GET", f"{JOBS}/{answer.json()['data']['_id']}/document").headers["Location"]
    document = requests.get(link, timeout=10)
    assert document.content == SAMPLE.read_bytes()
    assert document.headers["Content-Type"] == "application/xml"
    assert document.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"


@pytest.mark.parametrize("size", [MOST_FORM_BYTES + 1, 5 * 1024**2, 10 * 1024**2 + 1])
def test_a_form_that_is_too_large_is_told_of_uploads(door: Door, size: int) -> None:
    """By the function, by the gateway that cannot hand it over, and by the gateway that takes no more."""
    answer = door.ask("POST", f"{JOBS}/documents", files={"file": ("a.pdf", b"x" * size)})
    assert (answer.status_code, answer.json()["message"]) == (413, FORM_TOO_LARGE)


def test_the_largest_form_comes_through_the_gateway(door: Door) -> None:
    content = b"%PDF-1.7 ".ljust(MOST_FORM_BYTES - 1000, b"x")
    # Every header is in the event twice, and each of its letters may need six.
    headers = {"X-Long": "\x01" * 8000}
    assert door.ask("POST", f"{JOBS}/documents", files={"file": ("a.pdf", content)}, headers=headers).status_code == 201


@pytest.mark.parametrize("origin", [OURS, ALSO])
def test_a_page_of_an_allowed_origin_can_do_what_a_program_can(door: Door, origin: str) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "api-key,content-type",
    }
    preflight = door.ask("OPTIONS", f"{JOBS}/documents", with_key=False, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert "api-key" in preflight.headers["Access-Control-Allow-Headers"]
    assert door.ask("GET", JOBS, headers={"Origin": origin}).headers["Access-Control-Allow-Origin"] == origin
    offered = door.ask("POST", "/uploads", json={"documentName": SAMPLE.name}).json()["data"]
    sent = requests.post(
        offered["url"],
        data=offered["fields"],
        files={"file": SAMPLE.read_bytes()},
        headers={"Origin": origin},
        timeout=10,
    )
    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (204, origin)


def test_a_page_of_another_origin_can_do_nothing(door: Door) -> None:
    headers = {"Origin": THEIRS, "Access-Control-Request-Method": "POST"}
    answers = [door.ask("OPTIONS", JOBS, with_key=False, headers=headers), door.ask("GET", JOBS, headers=headers)]
    assert not [answer for answer in answers if "Access-Control-Allow-Origin" in answer.headers]


def test_what_the_gateway_answers_itself_can_be_read(door: Door) -> None:
    """A page that may not know why it was refused cannot tell its user."""
    origin = {"Origin": OURS}
    for answer in (
        door.ask("GET", JOBS, with_key=False, headers=origin),
        door.ask("POST", f"{JOBS}/documents", files={"file": b"x" * (11 * 1024**2)}, headers=origin),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
