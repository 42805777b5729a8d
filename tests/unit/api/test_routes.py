"""The operations end to end: events of API Gateway in, answers out, real use cases between them."""

from __future__ import annotations

from typing import Any

import pytest

from invoice_capture.domain.job import JobStatus
from tests.unit.api.api_world import ApiWorld, an_order, document

JOBS = "/ocr-invoice-job"

ROUTES_OF_A_JOB = [
    ("GET", "", None),
    ("PUT", "", an_order("N2")),
    ("DELETE", "", None),
    ("POST", "/process", None),
    ("GET", "/results", None),
    ("POST", "/confirm", {"values": {"total": "1.00"}}),
    ("POST", "/retry", None),
    ("GET", "/document", None),
    ("GET", "/invoice", None),
    ("GET", "/submissions", None),
]


# --- the contract ----------------------------------------------------------------------------------------------------


def test_a_job_is_created_as_it_was_ordered(world: ApiWorld) -> None:
    order = an_order(
        documentType="pdf", group="march", priority="urgent", createdBy="ada", metadata={"a": [1, 2.5, None, {"ü": ""}]}
    )
    answer = world.call("POST", JOBS, order)
    assert answer.status == 201
    assert answer.json["success"] is True
    assert order.items() <= answer.data.items()
    assert answer.data["status"] == "created"
    assert world.call("GET", f"{JOBS}/{answer.data['_id']}").data == answer.data
    assert world.executions.captures == {}


@pytest.mark.parametrize("order", [{"metadata": {}}, {"group": "", "createdBy": "", "template": ""}])
def test_what_is_empty_is_not_absent(world: ApiWorld, order: dict[str, Any]) -> None:
    job_id = world.create(**order)
    assert order.items() <= world.call("GET", f"{JOBS}/{job_id}").data.items()


def test_a_job_can_be_sent_back_as_it_was_got(world: ApiWorld) -> None:
    """Programs read a job, change a field and send all of it back: what is not theirs to say changes nothing."""
    shown = world.call("GET", f"{JOBS}/{world.create('N1')}").data
    answer = world.call("PUT", f"{JOBS}/{shown['_id']}", shown | {"group": "march", "status": "completed"})
    assert answer.status == 200
    assert answer.data == shown | {"group": "march"}
    again = world.call("POST", JOBS, an_order("N2", status="completed", _id="mine", confidence={}))
    assert (again.status, again.data["status"]) == (201, "created")
    assert again.data["_id"] != "mine"


def test_a_number_is_taken_once_by_a_client(world: ApiWorld) -> None:
    world.create("N1")
    answer = world.call("POST", JOBS, an_order("N1"))
    assert (answer.status, answer.json["success"]) == (400, False)
    assert [error["field"] for error in answer.json["errors"]] == ["jobNumber"]
    assert world.call("POST", JOBS, an_order("N1"), client="other").status == 201


def test_a_job_is_updated_until_it_is_started(world: ApiWorld) -> None:
    job_id = world.create("N1", group="march")
    answer = world.call("PUT", f"{JOBS}/{job_id}", an_order("N2", template="receipts"))
    assert answer.status == 200
    assert (answer.data["jobNumber"], answer.data["route"]) == ("N2", ["extract_api", "embedded"])
    assert "group" not in answer.data
    world.call("POST", f"{JOBS}/{job_id}/process")
    refused = world.call("PUT", f"{JOBS}/{job_id}", an_order("N3"))
    assert refused.status == 400
    assert "started already" in refused.json["message"]


def test_processing_starts_one_execution(world: ApiWorld) -> None:
    job_id = world.create()
    for _ in range(2):
        answer = world.call("POST", f"{JOBS}/{job_id}/process")
        assert (answer.status, answer.data) == (200, {"jobId": job_id, "status": "queued"})
    assert list(world.executions.captures) == [job_id]


def test_processing_a_finished_job_answers_its_status(world: ApiWorld) -> None:
    job_id = world.captured()
    assert world.call("POST", f"{JOBS}/{job_id}/process").data["status"] == "completed"


def test_a_body_that_nobody_needs_is_not_read(world: ApiWorld) -> None:
    job_id = world.create()
    assert world.call("POST", f"{JOBS}/{job_id}/process", "{no json").status == 200


def test_results_are_empty_until_they_are_there(world: ApiWorld) -> None:
    job_id = world.create()
    assert world.call("GET", f"{JOBS}/{job_id}/results").data == {
        "extractedData": {},
        "confidence": {},
        "validationResults": {},
    }


