"""Executions: what the state machine is told of a job's present run, and that a name is started once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from jsonata import Jsonata
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.executions import StepFunctionsCallbacks, StepFunctionsExecutions
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.errors import CaptureFailed, TokenClosed
from invoice_capture.domain.job import Job, JobStatus

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
JOB = Job(
    job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
    document=DocumentPointer("bucket", "documents/acme/1/a.pdf", "v1", 5),
    route=("abbyy?", "embedded"),
    status=JobStatus.RECEIVED,
    created_at=NOW,
    updated_at=NOW,
    deadline_at=NOW,
)
_STATES = yaml.safe_load(Path("statemachines/capture_invoice.asl.yaml").read_text())["States"]


class Machine:
    """A state machine that nothing executes, and what was started of it."""

    def __init__(self, clients: Clients) -> None:
        self.stepfunctions = clients.stepfunctions
        definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
        self.arn = self.stepfunctions.create_state_machine(
            name="capture", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/states"
        )["stateMachineArn"]
        self.executions = StepFunctionsExecutions(clients, self.arn, None)

    def inputs(self) -> dict[str, Any]:
        """By the names of the executions."""
        listed = self.stepfunctions.list_executions(stateMachineArn=self.arn)["executions"]
        described = [self.stepfunctions.describe_execution(executionArn=each["executionArn"]) for each in listed]
        return {each["name"]: json.loads(each["input"]) for each in described}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Machine(Clients())


@pytest.mark.parametrize("trace", [None, "Root=1-5e34a614-10bdxmplf1fb44f07bc535a1;Sampled=1"])
def test_an_execution_goes_on_with_the_trace_that_began_with_the_document(machine: Machine, trace: str | None) -> None:
    asked: list[dict[str, Any]] = []
    clients = Clients()
    clients.stepfunctions.meta.events.register(
        "provide-client-params.sfn.StartExecution", lambda params, **_: asked.append(params)
    )
    StepFunctionsExecutions(clients, machine.arn, None, lambda: trace).start_capture(JOB, "first")
    assert [params.get("traceHeader") for params in asked] == [trace]


def test_an_execution_is_told_everything_of_the_first_run(machine: Machine) -> None:
    machine.executions.start_capture(JOB, name=JOB.execution_name)
    assert machine.inputs() == {
        JOB.job_id: {
            "job_id": JOB.job_id,
            "document": {"bucket": "bucket", "key": "documents/acme/1/a.pdf", "version_id": "v1", "size": 5},
            "route": ["abbyy?", "embedded"],
            "submission": 1,
            "deadline_at": "2026-03-31T12:00:00.000Z",
        }
    }


def test_a_document_that_is_elsewhere_is_told_to_be(machine: Machine) -> None:
    pointer = DocumentPointer("bucket", "documents/acme/1/a.pdf", None, 0, is_stored=False)
    machine.executions.start_capture(replace(JOB, document=pointer), name=JOB.execution_name)
    [told] = machine.inputs().values()
    assert told["document"]["is_stored"] is False
    assert DocumentPointer.from_json(told["document"]) == pointer


def test_an_execution_of_a_name_that_exists_is_the_one_that_was_wanted(machine: Machine) -> None:
    machine.executions.start_capture(JOB, name=JOB.execution_name)
    later = replace(JOB, deadline_at=NOW.replace(year=2027))
    machine.executions.start_capture(later, name=later.execution_name)
    [told] = machine.inputs().values()
    assert told["deadline_at"].startswith("2026")


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_nobody_waits_for_is_closed_for_either_outcome(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": code}}, "SendTask")

    clients = Clients()
    for name in ("send_task_success", "send_task_failure"):
        monkeypatch.setattr(clients.stepfunctions, name, refuse)
    callbacks = StepFunctionsCallbacks(clients)
    with pytest.raises(TokenClosed, match=code):
        callbacks.succeed("token", {})
    with pytest.raises(TokenClosed, match=code):
        callbacks.fail("token", CaptureFailed("no"))


def test_an_outcome_that_is_refused_for_another_reason_is_not_taken_for_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "SendTask")

    clients = Clients()
    for name in ("send_task_success", "send_task_failure"):
        monkeypatch.setattr(clients.stepfunctions, name, refuse)
    callbacks = StepFunctionsCallbacks(clients)
    with pytest.raises(ClientError):
        callbacks.succeed("token", {})
    with pytest.raises(ClientError):
        callbacks.fail("token", CaptureFailed("no"))


def test_a_function_that_was_given_no_state_machine_says_so(machine: Machine) -> None:
    with pytest.raises(RuntimeError, match=r"template\.yaml"):
        machine.executions.start_loop("abbyy", "abbyy-1")


@pytest.mark.parametrize("retries", [0, 1, 2, 20])
@pytest.mark.parametrize("route", [("embedded",), ("abbyy?", "embedded"), ("a", "b?", "c?")])
def test_every_run_goes_through_the_same_route_with_submissions_of_its_own(
    machine: Machine, retries: int, route: tuple[str, ...]
) -> None:
    """By the state machine's own expressions, from the first submission until no provider is left."""
    job = replace(JOB, route=route, retries=retries)
    machine.executions.start_capture(job, name=job.execution_name)
    [(name, told)] = machine.inputs().items()
    assert name == job.execution_name
    tried = []
    while _is("Next Provider?", told):
        tried.append((told["submission"], _payload(told)))
        told["submission"] += 1
    numbers = [number for number, _ in tried]
    assert numbers == list(range(len(route) * retries + 1, len(route) * (retries + 1) + 1))
    assert [payload["provider"] for _, payload in tried] == [each.rstrip("?") for each in route]
    # The last provider of a run is waited for, whatever its question mark says.
    assert [payload["skip_if_unavailable"] for _, payload in tried] == [each.endswith("?") for each in route[:-1]] + [
        False
    ]


def _is(choice: str, told: dict[str, Any]) -> bool:
    return bool(_evaluated(_STATES[choice]["Choices"][0]["Condition"], told))


def _payload(told: dict[str, Any]) -> dict[str, Any]:
    payload = _STATES["Submit Document"]["Arguments"]["Payload"]
    return {name: _evaluated(payload[name], told) for name in ("provider", "skip_if_unavailable")}


def _evaluated(expression: str, told: dict[str, Any]) -> Any:
    jsonata = expression.removeprefix("{%").removesuffix("%}").strip().replace("$states.input", "$input")
    compiled = Jsonata(jsonata)
    compiled.assign("input", told)
    return compiled.evaluate(None)
