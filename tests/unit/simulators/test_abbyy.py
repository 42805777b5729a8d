"""The simulated ABBYY holds to the pages of its REST API v2."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from local_stack.simulators import Simulator
from tests.fakes.world import ManualClock

PDF = "english_gbp_classic.pdf"
TASK_KEYS = {
    *("id", "number", "verification_id", "type", "properties", "email", "account", "application", "created", "started"),
    *("action_required", "billed", "delivered", "deleted", "progress", "status", "is_deleted", "is_demo", "is_billed"),
    *("documents_count", "pages_count", "documents"),
    *("batch_id", "is_realtime_enabled", "processing_priority", "is_extra_error"),
}


class Api:
    """The interface from a client's side."""

    def __init__(self, simulator: Any, sample: Callable[[str], bytes]) -> None:
        self.simulator = simulator
        self.sample = sample

    def call(self, method: str, path: str, **parts: Any) -> requests.Response:
        settings = self.simulator.settings
        parts.setdefault("auth", (settings["application_id"], settings["application_token"]))
        return requests.request(method, self.simulator.base_url + path, timeout=10, **parts)

    def upload(self, document: str | bytes = PDF, name: str | None = None) -> dict[str, Any]:
        content = document if isinstance(document, bytes) else self.sample(document)
        answer = self.call("POST", "/file", files={"file": (name or str(document), content)})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()[0])

    def task_body(self, *files: dict[str, Any], **properties: str) -> dict[str, Any]:
        given = {"region": "EU", "export_format": "Json", "verification_type": "NoVerification"}
        return {
            "files": [{"id": file["id"], "token": file["token"]} for file in files],
            "properties": {name: value for name, value in {**given, **properties}.items() if value},
        }

    def capture(self, document: str | bytes = PDF, kind: str = "invoices", **properties: str) -> dict[str, Any]:
        name = document if isinstance(document, str) else "document.pdf"
        body = self.task_body(self.upload(document, name), **properties)
        answer = self.call("POST", f"/task/capture/{kind}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def task(self, task_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/task/{task_id}").json())

    def exported(self, task_id: str) -> bytes:
        target = self.task(task_id)["documents"][0]["files"]["target0"]
        return self.call("GET", f"/file/{target['id']}/{target['token']}").content


@pytest.fixture
def api(start: Callable[..., Simulator], sample: Callable[[str], bytes]) -> Callable[..., Api]:
    return lambda settings=None, **script: Api(start("abbyy", settings, **script), sample)


# --- files ---------------------------------------------------------------------------------------------------------


