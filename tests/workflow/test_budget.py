"""A month's budget in the whole stack: what fits is paid for, the rest hands over or waits, and people are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.table import Table
from tests.workflow.conftest import Stacks
from tests.workflow.observing import finished

PDF = Path("samples/documents/english_gbp_classic.pdf").read_bytes()
PRICES = json.dumps({"scripted": {"document": 0.6}})


def a_pdf(number: int) -> bytes:
    return PDF + f"\n% {number}".encode()


@pytest.mark.parametrize("route", ["scripted?,embedded", "scripted"])
def test_a_month_is_never_dearer_than_its_budget(stacks: Stacks, route: str) -> None:
    stack = stacks.get(
        time_scale=5_000,
        parameters={"DefaultRoute": route, "ProviderPrices": PRICES, "MonthlyBudget": "1", "JobDeadlineHours": "2"},
    )
    stack.scripted.script.latency_seconds = 20
    first = stack.job(finished(stack, stack.upload("incoming/1.pdf", a_pdf(1))))
    second = stack.job(finished(stack, stack.upload("incoming/2.pdf", a_pdf(2))))
    assert (first["status"], first["provider"]) == ("CAPTURED", "scripted")
    if route == "scripted":
        assert (second["status"], second["error_code"]) == ("FAILED", "JobDeadlineExceeded")
        assert "budget of the month was used up" in second["remark"]
    else:
        assert (second["status"], second["provider"]) == ("CAPTURED", "embedded")
    month = f"{stack.clock.now():%Y-%m}"
    spent = DynamoDBSpendingStore(Table(Clients(), stack.table)).of_month(month)
    assert [(entry.provider, entry.documents, entry.micros) for entry in spent] == [("scripted", 1, 600_000)]
    events = [notice.message for notice in stack.notifications() if "budget" in notice.message["event"]]
    assert [(event["event"], event["spent"], event["limit"]) for event in events] == [
        ("budget.exceeded", "0.60", "1.00")
    ]
