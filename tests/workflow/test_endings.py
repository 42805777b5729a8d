"""Every job ends, once, and is told: while functions are ended and throttled, and DynamoDB and SNS are out of order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_dynamodb

from invoice_capture.aws.messaging import SNSNotifier
from invoice_capture.domain.announcement import Announcement
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.use_cases.steps.announce_outcome import AnnounceOutcome
from local_stack.stack import LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Running
from tests.workflow.observing import ANOTHER, INVOICE, announced, captured, states, status_of


@contextmanager
def ending(stack: LocalStack, logical_id: str, error: str, times: int, *, after: bool) -> Iterator[list[str]]:
    """The next calls of a function end under this name: ``after`` their work was done, or instead of it."""
    runtime = stack._runtime
    invoke, name, ended = runtime.invoke, stack.resources.ids[logical_id], []

    def invoke_or_end(
        function_name: str, payload: bytes, invocation_type: str = "RequestResponse"
    ) -> tuple[bytes, bool]:
        is_ended = function_name == name and len(ended) < times
        answer = b"", False
        if after or not is_ended:
            answer = invoke(function_name, payload, invocation_type)
        if not is_ended:
            return answer
        ended.append(error)
        return json.dumps({"errorType": error, "errorMessage": "the function was ended"}).encode(), True

    runtime.invoke = invoke_or_end
    try:
        yield ended
    finally:
        runtime.invoke = invoke


@contextmanager
def without_notices(error: Exception) -> Iterator[None]:
    def publish(*_arguments: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SNSNotifier, "publish", publish)
        yield


OUTAGE = StoreUnavailable("SNS did not answer in time.")

# --- announcements that are owed  ----------------------------------------


@pytest.mark.parametrize("error", [OUTAGE, ClientError({"Error": {"Code": "KMSAccessDenied"}}, "Publish")])
def test_an_outage_of_notices_fails_no_job_and_loses_none(running: Running, error: Exception) -> None:
    with running(route="embedded") as stack:
        # The sweeper comes when it is called.
        stack.clock.scale = 1
        with without_notices(error):
            first = captured(stack)
            second = captured(stack, ANOTHER, "incoming/another.xml")
            refused = captured(stack, b"%TXT", "incoming/notes.pdf")
            copy = captured(stack, key="incoming/copy.xml")
        assert [stack.job(job_id)["status"] for job_id in (first, second, refused, copy)] == [
            "CAPTURED",
            "CAPTURED",
            "REJECTED",
            "DUPLICATE",
        ]
        ends = [status_of(stack, stack.executions(job_id)[0]) for job_id in (first, second, refused, copy)]
        assert ends == ["SUCCEEDED", "SUCCEEDED", "FAILED", "SUCCEEDED"]
        assert stack.notifications() == []
        # Two sweeps at the same time: the scheduled one, and this.
        stack.clock.advance(5 * 24 * 3600)
        stack.sweep()
        wait_until(lambda: "announcement" not in stack.job(copy) and len(stack.notifications()) >= 4)
        told = [(item.message["job_id"], item.message["event"]) for item in stack.notifications()]
        assert sorted(told) == sorted(
            [
                (first, "invoice.captured"),
                (second, "invoice.captured"),
                (refused, "document.rejected"),
                (copy, "document.duplicate"),
            ]
        )


@pytest.mark.parametrize("error", ["Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown", "Tomorrow.NewName"])
def test_a_function_that_is_ended_when_its_invoice_is_stored_is_told_once(running: Running, error: str) -> None:
    with running(route="embedded") as stack:
        with ending(stack, "StoreInvoiceFunction", error, 1, after=True) as ended:
            job_id = captured(stack)
        assert ended == [error]
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert announced(stack, job_id) == ["invoice.captured"]


def test_a_store_step_that_is_ended_between_storing_and_announcing_pays_when_it_is_repeated(running: Running) -> None:
    tell = AnnounceOutcome.tell
    calls: list[object] = []

    class Ended(Exception):
        """Lambda ends the function here."""

    def ended_once(self: AnnounceOutcome, announcement: Announcement) -> None:
        calls.append(announcement)
        if len(calls) == 1:
            raise Ended
        tell(self, announcement)

    with running(route="embedded") as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnnounceOutcome, "tell", ended_once)
        job_id = captured(stack)
        assert len(calls) == 2
        assert announced(stack, job_id) == ["invoice.captured"]


def test_an_end_is_told_although_nothing_can_announce_it_at_once(running: Running) -> None:
    """The function that announces is broken: the job has ended all the same, and the sweeper tells it."""
    with running(route="scripted", fail_for_good=1) as stack:
        with ending(stack, "AnnounceOutcomeFunction", "Runtime.ImportModuleError", 99, after=False):
            job_id = captured(stack)
        assert stack.job(job_id)["status"] == "FAILED"
        assert states(stack, job_id)[-1] == "Capture Failed"
        stack.clock.advance(73 * 3600)
        stack.sweep()
        wait_until(lambda: announced(stack, job_id) == ["invoice.failed"])


# --- throttling and refusals  ----------------------------------------


@pytest.mark.parametrize("function", ["SubmitDocumentFunction", "StoreInvoiceFunction"])
def test_being_throttled_for_hours_delays_a_job_and_fails_none(running: Running, function: str) -> None:
    with running(route="embedded") as stack:
        with ending(stack, function, "Lambda.TooManyRequestsException", 60, after=False) as throttled:
            job_id = captured(stack)
        assert len(throttled) == 60
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert announced(stack, job_id) == ["invoice.captured"]


def test_being_throttled_for_hours_ends_no_loop(running: Running) -> None:
    with running(latency_seconds=20) as stack:
        with ending(stack, "CheckSubmissionsFunction", "Lambda.TooManyRequestsException", 40, after=False) as throttled:
            job_id = captured(stack)
        assert len(throttled) == 40
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert "FAILED" not in {status_of(stack, loop) for loop in stack.loops()}


ABOUT = {"HTTPStatusCode": 400, "RequestId": "r"}
REFUSALS = ["TransactionConflictException", "AmazonDynamoDBException", "InternalServerErrorException", "Throttling"]


@contextmanager
def refusing_updates(times: int) -> Iterator[Counter[str]]:
    """DynamoDB answers the state machine's own writes with one error after another."""
    client_for = state_task_service_dynamodb.boto_client_for
    refused: Counter[str] = Counter()

    class Refusing:
        def __init__(self, client: object) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Callable[..., object]:
            def call(**arguments: object) -> object:
                if name == "update_item" and refused.total() < times:
                    code = REFUSALS[refused.total() % len(REFUSALS)]
                    refused[code] += 1
                    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": ABOUT}
                    raise ClientError(answer, "UpdateItem")
                return getattr(self._client, name)(**arguments)

            return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            state_task_service_dynamodb,
            "boto_client_for",
            lambda *names, **options: Refusing(client_for(*names, **options)),
        )
        yield refused


