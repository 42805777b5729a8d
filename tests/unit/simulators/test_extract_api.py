"""The simulated Extract API holds to its page."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import requests
from werkzeug.wrappers import Request, Response

from local_stack.simulators import Simulator, extract_validation, fetching
from local_stack.simulators.server import LoopbackServer
from tests.fakes.world import ManualClock

PDF = "english_gbp_classic.pdf"
FEATURES = {
    *("SWIFT_code", "VAT_Number", "country", "currency", "date", "due_date", "global_taxes", "global_taxes_amount"),
    *("invoice_id", "subtotal", "total", "supplier", "invoice_lines"),
}
LINE_FEATURES = {
    *("description", "discount", "product", "quantity", "subtotal", "taxes", "total", "unit", "unit_price"),
}


class Api:
    """The interface from a client's side."""

    def __init__(self, simulator: Any, sample: Callable[[str], bytes]) -> None:
        self.simulator = simulator
        self.sample = sample

    def post(self, operation: str, **parts: Any) -> requests.Response:
        url = f"{self.simulator.base_url}/iap/invoice_extract/{operation}"
        return requests.post(url, timeout=10, **parts)

    def call(self, operation: str, **params: Any) -> Any:
        call_id = uuid4().hex
        answer = self.post(operation, json={"jsonrpc": "2.0", "method": "call", "id": call_id, "params": params})
        assert answer.status_code == 200
        body = answer.json()
        assert (body["jsonrpc"], body["id"]) == ("2.0", call_id)
        return body["result"]

    def parse(self, document: str | bytes = PDF, **params: Any) -> Any:
        content = document if isinstance(document, bytes) else self.sample(document)
        given = {
            "account_token": self.simulator.settings["account_token"],
            "version": 120,
            "documents": [base64.b64encode(content).decode()],
            "file_names": [document if isinstance(document, str) else "document.pdf"],
            "user_infos": {"user_lang": "en_US"},
        }
        return self.call("parse", **{name: value for name, value in {**given, **params}.items() if value is not None})

    def parsed(self, document: str | bytes = PDF, **params: Any) -> int:
        outcome = self.parse(document, **params)
        assert outcome["status_code"] == 0, outcome
        return int(outcome["document_id"])

    def result(self, document_id: int) -> Any:
        return self.call("get_result", version=120, document_id=document_id)


@pytest.fixture
def api(start: Callable[..., Simulator], sample: Callable[[str], bytes]) -> Callable[..., Api]:
    return lambda **script: Api(start("extract_api", **script), sample)


