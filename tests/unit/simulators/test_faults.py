"""Every effect of a script, over a real socket."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from local_stack import simulators
from local_stack.errors import UserError
from local_stack.simulators import Script, Simulator
from tests.fakes.world import ManualClock
from tests.waiting import PATIENCE_SECONDS

Start = Callable[..., Simulator]
TIMEOUT = PATIENCE_SECONDS


def get(simulator: Simulator, **options: Any) -> requests.Response:
    headers = {"api-key": simulator.settings["api_key"]}
    return requests.get(f"{simulator.base_url}/ocr-invoice-job", headers=headers, **{"timeout": TIMEOUT, **options})


def create(simulator: Simulator, number: str = "1") -> requests.Response:
    job = {"jobNumber": number, "documentName": "a.pdf", "documentUrl": "http://127.0.0.1:1/a", "template": "t"}
    headers = {"api-key": simulator.settings["api_key"]}
    return requests.post(f"{simulator.base_url}/ocr-invoice-job", json=job, headers=headers, timeout=TIMEOUT)


def test_a_status_is_answered_with_its_retry_after_in_the_form_of_the_contract(start: Start) -> None:
    simulator = start("ocr_job", faults=[{"on": "list_jobs", "after": 1, "status": 503, "retry_after": 7}])
    assert [get(simulator).status_code for _ in range(3)] == [200, 503, 200]
    simulator.fail(status=429, retry_after=3)
    refused = get(simulator)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert refused.json()["success"] is False


def test_a_status_is_answered_without_doing_the_work(start: Start) -> None:
    simulator = start("ocr_job", faults=[{"on": "create_job", "status": 500}])
    assert create(simulator).status_code == 500
    assert get(simulator).json()["total"] == 0


def test_a_silent_server_outlasts_a_client_and_serves_a_patient_one(start: Start) -> None:
    simulator = start("ocr_job", faults=[{"times": 2, "hang_seconds": 1}])
    with pytest.raises(requests.ReadTimeout):
        get(simulator, timeout=0.1)
    began = time.monotonic()
    assert get(simulator).status_code == 200
    assert time.monotonic() - began >= 1


def test_a_hanging_request_does_not_hold_the_end_up(start: Start) -> None:
    simulator = simulators.start("ocr_job", script=Script(faults=[{"hang_seconds": 60}]))  # type: ignore[list-item]
    with simulator, pytest.raises(requests.ReadTimeout):
        get(simulator, timeout=0.1)


def test_a_reset_does_nothing_and_a_lost_answer_does_the_work(start: Start) -> None:
    simulator = start(
        "ocr_job", faults=[{"on": "create_job", "reset": True}, {"on": "create_job", "lose_answer": True}]
    )
    with pytest.raises(requests.ConnectionError):
        create(simulator, "reset")
    assert get(simulator).json()["total"] == 0
    with pytest.raises(requests.ConnectionError):
        create(simulator, "lost")
    assert [job["jobNumber"] for job in get(simulator).json()["data"]] == ["lost"]
    assert create(simulator, "third").status_code == 201
    assert simulator.responses == Counter({0: 2, 200: 2, 201: 1})


@pytest.mark.parametrize("kind", ["malformed", "truncated", "oversized", "html", "empty"])
def test_a_junk_body_comes_with_status_200_after_the_work_is_done(start: Start, kind: str) -> None:
    simulator = start("ocr_job", faults=[{"on": "create_job", "body": kind}])
    if kind == "truncated":
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
            create(simulator)
    else:
        answer = create(simulator)
        assert answer.status_code == 200
        if kind == "oversized":
            assert len(answer.content) > 50 * 1024**2
        else:
            with pytest.raises(json.JSONDecodeError):
                json.loads(answer.content)
    assert get(simulator).json()["total"] == 1


def test_everything_above_the_rate_limit_is_refused_in_any_second(start: Start, clock: ManualClock) -> None:
    simulator = start("ocr_job", rate_limit={"requests_per_second": 2, "retry_after": 1})
    assert [get(simulator).status_code for _ in range(3)] == [200, 200, 429]
    clock.forward(0.5)
    refused = get(simulator)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    clock.forward(0.5)
    assert [get(simulator).status_code for _ in range(3)] == [200, 200, 429]


def test_maintenance_ends_when_it_is_told_to(start: Start) -> None:
    simulator = start("ocr_job", maintenance=True)
    assert get(simulator).status_code == 503
    assert "Retry-After" in get(simulator).headers
    simulator.script.maintenance = False
    assert get(simulator).status_code == 200


def test_faults_can_be_added_and_forgotten_while_it_runs(start: Start) -> None:
    simulator = start("ocr_job")
    simulator.fail(times="forever", status=500)
    assert get(simulator).status_code == 500
    simulator.recover()
    assert get(simulator).status_code == 200


def test_a_fault_that_the_provider_cannot_have_is_refused(start: Start) -> None:
    simulator = start("ocr_job")
    with pytest.raises(
        UserError, match=r"ocr_job has no operation 'upload' for a fault; there are list_jobs, create_job"
    ):
        simulator.fail(on="upload", status=500)
    with pytest.raises(UserError, match="ocr_job has no status codes of its own"):
        simulator.fail(code=9)
    with pytest.raises(UserError, match="extract_api has no action that a person takes"):
        start("extract_api", action={"until": "told"})
    with pytest.raises(UserError, match="There is no simulator of 'nobody'; there are abbyy, extract_api, ocr_job"):
        simulators.start("nobody")


def test_a_taken_port_is_told(start: Start) -> None:
    port = start("ocr_job").port
    with pytest.raises(UserError, match=f"Port {port} cannot be used"):
        simulators.start("abbyy", port=port)


def test_the_books_have_every_request_with_the_time_of_the_clock(start: Start, clock: ManualClock) -> None:
    simulator = start("ocr_job")
    get(simulator)
    clock.forward(5)
    create(simulator)
    requests.get(f"{simulator.base_url}/nowhere", timeout=TIMEOUT)
    assert simulator.requests == Counter(list_jobs=1, create_job=1)
    assert [(entry.operation, entry.status) for entry in simulator.log] == [
        ("list_jobs", 200),
        ("create_job", 201),
        ("unknown", 404),
    ]
    assert (simulator.log[1].at - simulator.log[0].at).total_seconds() == 5


def test_latencies_are_lognormal_and_repeat_with_their_seed(start: Start) -> None:
    def latencies(**latency: float) -> list[float]:
        simulator = start("extract_api", latency=latency)
        return [simulator.draw_latency().total_seconds() for _ in range(2001)]

    drawn = sorted(latencies(median=20, sigma=0.8))
    assert drawn[1000] == pytest.approx(20, rel=0.1)
    assert drawn[1683] / drawn[1000] == pytest.approx(2.2255, rel=0.15)
    assert latencies(median=20, sigma=0.8, seed=3) == latencies(median=20, sigma=0.8, seed=3)
    assert set(latencies(median=5, sigma=0)) == {5.0}


def test_without_a_script_each_provider_has_its_own_latency() -> None:
    medians = {}
    for name in simulators.NAMES:
        with simulators.start(name) as simulator:
            drawn = sorted(simulator.draw_latency().total_seconds() for _ in range(2001))
        medians[name] = drawn[1000]
    assert medians == pytest.approx({"abbyy": 20, "extract_api": 8, "ocr_job": 20}, rel=0.1)
