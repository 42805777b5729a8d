"""Effects of a script that charge and then fail, or answer what nobody asked for; the books stay exact."""

from __future__ import annotations

import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local_stack import simulators
from local_stack.errors import UserError
from local_stack.simulators import Simulator
from tests.fakes.world import ManualClock
from tests.waiting import PATIENCE_SECONDS

Start = Callable[..., Simulator]


@pytest.fixture
def pdf(sample: Callable[[str], bytes]) -> bytes:
    return sample("dutch_eur_labels_below.pdf")


def call(simulator: Simulator, operation: str, **params: Any) -> requests.Response:
    body = {"jsonrpc": "2.0", "method": "call", "id": "a1", "params": {"version": 120, **params}}
    url = f"{simulator.base_url}/iap/invoice_extract/{operation}"
    return requests.post(url, json=body, timeout=PATIENCE_SECONDS, allow_redirects=False)


def parse(simulator: Simulator, content: bytes, name: str = "a.pdf") -> requests.Response:
    return call(
        simulator,
        "parse",
        account_token=simulator.settings["account_token"],
        documents=[b64encode(content).decode()],
        file_names=[name],
        user_infos={},
    )


def states(simulator: Simulator, *ids: int) -> dict[str, int]:
    result = call(simulator, "get_results", documents_ids=list(ids)).json()["result"]
    return {document_id: entry["status_code"] for document_id, entry in result.items()}


@pytest.mark.parametrize("effect", ["status", "page"])
def test_any_status_may_come_after_the_charge(start: Start, pdf: bytes, effect: str) -> None:
    simulator = start("extract_api")
    for number, status in enumerate(range(400, 600), 1):
        simulator.fail(on="parse", charged=True, **{effect: status})
        answer = parse(simulator, pdf, f"{number}.pdf")
        assert answer.status_code == status
        assert ("html" in answer.headers["Content-Type"]) is (effect == "page")
    assert [document.name for document in simulator.accepted] == [f"{number}.pdf" for number in range(1, 201)]


@pytest.mark.parametrize("status", [200, 302, 403, 404, 503])
def test_a_page_takes_nothing(start: Start, pdf: bytes, status: int) -> None:
    simulator = start("extract_api", faults=[{"page": status, "retry_after": 3}])
    answer = parse(simulator, pdf)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert answer.text.startswith("<!doctype html>")
    assert simulator.accepted == []


def test_a_silence_after_the_charge_ends_with_the_answer(start: Start, pdf: bytes) -> None:
    simulator = start("extract_api", faults=[{"on": "parse", "hang_seconds": 0.5, "charged": True}])
    began = time.monotonic()
    assert parse(simulator, pdf).json()["result"]["status_code"] == 0
    assert time.monotonic() - began >= 0.5
    assert len(simulator.accepted) == 1


def test_an_id_that_is_given_twice_is_that_of_the_document_before(start: Start, pdf: bytes) -> None:
    simulator = start("extract_api", faults=[{"on": "parse", "times": 2, "repeat_id": True}])
    ids = [parse(simulator, pdf, name).json()["result"]["document_id"] for name in ("a.pdf", "b.pdf", "c.pdf")]
    assert ids == [1001, 1001, 1003]
    assert [document.name for document in simulator.accepted] == ["a.pdf", "b.pdf", "c.pdf"]


def test_a_poisoned_document_is_only_felt_by_who_names_it(start: Start, pdf: bytes) -> None:
    simulator = start("extract_api", poisoned_documents=1)
    first, second = (parse(simulator, pdf).json()["result"]["document_id"] for _ in range(2))
    for ids in ([first], [second, first]):
        assert call(simulator, "get_results", documents_ids=ids).status_code == 500
    assert states(simulator, second) == {str(second): 1}


def test_a_new_document_is_unknown_for_so_many_polls_or_so_long(start: Start, pdf: bytes, clock: ManualClock) -> None:
    simulator = start("extract_api", unknown_at_first={"polls": 2})
    number = parse(simulator, pdf).json()["result"]["document_id"]
    assert [states(simulator, number)[str(number)] for _ in range(3)] == [4, 4, 1]
    simulator = start("extract_api", unknown_at_first={"seconds": 5})
    number = parse(simulator, pdf).json()["result"]["document_id"]
    assert states(simulator, number) == {str(number): 4}
    clock.forward(5)
    assert states(simulator, number) == {str(number): 1}


def test_an_odd_status_is_said_by_the_first_documents_for_its_time(
    start: Start, pdf: bytes, clock: ManualClock
) -> None:
    simulator = start("extract_api", odd_status={"word": 77, "seconds": 60})
    first, second = (parse(simulator, pdf).json()["result"]["document_id"] for _ in range(2))
    assert states(simulator, first, second) == {str(first): 77, str(second): 1}
    clock.forward(60)
    assert states(simulator, first, second) == {str(first): 0, str(second): 0}
    simulator = start("extract_api", odd_status={"word": 77, "instead_of": 0, "documents": "forever"})
    number = parse(simulator, pdf).json()["result"]["document_id"]
    assert states(simulator, number) == {str(number): 1}
    clock.forward(60)
    assert states(simulator, number) == {str(number): 77}


@pytest.mark.parametrize(("link", "seconds"), [({"up": 200_000}, 0.3), ({"down": 1000}, 0.1)])
def test_a_slow_link_takes_its_time(start: Start, link: dict[str, float], seconds: float) -> None:
    simulator = start("extract_api", link=link)
    began = time.monotonic()
    assert parse(simulator, b"%PDF-" + bytes(60_000)).json()["result"]["status_code"] == 0
    assert time.monotonic() - began >= seconds


def test_tls_has_a_certificate_that_its_settings_name(start: Start) -> None:
    simulator = start("extract_api", tls=True)
    assert simulator.base_url.startswith("https://127.0.0.1:")
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(simulator.base_url, timeout=PATIENCE_SECONDS)
    context = ssl.create_default_context(cadata=simulator.settings["ca_bundle"])
    assert context.cert_store_stats()["x509_ca"] >= 1


@pytest.mark.parametrize("name", simulators.NAMES)
def test_what_only_tls_can_do_needs_tls(start: Start, name: str) -> None:
    with pytest.raises(UserError, match="break_tls needs tls: true"):
        start(name, faults=[{"break_tls": True}])
    simulator = start(name, tls=True)
    simulator.fail(break_tls=True)