def test_a_document_is_parsed_and_its_features_come_with_candidates(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api()
    document_id = client.parsed()
    assert client.result(document_id) == {"status_code": 1, "status_msg": "Not ready"}
    clock.forward(10)
    outcome = client.result(document_id)
    assert (outcome["status_code"], len(outcome["results"])) == (0, 1)
    features = outcome["results"][0]
    assert set(features) == FEATURES
    assert features["total"]["selected_value"]["content"] == 2096.4
    assert features["currency"]["selected_value"]["content"] == "GBP"
    assert features["date"]["selected_value"]["content"].endswith(" 00:00:00")
    assert json.loads(features["SWIFT_code"]["selected_value"]["content"])["bic"] == "XQZVGB2LXXX"
    assert features["global_taxes"]["selected_values"][0]["amount_type"] == "percent"
    total = features["total"]["selected_value"]
    x, y, width, height, angle = total["coords"]
    assert (total["page"], angle) == (0, 0)
    assert 0.8 < x - width / 2 < x < x + width / 2 < 0.9
    assert 0.5 < y < 0.6
    assert 0 < height < 0.05
    assert features["total"]["words"][0] == total
    assert client.simulator.submissions_of(PDF) == 1


def test_invoice_lines_are_a_list_of_features(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    document_id = client.parsed("factur-x_en16931_austria.pdf")
    clock.forward(10)
    features = client.result(document_id)["results"][0]
    assert len(features["invoice_lines"]) == 4
    assert set(features["invoice_lines"][0]) == LINE_FEATURES
    assert {len(feature["words"]) > 0 for feature in features["invoice_lines"][0].values()} == {True, False}
    assert len(features["global_taxes"]["selected_values"]) == 2


@pytest.mark.parametrize("name", ["document_ids", "documents_ids"])
def test_many_results_come_by_id_as_a_string(api: Callable[..., Api], clock: ManualClock, name: str) -> None:
    client = api()
    first = client.parsed()
    clock.forward(10)
    second = client.parsed()
    results = client.call("get_results", version=120, **{name: [first, second, 7]})
    assert {key: entry["status_code"] for key, entry in results.items()} == {str(first): 0, str(second): 1, "7": 4}


@pytest.mark.parametrize(
    "params",
    [
        {"documents_ids": []},
        {"documents_ids": list(range(101))},
        {"documents_ids": ["1"]},
        {"documents_ids": 1},
        {"documents_ids": [1], "document_ids": [2]},
        {},
    ],
)
def test_ids_that_are_no_list_of_integers_are_an_error(api: Callable[..., Api], params: dict[str, Any]) -> None:
    assert api().call("get_results", version=120, **params)["status_code"] == 2


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("get_results", {"documents_ids": [1]}),
        ("get_result", {"document_id": 1}),
        ("get_result", {"version": 120}),
        ("validate", {"values": {}}),
    ],
)
def test_required_parameters_are_required(api: Callable[..., Api], operation: str, params: dict[str, Any]) -> None:
    assert api().call(operation, **params)["status_code"] == 2


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"account_token": "nobody"}, 3),
        ({"account_token": None}, 3),
        ({"documents": None}, 2),
        ({"documents": []}, 2),
        ({"documents": ["not base64!"]}, 2),
        ({"documents": "text"}, 2),
        ({"user_infos": None}, 2),
        ({"user_infos": {"shoe_size": "43"}}, 2),
        ({"user_infos": {"user_company_country_code": "Belgium"}}, 2),
        ({"user_infos": {"user_lang": "english"}}, 2),
        ({"user_infos": {"user_company_VAT": "BE0999041206"}}, 0),
        ({"version": "120"}, 2),
        ({"version": None}, 0),
        ({"file_names": None}, 0),
        ({"file_names": ["a.pdf", "b.pdf"]}, 7),
        ({"file_names": [""]}, 5),
        ({"file_names": "a.pdf"}, 2),
        ({"webhook_url": 3}, 2),
    ],
)
def test_parse_checks_its_parameters(api: Callable[..., Api], params: dict[str, Any], code: int) -> None:
    client = api()
    assert client.parse(**params)["status_code"] == code
    assert len(client.simulator.accepted) == (code == 0)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n", 0),
        (b"\xff\xd8\xff", 0),
        (b"BM", 0),
        (b"II*\x00", 6),
        (b"<Invoice/>", 6),
        (b"", 6),
    ],
)
def test_only_the_formats_of_the_contract_are_taken(api: Callable[..., Api], content: bytes, code: int) -> None:
    assert api().parse(content)["status_code"] == code


