"""``redrive``: nothing is lost, nothing is started twice, and what would fail again is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from invoice_capture.domain import errors
from invoice_capture.domain.job import JobStatus
from invoice_capture_cli.errors import CommandError
from invoice_capture_cli.http_api import HttpApi
from invoice_capture_cli.jobs import Jobs
from invoice_capture_cli.redrive_actions import Action, Result
from invoice_capture_cli.redrive_executions import PASSING, Executions
from invoice_capture_cli.redrive_messages import Messages
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import KEY, FakeApi

JOB = "01KN1W7MG0AYEVZ1JH1T0R8VT6"
UPLOAD = json.dumps({"detail": {"object": {"key": "incoming/a.pdf"}}})
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:jobs-api"
CALL = json.dumps(
    {
        "requestContext": {"functionArn": f"{FUNCTION}:$LATEST", "condition": "RetriesExhausted"},
        "requestPayload": {"job_id": JOB},
    }
)

EXTRACTION = json.dumps({"task_token": "t", "job_id": JOB})


@pytest.fixture
def calls(world: World) -> Iterator[list[dict[str, Any]]]:
    """The calls of functions, as they are sent."""
    sent: list[dict[str, Any]] = []

    def record(params: dict[str, Any], **_more: Any) -> None:
        sent.append(params)

    world.stack.session.events.register("provide-client-params.lambda.Invoke", record)
    yield sent
    world.stack.session.events.unregister("provide-client-params.lambda.Invoke", record)


def _messages(world: World, *, dry_run: bool = False) -> list[Action]:
    return list(Messages(world.stack, dry_run=dry_run)())


def _executions(world: World, api: FakeApi, *, dry_run: bool = False) -> list[Action]:
    return list(Executions(world.stack, Jobs(HttpApi(api.url, KEY)), dry_run=dry_run)())


# --- messages --------------------------------------------------------------------------------------------------------


def test_uploads_go_back_to_the_intake_queue(world: World) -> None:
    for number in range(25):
        world.sqs.send_message(
            QueueUrl=world.queues["uploads-dead"], MessageBody=UPLOAD.replace("a.pdf", f"{number}.pdf")
        )
    actions = _messages(world)
    assert len(actions) == 25
    assert {action.result for action in actions} == {Result.DONE}
    assert "incoming/3.pdf goes to the intake queue again" in {action.what for action in actions}
    assert len(world.messages("uploads")) == 25
    assert world.messages("uploads-dead") == []


def test_calls_are_repeated_with_their_payload(world: World, calls: list[dict[str, Any]]) -> None:
    world.sqs.send_message(QueueUrl=world.queues["calls-dead"], MessageBody=CALL)
    [action] = _messages(world)
    assert (action.result, action.what) == (Result.DONE, f"jobs-api is called again for job {JOB}")
    [call] = calls
    assert (call["FunctionName"], call["InvocationType"]) == (f"{FUNCTION}:$LATEST", "Event")
    assert json.loads(call["Payload"]) == {"job_id": JOB}
    assert world.messages("calls-dead") == []


@pytest.mark.parametrize("is_old", [False, True], ids=["message", "call of an earlier release"])
def test_documents_go_back_to_the_engine(world: World, calls: list[dict[str, Any]], is_old: bool) -> None:
    body = CALL.replace('{"job_id"', '{"task_token": "t", "job_id"') if is_old else EXTRACTION
    world.sqs.send_message(QueueUrl=world.queues["extractions-dead"], MessageBody=body)
    [action] = _messages(world)
    assert (action.result, action.what) == (Result.DONE, f"the engine is to read the document again for job {JOB}")
    assert [json.loads(message) for message in world.messages("extractions")] == [json.loads(EXTRACTION)]
    assert world.messages("extractions-dead") == []
    assert calls == []


def test_a_dry_run_leaves_everything_where_it_is_and_visible(world: World, calls: list[dict[str, Any]]) -> None:
    world.sqs.send_message(QueueUrl=world.queues["uploads-dead"], MessageBody=UPLOAD)
    world.sqs.send_message(QueueUrl=world.queues["calls-dead"], MessageBody=CALL)
    assert {action.result for action in _messages(world, dry_run=True)} == {Result.PLANNED}
    assert world.messages("uploads-dead") == [UPLOAD]
    assert world.messages("calls-dead") == [CALL]
    assert world.messages("uploads") == []
    assert calls == []


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"requestContext": {"functionArn": 1}, "requestPayload": {}}'])
def test_what_cannot_be_understood_is_left(body: str, world: World) -> None:
    world.sqs.send_message(QueueUrl=world.queues["calls-dead"], MessageBody=body or " ")
    world.sqs.send_message(QueueUrl=world.queues["extractions-dead"], MessageBody=body or " ")
    assert [action.result for action in _messages(world)] == [Result.LEFT] * 2
    assert len(world.messages("calls-dead")) == len(world.messages("extractions-dead")) == 1


def test_a_message_that_cannot_be_sent_stays(world: World) -> None:
    world.sqs.send_message(QueueUrl=world.queues["calls-dead"], MessageBody=CALL)

    def refuse(**_request: Any) -> Any:
        # moto calls functions that there are not.
        return SimpleNamespace(status_code=404), {"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}

    world.stack.session.events.register("before-call.lambda.Invoke", refuse)
    try:
        [action] = _messages(world)
    finally:
        world.stack.session.events.unregister("before-call.lambda.Invoke", refuse)
    assert action.result is Result.PROBLEM
    assert "ResourceNotFoundException" in action.what
    assert world.messages("calls-dead") == [CALL]


def test_stopping_in_the_middle_loses_nothing(world: World) -> None:
    for number in range(10):
        world.sqs.send_message(QueueUrl=world.queues["uploads-dead"], MessageBody=f"{number}")
    running = Messages(world.stack, dry_run=False)()
    for _ in range(3):
        next(running)
    running.close()  # type: ignore[attr-defined]
    sent, left = world.messages("uploads"), world.messages("uploads-dead")
    assert sorted(sent + left) == [str(number) for number in range(10)]
    assert len(sent) == 3


def test_a_message_is_deleted_only_after_it_was_sent(world: World) -> None:
    """A send that fails without an answer leaves the message in the dead-letter queue."""
    world.sqs.send_message(QueueUrl=world.queues["uploads-dead"], MessageBody=UPLOAD)
    world.sqs.delete_queue(QueueUrl=world.queues["uploads"])
    [action] = _messages(world)
    assert action.result is Result.PROBLEM
    assert world.messages("uploads-dead") == [UPLOAD]


# --- executions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "status"),
    [("FAILED", JobStatus.RECEIVED), ("TIMED_OUT", JobStatus.SUBMITTED), ("ABORTED", JobStatus.ACTION_REQUIRED)],
)
def test_an_open_job_gets_another_execution_with_the_same_input(
    ended: str, status: JobStatus, world: World, api: FakeApi
) -> None:
    world.put_job(JOB, status)
    world.fail_execution(JOB, ended)
    [action] = _executions(world, api)
    assert action.result is Result.DONE
    assert world.executions() == {JOB: ended, f"{JOB}-redrive-1": "RUNNING"}
    arn = f"{world.machine.replace(':stateMachine:', ':execution:')}:{JOB}-redrive-1"
    assert world.stepfunctions.describe_execution(executionArn=arn)["input"] == f'{{"name": "{JOB}"}}'


def test_an_execution_that_goes_on_is_not_started_again(world: World, api: FakeApi) -> None:
    world.put_job(JOB, JobStatus.SUBMITTED)
    world.fail_execution(JOB)
    _executions(world, api)
    [action] = _executions(world, api)
    assert (action.result, action.what) == (Result.LEFT, f"goes on as {JOB}-redrive-1")
    assert len(world.executions()) == 2


def test_a_redrive_that_failed_is_followed_by_another(world: World, api: FakeApi) -> None:
    world.put_job(JOB, JobStatus.SUBMITTED)
    world.fail_execution(JOB)
    world.fail_execution(f"{JOB}-redrive-1", "TIMED_OUT")
    [action] = _executions(world, api)
    assert action.result is Result.DONE
    assert world.executions()[f"{JOB}-redrive-2"] == "RUNNING"


def test_the_execution_of_an_earlier_run_is_none_of_the_present_one(world: World, api: FakeApi) -> None:
    world.put_job(JOB, JobStatus.SUBMITTED, retries=1)
    world.fail_execution(JOB)
    [action] = _executions(world, api)
    assert (action.result, action.what) == (Result.LEFT, "it was started again and goes on")
    world.fail_execution(f"{JOB}-retry-1", "ABORTED")
    [action] = _executions(world, api)
    assert action.result is Result.DONE
    assert world.executions()[f"{JOB}-retry-1-redrive-1"] == "RUNNING"


def _failed_job(world: World, api: FakeApi, status: JobStatus, code: str | None) -> str:
    job_id = api.add(status="failed")
    world.put_job(job_id, status, code)
    world.fail_execution(job_id)
    return job_id


def test_jobs_that_may_do_better_now_are_retried(world: World, api: FakeApi) -> None:
    codes = [*sorted(PASSING), "KeyError", "States.Timeout", "Sandbox.Timedout", None]
    ids = {_failed_job(world, api, JobStatus.FAILED, code) for code in codes}
    actions = _executions(world, api)
    assert {action.about for action in actions if action.result is Result.DONE} == ids
    assert {job["status"] for job in api.jobs.values()} == {"queued"}
    assert set(world.executions()) == ids


def test_a_link_that_did_not_answer_is_tried_again_although_the_document_was_refused(
    world: World, api: FakeApi
) -> None:
    _failed_job(world, api, JobStatus.REJECTED, "LinkUnanswered")
    assert [action.result for action in _executions(world, api)] == [Result.DONE]


KNOWN = {
    name for name, error in vars(errors).items() if isinstance(error, type) and issubclass(error, errors.CaptureError)
}


def test_what_would_happen_again_is_left(world: World, api: FakeApi) -> None:
    codes = sorted(KNOWN - PASSING)
    for code in codes:
        _failed_job(world, api, JobStatus.FAILED, code)
    actions = _executions(world, api)
    assert {action.result for action in actions} == {Result.LEFT}
    assert {action.what for action in actions} == {f"{code} would happen again" for code in codes}
    assert api.requests.total() == 0


def test_the_reasons_that_may_pass_are_names_of_errors() -> None:
    assert PASSING <= KNOWN


@pytest.mark.parametrize("status", [JobStatus.CAPTURED, JobStatus.DUPLICATE, JobStatus.CANCELLED, None])
def test_a_job_that_ended_otherwise_is_left(status: JobStatus | None, world: World, api: FakeApi) -> None:
    if status is not None:
        world.put_job(JOB, status)
    world.fail_execution(JOB)
    assert [action.result for action in _executions(world, api)] == [Result.LEFT]
    assert len(world.executions()) == 1


@pytest.mark.parametrize(("days", "is_redriven"), [(13, True), (15, False), (60, False)])
def test_only_what_ended_lately_is_redriven(days: int, is_redriven: bool, world: World, api: FakeApi) -> None:
    world.put_job(JOB, JobStatus.SUBMITTED)
    world.fail_execution(JOB)
    later = datetime.now(UTC) + timedelta(days=days)
    actions = list(Executions(world.stack, Jobs(HttpApi(api.url, KEY)), dry_run=True, now=later)())
    assert [action.about for action in actions] == ([JOB] if is_redriven else [])


def test_executions_of_others_are_none_of_ours(world: World, api: FakeApi) -> None:
    world.fail_execution("by-hand")
    world.fail_execution(f"{JOB}-deadline")
    assert _executions(world, api) == []


def test_a_dry_run_of_executions_starts_nothing(world: World, api: FakeApi) -> None:
    world.put_job(JOB, JobStatus.SUBMITTED)
    world.fail_execution(JOB)
    failed = _failed_job(world, api, JobStatus.FAILED, "NoCredit")
    actions = _executions(world, api, dry_run=True)
    assert [action.result for action in actions] == [Result.PLANNED] * 2
    assert set(world.executions()) == {JOB, failed}
    assert api.requests.total() == 0


def test_a_retry_that_is_refused_is_told(world: World, api: FakeApi) -> None:
    job_id = _failed_job(world, api, JobStatus.FAILED, "NoCredit")
    api.jobs[job_id]["status"] = "completed"
    [action] = _executions(world, api)
    assert action.result is Result.PROBLEM
    assert "cannot be retried" in action.what


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_with_the_real_api(bare: Cli, world: World) -> None:
    """Everything at once, against a stack by its name."""
    world.sqs.send_message(QueueUrl=world.queues["uploads-dead"], MessageBody=UPLOAD)
    world.put_job(JOB, JobStatus.FAILED, "NoCredit")
    world.fail_execution(JOB)
    other = "01KN1W7MG0AYEVZ1JH1T0R8VT7"
    world.put_job(other, JobStatus.REJECTED, "EmptyDocument")
    world.fail_execution(other)
    planned = json.loads(bare("redrive", "--stack", "prod", "--dry-run", "--json").stdout)
    assert planned["dryRun"] is True
    assert sorted(action["result"] for action in planned["actions"]) == ["left", "planned", "planned"]
    result = bare("redrive", "--stack", "prod")
    assert result.exit_code == 0, result.output
    for text in ("✓ done", "incoming/a.pdf goes to the intake queue again", "failed with NoCredit, is retried"):
        assert text in result.stdout
    assert "EmptyDocument would happen again" in result.stdout
    assert world.executions()[f"{JOB}-retry-1"] == "RUNNING"


def test_nothing_to_do(bare: Cli, world: World) -> None:
    result = bare("redrive", "--stack", "prod")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("There is nothing to redrive.\n")


def test_what_was_done_is_told_when_the_rest_fails(bare: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.sqs.send_message(QueueUrl=world.queues["uploads-dead"], MessageBody=UPLOAD)

    def fail(_self: Executions) -> Iterator[Action]:
        raise CommandError("The rest failed.")
        yield

    monkeypatch.setattr(Executions, "__call__", fail)
    result = bare("redrive", "--stack", "prod")
    assert result.exit_code == 1
    assert "incoming/a.pdf goes to the intake queue again" in result.stdout
    assert "The rest failed." in result.stderr