def test_results_and_the_job_have_the_same_data(world: ApiWorld) -> None:
    job_id = world.captured()
    results = world.call("GET", f"{JOBS}/{job_id}/results").data
    job = world.call("GET", f"{JOBS}/{job_id}").data
    assert results["extractedData"]["invoice"]["amounts"] == {
        "subtotal": 100.0,
        "tax": 19.0,
        "total": 119.0,
        "currency": "EUR",
    }
    assert results["processingTime"] == 12.5
    assert results == {name: job[name] for name in results}
    assert job["status"] == "completed"
    assert job["documentInfo"] == {"size": 19, "format": "pdf"}


def test_a_deleted_job_is_gone(world: ApiWorld) -> None:
    job_id = world.captured()
    answer = world.call("DELETE", f"{JOBS}/{job_id}")
    assert answer.json == {"success": True, "message": "OCR invoice job deleted successfully"}
    assert world.functions.invoked == [("erase-job", {"job_id": job_id, "was_open": False})]
    assert world.call("GET", f"{JOBS}/{job_id}").status == 404
    assert world.call("DELETE", f"{JOBS}/{job_id}").status == 404
    assert world.call("GET", JOBS).json == {"success": True, "data": [], "total": 0}


def test_a_duplicate_shows_the_first_job(world: ApiWorld) -> None:
    first = world.captured("N1")
    again = world.create("N2")
    world.change(again, status=JobStatus.DUPLICATE, duplicate_of=first)
    job = world.call("GET", f"{JOBS}/{again}").data
    assert (job["_id"], job["jobNumber"], job["duplicateOf"]) == (again, "N2", first)
    assert job["status"] == "completed"
    assert job["extractedData"] == world.call("GET", f"{JOBS}/{first}").data["extractedData"]
    assert world.call("POST", f"{JOBS}/{again}/process").data["status"] == "completed"
    assert [row["status"] for row in world.call("GET", JOBS).data] == ["completed", "completed"]
    world.call("DELETE", f"{JOBS}/{first}")
    orphan = world.call("GET", f"{JOBS}/{again}").data
    assert orphan["status"] == "failed"
    assert "Retry" in orphan["errorLog"]
    assert "duplicateOf" not in orphan


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_is_paged(world: ApiWorld) -> None:
    ids = []
    for number in range(5):
        ids.append(world.create(f"N{number}"))
        world.clock.forward(1)
    page = world.call("GET", f"{JOBS}?limit=2")
    assert ([row["_id"] for row in page.data], page.json["total"]) == ([ids[4], ids[3]], 5)
    token = page.json["nextToken"]
    second = world.call("GET", f"{JOBS}?limit=3&nextToken={token}")
    assert [row["_id"] for row in second.data] == [ids[2], ids[1], ids[0]]
    assert "nextToken" not in second.json
    third = world.call("GET", f"{JOBS}?limit=2&offset=3&order=asc")
    assert [row["_id"] for row in third.data] == [ids[3], ids[4]]


def test_a_list_is_filtered_searched_and_sorted(world: ApiWorld) -> None:
    done = world.captured("N1", group="b")
    other = world.create("N2", group="a", metadata={"cost": {"centre": 4711}})

    def listed(query: str) -> list[str]:
        page = world.call("GET", f"{JOBS}?{query}")
        assert page.json["total"] == len(page.data)
        return [row["_id"] for row in page.data]

    assert listed('filter={"status":"completed","priority":"medium"}') == [done]
    assert listed('filter={"metadata.cost.centre":{"$gte":4711,"$lte":4711}}') == [other]
    assert listed('filter={"jobNumber":{"$in":["N2","N3"]}}&search=n2') == [other]
    assert listed("search=EXAMPLE ltd") == [done]
    assert listed("search=secret") == []
    assert listed("sort=group&order=asc") == [other, done]
    assert listed('filter={"extractedData.invoice.amounts.total":119}') == [done]