def test_of_several_documents_the_first_pdf_is_read(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    picture, pdf = b"\x89PNG\r\n\x1a\n", client.sample(PDF)
    encoded = [base64.b64encode(content).decode() for content in (picture, pdf)]
    client.parsed(documents=encoded, file_names=["a.png", "b.pdf"])
    assert client.simulator.accepted[0].content == pdf


@pytest.mark.parametrize(
    "changes",
    [
        {"jsonrpc": "1.0"},
        {"method": "parse"},
        {"id": "no hex"},
        {"id": 7},
        {"id": str(uuid4())},
        {"params": []},
    ],
)
def test_what_is_no_call_is_a_json_rpc_error(api: Callable[..., Api], changes: dict[str, Any]) -> None:
    body = {"jsonrpc": "2.0", "method": "call", "id": uuid4().hex, "params": {}, **changes}
    answer = api().post("parse", json=body)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == -32600
    assert "result" not in answer.json()


def test_other_methods_and_bodies_are_refused_before_json_rpc(api: Callable[..., Api]) -> None:
    client = api()
    assert client.post("parse", data=b"{}").status_code == 400
    assert client.post("parse", data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    url = f"{client.simulator.base_url}/iap/invoice_extract/parse"
    assert requests.get(url, timeout=10).status_code == 405
    assert client.post("nothing").status_code == 404


def test_what_is_found_while_processing_is_told_by_the_result(
    api: Callable[..., Api], clock: ManualClock, encrypted_pdf: bytes
) -> None:
    client = api(page_limit=1)
    ids = [client.parsed(encrypted_pdf), client.parsed("spanish_eur_two_pages.pdf"), client.parsed(b"%PDF-1.7 broken")]
    clock.forward(10)
    assert [client.result(document_id)["status_code"] for document_id in ids] == [10, 11, 2]


def test_the_script_has_documents_fail_credit_end_and_the_service_rest(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api(fail_documents=1, credit=2, not_ready=1)
    ids = [client.parsed(), client.parsed()]
    assert client.parse()["status_code"] == 3
    clock.forward(10)
    assert [client.result(document_id)["status_code"] for document_id in ids] == [1, 1]
    assert [client.result(document_id)["status_code"] for document_id in ids] == [2, 0]
    client.simulator.script.maintenance = True
    assert client.parse()["status_code"] == 9
    assert {entry["status_code"] for entry in client.call("get_results", documents_ids=ids).values()} == {9}


def test_a_fault_may_be_a_status_code_of_the_contract(api: Callable[..., Api]) -> None:
    client = api(faults=[{"on": "parse", "code": 9}, {"on": "get_results", "code": 2}])
    assert client.parse()["status_code"] == 9
    assert client.simulator.accepted == []
    assert client.call("get_results", documents_ids=[5, 6])["6"]["status_code"] == 2
    assert client.parse()["status_code"] == 0


def test_the_test_token_goes_through_the_flow_without_charge(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api(credit=0)
    document_id = client.parsed(account_token="integration_token")
    assert client.result(document_id)["status_code"] == 1
    clock.forward(10)
    features = client.result(document_id)["results"][0]
    assert set(features) == FEATURES
    assert features["total"]["selected_value"]["content"] == 121.0
    assert client.simulator.accepted == []


# --- validate ------------------------------------------------------------------------------------------------------

VALUES = {
    "merged_lines": False,
    "total": {"content": 121.0},
    "supplier": {"content": "Somebody"},
    "global_taxes": {
        "content": [{"amount": 100.0, "tax_amount": 21, "tax_amount_type": "percent", "tax_price_include": False}]
    },
    "invoice_lines": {
        "lines": [
            {
                **{"description": "A", "quantity": 1.0, "unit_price": 100.0, "product": "P", "taxes_amount": 21.0},
                **{"subtotal": 100.0, "total": 121.0},
                "taxes": [{"amount": 21.0, "type": "percent", "price_include": False}],
            }
        ]
    },
}


def test_a_document_is_validated_once(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    document_id = client.parsed()
    assert client.call("validate", document_id=document_id, values=VALUES)["status_code"] == 1
    clock.forward(10)
    assert client.call("validate", document_id=document_id, values={"total": 1})["status_code"] == 12
    assert client.call("validate", documents_id=document_id, values=VALUES)["status_code"] == 0
    again = client.call("validate", document_id=document_id, values=VALUES)
    assert (again["status_code"], "before" in again["status_msg"]) == (2, True)
    assert client.call("validate", document_id=7, values=VALUES)["status_code"] == 4
    assert client.simulator.validations == {document_id: VALUES}


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {"nobody": {"content": "x"}},
        {"total": 121.0},
        {"total": {"content": None}},
        {"total": None},
        {"total": {"content": 1.0, "more": 2}},
        {"supplier": {"content": 7}},
        {"merged_lines": "no"},
        {"global_taxes": {"content": 21.0}},
        {"global_taxes": {"content": [{"amount": 1.0}]}},
        {
            "global_taxes": {
                "content": [{"amount": 1.0, "tax_amount": 1.0, "tax_amount_type": "x", "tax_price_include": True}]
            }
        },
        {"invoice_lines": {"content": []}},
        {"invoice_lines": {"lines": [{"colour": "red"}]}},
        {"invoice_lines": {"lines": [{"taxes": [{"amount": 1.0}]}]}},
    ],
)
def test_values_of_another_form_are_no_validation(values: Any) -> None:
    assert not extract_validation.is_valid(values)


# --- webhooks ------------------------------------------------------------------------------------------------------


def test_a_webhook_on_this_machine_is_called_when_the_document_is_done(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    called = threading.Event()

    def hook(request: Request) -> Response:
        assert (request.method, request.get_data()) == ("POST", b"")
        called.set()
        return Response("OK")

    server = LoopbackServer(hook)
    try:
        api().parsed(webhook_url=f"{server.origin}/hook")
        assert not called.wait(0.1)
        clock.forward(10)
        assert called.wait(10)
    finally:
        server.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://LOCALHOST/x", True),
        ("http://[::1]/x", True),
        ("https://127.0.0.1/x", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://user@example.com/", False),
        ("file:///etc/hostname", False),
        ("nonsense", False),
        ("http://localhost@example.com/", False),
    ],
)
def test_only_plain_http_to_this_machine_is_a_webhook(url: str, expected: bool) -> None:
    assert fetching.is_loopback(url) is expected
