"""Every operation on the wire: method, path, headers and bodies as ABBYY's pages have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invoice_capture.domain.errors import (
    ProviderUnavailable,
    RequestRefused,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.providers.abbyy.client import OPERATIONS, AbbyyClient, every_entry
from invoice_capture.providers.abbyy.wire import BusinessUnit, CaptureProperties, FileLink, Vendor

FILE = FileLink(id="f 1", token="t/1")
PROPERTIES = CaptureProperties(region="US", export_format="Json", verification_type="Troubleshooting")
TASK = {
    "id": "task-1",
    "number": 4711,
    "verification_id": "v-1",
    "type": "ic",
    "status": "Submitted",
    "progress": 0.5,
    "batch_id": "b-1",
    "documents": [{"files": {"source": {"id": "f", "token": "t", "name": "a.pdf"}}, "data": None, "is_moved": False}],
    "key_of_next_year": {"kept": True},
}

# What each operation sends, called with plain arguments: the route, and the JSON body if there is one.
CALLS: dict[str, tuple[Any, str, Any]] = {
    "file_info": (lambda c: c.file_info(FILE), "GET /v2/file/f%201/t%2F1/info", None),
    "download_file": (lambda c: c.download_file(FILE), "GET /v2/file/f%201/t%2F1", None),
    "delete_file": (lambda c: c.delete_file(FILE), "DELETE /v2/file/f%201/t%2F1", None),
    "task": (lambda c: c.task("task-1"), "GET /v2/task/task-1", None),
    "delete_task": (lambda c: c.delete_task("task-1"), "DELETE /v2/task/task-1", None),
    "add_business_units": (
        lambda c: c.add_business_units([BusinessUnit(region="EU", external_id="7", name="Papierboot NV")]),
        "POST /v2/dataset/businessunits",
        [{"region": "EU", "external_id": "7", "name": ["Papierboot NV"]}],
    ),
    "update_business_units": (
        lambda c: c.update_business_units([BusinessUnit(region="EU", externalId="7", vat=["BE1", "BE2"])]),
        "PUT /v2/dataset/businessunits",
        [{"region": "EU", "external_id": "7", "vat": ["BE1", "BE2"]}],
    ),
    "business_units": (
        lambda c: c.business_units("EU", external_id="a b", skip=10, take=5),
        "GET /v2/dataset/businessunits/EU?externalId=a+b&skip=10&take=5",
        None,
    ),
    "delete_business_units": (lambda c: c.delete_business_units("EU"), "DELETE /v2/dataset/businessunits/EU", None),
    "delete_business_unit": (
        lambda c: c.delete_business_unit("EU", "7/8"),
        "DELETE /v2/dataset/businessunit/EU/7%2F8",
        None,
    ),
    "add_vendors": (
        lambda c: c.add_vendors([Vendor(region="AU", iban="XX1", gl_code=["400", "401"], group="own key")]),
        "POST /v2/dataset/vendors",
        [{"region": "AU", "iban": ["XX1"], "gl_code": ["400", "401"], "group": "own key"}],
    ),
    "update_vendors": (
        lambda c: c.update_vendors([Vendor(region="AU", national_vat="12/345")]),
        "PUT /v2/dataset/vendors",
        [{"region": "AU", "national_vat": ["12/345"]}],
    ),
    "vendors": (lambda c: c.vendors("AU"), "GET /v2/dataset/vendors/AU", None),
    "delete_vendors": (lambda c: c.delete_vendors("AU"), "DELETE /v2/dataset/vendors/AU", None),
    "delete_vendor": (lambda c: c.delete_vendor("AU", "7"), "DELETE /v2/dataset/vendors/AU/7", None),
    "start_training": (lambda c: c.start_training({"a": [1]}), "POST /v2/training", {"a": [1]}),
    "update_training": (lambda c: c.update_training([1]), "PUT /v2/training", [1]),
    "training_layout": (lambda c: c.training_layout("t1", "f1"), "GET /v2/training/layout/t1/f1", None),
    "open_training_station": (
        lambda c: c.open_training_station("t1", {"total": "1.00"}),
        "POST /v2/training/station/t1",
        {"total": "1.00"},
    ),
    "update_training_station": (
        lambda c: c.update_training_station("t1", {"total": "1.00"}),
        "PUT /v2/training/station/t1",
        {"total": "1.00"},
    ),
    "training_batch": (lambda c: c.training_batch("EU"), "GET /v2/training/batchEU", None),
    "capture_invoices": (
        lambda c: c.capture_invoices([FILE], PROPERTIES),
        "POST /v2/task/capture/invoices",
        {
            "files": [{"id": "f 1", "token": "t/1"}],
            "properties": {"region": "US", "export_format": "Json", "verification_type": "Troubleshooting"},
        },
    ),
    "capture_documents": (
        lambda c: c.capture_documents([FILE, FileLink(id="f2", token="t2")], PROPERTIES),
        "POST /v2/task/capture/documents",
        {
            "files": [{"id": "f 1", "token": "t/1"}, {"id": "f2", "token": "t2"}],
            "properties": {"region": "US", "export_format": "Json", "verification_type": "Troubleshooting"},
        },
    ),
}


def _answer_to(operation: str) -> Any:
    if operation in {"task", "capture_invoices", "capture_documents"}:
        return TASK
    if operation == "file_info":
        return {"id": "f 1", "token": "t/1", "name": "a.pdf", "application": "app-7", "expiring": "2026-04-30"}
    return [{"external_id": "7", "name": ["One", "Uno"]}]


def test_every_operation_of_the_contract_is_a_method_and_every_method_an_operation() -> None:
    methods = {name for name in vars(AbbyyClient) if not name.startswith("_")}
    assert set(OPERATIONS.values()) == methods
    assert len(set(OPERATIONS.values())) == len(OPERATIONS) == 24
    assert set(CALLS) == methods - {"upload_file"}


@pytest.mark.parametrize("operation", CALLS)
def test_an_operation_sends_what_the_contract_says(client: AbbyyClient, server: Any, operation: str) -> None:
    call, route, body = CALLS[operation]
    server.on(route, _answer_to(operation))
    call(client)
    [request] = server.requests
    assert request.route == route
    assert (json.loads(request.body) if request.body else None) == body
    if body is not None:
        assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("operation", CALLS)
def test_the_table_of_operations_has_the_route_that_is_sent(operation: str) -> None:
    [written] = [route for route, method in OPERATIONS.items() if method == operation]
    sent = CALLS[operation][1].partition("?")[0]
    (method, path), (sent_method, sent_path) = written.split(" "), sent.split(" ")
    assert method == sent_method
    fixed, sent_parts = path.partition("{region}")[0].split("/"), sent_path.split("/")
    assert path.count("/") == sent_path.count("/")
    for part, sent_part in zip(fixed, sent_parts, strict=False):
        assert part.startswith("{") or sent_part.startswith(part)


@pytest.mark.parametrize("as_array", [True, False])
def test_an_upload_is_the_multipart_field_file_and_its_answer_an_array_or_an_object(
    client: AbbyyClient, server: Any, as_array: bool
) -> None:
    stored = {"id": 17, "token": "t", "application": "app-7", "expiring": "2026-04-30", "checksum": "kept"}
    server.on("POST /v2/file", [stored] if as_array else stored)
    file = client.upload_file("Söhne \r\n2026.pdf", b"%PDF-1.7\x00\xff", "application/pdf")
    assert (file.id, file.token, file.expiring) == ("17", "t", "2026-04-30")
    assert file.model_extra == {"checksum": "kept"}
    [request] = server.requests
    boundary = request.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
    head = (
        'Content-Disposition: form-data; name="file"; filename="Söhne %0D%0A2026.pdf"\r\nContent-Type: application/pdf'
    )
    assert request.body == b"".join(
        (b"--", boundary, b"\r\n", head.encode(), b"\r\n\r\n%PDF-1.7\x00\xff\r\n--", boundary, b"--\r\n")
    )


@pytest.mark.parametrize("answer", [[], {}, {"id": "", "token": ""}, b"junk", b"", None])
def test_an_upload_without_a_file_in_its_answer_may_be_repeated(client: AbbyyClient, server: Any, answer: Any) -> None:
    server.on("POST /v2/file", answer)
    with pytest.raises(ProviderUnavailable):
        client.upload_file("a.pdf", b"%PDF", "application/pdf")


def test_a_task_is_read_with_its_unknown_keys(client: AbbyyClient, server: Any) -> None:
    server.on("GET /v2/task/task-1", TASK)
    task = client.task("task-1")
    assert (task.number, task.progress, task.batch_id) == ("4711", 0.5, "b-1")
    assert task.model_extra == {"key_of_next_year": {"kept": True}}
    source = task.documents[0].files["source"]
    assert source is not None
    assert (source.id, source.token, source.name) == ("f", "t", "a.pdf")


@pytest.mark.parametrize("documents", [None, [], [{"files": None}], [{"files": {"target0": None}}]])
def test_a_task_may_have_no_documents_and_no_files_yet(client: AbbyyClient, server: Any, documents: Any) -> None:
    server.on("GET /v2/task/task-1", {"id": "task-1", "status": "New", "documents": documents, "properties": None})
    assert client.task("task-1").status == "New"


@pytest.mark.parametrize("operation", ["capture_invoices", "capture_documents"])
@pytest.mark.parametrize(
    "answer",
    [{"status": "Submitted"}, b"", b"<html>", b'{"id": "task-1", "docume'],
    ids=["no id", "empty", "html", "cut"],
)
def test_a_started_task_whose_answer_cannot_be_read_is_in_doubt(
    client: AbbyyClient, server: Any, operation: str, answer: Any
) -> None:
    call, route, _ = CALLS[operation]
    server.on(route, answer)
    with pytest.raises(SubmissionInDoubt):
        call(client)


def test_a_started_task_whose_answer_is_lost_is_in_doubt(client: AbbyyClient, server: Any) -> None:
    server.breaks_off("POST /v2/task/capture/invoices")
    with pytest.raises(SubmissionInDoubt):
        client.capture_invoices([FILE], PROPERTIES)


@pytest.mark.parametrize("answer", [None, {"external_id": "7"}, [{"externalId": 7, "name": "One"}]])
def test_a_page_of_a_data_set_is_nothing_an_entry_or_an_array(client: AbbyyClient, server: Any, answer: Any) -> None:
    server.on("GET /v2/dataset/vendors/EU", answer)
    vendors = client.vendors("EU")
    assert [vendor.external_id for vendor in vendors] == ([] if answer is None else ["7"])


def test_all_entries_come_page_by_page_however_few_a_page_has(client: AbbyyClient, server: Any) -> None:
    base = "GET /v2/dataset/vendors/EU?skip={}&take=100"
    server.on(base.format(0), [{"external_id": "1"}, {"external_id": "2"}])
    server.on(base.format(2), [{"external_id": "3"}])
    server.on(base.format(3), [])
    assert [vendor.external_id for vendor in every_entry(client.vendors, "EU")] == ["1", "2", "3"]


def test_all_entries_end_when_a_server_repeats_its_page(client: AbbyyClient, server: Any) -> None:
    for skip in (0, 1):
        server.on(f"GET /v2/dataset/businessunits/EU?skip={skip}&take=100", [{"external_id": "1"}])
    assert [unit.external_id for unit in every_entry(client.business_units, "EU")] == ["1"]


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_identifier_that_would_name_all_vendors_is_refused_before_anything_is_sent(
    client: AbbyyClient, server: Any, identifier: str
) -> None:
    with pytest.raises(RequestRefused, match="identifier"):
        client.delete_vendor("EU", identifier)
    assert server.requests == []


def test_training_passes_json_through_and_an_empty_answer_is_none(client: AbbyyClient, server: Any) -> None:
    server.on("POST /v2/training", {"state": ["any", 1, None]})
    server.on("PUT /v2/training", b"")
    server.on("GET /v2/training/batchEU", b"<html>")
    assert client.start_training({}) == {"state": ["any", 1, None]}
    assert client.update_training({}) is None
    with pytest.raises(ProviderUnavailable, match="no JSON"):
        client.training_batch("EU")


def test_what_is_deleted_already_is_unknown(client: AbbyyClient) -> None:
    with pytest.raises(SubmissionUnknown):
        client.delete_task("task-1")
    with pytest.raises(SubmissionUnknown):
        client.file_info(FILE)