def test_an_end_is_recorded_whatever_the_table_answers_first(running: Running) -> None:
    with running(fail_for_good=1) as stack, refusing_updates(30) as refused:
        job_id = captured(stack)
        assert refused.total() == 30
        assert (stack.job(job_id)["status"], stack.job(job_id)["error_code"]) == ("FAILED", "CaptureFailed")
        assert announced(stack, job_id) == ["invoice.failed"]
    with running(route="embedded") as stack, refusing_updates(30) as refused:
        first = captured(stack)
        copy = captured(stack, key="incoming/copy.xml")
        assert refused.total() == 30
        assert stack.job(copy)["duplicate_of"] == first
        assert announced(stack, copy) == ["document.duplicate"]


# --- reasons and deadlines  ----------------------------------------


def test_an_answer_that_cannot_be_used_says_so_in_its_own_words(running: Running) -> None:
    with running(route="scripted", unusable_results=1) as stack:
        job_id = captured(stack)
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "ResultUnusable")
        assert "invoice.xml" in job["error_message"]
        assert "unexpected error" not in job["error_message"]
        [notification] = stack.notifications(job_id)
        assert notification.message["error"]["message"] == job["error_message"]


def test_a_crash_says_where_to_look(running: Running) -> None:
    with running(route="embedded") as stack:
        with ending(stack, "StoreInvoiceFunction", "KeyError", 99, after=False) as crashed:
            job_id = captured(stack)
        assert len(crashed) == 9
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "KeyError")
        assert f"An unexpected error stopped this job. The execution {job_id} shows it." in job["error_message"]


def test_a_job_that_no_execution_can_end_is_ended_by_the_sweeper_alone(running: Running) -> None:
    """Its execution was stopped, and Step Functions starts no other one."""
    with running(latency_seconds=10**7, hours=48) as stack:
        stack.clock.scale = 1
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        wait_until(lambda: stack.job(stack.job_id_of(upload) or "").get("status") == "SUBMITTED")
        job_id = stack.job_id_of(upload) or ""
        stack.abort(stack.executions(job_id)[0])
        stack.clock.advance(49 * 3600)
        stack.sweep()
        wait_until(lambda: stack.job(job_id)["status"] == "FAILED")
        assert stack.job(job_id)["error_code"] == "JobDeadlineExceeded"
        wait_until(lambda: announced(stack, job_id) == ["invoice.failed"])
        assert len(stack.executions(job_id)) == 1
