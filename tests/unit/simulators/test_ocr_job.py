"""The simulated OCR Invoice Job API holds to its OpenAPI file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
from PIL import Image
from werkzeug.wrappers import Request, Response

from local_stack.simulators import Simulator
from local_stack.simulators.server import LoopbackServer
from tests.fakes.world import ManualClock

PDF = "english_gbp_classic.pdf"

_target = BytesIO()
Image.new("L", (60, 40), 255).save(_target, "png")
BLANK_PICTURE = _target.getvalue()


class Api:
    """The interface from a client's side."""

    def __init__(self, simulator: Simulator, documents: str) -> None:
        self.simulator = simulator
        self.documents = documents

    def call(self, method: str, path: str = "", key: str | None = None, **parts: Any) -> requests.Response:
        headers = {"api-key": self.simulator.settings["api_key"] if key is None else key}
        url = f"{self.simulator.base_url}/ocr-invoice-job{path}"
        return requests.request(method, url, headers=headers, timeout=10, **parts)

    def job(self, number: str = "J-1", document: str = PDF, **changes: Any) -> dict[str, Any]:
        given = {
            "jobNumber": number,
            "documentName": document,
            "documentUrl": f"{self.documents}/{requests.utils.quote(document)}",
            "template": "invoices",
        }
        return {name: value for name, value in {**given, **changes}.items() if value is not None}

    def create(self, number: str = "J-1", document: str = PDF, **changes: Any) -> str:
        answer = self.call("POST", json=self.job(number, document, **changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["_id"])

    def started(self, number: str = "J-1", document: str = PDF, **changes: Any) -> str:
        job_id = self.create(number, document, **changes)
        assert self.call("POST", f"/{job_id}/process").json() == {
            "success": True,
            "data": {"jobId": job_id, "status": "queued"},
        }
        return job_id

    def get(self, job_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/{job_id}").json()["data"])

    def listed(self, **params: Any) -> list[str]:
        answer = self.call("GET", params=params)
        assert answer.status_code == 200, answer.text
        return [job["jobNumber"] for job in answer.json()["data"]]


@pytest.fixture
def documents(sample: Callable[[str], bytes]) -> Iterator[str]:
    """A server with the sample documents, and some that are none."""

    def answer(request: Request) -> Response:
        name = request.path.removeprefix("/")
        if name == "forbidden.pdf":
            return Response("no", 403)
        if name == "endless.pdf":
            return Response(b"x" * (26 * 1024**2))
        if name == "picture.png":
            return Response(BLANK_PICTURE)
        return Response(sample(name))

    server = LoopbackServer(answer)
    yield server.origin
    server.close()


@pytest.fixture
def api(start: Callable[..., Simulator], documents: str) -> Callable[..., Api]:
    return lambda **script: Api(start("ocr_job", **script), documents)


def test_a_job_is_created_queued_processed_and_completed(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    job_id = client.create(priority="high", metadata={"order": 7}, documentType="pdf")
    created = client.get(job_id)
    assert (created["status"], created["priority"], created["metadata"]) == ("created", "high", {"order": 7})
    assert client.simulator.accepted == []
    client.call("POST", f"/{job_id}/process")
    assert client.get(job_id)["status"] == "queued"
    clock.forward(5)
    assert client.get(job_id)["status"] == "processing"
    assert client.get(job_id)["progress"]["percentage"] == 50
    empty = client.call("GET", f"/{job_id}/results").json()
    assert empty["data"]["extractedData"] == {}
    clock.forward(5)
    done = client.get(job_id)
    assert (done["status"], done["processingTime"], done["progress"]["percentage"]) == ("completed", 10.0, 100.0)
    assert done["documentInfo"]["pages"] == 1
    assert done["cost"] > 0
    invoice = done["extractedData"]["invoice"]
    assert (invoice["amounts"]["total"], invoice["amounts"]["currency"]) == (2096.4, "GBP")
    assert invoice["date"].count("-") == 2
    assert 0 < done["confidence"]["fields"]["invoice.amounts.total"] < 1
    assert done["validationResults"] == {"isValid": True, "errors": []}
    results = client.call("GET", f"/{job_id}/results").json()["data"]
    assert results == {key: done[key] for key in ("extractedData", "confidence", "validationResults", "processingTime")}
    assert client.simulator.submissions_of(PDF) == 1


def test_lines_of_an_invoice_are_line_items(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    job_id = client.started(document="factur-x_en16931_austria.pdf")
    clock.forward(10)
    extracted = client.get(job_id)["extractedData"]
    assert len(extracted["lineItems"]) == 4
    assert set(extracted["lineItems"][0]) == {"description", "quantity", "unitPrice", "amount"}
    assert sum(line["amount"] for line in extracted["lineItems"]) == pytest.approx(
        extracted["invoice"]["amounts"]["subtotal"]
    )


@pytest.mark.parametrize(
    ("document", "changes", "error"),
    [
        ("forbidden.pdf", {}, "could not be fetched: HTTP 403"),
        ("endless.pdf", {}, "larger than 25 MB"),
        ("empty.pdf", {}, "could not be read"),
        ("cii_germany.xml", {}, "could not be read"),
        ("picture.png", {"documentType": "pdf"}, "of type png, not pdf"),
        (PDF, {"documentUrl": "http://127.0.0.1:9/x"}, "could not be fetched: "),
    ],
)
def test_a_document_that_cannot_be_used_fails_with_its_reason(
    api: Callable[..., Api], clock: ManualClock, document: str, changes: dict[str, str], error: str
) -> None:
    client = api()
    job_id = client.started(document=document, **changes)
    clock.forward(10)
    job = client.get(job_id)
    assert job["status"] == "failed"
    assert error in job["errorLog"]
    assert "extractedData" not in job
    assert "http://" not in job["errorLog"]


def test_a_picture_completes_without_values(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    job_id = client.started(document="picture.png", documentType="png")
    clock.forward(10)
    job = client.get(job_id)
    assert job["extractedData"] == {"invoice": {}, "lineItems": []}
    assert job["validationResults"]["isValid"] is False


@pytest.mark.parametrize("key", ["", "wrong"])
def test_a_request_without_the_right_key_is_refused(api: Callable[..., Api], key: str) -> None:
    client = api()
    for method, path in [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/x"),
        ("PUT", "/x"),
        ("DELETE", "/x"),
        ("GET", "/x/results"),
    ]:
        assert client.call(method, path, key=key).status_code == 401


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"jobNumber": None}, "jobNumber is required"),
        ({"documentName": None}, "documentName is required"),
        ({"documentUrl": None}, "documentUrl is required"),
        ({"template": None}, "template is required"),
        ({"template": 3}, "template must be a string"),
        ({"jobNumber": ""}, "jobNumber must not be empty"),
        ({"documentType": "xml"}, "documentType must be one of pdf, png, jpg, jpeg, tiff, bmp"),
        ({"priority": "soon"}, "priority must be one of low, medium, high, urgent"),
        ({"metadata": "text"}, "metadata must be an object"),
        ({"documentUrl": "file:///etc/hostname"}, "documentUrl must be an absolute http or https URL"),
        ({"documentUrl": "http://[broken"}, "documentUrl must be an absolute http or https URL"),
    ],
)
def test_an_input_that_breaks_the_schema_is_refused_naming_the_field(
    api: Callable[..., Api], changes: dict[str, Any], named: str
) -> None:
    client = api()
    job_id = client.create("other")
    for method, path in [("POST", ""), ("PUT", f"/{job_id}")]:
        answer = client.call(method, path, json=client.job(**changes))
        assert answer.status_code == 400
        assert named in answer.json()["message"]


def test_a_body_that_is_no_json_object_is_refused(api: Callable[..., Api]) -> None:
    client = api()
    for parts in ({"data": b"{}"}, {"data": b"{", "headers": {}}, {"json": [1]}):
        parts.pop("headers", None)
        assert client.call("POST", **parts).status_code == 400


def test_job_numbers_are_unique(api: Callable[..., Api]) -> None:
    client = api()
    job_id, other_id = client.create("J-1"), client.create("J-2")
    refused = client.call("POST", json=client.job("J-1"))
    assert (refused.status_code, "jobNumber must be unique" in refused.json()["message"]) == (400, True)
    assert client.call("PUT", f"/{other_id}", json=client.job("J-1")).status_code == 400
    assert client.call("PUT", f"/{job_id}", json=client.job("J-1", template="new")).status_code == 200
    assert client.get(job_id)["template"] == "new"


def test_a_job_that_waits_or_runs_is_not_charged_again_and_a_finished_one_is(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api()
    job_id = client.started()
    clock.forward(5)
    assert client.call("POST", f"/{job_id}/process").json()["data"]["status"] == "processing"
    assert client.simulator.submissions_of(PDF) == 1
    clock.forward(5)
    assert client.call("POST", f"/{job_id}/process").json()["data"]["status"] == "queued"
    assert client.simulator.submissions_of(PDF) == 2
    assert client.get(job_id)["retryCount"] == 1


def test_a_deleted_job_is_gone(api: Callable[..., Api]) -> None:
    client = api()
    job_id = client.create()
    assert client.call("DELETE", f"/{job_id}").json()["success"] is True
    for method, path in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/process"), ("GET", "/results")]:
        assert client.call(method, f"/{job_id}{path}", json=client.job()).status_code == 404


def test_lists_are_paged_sorted_and_searched(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    for number in range(5):
        client.create(f"J-{number}", group="even" if number % 2 == 0 else "odd")
        clock.forward(1)
    assert client.listed() == ["J-4", "J-3", "J-2", "J-1", "J-0"]
    assert client.listed(order="asc", limit=2, offset=1) == ["J-1", "J-2"]
    assert client.listed(sort="jobNumber", order="asc", search="EVEN") == ["J-0", "J-2", "J-4"]
    assert client.listed(offset=9) == []
    assert client.call("GET", params={"limit": 2}).json()["total"] == 5


def test_a_filter_compares_or_looks_in_a_list(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api()
    ids = [client.create(f"J-{number}", metadata={"order": number}) for number in range(3)]
    client.call("POST", f"/{ids[2]}/process")

    def found(condition: Any) -> list[str]:
        return client.listed(filter=json.dumps(condition), order="asc")

    assert found({"jobNumber": "J-1"}) == ["J-1"]
    assert found({"_id": {"$in": [ids[0], ids[2], "unknown"]}}) == ["J-0", "J-2"]
    assert found({"status": "created"}) == ["J-0", "J-1"]
    assert found({"status": {"$in": ["queued"]}, "metadata.order": 2}) == ["J-2"]
    assert found({"jobNumber": "nobody"}) == []


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"offset": "-1"},
        {"order": "up"},
        {"sort": "extractedData"},
        {"filter": "{"},
        {"filter": "[]"},
        {"filter": '{"nobody": 1}'},
        {"filter": '{"status": {"$ne": "created"}}'},
        {"filter": '{"status": ["created"]}'},
    ],
)
def test_a_list_that_the_contract_does_not_have_is_refused(api: Callable[..., Api], params: dict[str, str]) -> None:
    assert api().call("GET", params=params).status_code == 400


def test_each_job_says_not_ready_as_often_as_the_script_says(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api(not_ready=2)
    first, second = client.started("J-1"), client.started("J-2")
    clock.forward(10)
    assert [client.get(first)["status"] for _ in range(3)] == ["processing", "processing", "completed"]
    listing = {"filter": json.dumps({"_id": {"$in": [second]}})}
    statuses = [client.call("GET", params=listing).json()["data"][0]["status"] for _ in range(3)]
    assert statuses == ["processing", "processing", "completed"]


def test_a_job_that_is_never_ready(api: Callable[..., Api], clock: ManualClock) -> None:
    client = api(not_ready="forever")
    job_id = client.started()
    clock.forward(1e6)
    assert client.get(job_id)["status"] == "processing"


def test_credit_ends_after_as_many_documents_as_the_script_says(api: Callable[..., Api]) -> None:
    client = api(credit=1)
    client.started("J-1")
    assert client.call("POST", json=client.job("J-2")).status_code == 402


def test_the_first_documents_fail_or_are_too_long_as_the_script_says(
    api: Callable[..., Api], clock: ManualClock
) -> None:
    client = api(fail_documents=1, page_limit=1)
    ids = [client.started("J-1"), client.started("J-2"), client.started("J-3", "spanish_eur_two_pages.pdf")]
    clock.forward(10)
    assert [client.get(job_id)["status"] for job_id in ids] == ["failed", "completed", "failed"]
    assert "too many pages" in client.get(ids[2])["errorLog"]


def test_the_credentials_of_the_settings_are_the_ones_it_accepts(start: Callable[..., Simulator]) -> None:
    simulator = start("ocr_job", settings={"api_key": "mine", "template": "t-1"})
    assert simulator.settings == {"api_key": "mine", "template": "t-1", "base_url": simulator.origin}
