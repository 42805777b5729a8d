"""The archive in a running stack: what is recorded of jobs, by whom, and what stays when it is locked."""

from __future__ import annotations

import time
from collections.abc import Iterator

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from invoice_capture.domain.audited import NOT_OURS
from invoice_capture.domain.history import Entry
from invoice_capture_cli.archive.checking import read_history
from invoice_capture_cli.archive.stored import Archive
from invoice_capture_cli.stack import Stack
from local_stack.hostility import FOREVER, Delivery, Fault
from local_stack.isolation import REGION
from local_stack.serve import make_key
from local_stack.stack import STACK_NAME, LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Stacks
from tools.api_statuses import Client
from tools.stage import SAMPLES

_PDF = (SAMPLES / "dutch_eur_labels_below.pdf").read_bytes()
_JOBS, _JOB = "/ocr-invoice-job", "/ocr-invoice-job/{id}"
_LATER = 60.0


class Running:
    """A stack, and the histories in it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.client = Client(str(stack.api_url), make_key(stack))
        self.archive = Archive(Stack(STACK_NAME, region=REGION, endpoint=stack.aws_endpoint))

    def submit(self, content: bytes = _PDF, template: str = "embedded") -> str:
        form = {"file": ("a.pdf", content)}
        created = self.client.ask("POST", f"{_JOBS}/documents", files=form, data={"template": template})
        job_id = str(created.json()["data"]["_id"])
        self.client.end(job_id)
        return job_id

    def settle(self, job_id: str) -> list[Entry]:
        """The entries of a history that is whole and knows everything."""
        give_up_at = time.monotonic() + 30
        while problems := self.archive.problems(self.archive.job(job_id), None):
            assert time.monotonic() < give_up_at, problems
            self.stack.clock.advance(_LATER)
            time.sleep(0.05)
        return self.entries(job_id)

    def entries(self, job_id: str) -> list[Entry]:
        return read_history(job_id, self.archive.job(job_id).history)[0]


@pytest.fixture
def parameters() -> dict[str, str]:
    return {}


@pytest.fixture
def running(stacks: Stacks, parameters: dict[str, str]) -> Iterator[Running]:
    stacks.close()
    unthrottled = {"RequestsPerSecond": "1000", "RequestBurst": "1000"}
    with LocalStack(time_scale=2_000, api_port=0, parameters={**unthrottled, **parameters}) as stack:
        yield Running(stack)
        assert [str(denial) for denial in stack.permissions.denied] == []


def test_every_change_is_recorded_with_who_made_it(running: Running) -> None:
    job_id = running.submit()
    running.client.ask("POST", f"{_JOB}/confirm", job_id, json={"values": {"total": "1.00"}})
    entries = running.settle(job_id)
    writers = {entry["by"] for entry in entries}
    assert writers == {"JobsApi local", "SubmitDocument", "ExtractDocument", "StoreInvoice"}
    statuses = [entry["what"]["status"]["to"] for entry in entries if "status" in entry["what"]]
    assert statuses == ["RECEIVED", "SUBMITTED", "CAPTURED"]
    # Whatever the end of a job is, the state machine says that it wrote it.
    failed = running.stack.wait_for(running.stack.upload("incoming/empty.pdf", b""))
    assert running.settle(failed)[-2]["by"] == "CaptureInvoice"


def test_a_change_by_somebody_else_is_named_as_such(running: Running) -> None:
    job_id = running.submit()
    running.settle(job_id)
    running.stack.dynamodb.update_item(
        TableName=running.stack.table,
        Key={"PK": {"S": f"JOB#{job_id}"}, "SK": {"S": "JOB"}},
        UpdateExpression="SET remark = :remark",
        ExpressionAttributeValues={":remark": {"S": "looks fine"}},
    )
    last = running.settle(job_id)[-1]
    assert (last["by"], last["what"]) == (NOT_OURS, {"remark": {"from": None, "to": "looks fine"}})


def test_a_stream_that_delivers_twice_and_a_function_that_fails_leave_one_chain(running: Running) -> None:
    running.stack.faults.add(
        Delivery(on="dynamodb:stream", copies=2, times=FOREVER),
        Fault(on="s3:PutObject", by="RecordChangesFunction", loses_answer=True, times=2),
        Fault(on="dynamodb:UpdateItem", by="RecordChangesFunction", ends="Runtime.ExitError", times=2),
    )
    job_ids = [running.submit(_PDF + f"\n% {number}".encode()) for number in range(3)]
    for job_id in job_ids:
        entries = running.settle(job_id)
        assert len({entry["change"] for entry in entries}) == len(entries) >= 8


@pytest.mark.parametrize("parameters", [{"History": "false"}])
def test_without_histories_nothing_is_recorded(running: Running) -> None:
    job_id = running.submit()
    running.stack.clock.advance(_LATER)
    assert running.stack.resources.streams == ()
    assert (running.archive.job(job_id).history, running.archive.job(job_id).head) == (b"", None)


@pytest.mark.parametrize("parameters", [{"ArchiveLock": "compliance", "ArchiveLockDays": "500"}])
def test_what_is_locked_stays_when_its_job_is_erased(running: Running) -> None:
    stack = running.stack
    job_id = running.submit()
    running.settle(job_id)
    document = stack.job(job_id)["document"]
    location = {"Bucket": stack.bucket, "Key": document["key"], "VersionId": document["version_id"]}
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client("s3").delete_object(**location)
    unused = running.client.ask("POST", "/uploads", json={"documentName": "b.pdf"}).json()["data"]
    requests.post(unused["url"], data=unused["fields"], files={"file": _PDF}, timeout=30).raise_for_status()
    assert running.client.ask("DELETE", _JOB, job_id).status_code == 200
    wait_until(lambda: not stack.job(job_id))
    stack.clock.advance(_LATER)
    wait_until(lambda: running.entries(job_id)[-1]["did"] == "removed")
    assert stack.s3.get_object(**location)["Body"].read() == _PDF
    locked = [
        version["Key"]
        for version in stack.s3.list_object_versions(Bucket=stack.bucket)["Versions"]
        if "ObjectLockMode"
        in stack.s3.head_object(**{name: version[name] for name in ("Key", "VersionId")}, Bucket=stack.bucket)
    ]
    assert {key.partition("/")[0] for key in locked} == {"documents", "history"}
    # Neither the answers of the provider nor anything in the table is left, and nobody is woken for it.
    assert stack.rows(f"JOB#{job_id}") == {}
    assert not [key for key in locked if key.startswith("results/")]