def test_a_row_has_the_head_of_the_invoice(world: ApiWorld) -> None:
    world.captured()
    [row] = world.call("GET", JOBS).data
    assert row["extractedData"] == {
        "invoice": {
            "number": "2026-001",
            "date": "2026-03-12",
            "supplier": {"name": "Example Ltd"},
            "amounts": {"total": 119.0, "currency": "EUR"},
        }
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
        ("limit=", "limit"),
        ("offset=-1", "offset"),
        ("offset=1000001", "offset"),
        ("order=up", "order"),
        ("sort=nothing", "sort"),
        ("sort=", "sort"),
        ("filter={no json", "filter"),
        ('filter={"nothing":1}', "filter"),
        (f"search={'x' * 201}", "search"),
        ("nextToken=nonsense", "nextToken"),
    ],
)
def test_a_wrong_parameter_is_named(world: ApiWorld, query: str, field: str) -> None:
    answer = world.call("GET", f"{JOBS}?{query}")
    assert answer.status == 400
    assert [error["field"] for error in answer.json["errors"]] == [field]
    assert answer.json["message"]


# --- beyond the contract ---------------------------------------------------------------------------------------------


def test_an_upload_is_offered_and_ordered(world: ApiWorld) -> None:
    answer = world.call("POST", "/uploads", {"documentName": "a/b ü.PDF"})
    assert answer.status == 201
    assert answer.data["fields"]["Content-Type"] == "application/pdf"
    assert answer.data["maximumBytes"] == 25 * 1024**2
    assert answer.data["expiresAt"] == "2026-03-31T12:15:00.000Z"
    world.create(documentUrl=answer.data["documentUrl"])
    stolen = world.call("POST", JOBS, an_order("N9", documentUrl=answer.data["documentUrl"]), client="other")
    assert [error["field"] for error in stolen.json["errors"]] == ["documentUrl"]


def test_an_upload_of_unknown_type_is_refused(world: ApiWorld) -> None:
    answer = world.call("POST", "/uploads", {"documentName": "scan"})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "documentType")
    assert world.call("POST", "/uploads", {"documentName": "scan", "documentType": "tiff"}).status == 201


def test_an_invoice_is_confirmed(world: ApiWorld) -> None:
    job_id = world.captured()
    world.clock.forward(60)
    answer = world.call("POST", f"{JOBS}/{job_id}/confirm", {"values": {"total": "120.00", "lines.0.quantity": 4}})
    assert answer.status == 200
    assert answer.data["extractedData"]["invoice"]["amounts"]["total"] == 120.0
    assert answer.data["confirmedAt"] == "2026-03-31T12:01:12.500Z"
    assert answer.data["validationResults"]["isValid"] is False
    assert world.functions.invoked == [("confirm-invoice", {"job_id": job_id})]
    latest = world.call("GET", f"{JOBS}/{job_id}/invoice").data
    assert (latest["invoice"]["total"]["value"], latest["confirmed"]) == ("120.00", True)
    original = world.call("GET", f"{JOBS}/{job_id}/invoice?version=original").data
    assert (original["invoice"]["total"]["value"], original["confirmed"]) == ("119.00", False)
    assert original["storedAt"] == "2026-03-31T12:00:12.500Z"


@pytest.mark.parametrize("body", [None, {}, ""])
def test_an_invoice_is_confirmed_as_it_is(world: ApiWorld, body: Any) -> None:
    job_id = world.captured()
    assert "confirmedAt" in world.call("POST", f"{JOBS}/{job_id}/confirm", body).data


@pytest.mark.parametrize(
    "values",
    [{"nothing": 1}, {"total": "much"}, {"lines.7.quantity": 1}, {"": 1}, {"lines": 3}, {"total": {"value": 1}}],
)
def test_a_wrong_value_is_named(world: ApiWorld, values: dict[str, Any]) -> None:
    job_id = world.captured()
    answer = world.call("POST", f"{JOBS}/{job_id}/confirm", {"values": values})
    assert answer.status == 400
    assert answer.json["errors"][0]["field"].startswith("values")


@pytest.mark.parametrize(
    "values",
    [
        {"total": "1e999999"},
        {"lines.0.unit_price": "1e999999", "lines.0.quantity": "1e999999"},
        {"lines." + "9" * 90: 1},
    ],
)
def test_an_absurd_value_is_no_server_error(world: ApiWorld, values: dict[str, Any]) -> None:
    job_id = world.captured()
    assert world.call("POST", f"{JOBS}/{job_id}/confirm", {"values": values}).status in (200, 400)
    assert world.call("GET", f"{JOBS}/{job_id}").status == 200


