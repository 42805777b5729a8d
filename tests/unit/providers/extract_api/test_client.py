"""What the client puts on the wire, and what it makes of answers."""

from __future__ import annotations

import inspect
from base64 import b64decode
from typing import Any

import pytest

from invoice_capture.domain.errors import ProviderUnavailable, SubmissionInDoubt
from invoice_capture.providers.extract_api.client import OPERATIONS, TEST_TOKEN, ExtractApiClient
from invoice_capture.providers.extract_api.wire import (
    ContentForm,
    GlobalTaxesForm,
    LineForm,
    LinesForm,
    LineTaxForm,
    TaxForm,
    UserInfos,
    ValidationValues,
)
from invoice_capture.providers.http import HttpClient
from tests.unit.providers.extract_api.answers import entry

PDF = b"%PDF-1.7 \x00\xff an invoice"


@pytest.fixture
def http(server: Any) -> HttpClient:
    return HttpClient("extract_api", server.url, headers={}, secrets=("account",))


@pytest.fixture
def client(http: HttpClient) -> ExtractApiClient:
    return ExtractApiClient(http, "account")


def test_the_table_of_operations_names_every_public_method_and_no_other() -> None:
    methods = {name for name, _ in inspect.getmembers(ExtractApiClient, inspect.isfunction) if not name.startswith("_")}
    assert set(OPERATIONS.values()) == methods
    assert len(OPERATIONS) == len(methods)


def test_every_request_is_a_json_rpc_call_with_an_id_of_its_own(client: ExtractApiClient, server: Any) -> None:
    server.result({"status_code": 0, "document_id": 7})
    server.result({"7": {"status_code": 1}})
    server.result({"status_code": 1})
    server.result({"status_code": 0})
    client.parse(PDF, "invoice.pdf")
    client.get_results([7])
    client.get_result(7)
    client.validate(7, ValidationValues())
    assert [f"{asked.method} {asked.path}" for asked in server.requests] == list(OPERATIONS)
    for asked in server.requests:
        assert asked.headers["Content-Type"] == "application/json"
        assert (asked.json["jsonrpc"], asked.json["method"]) == ("2.0", "call")
        assert asked.json.keys() == {"jsonrpc", "method", "id", "params"}
        assert len(asked.json["id"]) == 32
        assert int(asked.json["id"], 16)
    assert len({asked.json["id"] for asked in server.requests}) == 4


def test_parse_sends_the_document_in_base64_with_account_version_and_name(
    client: ExtractApiClient, server: Any
) -> None:
    server.result({"status_code": 0, "status_msg": "Success", "document_id": 7, "to_buy": 0})
    answer = client.parse(PDF, "Façade.pdf")
    params = server.requests[0].json["params"]
    assert b64decode(params.pop("documents")[0], validate=True) == PDF
    assert params == {"account_token": "account", "version": 120, "file_names": ["Façade.pdf"], "user_infos": {}}
    assert (answer.status_code, answer.document_id) == (0, 7)
    assert answer.model_extra == {"to_buy": 0}


def test_parse_sends_what_is_known_of_the_recipient_and_where_to_call_back(http: HttpClient, server: Any) -> None:
    infos = UserInfos(user_company_vat="BE0999041206", user_lang="fr_FR")
    client = ExtractApiClient(http, TEST_TOKEN, version=121, user_infos=infos, dbuuid="a-database")
    server.result({"status_code": 0, "document_id": 7})
    client.parse(PDF, "invoice.pdf", webhook_url="https://hooks.example/done")
    params = server.requests[0].json["params"]
    assert params["user_infos"] == {"user_company_vat": "BE0999041206", "user_lang": "fr_FR"}
    assert params["account_token"] == "integration_token"
    assert (params["version"], params["dbuuid"]) == (121, "a-database")
    assert params["webhook_url"] == "https://hooks.example/done"


def test_get_results_sends_the_ids_under_both_names_and_answers_by_id(client: ExtractApiClient, server: Any) -> None:
    server.result({"7": entry(), "8": {"status_code": 1, "status_msg": "Not ready"}, "9": {"status_code": "1"}})
    answer = client.get_results([7, 8, 9])
    assert server.requests[0].json["params"] == {"version": 120, "documents_ids": [7, 8, 9], "document_ids": [7, 8, 9]}
    assert {key: value and value.status_code for key, value in answer.items()} == {7: 0, 8: 1, 9: 1}


def test_get_results_takes_one_to_a_hundred_ids(client: ExtractApiClient, server: Any) -> None:
    server.result({})
    client.get_results(range(100))
    for ids in ([], range(101)):
        with pytest.raises(ValueError, match="1 to 100"):
            client.get_results(ids)
    assert len(server.requests) == 1


