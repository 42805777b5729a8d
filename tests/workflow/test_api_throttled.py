"""Who asks more often than template.yaml allows: a client than its usage plan, and anybody than the stage."""

from __future__ import annotations

import math
import time
from collections import Counter

import requests

from local_stack.serve import make_key
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks

JOBS = "/ocr-invoice-job"


def test_without_a_key_no_more_requests_reach_a_function_than_the_stage_lets_through(stacks: Stacks) -> None:
    stacks.close()
    slow = {
        "StageRequestsPerSecond": "1",
        "StageRequestBurst": "4",
        "OpenRequestsPerSecond": "1",
        "OpenRequestBurst": "2",
    }
    flood = 40
    with LocalStack(api_port=0, parameters=slow) as stack:
        for method, path, burst in [
            ("GET", JOBS, 4),
            ("GET", "/docs", 2),
            ("HEAD", "/docs", 2),
            ("GET", "/docs/page.js", 2),
            ("GET", "/openapi.json", 2),
            ("GET", "/", 2),
            ("POST", "/docs", 1),
            ("OPTIONS", JOBS, 2),
        ]:
            began = time.monotonic()
            statuses = Counter(
                requests.request(method, f"{stack.api_url}{path}", timeout=30, allow_redirects=False).status_code
                for _ in range(flood)
            )
            most = burst + math.ceil(time.monotonic() - began)
            # Whatever is not refused by the stage was answered, or refused, by a function.
            assert 0 < flood - statuses[429] <= most, (method, path, statuses)


def test_who_asks_too_often_is_told_when_to_go_on(stacks: Stacks) -> None:
    stacks.close()
    with LocalStack(api_port=0, parameters={"RequestsPerSecond": "1", "RequestBurst": "1"}) as stack:
        url, key = f"{stack.api_url}{JOBS}", make_key(stack)
        answers = iter(lambda: requests.get(url, headers={"api-key": key}, timeout=30), None)
        refused = next(answer for answer in answers if answer.status_code == 429)
        limits = {name: refused.headers[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")}
        assert (refused.headers["Retry-After"], limits) == ("1", {"Limit": "1", "Remaining": "0", "Reset": "1"})
        assert refused.json()["success"] is False
        # No origin is named, so nothing is said to any.
        unknown = requests.get(url, headers={"Origin": "https://app.example.com"}, timeout=30)
        for answer in (refused, unknown):
            assert not [name for name in answer.headers if name.startswith("Access-Control-")]