def test_what_is_not_there_yet_is_not_found(world: ApiWorld) -> None:
    job_id = world.create()
    for path in ("invoice", "document"):
        answer = world.call("GET", f"{JOBS}/{job_id}/{path}")
        assert (answer.status, answer.json["errors"]) == (404, [])
        assert job_id in answer.json["message"]
    assert world.call("POST", f"{JOBS}/{job_id}/confirm").status == 404


def test_a_failed_job_is_retried(world: ApiWorld) -> None:
    job_id = world.create()
    refused = world.call("POST", f"{JOBS}/{job_id}/retry")
    assert (refused.status, refused.json["success"]) == (409, False)
    world.call("POST", f"{JOBS}/{job_id}/process")
    world.change(job_id, status=JobStatus.FAILED, error_code="LinkBroken", error_message="Nothing lies there.")
    assert world.call("GET", f"{JOBS}/{job_id}").data["errorLog"] == "LinkBroken: Nothing lies there."
    assert world.call("POST", f"{JOBS}/{job_id}/retry").data == {"jobId": job_id, "status": "queued"}
    again = world.call("GET", f"{JOBS}/{job_id}").data
    assert (again["retryCount"], "errorLog" in again) == (1, False)
    assert list(world.executions.captures) == [job_id, f"{job_id}-retry-1"]


def test_submissions_are_told_without_secrets(world: ApiWorld) -> None:
    job_id = world.captured()
    answer = world.call("GET", f"{JOBS}/{job_id}/submissions")
    [entry] = answer.data
    assert (entry["number"], entry["provider"], entry["state"], entry["attempts"]) == (1, "embedded", "PENDING", 1)
    assert "secret" not in answer.text


# --- who sees what ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "body"), ROUTES_OF_A_JOB)
def test_another_clients_job_is_not_there(world: ApiWorld, method: str, path: str, body: Any) -> None:
    job_id = world.captured()
    before = world.jobs.jobs[job_id]
    stranger = world.call(method, f"{JOBS}/{job_id}{path}", body, client="other")
    missing = world.call(method, f"{JOBS}/01KFZ3C9J80000000000000000{path}", body, client="other")
    assert stranger.status == 404
    assert stranger.text == missing.text
    assert world.jobs.jobs[job_id] == before
    assert world.functions.invoked == []


@pytest.mark.parametrize(("method", "path", "body"), ROUTES_OF_A_JOB)
@pytest.mark.parametrize("job_id", ["x" * 3000, "%F0%9F%92%A9", "a b", "{id}", "🍏"])
def test_what_cannot_be_an_id_is_not_there(world: ApiWorld, method: str, path: str, body: Any, job_id: str) -> None:
    assert world.call(method, f"{JOBS}/{job_id}{path}", body).status == 404


def test_every_route_of_a_job_is_tried() -> None:
    """The list above has them all."""
    documented = {
        (method.upper(), path.removeprefix("/ocr-invoice-job/{id}"))
        for path, operations in document()["paths"].items()
        if path.startswith("/ocr-invoice-job/{id}")
        for method in operations
    }
    assert {(method, path) for method, path, _ in ROUTES_OF_A_JOB} == documented


def test_a_client_lists_its_own_jobs_and_a_key_for_all_everything(world: ApiWorld) -> None:
    mine, theirs, dropped = world.create(), world.create(client="other"), world.drop()
    assert [row["_id"] for row in world.call("GET", JOBS).data] == [mine]
    everything = world.call("GET", JOBS, client="operator", scopes="all")
    assert {row["_id"] for row in everything.data} == {mine, theirs, dropped}
    assert everything.json["total"] == 3
    shown = world.call("GET", f"{JOBS}/{dropped}", client="operator", scopes="all other").data
    assert shown["jobNumber"] == dropped
    assert shown["documentName"] == "a b.pdf"
    assert shown["documentUrl"] == "s3://documents/incoming/a%20b.pdf"
    assert shown["template"] == "abbyy?,embedded"
    assert world.call("GET", f"{JOBS}/{dropped}").status == 404


@pytest.mark.parametrize(("method", "path"), [("GET", JOBS), ("POST", "/uploads"), ("GET", "/nothing")])
def test_nobody_is_unauthorized(world: ApiWorld, method: str, path: str) -> None:
    answer = world.call(method, path, client=None)
    assert (answer.status, answer.json["success"]) == (401, False)
    assert [error["field"] for error in answer.json["errors"]] == ["api-key"]
    assert answer.headers["WWW-Authenticate"] == "ApiKey name=api-key"