def test_a_file_is_uploaded_described_downloaded_and_deleted(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    file = client.upload("Façade + Söhne 2026-0107.pdf")
    assert file["name"] == "Façade + Söhne 2026-0107.pdf"
    assert file["application"] == client.simulator.settings["application_id"]
    assert file["expiring"] > file["created"]
    path = f"/file/{file['id']}/{file['token']}"
    assert client.call("GET", f"{path}/info").json() == file
    assert client.call("GET", path).content == client.sample(file["name"])
    assert client.call("GET", f"/file/{file['id']}/wrong").status_code == 404
    assert client.call("DELETE", path).status_code == 200
    assert {client.call(method, path).status_code for method in ("GET", "DELETE")} == {404}
    assert client.call("GET", f"{path}/info").status_code == 404
    expiring = client.upload()
    clock.forward(31 * 24 * 3600)
    assert client.call("GET", f"/file/{expiring['id']}/{expiring['token']}").status_code == 404


@pytest.mark.parametrize(
    "parts",
    [
        {"data": b"%PDF"},
        {"files": {"document": ("a.pdf", b"x")}},
        {"files": {"file": ("a.pdf", b"")}},
        {"data": {"file": "text"}},
        {"data": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)
def test_an_upload_is_a_named_file_in_the_field_file(api: Callable[..., Api], parts: dict[str, Any]) -> None:
    answer = api().call("POST", "/file", **parts)
    assert answer.status_code == 400
    assert set(answer.json()) == {"id", "error", "error_description"}


@pytest.mark.parametrize("auth", [("somebody", "else"), ("", ""), None])
def test_every_operation_needs_the_credentials(api: Callable[..., Api], auth: tuple[str, str] | None) -> None:
    client = api()
    for route in client.simulator.routes():
        if route.needs_credentials:
            url = client.simulator.origin + route.path
            assert requests.request(route.method, url, auth=auth, timeout=10).status_code == 401
    url = f"{client.simulator.base_url}/task/x"
    for header in ("Basic !", "Bearer x", "Basic"):
        assert requests.get(url, headers={"Authorization": header}, timeout=10).status_code == 401


# --- tasks ---------------------------------------------------------------------------------------------------------


def test_a_task_goes_from_submitted_to_done(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    started = client.capture()
    assert set(started) == TASK_KEYS
    assert (started["status"], started["type"], started["started"]) == ("Submitted", "ic", None)
    assert isinstance(started["number"], str)
    assert isinstance(started["progress"], float)
    assert set(started["documents"][0]["files"]) == {"source"}
    clock.forward(5)
    assert client.task(started["id"])["status"] == "InProgress"
    clock.forward(5)
    done = client.task(started["id"])
    assert set(done) == TASK_KEYS
    assert (done["status"], done["progress"], done["is_billed"]) == ("Done", 100.0, True)
    assert (done["documents_count"], done["pages_count"], done["action_required"]) == (1, 1, None)
    document = done["documents"][0]
    assert document["files"]["target0"]["name"] == f"{PDF}.json"
    assert json.loads(document["data"]) == {
        "region": "EU",
        "export_format": "Json",
        "verification_type": "NoVerification",
        "vendor_name": "Quillmere Instruments Ltd",
        "invoice_date": "2026-01-14",
        "total": "2096.40",
        "currency": "GBP",
    }
    assert client.simulator.submissions_of(PDF) == 1


def test_data_may_be_an_object(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api({"documents_data": "object"})
    task = client.capture()
    clock.forward(10)
    assert client.task(task["id"])["documents"][0]["data"]["total"] == "2096.40"


def test_documents_are_captured_like_invoices_and_each_file_is_a_document(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api()
    body = client.task_body(client.upload(), client.upload("us_usd_amount_due_first.pdf"))
    task = client.call("POST", "/task/capture/documents", json=body).json()
    clock.forward(10)
    done = client.task(task["id"])
    assert (done["type"], len(done["documents"]), len(client.simulator.accepted)) == ("dc", 2, 2)


def test_a_json_export_has_every_value_that_was_read(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    task = client.capture("factur-x_en16931_austria.pdf")
    clock.forward(10)
    exported = json.loads(client.exported(task["id"]))
    assert (exported["DocumentType"], exported["Total"], exported["Currency"]) == ("Invoice", "770.43", "EUR")
    assert exported["Vendor"]["VATID"].startswith("AT")
    assert len(exported["LineItems"]) == 4
    assert set(exported["TaxRates"][0]) == {"TaxRate", "NetAmount", "TaxAmount"}
    credit_note = client.capture("english_eur_credit_note.pdf")
    clock.forward(10)
    assert json.loads(client.exported(credit_note["id"]))["DocumentType"] == "CreditNote"


def test_the_other_export_formats_say_the_same(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    tasks = {name: client.capture("factur-x_en16931_austria.pdf", export_format=name) for name in ("Xml", "csv", "XLS")}
    clock.forward(10)
    root = ET.fromstring(client.exported(tasks["Xml"]["id"]))
    assert (root.tag, root.findtext("Total"), len(root.findall("LineItems/Row"))) == ("Document", "770.43", 4)
    assert root.findtext("TaxRates/Row/TaxRate")
    rows = list(csv.DictReader(io.StringIO(client.exported(tasks["csv"]["id"]).decode())))
    assert len(rows) == 4
    assert {row["Total"] for row in rows} == {"770.43"}
    assert all(row["LineItems.Description"] and row["Vendor.Name"] for row in rows)
    assert client.exported(tasks["XLS"]["id"]).startswith(b"\xd0\xcf\x11\xe0")


@pytest.mark.parametrize("document", ["encrypted", "not_really_a_pdf.pdf", "cii_germany.xml"])
def test_a_document_that_cannot_be_read_fails_its_task_unbilled(
    api: Callable[..., Api], clock: ManualClock, document: str, encrypted_pdf: bytes
) -> None:
    client = api()
    task = client.capture(encrypted_pdf if document == "encrypted" else document)
    clock.forward(10)
    failed = client.task(task["id"])
    assert (failed["status"], failed["is_extra_error"], failed["is_billed"]) == ("Failed", True, False)
    assert set(failed["documents"][0]["files"]) == {"source"}


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"region": "Mars"}, "region must be one of US, AU, EU, CA"),
        ({"region": ""}, "region is required"),
        ({"export_format": "Pdf"}, "export_format must be one of Json, Xml, Csv, Xls"),
        ({"verification_type": "Perhaps"}, "verification_type must be one of NoVerification, Troubleshooting"),
        ({"verification_type": ""}, "verification_type is required"),
    ],
)
def test_properties_of_a_task_are_checked(api: Callable[..., Api], properties: dict[str, str], named: str) -> None:
    client = api()
    answer = client.call("POST", "/task/capture/invoices", json=client.task_body(client.upload(), **properties))
    assert answer.status_code == 400
    assert set(answer.json()) == {"id", "error", "error_description"}
    assert named in answer.json()["error_description"]
    assert client.simulator.accepted == []


@pytest.mark.parametrize(
    "changes",
    [
        {"files": []},
        {"files": None},
        {"files": [{"id": "x"}]},
        {"files": [{"id": "x", "token": "y"}]},
        {"properties": None},
        {"properties": {"region": 1}},
        {"email": "a@b.example"},
    ],
)
def test_a_task_of_another_form_is_refused(api: Callable[..., Api], changes: dict[str, Any]) -> None:
    client = api()
    body = {**client.task_body(client.upload()), **changes}
    assert client.call("POST", "/task/capture/invoices", json=body).status_code == 400


def test_a_deleted_task_is_gone(api: Callable[..., Api]) -> None:
    client = api()
    path = f"/task/{client.capture()['id']}"
    assert client.call("DELETE", path).status_code == 200
    assert {client.call(method, path).status_code for method in ("GET", "DELETE")} == {404}


def test_the_script_decides_about_credit_failures_and_readiness(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api(credit=2, fail_documents=1, not_ready=1)
    first, second = client.capture(), client.capture()
    refused = client.call("POST", "/task/capture/invoices", json=client.task_body(client.upload()))
    assert refused.status_code == 402
    clock.forward(10)
    looks = [[client.task(task["id"])["status"] for _ in range(2)] for task in (first, second)]
    assert looks == [["InProgress", "Failed"], ["InProgress", "Done"]]


def test_a_server_error_has_the_form_of_server_errors(api: Callable[..., Api]) -> None:
    answer = api(faults=[{"status": 500}]).call("GET", "/task/x")
    assert answer.status_code == 500
    assert set(answer.json()) == {"id", "requestId", "statusCode", "errorCode", "message"}


# --- verification --------------------------------------------------------------------------------------------------


def test_a_task_with_user_verification_waits_until_a_person_has_finished(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api()
    task = client.capture(verification_type="UserVerification")
    page = f"{client.simulator.origin}/verification/{task['verification_id']}"
    assert "still being processed" in requests.get(page, timeout=10).text
    clock.forward(5 * 24 * 3600)
    waiting = client.task(task["id"])
    assert (waiting["status"], waiting["is_billed"]) == ("WaitForAction", False)
    assert waiting["action_required"] is not None
    shown = requests.get(page, timeout=10)
    assert shown.headers["Content-Type"].startswith("text/html")
    assert PDF in shown.text
    assert "2096.40" in shown.text
    assert "Finish verification" in shown.text
    finished = requests.post(page, timeout=10)
    assert (finished.history[0].status_code, finished.status_code) == (303, 200)
    assert "Verification is finished" in finished.text
    assert "<button" not in finished.text
    assert client.task(task["id"])["status"] == "Done"
    assert requests.get(f"{client.simulator.origin}/verification/nobody", timeout=10).status_code == 404


def test_the_name_of_a_document_is_no_html(api: Callable[..., Api], clock: ManualClock, sample: Any) -> None:
    client = api(action={"until": "told"})
    file = client.upload(sample(PDF), "<script>alert(1)</script>.pdf")
    task = client.call("POST", "/task/capture/invoices", json=client.task_body(file)).json()
    clock.forward(10)
    page = requests.get(f"{client.simulator.origin}/verification/{task['verification_id']}", timeout=10).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_script_lets_any_task_wait_until_told_or_for_a_time(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api(action={"until": "told"})
    tasks = [client.capture(), client.capture(verification_type="Troubleshooting")]
    assert client.simulator.finish_verification() == 0
    clock.forward(10)
    assert {client.task(task["id"])["status"] for task in tasks} == {"WaitForAction"}
    assert client.simulator.finish_verification(tasks[0]["id"]) == 1
    assert [client.task(task["id"])["status"] for task in tasks] == ["Done", "WaitForAction"]
    assert client.simulator.finish_verification() == 1
    timed = api(action={"seconds": 86400})
    task = timed.capture()
    clock.forward(10 + 86399)
    assert timed.task(task["id"])["status"] == "WaitForAction"
    clock.forward(1)
    assert timed.task(task["id"])["status"] == "Done"
