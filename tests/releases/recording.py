"""What a release leaves behind in an account: rows, objects, messages, and executions that wait.

    python -m tests.releases.recording NAME

writes ``tests/releases/NAME.json``, from a local stack in which jobs have come to every place where they wait for long.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import requests

from invoice_capture.aws.messaging import SQSQueue
from local_stack.hostility import FOREVER, Fault
from local_stack.serve import make_key
from local_stack.stack import PROJECT, LocalStack
from tests.waiting import PATIENCE_SECONDS, wait_until
from tools.api_statuses import Client

FOLDER = Path(__file__).parent
PARAMETERS = {
    "DefaultRoute": "scripted",
    "JobDeadlineHours": "72",
    "RequestsPerSecond": "1000",
    "RequestBurst": "1000",
}
MACHINES = {"CaptureInvoiceStateMachine": "capture_invoice", "PollProviderStateMachine": "poll_provider"}
# A provider takes longer than any recording.
_LATENCY_SECONDS = 36_000.0
_SAMPLES = PROJECT / "samples" / "documents"
_UBL, _CII = ((_SAMPLES / name).read_bytes() for name in ("peppol_ubl_belgium.xml", "cii_germany.xml"))


def record() -> dict[str, Any]:
    """Jobs by the place where they wait, and everything that belongs to them."""
    messages: list[tuple[str, str]] = []
    with _written_down(messages), LocalStack(api_port=0, parameters=PARAMETERS) as stack:
        stack.scripted.script.latency_seconds = _LATENCY_SECONDS
        client = Client(str(stack.api_url), make_key(stack))
        jobs = {"captured": stack.wait_for(stack.upload("incoming/embedded/captured.xml", _CII))}
        client.ask("POST", "/ocr-invoice-job/{id}/confirm", jobs["captured"], json={"values": {"total": "1.00"}})
        jobs["ordered"] = _order(client)
        # Nobody is told of an end, and no run of the engine comes to one.
        stack.faults.add(
            Fault(on="sns:Publish", error="InternalError", times=FOREVER),
            Fault(on="lambda:Handler", by="ExtractDocumentFunction", ends="Sandbox.Timedout", times=FOREVER),
        )
        jobs["owed"] = _until(stack, "owed.pdf", b"no invoice", "announcement")
        messages.clear()
        jobs["extracting"] = _until(stack, "embedded/extracting.xml", _UBL)
        jobs["polled"] = _until(stack, "polled.pdf", _SAMPLES.joinpath("dutch_eur_labels_below.pdf").read_bytes())
        wait_until(lambda: all(_is_waiting(stack, jobs[name]) for name in ("extracting", "polled")))
        wait_until(lambda: messages)
        return {
            "now": stack.clock.now().isoformat(),
            "ids": dict(stack.resources.ids),
            "jobs": jobs,
            "invoice": client.ask("GET", "/ocr-invoice-job/{id}/invoice", jobs["captured"]).json()["data"],
            "definitions": {
                name: (PROJECT / "statemachines" / f"{file}.asl.yaml").read_text() for name, file in MACHINES.items()
            },
            "executions": list(_executions(stack, [jobs["extracting"], jobs["polled"]])),
            "messages": [{"queue": url, "body": body} for url, body in messages],
            "accepted": [
                {"reference": one.reference, "job_id": one.job_id, "accepted_at": one.accepted_at.isoformat()}
                for one in stack.scripted.accepted
            ],
            "objects": list(_objects(stack)),
            "items": list(_items(stack)),
        }


@contextmanager
def _written_down(messages: list[tuple[str, str]]) -> Iterator[None]:
    send = SQSQueue._send

    def sent(queue: SQSQueue, body: str, delay_seconds: int) -> None:
        messages.append((queue._url, body))
        send(queue, body, delay_seconds)

    with patch.object(SQSQueue, "_send", sent):
        yield


def _order(client: Client) -> str:
    """A job that was created, and may be started."""
    offer = client.ask("POST", "/uploads", json={"documentName": "ordered.xml"}).json()["data"]
    requests.post(
        offer["url"], data=offer["fields"], files={"file": _UBL + b"<!-- ordered -->"}, timeout=PATIENCE_SECONDS
    ).raise_for_status()
    return client.order("ordered", offer["documentUrl"])


def _until(stack: LocalStack, name: str, content: bytes, attribute: str = "status") -> str:
    """Drop a document; the id of its job once that has an attribute."""
    upload = stack.upload(f"incoming/{name}", content)
    job_id = wait_until(lambda: stack.job_id_of(upload))
    wait_until(lambda: attribute in stack.job(job_id))
    return job_id


def _is_waiting(stack: LocalStack, job_id: str) -> bool:
    return any(row.get("reference") for row in stack.submissions(job_id))


def _executions(stack: LocalStack, job_ids: list[str]) -> Iterator[Mapping[str, Any]]:
    """Those of jobs with the token that they wait with, then the loops."""
    tokens = {job_id: stack.submissions(job_id)[-1]["task_token"] for job_id in job_ids}
    machines = {machine: name for name, machine in stack.resources.state_machines.items()}
    arns = {stack.executions(job_id)[-1]: token for job_id, token in tokens.items()} | dict.fromkeys(stack.loops())
    for arn, token in arns.items():
        told = stack.states.describe_execution(executionArn=arn)
        if told["status"] == "RUNNING":
            yield {
                "machine": machines[told["stateMachineArn"]],
                "name": told["name"],
                "input": json.loads(told["input"]),
                "token": token,
            }


def _objects(stack: LocalStack) -> Iterator[Mapping[str, Any]]:
    """Every version of every document, the oldest first."""
    listed = stack.s3.list_object_versions(Bucket=stack.bucket).get("Versions", [])
    for version in sorted(listed, key=lambda version: version["LastModified"]):
        name = {"Key": version["Key"], "VersionId": version["VersionId"]}
        found = stack.s3.get_object(Bucket=stack.bucket, **name)
        yield {
            "key": version["Key"],
            "version_id": version["VersionId"],
            "content_type": found["ContentType"],
            "metadata": found["Metadata"],
            "content": found["Body"].read(),
        }


def _items(stack: LocalStack) -> Iterator[Mapping[str, Any]]:
    for page in stack.dynamodb.get_paginator("scan").paginate(TableName=stack.table):
        yield from page["Items"]


def _in_base64(content: bytes) -> dict[str, str]:
    """How bytes stand in a recording."""
    return {"base64": base64.b64encode(content).decode()}


def main() -> None:
    recording = json.dumps(record(), default=_in_base64, indent=1, sort_keys=True)
    (FOLDER / f"{sys.argv[1]}.json").write_text(recording + "\n")


if __name__ == "__main__":
    main()
