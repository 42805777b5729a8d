"""The real state machines, handlers and template on the local stack, through success and every kind of trouble."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from invoice_capture.use_cases import check_submissions
from local_stack.stack import LocalStack, Upload

INVOICE = Path("samples/documents/peppol_ubl_belgium.xml").read_bytes()
ANOTHER = Path("samples/documents/cii_germany.xml").read_bytes()
SAMPLES = json.loads(Path("samples/expected.json").read_text())


@contextmanager
def running(route: str = "scripted", hours: int = 72, **script: float) -> Iterator[LocalStack]:
    """A stack whose waits pass quickly, with a scripted provider behind the loop."""
    with LocalStack(
        time_scale=50_000,
        parameters={"DefaultRoute": route, "JobDeadlineHours": str(hours)},
        provider_settings={"scripted": {name: str(value) for name, value in script.items()}},
    ) as stack:
        yield stack


def captured(stack: LocalStack, content: bytes = INVOICE, key: str = "incoming/invoice.xml") -> str:
    return finished(stack, stack.upload(key, content))


def finished(stack: LocalStack, upload: Upload) -> str:
    return stack.wait_for(upload, give_up_after=400 * 3600)


def states(stack: LocalStack, job_id: str, execution: int = 0) -> list[str]:
    """The names of the states that an execution of the job entered."""
    events = stack.history(stack.executions(job_id)[execution])
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def ended_as(stack: LocalStack, job_id: str, execution: int = 0) -> str:
    return str(stack.history(stack.executions(job_id)[execution])[-1]["type"])


def announced(stack: LocalStack, job_id: str) -> list[str]:
    return [str(notification.message["event"]) for notification in stack.notifications(job_id)]


# --- success  ----------------------------------------


@pytest.fixture(scope="module")
def samples() -> dict[str, dict[str, Any]]:
    """What became of each sample, after one run of all of them with the default route."""
    with LocalStack() as stack:
        uploads = {
            name: stack.upload(f"incoming/{name}", Path("samples/documents", name).read_bytes()) for name in SAMPLES
        }
        outcomes = {}
        for name, upload in uploads.items():
            job_id = finished(stack, upload)
            invoice, findings = stack.invoice(job_id)
            outcomes[name] = {
                "job": stack.job(job_id),
                "invoice": invoice,
                "findings": findings,
                "announced": announced(stack, job_id),
                "states": states(stack, job_id),
            }
    return outcomes


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_ends_as_expected(samples: dict[str, dict[str, Any]], name: str) -> None:
    expected, outcome = SAMPLES[name], samples[name]
    assert outcome["job"]["status"] == expected["status"]
    if expected["status"] == "REJECTED":
        assert (
            outcome["job"]["error_code"]
            == {
                "empty_document": "EmptyDocument",
                "unsupported_format": "UnsupportedFormat",
            }[expected["reason"]]
        )
        assert name in outcome["job"]["error_message"]
        assert outcome["announced"] == ["document.rejected"]
        return
    assert outcome["announced"] == ["invoice.captured"]
    assert outcome["states"] == ["Submit Document", "Store Invoice", "Announce Invoice"]
    for field, value in expected["invoice"].items():
        node = outcome["invoice"]
        for part in field.split("."):
            node = node[part]
        same = Decimal(value) == Decimal(node["value"]) if field in {"subtotal", "tax_total", "total"} else None
        assert node["value"] == value if same is None else same, field
    assert [finding for finding in outcome["findings"] if finding["severity"] == "error"] == []


def test_a_provider_behind_the_loop_costs_no_more_states_than_the_engine() -> None:
    with running(latency_seconds=20) as stack:
        job_id = captured(stack)
        assert states(stack, job_id) == ["Submit Document", "Store Invoice", "Announce Invoice"]
        assert len(stack.history(stack.executions(job_id)[0])) == 18
        assert stack.job(job_id)["provider"] == "scripted"
        [submission] = stack.submissions(job_id)
        assert submission["state"] == "DONE"
        assert "task_token" not in submission


def test_a_day_of_waiting_changes_nothing_for_the_job() -> None:
    with running(latency_seconds=24 * 3600) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.history(stack.executions(job_id)[0])) == 18
        assert stack.scripted.submissions_of(job_id) == 1


def test_a_loop_ends_when_nothing_is_pending_and_the_next_document_starts_another() -> None:
    with running(latency_seconds=20) as stack:
        captured(stack)
        stack.clock.advance(60)
        captured(stack, ANOTHER, "incoming/another.xml")
        _wait_until(lambda: all(_status(stack, loop) == "SUCCEEDED" for loop in stack.loops()))
        assert len(stack.loops()) >= 1
        items = stack._dynamodb.get_item(
            TableName=stack.table, Key={"PK": {"S": "PROVIDER#scripted#0"}, "SK": {"S": "LEASE"}}
        )
        assert "Item" not in items


@pytest.mark.parametrize(
    "key",
    [
        "incoming/a b+c ü (1).xml",
        "incoming/../up.xml",
        'incoming/quote"and\\back.xml',
        "incoming/embedded/deep/er/🧾.xml",
        "incoming/100%25.xml",
        "incoming/new\nline.xml",
    ],
)
def test_any_legal_key_is_captured(key: str) -> None:
    with running(route="embedded") as stack:
        job_id = captured(stack, key=key)
        assert stack.job(job_id)["status"] == "CAPTURED"
        [notification] = stack.notifications(job_id)
        assert notification.message["document"]["key"] == key


def test_folders_and_other_prefixes_make_no_job() -> None:
    with running(route="embedded") as stack:
        for key in ("incoming/", "incoming/embedded/", "elsewhere/invoice.xml"):
            stack.upload(key, INVOICE if key.endswith(".xml") else b"")
        captured(stack, ANOTHER)
        assert len(stack.notifications()) == 1


# --- refusals and duplicates  ----------------------------------------


def test_the_same_bytes_end_as_duplicate_of_the_first_job() -> None:
    with running(latency_seconds=20) as stack:
        first = captured(stack)
        second = captured(stack, key="incoming/other name.xml")
        job = stack.job(second)
        assert (job["status"], job["duplicate_of"]) == ("DUPLICATE", first)
        assert announced(stack, second) == ["document.duplicate"]
        assert ended_as(stack, second) == "ExecutionSucceeded"
        assert len(stack.scripted.accepted) == 1


def test_two_copies_at_the_same_moment_are_paid_for_once() -> None:
    with running(latency_seconds=20) as stack:
        uploads = [stack.upload(f"incoming/{number}.xml", INVOICE) for number in range(6)]
        statuses = Counter(stack.job(finished(stack, upload))["status"] for upload in uploads)
        assert statuses == {"CAPTURED": 1, "DUPLICATE": 5}
        assert len(stack.scripted.accepted) == 1


def test_a_refused_document_ends_in_fail_with_one_notice() -> None:
    with running() as stack:
        job_id = captured(stack, b"%TXT", "incoming/notes.pdf")
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("REJECTED", "UnsupportedFormat")
        [notification] = stack.notifications(job_id)
        assert notification.message["error"] == {"code": job["error_code"], "message": job["error_message"]}
        assert ended_as(stack, job_id) == "ExecutionFailed"
        assert stack.scripted.accepted == []


def test_a_document_over_the_limit_is_refused_unread() -> None:
    with LocalStack(parameters={"MaximumDocumentMegabytes": "1"}) as stack:
        job_id = captured(stack, b"%PDF-1.7" + bytes(1024**2), "incoming/large.pdf")
        assert stack.job(job_id)["error_code"] == "DocumentTooLarge"
        assert "large.pdf has 1.0 MB; the limit is 1 MB" in stack.job(job_id)["error_message"]


# --- providers that fail  ----------------------------------------


def test_a_provider_that_fails_for_good_fails_the_job_with_its_reason() -> None:
    with running(fail_for_good=1) as stack:
        job_id = captured(stack)
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "CaptureFailed")
        assert announced(stack, job_id) == ["invoice.failed"]
        assert states(stack, job_id)[-3:] == ["Record Failure", "Announce Failure", "Capture Failed"]
        assert ended_as(stack, job_id) == "ExecutionFailed"


@pytest.mark.parametrize("fault", ["fail_for_good", "refuse_submissions", "unusable_results"])
def test_the_next_provider_of_the_route_takes_over(fault: str) -> None:
    with running(route="scripted,embedded", **{fault: 1}) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.job(job_id)["provider"] == "embedded"
        assert [row["provider"] for row in stack.submissions(job_id)] == ["scripted", "embedded"]
        assert announced(stack, job_id) == ["invoice.captured"]
        assert "Next Provider?" in states(stack, job_id)


def test_an_unavailable_provider_delays_the_job_and_fails_nothing() -> None:
    with running(unavailable_submissions=3, unavailable_checks=2, limited_checks=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert states(stack, job_id) == ["Submit Document", "Store Invoice", "Announce Invoice"]


def test_a_person_who_must_verify_is_asked_once() -> None:
    with running(action_required=1, latency_seconds=30 * 3600) as stack:
        job_id = captured(stack)
        assert announced(stack, job_id) == ["invoice.action_required", "invoice.captured"]
        assert stack.job(job_id)["status"] == "CAPTURED"


# --- money  ----------------------------------------


def test_a_lost_answer_is_found_again_by_looking_it_up() -> None:
    with running(lose_answer_after_acceptance=1, finds_submissions=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert not stack.job(job_id).get("possible_double_charge")


def test_a_lost_answer_that_cannot_be_looked_up_is_a_marked_second_charge_and_never_a_third() -> None:
    with running(lose_answer_after_acceptance=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.job(job_id)["possible_double_charge"] is True
        assert stack.scripted.submissions_of(job_id) == 2
    with running(lose_answer_after_acceptance=5) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["error_code"] == "SubmissionInDoubt"
        assert stack.scripted.submissions_of(job_id) == 2


def test_an_invocation_that_dies_after_submitting_is_repeated_without_a_second_charge() -> None:
    with running(latency_seconds=600) as stack, _dying_once(stack, "SubmitDocumentFunction"):
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert not stack.job(job_id).get("possible_double_charge")


# --- loops that die  ----------------------------------------


def test_a_loop_that_was_aborted_is_restarted_by_the_sweeper() -> None:
    with running(latency_seconds=3600) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        _wait_until(stack.loops)
        stack.abort(stack.loops()[0])
        job_id = finished(stack, upload)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.loops()) == 2
        assert stack.scripted.submissions_of(job_id) == 1


def test_a_loop_that_lost_its_lease_ends_without_failing() -> None:
    with running(latency_seconds=3600) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        _wait_until(stack.loops)
        stack._dynamodb.update_item(
            TableName=stack.table,
            Key={"PK": {"S": "PROVIDER#scripted#0"}, "SK": {"S": "LEASE"}},
            UpdateExpression="SET #owner = :other",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":other": {"S": "another"}},
        )
        job_id = finished(stack, upload)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert _status(stack, stack.loops()[0]) == "SUCCEEDED"
        assert len(stack.loops()) == 2


def test_a_long_loop_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_submissions, "TURNS_PER_EXECUTION", 3)
    with running(latency_seconds=600) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.loops()) > 2
        handed_over = stack.loops()[:-1]
        assert all("Hand Over" in _states_of(stack, loop) for loop in handed_over)
        assert all(_status(stack, loop) == "SUCCEEDED" for loop in handed_over)


# --- tokens and deadlines  ----------------------------------------


def test_a_job_whose_execution_was_aborted_is_ended_at_its_deadline_and_its_row_cleaned_up() -> None:
    with running(latency_seconds=7200, hours=3) as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        _wait_until(stack.loops)
        job_id = stack.job_id_of(upload)
        stack.abort(stack.executions(job_id)[0])
        _wait_until(lambda: announced(stack, job_id), seconds=60)
        assert stack.job(job_id)["error_code"] == "JobDeadlineExceeded"
        assert announced(stack, job_id) == ["invoice.failed"]
        [row] = stack.submissions(job_id)
        assert "task_token" not in row
        assert row["state"] == "DONE", "the provider had finished; the outcome is kept although nobody waited"


def test_a_provider_that_never_finishes_ends_at_the_deadline_with_one_notice() -> None:
    with running(latency_seconds=10**7, hours=30) as stack:
        job_id = captured(stack)
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "JobDeadlineExceeded")
        assert "invoice.xml" in job["error_message"]
        assert announced(stack, job_id) == ["invoice.failed"]


def test_an_upload_that_is_announced_twice_is_one_job() -> None:
    with running(route="embedded") as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        job_id = finished(stack, upload)
        body = {
            "detail": {"bucket": {"name": stack.bucket}, "object": {"key": upload.key, "version-id": upload.version_id}}
        }
        answer = stack.invoke_function("ReceiveUploadFunction", {"Records": [_message("m-1", body)]})
        assert answer == {"batchItemFailures": []}
        assert len(stack.executions(job_id)) == 1
        assert announced(stack, job_id) == ["invoice.captured"]


def test_a_message_that_cannot_be_taken_does_not_hold_up_its_neighbours() -> None:
    with running(route="embedded") as stack:
        upload = stack.upload("incoming/invoice.xml", INVOICE)
        job_id = finished(stack, upload)
        good = {
            "detail": {"bucket": {"name": stack.bucket}, "object": {"key": upload.key, "version-id": upload.version_id}}
        }
        gone = {"detail": {"bucket": {"name": stack.bucket}, "object": {"key": "incoming/gone.pdf"}}}
        records = [_message("bad", {"no": "detail"}), _message("good", good), _message("gone", gone)]
        answer = stack.invoke_function("ReceiveUploadFunction", {"Records": records})
        assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
        assert stack.job(job_id)["status"] == "CAPTURED"


def _message(message_id: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": message_id,
        "body": json.dumps(body),
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "awsRegion": "us-east-1",
    }


def _status(stack: LocalStack, execution: str) -> str:
    return str(stack.states.describe_execution(executionArn=execution)["status"])


def _states_of(stack: LocalStack, execution: str) -> list[str]:
    events = stack.history(execution)
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def _wait_until(holds: Any, seconds: float = 20.0) -> None:
    """Real seconds."""
    import time

    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def _dying_once(stack: LocalStack, logical_id: str) -> Iterator[None]:
    """The function's first invocation does all its work and then dies, as a container that is lost does."""
    runtime = stack._runtime
    invoke, name, deaths = runtime.invoke, stack.resources.ids[logical_id], []

    def invoke_and_die(
        function_name: str, payload: bytes, invocation_type: str = "RequestResponse"
    ) -> tuple[bytes, bool]:
        answer, failed = invoke(function_name, payload, invocation_type)
        if function_name != name or deaths:
            return answer, failed
        deaths.append(function_name)
        return json.dumps({"errorType": "Lambda.Unknown", "errorMessage": "the container was lost"}).encode(), True

    runtime.invoke = invoke_and_die
    yield
    assert deaths