def test_an_entry_that_breaks_the_contract_does_not_take_the_others_with_it(
    client: ExtractApiClient, server: Any
) -> None:
    server.result({"7": {"status_code": 0, "results": "?"}, "8": "?", "9": {"status_code": "ready"}})
    answer = client.get_results([7, 8, 9])
    assert answer[7] is not None
    assert answer[7].status_code == 0
    assert (answer[8], answer[9]) == (None, None)


def test_get_result_asks_for_one_document(client: ExtractApiClient, server: Any) -> None:
    server.result(entry())
    answer = client.get_result(7)
    assert server.requests[0].json["params"] == {"version": 120, "document_id": 7}
    assert answer.model_dump(exclude_unset=True) == entry()


def test_validate_sends_every_form_of_a_value_as_the_contract_writes_it(client: ExtractApiClient, server: Any) -> None:
    server.result({"status_code": 0, "status_msg": "Success"})
    tax = TaxForm(amount=100.0, tax_amount=19.0, tax_amount_type="percent", tax_price_include=False)
    line = LineForm(
        description="Stucco",
        quantity=3.0,
        unit_price=10.0,
        product="ST-20",
        taxes_amount=5.7,
        taxes=(LineTaxForm(amount=19.0, type="percent", price_include=False),),
        subtotal=30.0,
        total=35.7,
    )
    values = ValidationValues(
        merged_lines=True,
        vat_number=ContentForm(content="DE999912349"),
        swift_code=ContentForm(content="XQZVDEFF"),
        total=ContentForm(content=35.7),
        global_taxes=GlobalTaxesForm(content=(tax,)),
        invoice_lines=LinesForm(lines=(line,)),
    )
    assert client.validate(7, values).status_code == 0
    assert server.requests[0].json["params"] == {
        "document_id": 7,
        "values": {
            "merged_lines": True,
            "VAT_Number": {"content": "DE999912349"},
            "SWIFT_code": {"content": "XQZVDEFF"},
            "total": {"content": 35.7},
            "global_taxes": {
                "content": [
                    {"amount": 100.0, "tax_amount": 19.0, "tax_amount_type": "percent", "tax_price_include": False}
                ]
            },
            "invoice_lines": {
                "lines": [
                    {
                        "description": "Stucco",
                        "quantity": 3.0,
                        "unit_price": 10.0,
                        "product": "ST-20",
                        "taxes_amount": 5.7,
                        "taxes": [{"amount": 19.0, "type": "percent", "price_include": False}],
                        "subtotal": 30.0,
                        "total": 35.7,
                    }
                ]
            },
        },
    }


@pytest.mark.parametrize(
    "parts",
    [
        {"error": {"code": 200, "message": "Server Error"}},
        {"error": {"code": 200}, "result": {"status_code": 0, "document_id": 7}},
        {"result": None},
        {"result": [1]},
        {"result": {"document_id": 7}},
        {"result": {"status_code": 0}},
        {"result": {"status_code": 0, "document_id": "seven"}},
        {"result": {"status_code": 0, "document_id": 7}, "id": "of-another-request"},
        {"result": {"status_code": 0, "document_id": 7}, "id": None},
        {},
    ],
)
def test_an_answer_without_a_result_leaves_in_doubt_what_was_paid_for(
    client: ExtractApiClient, server: Any, parts: dict[str, Any]
) -> None:
    server.envelope(**parts)
    with pytest.raises(SubmissionInDoubt):
        client.parse(PDF, "invoice.pdf")


@pytest.mark.parametrize(
    "parts",
    [
        {"error": {"code": 200, "message": "Server Error"}},
        {"result": None},
        {"result": {"status_code": 2, "status_msg": "of the whole request"}},
        {"result": {}, "id": "of-another-request"},
        {},
    ],
)
def test_an_answer_without_a_result_is_asked_for_again_when_nothing_was_spent(
    client: ExtractApiClient, server: Any, parts: dict[str, Any]
) -> None:
    server.envelope(**parts)
    with pytest.raises(ProviderUnavailable):
        client.get_results([7])


@pytest.mark.parametrize("body", [b"", b"<html>maintenance</html>", b'{"jsonrpc": "2.0", "id": "', b"[]"])
def test_an_answer_that_is_no_json_rpc_is_a_transport_failure(
    client: ExtractApiClient, server: Any, body: bytes
) -> None:
    server.answer(200, body)
    server.answer(200, body)
    with pytest.raises(SubmissionInDoubt):
        client.parse(PDF, "invoice.pdf")
    with pytest.raises(ProviderUnavailable):
        client.get_result(7)
