"""The shared loop when things die around it: loops, leases, executions, tokens, deadlines."""

from __future__ import annotations

import pytest

from invoice_capture.use_cases.steps import check_submissions
from local_stack.stack import LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Running
from tests.workflow.observing import INVOICE, announced, captured, finished, message, states_of, status_of


def sleeps(stack: LocalStack) -> bool:
    """Whether the first loop has taken a turn and waits for the next."""
    return "Wait Before Next Check" in [name for loop in stack.loops()[:1] for name in states_of(stack, loop)]


# --- loops that die ----------------------------------------


def test_a_loop_that_was_aborted_is_restarted_by_the_sweeper(running: Running) -> None:
    with running(latency_seconds=20 * 3600) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        wait_until(lambda: sleeps(stack))
        stack.abort(stack.loops()[0])
        job_id = finished(stack, upload)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.loops()) == 2
        assert stack.scripted.submissions_of(job_id) == 1


def test_a_loop_that_lost_its_lease_ends_without_failing(running: Running) -> None:
    with running(latency_seconds=20 * 3600) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        wait_until(lambda: sleeps(stack))
        stack.dynamodb.update_item(
            TableName=stack.table,
            Key={"PK": {"S": "PROVIDER#scripted#0"}, "SK": {"S": "LEASE"}},
            UpdateExpression="SET #owner = :other",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":other": {"S": "another"}},
        )
        job_id = finished(stack, upload)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert status_of(stack, stack.loops()[0]) == "SUCCEEDED"
        assert len(stack.loops()) == 2


def test_a_long_loop_hands_over(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_submissions, "TURNS_PER_EXECUTION", 3)
    with running(latency_seconds=600) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.loops()) > 2
        handed_over = stack.loops()[:-1]
        assert all("Hand Over" in states_of(stack, loop) for loop in handed_over)
        assert all(status_of(stack, loop) == "SUCCEEDED" for loop in handed_over)


# --- tokens and deadlines  ----------------------------------------


def test_a_job_whose_execution_was_aborted_is_captured_at_its_deadline_with_what_was_paid_for(running: Running) -> None:
    with running(latency_seconds=40 * 3600, hours=48) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        wait_until(lambda: sleeps(stack))
        job_id = stack.job_id_of(upload)
        stack.abort(stack.executions(job_id)[0])
        wait_until(lambda: announced(stack, job_id))
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert announced(stack, job_id) == ["invoice.captured"]
        [row] = stack.submissions(job_id)
        assert "task_token" not in row
        assert row["state"] == "DONE", "the provider had finished; the outcome is kept although nobody waited"


def test_a_provider_that_never_finishes_ends_at_the_deadline_with_one_notice(running: Running) -> None:
    with running(latency_seconds=10**7, hours=30) as stack:
        job_id = captured(stack)
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "JobDeadlineExceeded")
        assert "invoice.xml" in job["error_message"]
        assert announced(stack, job_id) == ["invoice.failed"]


def test_an_upload_that_is_announced_twice_is_one_job(running: Running) -> None:
    with running(route="embedded") as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        job_id = finished(stack, upload)
        body = {
            "detail": {"bucket": {"name": stack.bucket}, "object": {"key": upload.key, "version-id": upload.version_id}}
        }
        answer = stack.invoke_function("ReceiveUploadFunction", {"Records": [message("m-1", body)]})
        assert answer == {"batchItemFailures": []}
        assert len(stack.executions(job_id)) == 1
        assert announced(stack, job_id) == ["invoice.captured"]


def test_a_message_that_cannot_be_taken_does_not_hold_up_its_neighbours(running: Running) -> None:
    with running(route="embedded") as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        job_id = finished(stack, upload)
        good = {
            "detail": {"bucket": {"name": stack.bucket}, "object": {"key": upload.key, "version-id": upload.version_id}}
        }
        gone = {"detail": {"bucket": {"name": stack.bucket}, "object": {"key": "incoming/gone.pdf"}}}
        records = [message("bad", {"no": "detail"}), message("good", good), message("gone", gone)]
        answer = stack.invoke_function("ReceiveUploadFunction", {"Records": records})
        assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
        assert stack.job(job_id)["status"] == "CAPTURED"
