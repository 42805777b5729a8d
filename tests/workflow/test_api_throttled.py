"""A client that asks more often than the usage plan of template.yaml allows."""

from __future__ import annotations

import requests

from local_stack.serve import make_key
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks

JOBS = "/ocr-invoice-job"


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
