"""What nobody would heed is refused by its name: in every body, in every query, at every operation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.api_world import Answer, ApiWorld, an_order, document, form_request
from tests.unit.api.test_upload_document import PDF

JOBS = "/ocr-invoice-job"
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
# A right body of each operation that takes one in JSON.
BODIES: dict[str, dict[str, Any]] = {
    "createJob": an_order("N2"),
    "updateJob": an_order("N3"),
    "offerUpload": {"documentName": "a.pdf"},
    "confirmInvoice": {"values": {}},
}


def ids(operations: Any) -> list[str]:
    return [operation["operationId"] for _, _, operation in operations]


def send(world: ApiWorld, method: str, path: str, operation: Any, query: str = "", **more: Any) -> Answer:
    """A request that is right but for ``query``, and for fields ``more`` in its body."""
    job_id = world.create("N1") if operation["operationId"] == "updateJob" else world.captured("N1")
    url = path.format(id=job_id) + query
    if operation["operationId"] == "uploadDocument":
        return world.call(method, url, **form_request({"file": ("a.pdf", PDF), **more}))
    body = BODIES.get(operation["operationId"])
    return world.call(method, url, body | more if body is not None else more or None)


def test_every_body_is_known() -> None:
    with_json = {op["operationId"] for _, _, op in OPERATIONS if "application/json" in _contents(op)}
    assert set(BODIES) == with_json


def _contents(operation: Any) -> dict[str, Any]:
    contents: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return contents


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=ids(OPERATIONS))
def test_no_operation_heeds_less_than_it_was_sent(
    world: ApiWorld, method: str, path: str, operation: dict[str, Any]
) -> None:
    # A job that was captured is not to be retried; all else can be done.
    assert send(world, method, path, operation).status in (200, 201, 302, 409)
    refused = send(ApiWorld(), method, path, operation, "?unknown=1")
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "unknown")
    refused = send(ApiWorld(), method, path, operation, unknown="1")
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "unknown"), refused.text


def test_a_list_names_the_parameters_that_it_has(world: ApiWorld) -> None:
    refused = world.call("GET", f"{JOBS}?limits=3&page=2")
    assert refused.status == 400
    assert "limit, offset, sort, order, filter, search, nextToken" in refused.json["message"]
    assert world.call("GET", f"{JOBS}?Limit=3").status == 400


@pytest.mark.parametrize(
    "values",
    [
        {"totl": "1.00"},
        {"supplier.nam": "x"},
        {"lines.0.price": "1"},
        {"lines": [{"quantity": "1", "price": "1"}]},
        {"taxes": [{"rates": "1"}]},
        {"supplier": {"name": "x"}},
    ],
)
def test_a_confirmation_heeds_every_value(world: ApiWorld, values: dict[str, Any]) -> None:
    refused = world.call("POST", f"{JOBS}/{world.captured()}/confirm", {"values": values})
    assert refused.status == 400
    assert refused.json["errors"][0]["field"].startswith("values")


def test_values_beside_their_place_are_not_taken_for_a_confirmation(world: ApiWorld) -> None:
    job_id = world.captured()
    refused = world.call("POST", f"{JOBS}/{job_id}/confirm", {"total": "1.00"})
    assert (refused.status, refused.json["errors"][0]["field"]) == (400, "total")
    assert "confirmedAt" not in world.call("GET", f"{JOBS}/{job_id}").data


def test_all_that_is_missing_and_all_that_is_unknown_is_told_at_once(world: ApiWorld) -> None:
    message = world.call("POST", JOBS, {"colour": "red"}).json["message"]
    assert "jobNumber, documentName, documentUrl, template: Field required." in message
    assert "colour: There is no such field" in message


def test_a_thousand_unknown_fields_are_told_shortly(world: ApiWorld) -> None:
    answer = world.call("POST", JOBS, an_order() | {f"{number}" + "x" * 200: 1 for number in range(1000)})
    assert answer.status == 400
    assert "And 980 fields more." in answer.json["message"]
    assert len(answer.text) < 10_000


@pytest.mark.parametrize("body", [None, "", "{}", "null", "[]", "no json"])
def test_a_body_without_fields_means_nothing(world: ApiWorld, body: str | None) -> None:
    """HTTP libraries send such bodies by themselves."""
    assert world.call("POST", f"{JOBS}/{world.create()}/process", body).status == 200
