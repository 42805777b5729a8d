"""Services of AWS that throttle, fail, conflict, lag and lose answers: every job ends once, and is paid once."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.document_store import S3DocumentStore
from invoice_capture.domain.document import DocumentPointer
from local_stack import callers
from local_stack.callers import Caller
from local_stack.hostility import FOREVER, Delivery, Fault
from local_stack.stack import LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Running
from tests.workflow.observing import INVOICE, announced, finished


def captured_once(stack: LocalStack, count: int = 1) -> None:
    """Drop documents, and see that each was captured, told and paid for once."""
    documents = [INVOICE + f"<!-- {number} -->".encode() for number in range(count)]
    uploads = [stack.upload(f"incoming/{number}.xml", document) for number, document in enumerate(documents)]
    jobs = [finished(stack, upload) for upload in uploads]
    assert {stack.job(job)["status"] for job in jobs} == {"CAPTURED"}
    # What SNS does not take at once, the sweeper announces.
    wait_until(lambda: all(announced(stack, job) for job in jobs))
    # A notice may come twice, as everything on SNS; a lost answer of SNS makes it.
    assert {announced(stack, job)[0] for job in jobs} == {"invoice.captured"}
    assert {stack.scripted.submissions_of(job) for job in jobs} == {1}


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionConflictException",
    ],
)
def test_dynamodb_refuses_one_request_in_ten(running: Running, code: str) -> None:
    with running() as stack:
        stack.faults.add(Fault(on="dynamodb:*", error=code, probability=0.1, times=FOREVER))
        captured_once(stack, 5)
        assert sum(stack.faults.injected.values()) > 0


def test_dynamodb_loses_one_answer_in_ten(running: Running) -> None:
    with running(finds_submissions=1) as stack:
        stack.faults.add(Fault(on="dynamodb:*", loses_answer=True, probability=0.1, times=FOREVER))
        captured_once(stack, 5)


def test_transactions_take_their_time(running: Running) -> None:
    with running() as stack:
        stack.faults.transaction_seconds = 0.02
        captured_once(stack, 10)


def test_indexes_lag(running: Running) -> None:
    with running() as stack:
        stack.faults.index_lag_seconds = 60
        captured_once(stack, 5)


def test_uploads_are_told_late_twice_and_out_of_order(running: Running) -> None:
    with running() as stack:
        stack.faults.add(Delivery(on="s3:event", late_seconds=300, copies=2, times=FOREVER))
        captured_once(stack, 10)
        assert len(stack.notifications()) == 10


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("s3:*", "SlowDown"),
        ("sns:Publish", "InternalError"),
        ("sqs:*", "ServiceUnavailable"),
        ("states:*", "ThrottlingException"),
        ("secretsmanager:*", "InternalServiceError"),
        ("lambda:Invoke", "ServiceException"),
    ],
)
def test_a_service_is_out_of_order_for_ten_requests(running: Running, on: str, code: str) -> None:
    with running() as stack:
        stack.faults.add(Fault(on=on, error=code, times=10))
        captured_once(stack)


def test_an_outage_of_sns_of_an_hour_delays_the_notice_only(running: Running) -> None:
    with running() as stack:
        stack.faults.add(Fault(on="sns:Publish", error="InternalError", times=FOREVER))
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        wait_until(lambda: stack.job(stack.job_id_of(upload) or "").get("status") == "CAPTURED")
        for _ in range(12):
            stack.clock.advance(300)
            stack.sweep()
            wait_until(lambda: stack.clock.at_work <= 0)
        stack.faults.end()
        for _ in range(5):
            stack.clock.advance(600)
            stack.sweep()
        wait_until(lambda: announced(stack, stack.job_id_of(upload) or "") == ["invoice.captured"])


@pytest.mark.parametrize("code", ["TransactionConflictException", "InternalServerError", "ThrottlingException"])
def test_a_failure_is_recorded_and_told_whatever_dynamodb_says_first(running: Running, code: str) -> None:
    with running(refuse_submissions=1) as stack:
        stack.faults.add(Fault(on="dynamodb:UpdateItem", by="CaptureInvoiceStateMachine", error=code, times=3))
        job_id = finished(stack, stack.upload("incoming/invoice.xml", INVOICE))
        assert (stack.job(job_id)["status"], announced(stack, job_id)) == ("FAILED", ["invoice.failed"])


def test_a_link_dies_with_the_session_of_the_role_that_signed_it(running: Running) -> None:
    with running() as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        finished(stack, upload)
        link = _signed_by(stack, "SubmitDocumentFunction", upload.key, upload.version_id, seconds=7 * 24 * 3600)
        assert requests.get(link, timeout=10).content == INVOICE
        stack.clock.advance(3600)
        assert requests.get(link, timeout=10).status_code == 400


def test_a_link_opens_what_its_signer_may_read(running: Running) -> None:
    with running() as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        finished(stack, upload)
        link = _signed_by(stack, "SweepJobsFunction", upload.key, upload.version_id, seconds=60)
        assert requests.get(link, timeout=10).status_code == 403
        assert [denial.action for denial in stack.permissions.denied] == ["s3:GetObjectVersion"]
        stack.permissions.clear()


def _signed_by(stack: LocalStack, function: str, key: str, version: str, seconds: int) -> str:
    role = stack.resources.roles[stack.resources.function(function).role_arn]
    documents = S3DocumentStore(Clients(), stack.bucket, stack.links_endpoint)
    with callers.acting_as(Caller(function, role)):
        return documents.link(DocumentPointer(stack.bucket, key, version, len(INVOICE)), seconds)


def test_a_form_stores_what_its_signer_may_store(running: Running) -> None:
    with running() as stack:
        role: Any = stack.resources.roles[stack.resources.function("JobsApiFunction").role_arn]
        documents = S3DocumentStore(Clients(), stack.bucket, stack.links_endpoint)
        answers = []
        for key in ("documents/a.xml", "elsewhere/a.xml"):
            with callers.acting_as(Caller("JobsApiFunction", role)):
                form = documents.offer_upload(key, "application/xml", 10**6, 600)
            answers.append(requests.post(form.url, data=form.fields, files={"file": INVOICE}, timeout=10).status_code)
        assert answers == [204, 403]
        stack.permissions.clear()


def test_a_state_that_is_repeated_waits_with_a_token_of_its_own(running: Running) -> None:
    """The token of the attempt before has been answered: with StoreUnavailable."""
    with running() as stack:
        stack.faults.add(
            Fault(on="secretsmanager:*", by="SubmitDocumentFunction", error="InternalServiceError", times=12)
        )
        job_id = finished(stack, stack.upload("incoming/scripted/invoice.xml", INVOICE))
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert announced(stack, job_id) == ["invoice.captured"]
