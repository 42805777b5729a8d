"""One scene per function: what must be there before its sample event, and what must be different after it.

The same scenes are played with the handlers of the working tree by the tests, and with the built functions in Lambda's
emulator. ``check`` fails with AssertionError.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Protocol

from invoice_capture.aws.invoice_items import unpacked
from invoice_capture.domain.api_key import ApiKey, digest_of, parse
from invoice_capture.domain.document import UPLOADS, DocumentKind, DocumentPointer, client_key
from invoice_capture.domain.errors import CaptureFailed
from invoice_capture.domain.history import read_entries, require_whole
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.domain.webhook import Webhook
from invoice_capture.ports import Lease
from invoice_capture.providers.embedded.engine import engine
from tools.stage import BUCKET, PROJECT, SAMPLES, Stage

_PROVIDER = "embedded"
_E_INVOICE = "peppol_ubl_belgium.xml"
_LATE_JOB = "01KG1TZ700JK83S1A8X1FZC4Q2"
_EXPIRED_JOB = "01KG1TZ70127RWNJ6V2Y9N8E4T"
_HOUR = timedelta(hours=1)


class Scene(Protocol):
    """The stage before and after one function."""

    def prepare(self, stage: Stage, event: Any) -> None:
        """Bring the stage into the state in which the event occurs."""
        ...

    def check(self, stage: Stage, event: Any, answer: Any) -> None: ...


class ReceiveUploadScene:
    """The document lies in the bucket, and nobody knows of it."""

    def prepare(self, stage: Stage, event: Any) -> None:
        assert stage.items("JOB") == []

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer == {"batchItemFailures": []}
        [job] = stage.items("JOB")
        uploaded = json.loads(event["Records"][0]["body"])["detail"]["object"]
        assert job["status"] == "RECEIVED"
        assert (job["document"]["key"], job["document"]["size"]) == (uploaded["key"], uploaded["size"])
        assert stage.executions("CaptureInvoiceStateMachine") == [job["job_id"]]


class SubmitDocumentScene:
    """The job was received."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_job(stage, event["job_id"], event["document"])

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        row = _submission(stage, event["job_id"])
        assert (row["state"], row["task_token"]) == ("PENDING", event["task_token"])
        assert row["reference"]
        assert _job(stage, event["job_id"])["status"] == "SUBMITTED"


class ExtractDocumentScene:
    """The embedded provider took the submission and sent this message."""

    def prepare(self, stage: Stage, event: Any) -> None:
        message = json.loads(event["Records"][0]["body"])
        _create_submission(stage, message["job_id"], message["document"], message["task_token"])

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer == {"batchItemFailures": []}
        message = json.loads(event["Records"][0]["body"])
        row = _submission(stage, message["job_id"])
        assert row["state"] == "DONE"
        assert "task_token" not in row
        result = json.loads(stage.documents.read_result(row["result_key"]) or b"{}")
        assert result["invoice"]["invoice_number"]["value"] == _expected_number(message["document"])


class StoreInvoiceScene:
    """The engine left its answer."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_submission(stage, event["job_id"], event["document"], "token of an execution that went on")
        assert _extract(stage, event["job_id"]) == event["captured"]["result_key"]

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        number = _expected_number(event["document"])
        assert (answer["event"], answer["job_id"]) == ("invoice.captured", event["job_id"])
        assert answer["invoice"]["invoice_number"] == number
        job = _job(stage, event["job_id"])
        assert job["status"] == "CAPTURED"
        assert "announcement" not in job
        invoice = unpacked(stage.item(f"JOB#{event['job_id']}", "INVOICE")["invoice"])
        assert invoice["invoice_number"]["value"] == number


class AnnounceOutcomeScene:
    """The job failed, and nobody was told yet."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_job(stage, event["job_id"], _pointer(_E_INVOICE))
        assert stage.jobs.fail(event["job_id"], CaptureFailed("It is illegible."), stage.now)
        assert _job(stage, event["job_id"])["announcement"] == "invoice.failed"

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        job = _job(stage, event["job_id"])
        assert "announcement" not in job
        assert "due_shard" not in job
        assert job["ttl"] == job["removed_at"]


class CheckSubmissionsScene:
    """The engine left its answer, and did not come to resolving the token."""

    def prepare(self, stage: Stage, event: Any) -> None:
        lease = Lease(event["owner"], wakes_at=stage.now, expires_at=stage.now + _HOUR)
        assert stage.states.take_lease(event["provider"], lease, instead_of=None)
        _create_submission(stage, _LATE_JOB, _pointer(_E_INVOICE), "token", due_for=timedelta(minutes=1))
        _extract(stage, _LATE_JOB)

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer["provider"] == event["provider"]
        assert (answer["outcome"], answer["released"], answer["turn"]) == ("WAIT", True, event["turn"] + 1)
        assert answer["wait_seconds"] >= 1
        assert _submission(stage, _LATE_JOB)["state"] == "DONE"


