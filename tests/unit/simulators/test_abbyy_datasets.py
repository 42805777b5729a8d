"""Data sets and training of the simulated ABBYY: what is sent is kept, and given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from local_stack.simulators import Simulator

Call = Callable[..., requests.Response]


@pytest.fixture
def call(start: Callable[..., Simulator]) -> Call:
    """Send a request with the right credentials."""
    simulator = start("abbyy")
    auth = (simulator.settings["application_id"], simulator.settings["application_token"])
    return lambda method, path, **parts: requests.request(
        method, simulator.base_url + path, auth=auth, timeout=10, **parts
    )


def started_task(call: Call) -> str:
    file = call("POST", "/file", files={"file": ("a.pdf", b"%PDF-")}).json()[0]
    properties = {"region": "EU", "export_format": "Json", "verification_type": "NoVerification"}
    body = {"files": [{"id": file["id"], "token": file["token"]}], "properties": properties}
    return str(call("POST", "/task/capture/invoices", json=body).json()["id"])


DATA_SETS = [("businessunits", "businessunit", "vat"), ("vendors", "vendors", "iban")]


@pytest.mark.parametrize(("many", "one", "key"), DATA_SETS)
def test_entries_of_a_data_set_are_added_updated_paged_and_deleted(call: Call, many: str, one: str, key: str) -> None:
    path = f"/dataset/{many}"
    entries = [{"region": "EU", "external_id": str(number), "name": [f"N{number}", "N"]} for number in range(5)]
    assert call("POST", path, json=entries).json() == entries
    assert call("POST", path, json=entries[0]).status_code == 400
    changed = {"region": "EU", "external_id": "3", key: ["X1"]}
    assert call("PUT", path, json=changed).json() == [{**entries[3], key: ["X1"]}]
    assert call("PUT", path, json={"region": "EU", "external_id": "9"}).status_code == 404
    assert call("GET", f"{path}/EU", params={"skip": 1, "take": 2}).json() == entries[1:3]
    assert call("GET", f"{path}/EU", params={"externalId": "3"}).json()[0][key] == ["X1"]
    assert call("GET", f"{path}/US").json() == []
    assert call("DELETE", f"/dataset/{one}/EU/3").status_code == 200
    assert call("DELETE", f"/dataset/{one}/EU/3").status_code == 404
    assert len(call("GET", f"{path}/EU").json()) == 4
    assert call("DELETE", f"{path}/EU").status_code == 200
    assert call("GET", f"{path}/EU").json() == []


@pytest.mark.parametrize(
    "entry",
    [
        {"region": "EU"},
        {"region": "Mars", "external_id": "1"},
        {"external_id": "1"},
        {"region": "EU", "external_id": "1", "name": "one name"},
        {"region": "EU", "external_id": "1", "name": [1]},
        {"region": "EU", "external_id": "1", "colour": ["red"]},
        "text",
        [],
    ],
)
def test_an_entry_of_another_form_is_refused(call: Call, entry: Any) -> None:
    assert call("POST", "/dataset/vendors", json=entry).status_code == 400


def test_a_business_unit_has_no_bank_account_and_a_list_no_other_region_or_page(call: Call) -> None:
    unit = {"region": "EU", "external_id": "1", "iban": ["X"]}
    assert call("POST", "/dataset/businessunits", json=unit).status_code == 400
    assert call("GET", "/dataset/vendors/Mars").status_code == 400
    assert call("DELETE", "/dataset/vendors/Mars").status_code == 400
    assert call("GET", "/dataset/vendors/EU", params={"take": "0"}).status_code == 400
    # Only the route of one business unit is in the singular.
    assert call("DELETE", "/dataset/businessunits/EU/1").status_code == 404


def test_training_keeps_json_and_gives_it_back(call: Call) -> None:
    task_id = started_task(call)
    training = call("POST", "/training", json={"name": "new layout"}).json()
    assert training == {"name": "new layout", "id": training["id"]}
    assert call("PUT", "/training", json={**training, "name": "better"}).json()["name"] == "better"
    assert call("PUT", "/training", json={"id": "nobody"}).status_code == 404
    station = f"/training/station/{task_id}"
    assert call("PUT", station, json={"total": "1"}).status_code == 404
    assert call("POST", station, json={"total": "1"}).json() == {"total": "1"}
    assert call("PUT", station, json={"total": "2"}).json() == {"total": "2"}
    assert call("POST", "/training/station/nobody", json={}).status_code == 404
    batch = call("GET", "/training/batchEU").json()
    assert (batch["region"], batch["stations"]) == ("EU", {task_id: {"total": "2"}})
    assert call("GET", "/training/batchMars").status_code == 400
    layout = call("GET", f"/training/layout/{task_id}/f1").json()
    assert (layout["taskId"], layout["fileId"]) == (task_id, "f1")
    assert call("GET", "/training/layout/nobody/f1").status_code == 404
