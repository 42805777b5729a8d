"""Nothing secret is told: not in a log, an error, an execution's input or history, nor in a notification."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack import simulators
from local_stack.stack import LocalStack
from tests.workflow.conftest import Stacks
from tests.workflow.observing import finished

INVOICE = Path("samples/documents/dutch_eur_labels_below.pdf").read_bytes()
# A busy machine answers in a third of it.
HANG_SECONDS = 6.0
SETTINGS = {
    "abbyy": {"application_id": "an-application", "application_token": "abbyy-s3cret-Token+/="},
    "extract_api": {"account_token": "extract-s3cret-token"},
    "ocr_job": {"api_key": "ocr-s3cret-key"},
}
SECRETS = [
    SETTINGS["abbyy"]["application_token"],
    base64.b64encode(b"an-application:abbyy-s3cret-Token+/=").decode(),
    SETTINGS["extract_api"]["account_token"],
    SETTINGS["ocr_job"]["api_key"],
]
# A link to a document opens it for whoever has the whole of it.
SIGNATURE = re.compile(r"X-Amz-(?:Signature|Credential)=(?!\*\*\*)[^&\s\"']+")
FIRST = {"abbyy": "upload_file", "extract_api": "parse", "ocr_job": "create_job"}
CHECK = {"abbyy": "task", "extract_api": "get_results", "ocr_job": "list_jobs"}


@pytest.fixture(scope="module")
def told(stacks: Stacks) -> dict[str, str]:
    """Everything that was told of jobs that went well, were refused, or met every kind of broken answer."""
    log = io.StringIO()
    settings = {name: {**SETTINGS[name], "timeout_seconds": str(HANG_SECONDS / 3)} for name in simulators.NAMES}
    stack = stacks.get(time_scale=500, parameters={"LogLevel": "DEBUG"}, provider_settings=settings, log=log)
    jobs = list(_jobs(stack))
    executions = [arn for job_id in jobs for arn in stack.executions(job_id)] + stack.loops()
    described = [stack.states.describe_execution(executionArn=arn) for arn in executions]
    records = [stack.record(job_id) for job_id in jobs]
    assert {record.job["status"] for record in records} == {"CAPTURED", "FAILED"}
    return {
        "logs": log.getvalue(),
        "errors": json.dumps(
            [(record.job.get("error_message"), record.job.get("error_code"), record.submissions) for record in records]
        ),
        "inputs": json.dumps([execution["input"] for execution in described]),
        "histories": json.dumps([stack.history(arn) for arn in executions], default=str),
        "notifications": json.dumps([dict(notification.message) for notification in stack.notifications()]),
    }


def _jobs(stack: LocalStack) -> Iterator[str]:
    number = 0

    def drop(provider: str) -> str:
        nonlocal number
        number += 1
        content = INVOICE + b"\n%%%d" % number
        return finished(stack, stack.upload(f"incoming/{provider}/{number}.pdf", content))

    for provider, simulator in stack.simulators.items():
        yield drop(provider)
        for status in (400, 401, 402, 415, 429, 500, 503):
            simulator.fail(on=FIRST[provider], status=status)
            yield drop(provider)
        for fault in ({"body": "malformed"}, {"body": "html"}, {"reset": True}, {"hang_seconds": HANG_SECONDS}):
            simulator.fail(on=CHECK[provider], **fault)
            yield drop(provider)
        simulator.script.fail_documents = "forever"
        yield drop(provider)


@pytest.mark.parametrize("place", ["logs", "errors", "inputs", "histories", "notifications"])
def test_no_secret_is_told(told: dict[str, str], place: str) -> None:
    assert len(told[place]) > 1000
    assert [secret for secret in SECRETS if secret in told[place]] == []
    assert SIGNATURE.findall(told[place]) == []


def test_the_log_tells_status_type_and_size_of_broken_answers_and_no_word(told: dict[str, str]) -> None:
    assert "The provider shows a page instead of answering." in told["logs"]
    assert '"answer_bytes":' in told["logs"]
    assert "Please sign in" not in told["logs"]


def test_what_is_searched_for_would_be_found(stacks: Stacks) -> None:
    """The credentials are really in use: a simulator accepts no others."""
    stack = stacks.get(time_scale=500, provider_settings={"ocr_job": SETTINGS["ocr_job"]})
    assert stack.simulators["ocr_job"].settings["api_key"] == "ocr-s3cret-key"
    assert stack.job(finished(stack, stack.upload("incoming/ocr_job/x.pdf", INVOICE)))["status"] == "CAPTURED"