class SweepJobsScene:
    """A submission is overdue and nobody looks; a job is past its deadline and has no open submission."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_submission(stage, _LATE_JOB, _pointer(_E_INVOICE), "token", due_for=_HOUR)
        _create_job(stage, _EXPIRED_JOB, _pointer(_E_INVOICE), deadline_in=-_HOUR)

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        job = _job(stage, _EXPIRED_JOB)
        assert (job["status"], job["error_code"]) == ("FAILED", "JobDeadlineExceeded")
        assert "announcement" not in job
        assert stage.executions("CaptureInvoiceStateMachine") == []
        lease = stage.item(f"PROVIDER#{_PROVIDER}#0", "LEASE")
        assert stage.executions("PollProviderStateMachine") == [lease["owner"]]


class FetchDocumentScene:
    """A client ordered a job for a document that it uploaded."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _order_job(stage, event["job_id"])

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert "is_stored" not in answer
        assert answer["size"] == len(stage.documents.read(DocumentPointer.from_json(answer)))
        assert _job(stage, event["job_id"])["document"] == answer


class EraseJobScene:
    """A client deleted a job that was ordered and had started."""

    def prepare(self, stage: Stage, event: Any) -> None:
        job = _order_job(stage, event["job_id"])
        assert stage.orders.withdraw(job, stage.now)

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        assert _job(stage, event["job_id"]) == {}
        assert stage.items("JOB") == []


class DeliverMessagesScene:
    """The client whose document it was has a webhook."""

    def prepare(self, stage: Stage, event: Any) -> None:
        stage.webhooks.put(Webhook("acme", "https://example.com", "version of its secret", stage.now))

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer == {"batchItemFailures": []}
        [delivery] = [json.loads(body) for body in stage.messages("DeliveryQueue")]
        assert (delivery["to"], delivery["message"]) == ("acme", json.loads(event["Records"][0]["body"]))


class RemoveJobsScene:
    """The retention of a job is over, and another one's is not."""

    def prepare(self, stage: Stage, event: Any) -> None:
        for job_id, age in ((_EXPIRED_JOB, timedelta(days=402)), (_LATE_JOB, _HOUR)):
            stage.orders.place(replace(_ordered(stage, job_id), status=JobStatus.CREATED, created_at=stage.now - age))

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        assert [job["job_id"] for job in stage.items("JOB")] == [_LATE_JOB]


