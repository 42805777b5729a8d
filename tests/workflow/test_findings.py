"""A Factur-X PDF whose data and pages disagree is captured, and everybody who is told of it is told of that."""

from __future__ import annotations

from local_stack.stack import LocalStack
from tests.disagreeing import EMBEDDED, PRINTED, disagreeing_pdf
from tests.workflow.observing import captured


def test_a_disagreeing_total_is_stored_and_announced(stack: LocalStack) -> None:
    job_id = captured(stack, disagreeing_pdf(), "incoming/embedded/disagreeing.pdf")
    record = stack.record(job_id)
    [finding] = [finding for finding in record.findings if finding["severity"] == "error"]
    assert (finding["code"], finding["fields"]) == ("total_differs_from_page", ["total"])
    assert str(EMBEDDED.total) in finding["message"]
    assert str(PRINTED.total) in finding["message"]
    assert record.invoice is not None
    assert record.invoice["total"]["candidates"][0]["value"] == str(PRINTED.total)
    [notification] = stack.notifications(job_id)
    assert notification.message["status"] == "CAPTURED"
    assert "total_differs_from_page" in notification.message["findings"]