class RecordChangesScene:
    """Nothing was recorded of the job yet."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_job(stage, _job_of_stream(event), _pointer(_E_INVOICE))

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        job_id = _job_of_stream(event)
        [portion] = stage.histories.portions(job_id)
        entries = read_entries(portion)
        require_whole(job_id, entries)
        assert [entry["by"].split()[0] for entry in entries] == ["ReceiveUpload", "CaptureInvoice"]
        assert stage.item(f"JOB#{job_id}", "HISTORY")["head"] == entries[-1]["hash"]


class ConfirmInvoiceScene:
    """A person corrected an invoice that the engine had read, which learns nothing from it."""

    def prepare(self, stage: Stage, event: Any) -> None:
        _create_submission(stage, event["job_id"], _pointer(_E_INVOICE), "token of an execution that went on")
        _extract(stage, event["job_id"])
        invoice = Invoice().to_json()
        stage.jobs.capture(event["job_id"], 1, invoice, [], stage.now, summary={})
        assert stage.jobs.confirm(event["job_id"], invoice, [], stage.now, summary={})

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer is None
        assert "confirmed_at" in _job(stage, event["job_id"])


class AuthorizeRequestScene:
    """The key of the event was created for a client."""

    def prepare(self, stage: Stage, event: Any) -> None:
        text = event["headers"]["Api-Key"]
        key_id = parse(text)
        assert key_id is not None
        key = ApiKey(
            key_id=key_id,
            client="acme",
            scopes=frozenset(),
            digest=digest_of(text),
            created_at=stage.now,
            usage_identifier="usage-identifier-of-acme",
        )
        assert stage.keys.add(key)

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        [statement] = answer["policyDocument"]["Statement"]
        assert (statement["Effect"], answer["principalId"]) == ("Allow", "acme")
        assert answer["context"]["client"] == "acme"
        assert answer["usageIdentifierKey"] == "usage-identifier-of-acme"


class JobsApiScene:
    """The job that the request asks for was ordered by the client that asks."""

    def prepare(self, stage: Stage, event: Any) -> None:
        client = event["requestContext"]["authorizer"]["client"]
        _order_job(stage, event["pathParameters"]["proxy"].partition("/")[2], client)

    def check(self, stage: Stage, event: Any, answer: Any) -> None:
        assert answer["statusCode"] == 200, answer
        body = json.loads(answer["body"])
        job_id = event["pathParameters"]["proxy"].partition("/")[2]
        assert (body["success"], body["data"]["_id"], body["data"]["status"]) == (True, job_id, "queued")


SCENES: dict[str, Scene] = {
    "announce_outcome": AnnounceOutcomeScene(),
    "authorize_request": AuthorizeRequestScene(),
    "check_submissions": CheckSubmissionsScene(),
    "confirm_invoice": ConfirmInvoiceScene(),
    "deliver_messages": DeliverMessagesScene(),
    "erase_job": EraseJobScene(),
    "extract_document": ExtractDocumentScene(),
    "fetch_document": FetchDocumentScene(),
    "jobs_api": JobsApiScene(),
    "receive_upload": ReceiveUploadScene(),
    "record_changes": RecordChangesScene(),
    "remove_jobs": RemoveJobsScene(),
    "store_invoice": StoreInvoiceScene(),
    "submit_document": SubmitDocumentScene(),
    "sweep_jobs": SweepJobsScene(),
}


def _pointer(sample: str) -> dict[str, Any]:
    size = (SAMPLES / sample).stat().st_size
    return {"bucket": BUCKET, "key": f"incoming/{sample}", "version_id": None, "size": size}


def _job_of_stream(event: Any) -> str:
    return str(event["Records"][0]["dynamodb"]["Keys"]["PK"]["S"].removeprefix("JOB#"))


def _create_job(stage: Stage, job_id: str, document: dict[str, Any], deadline_in: timedelta = _HOUR) -> None:
    job = Job(
        job_id=job_id,
        document=DocumentPointer.from_json(document),
        route=(_PROVIDER,),
        status=JobStatus.RECEIVED,
        created_at=stage.now,
        updated_at=stage.now,
        deadline_at=stage.now + deadline_in,
    )
    assert stage.jobs.create(job)


def _order_job(stage: Stage, job_id: str, client: str = "acme") -> Job:
    """A job of a client that was started, and its document, which the client had uploaded."""
    job = _ordered(stage, job_id, client)
    stage.orders.place(job)
    return job


def _ordered(stage: Stage, job_id: str, client: str = "acme") -> Job:
    content = (SAMPLES / _E_INVOICE).read_bytes()
    key = client_key(client, "upload", _E_INVOICE, UPLOADS)
    stage.documents.write(BUCKET, key, BytesIO(content))
    return Job(
        job_id=job_id,
        document=DocumentPointer(BUCKET, client_key(client, job_id, _E_INVOICE), None, 0, is_stored=False),
        route=(_PROVIDER,),
        status=JobStatus.RECEIVED,
        created_at=stage.now,
        updated_at=stage.now,
        deadline_at=stage.now + _HOUR,
        order=Order(client, f"number of {job_id}", _E_INVOICE, f"s3://{BUCKET}/{key}", "invoices"),
    )


def _create_submission(
    stage: Stage, job_id: str, document: dict[str, Any], task_token: str, due_for: timedelta = -_HOUR
) -> None:
    """A job whose document is at the embedded provider, to be looked at since ``due_for``."""
    _create_job(stage, job_id, document)
    row = Submission(
        job_id=job_id,
        number=1,
        provider=_PROVIDER,
        state=SubmissionState.PENDING,
        document=DocumentPointer.from_json(document),
        kind=DocumentKind.E_INVOICE,
        task_token=task_token,
        created_at=stage.now,
        deadline_at=stage.now + _HOUR,
        attempts=1,
        reference=f"results/{job_id}/1-{_PROVIDER}.json",
        submitted_at=stage.now,
        next_check_at=stage.now - due_for,
    )
    assert stage.submissions.begin(row)


def _extract(stage: Stage, job_id: str) -> str:
    """Leave the engine's answer where the embedded provider expects it; returns its key."""
    content = (SAMPLES / _E_INVOICE).read_bytes()
    return stage.documents.write_result(job_id, 1, _PROVIDER, engine(len(content))(content))


def _job(stage: Stage, job_id: str) -> dict[str, Any]:
    return stage.item(f"JOB#{job_id}", "JOB")


def _submission(stage: Stage, job_id: str) -> dict[str, Any]:
    return stage.item(f"JOB#{job_id}", "SUBMISSION#1")


def _expected_number(document: dict[str, Any]) -> str:
    expected = json.loads((PROJECT / "samples" / "expected.json").read_text(encoding="utf-8"))
    number: str = expected[PurePosixPath(document["key"]).name]["invoice"]["invoice_number"]
    return number
