"""What is repeated and for how long: throttling makes jobs slow and fails none, an answer is an answer."""

from typing import Any

import pytest

from invoice_capture.domain import errors
from tests.template.definitions import MACHINES, handlers, leaves


@pytest.mark.parametrize("machine", MACHINES)
def test_tasks_are_retried_with_jitter_and_a_cap(machines, machine):
    for name, content in machines[machine]["States"].items():
        assert content["Type"] != "Task" or content["Retry"], name
    for name, retrier in handlers(machines[machine], "Retry"):
        if retrier["MaxAttempts"] == 0:
            assert retrier.keys() == {"ErrorEquals", "MaxAttempts"}, name
            continue
        assert retrier["JitterStrategy"] == "FULL", name
        assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"] <= 300, name
        assert retrier["BackoffRate"] > 1, name


# What AWS says when it is busy. https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
BUSY = {
    "StoreUnavailable",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.EC2ThrottledException",
}
# How Lambda reports a function that it ended, by now; there may be others tomorrow.
ENDED = [
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Lambda.Unknown",
    "Lambda.ClientExecutionTimeoutException",
    "Tomorrow.NewName",
]
INVOKING = [
    ("CaptureInvoiceStateMachine", "Submit Document"),
    ("CaptureInvoiceStateMachine", "Fetch Document"),
    ("CaptureInvoiceStateMachine", "Store Invoice"),
    ("CaptureInvoiceStateMachine", "Announce Outcome"),
    ("PollProviderStateMachine", "Check Submissions"),
]
WRITING = [
    ("CaptureInvoiceStateMachine", "Record Failure"),
    ("CaptureInvoiceStateMachine", "Record Duplicate"),
    ("PollProviderStateMachine", "Hand Over"),
]
WAITING_FOR_A_TOKEN = "Submit Document"
DAYS = 72  # hours: what a job has
MOST_EVENTS = 25_000


def _attempts(machines: dict[str, Any], machine: str, name: str, error: str) -> int:
    """How often a state is repeated after an error: by the first retrier that names it, as Step Functions chooses."""
    retriers = machines[machine]["States"][name]["Retry"]
    return next((one["MaxAttempts"] for one in retriers if {error, "States.ALL"} & set(one["ErrorEquals"])), 0)


def test_every_task_is_one_of_those_that_are_looked_at(machines):
    tasks = {
        (machine, name)
        for machine in MACHINES
        for name, content in machines[machine]["States"].items()
        if content["Type"] == "Task"
    }
    assert tasks == {*INVOKING, *WRITING}


@pytest.mark.parametrize(("machine", "name"), INVOKING)
@pytest.mark.parametrize("error", ENDED)
def test_a_function_that_was_ended_is_called_again_whatever_that_is_called(machines, machine, name, error):
    assert _attempts(machines, machine, name, error) == (8 if error == "Tomorrow.NewName" else 30)


@pytest.mark.parametrize(("machine", "name"), INVOKING)
def test_what_is_busy_is_asked_for_hours(machines, machine, name):
    assert {_attempts(machines, machine, name, error) for error in BUSY} == {2000}


@pytest.mark.parametrize(("machine", "name"), INVOKING)
def test_what_we_say_ourselves_is_not_asked_again(machines, machine, name):
    ours = leaves(errors.CaptureError) - BUSY
    repeated = {error for error in ours if _attempts(machines, machine, name, error)}
    assert repeated == ({"LinkUnanswered"} if name == "Fetch Document" else set())
    assert _attempts(machines, machine, name, "States.QueryEvaluationError") == 0
    # A function that takes too long is called again; a provider that takes too long is over.
    assert _attempts(machines, machine, name, "States.Timeout") == (0 if name == WAITING_FOR_A_TOKEN else 8)


@pytest.mark.parametrize(("machine", "name"), WRITING)
def test_a_write_is_repeated_for_hours_whatever_it_says_but_not_when_it_was_refused(machines, machine, name):
    for error in (
        "DynamoDB.TransactionConflictException",
        "DynamoDB.AmazonDynamoDBException",
        "DynamoDB.InternalServerErrorException",
        "StepFunctions.ThrottlingException",
        "States.Timeout",
    ):
        assert _attempts(machines, machine, name, error) == 2000
    refused = {
        "Record Failure": "DynamoDB.ConditionalCheckFailedException",
        "Record Duplicate": "DynamoDB.ConditionalCheckFailedException",
        "Hand Over": "StepFunctions.ExecutionAlreadyExistsException",
    }
    assert _attempts(machines, machine, name, refused[name]) == 0
    # What cannot be evaluated cannot be evaluated in an hour either: the sweeper ends such a job.
    assert _attempts(machines, machine, name, "States.QueryEvaluationError") == 0


@pytest.mark.parametrize(("machine", "name"), [*INVOKING, *WRITING])
def test_three_days_of_refusals_fill_neither_the_attempts_nor_the_history(machines, machine, name):
    """With full jitter an attempt waits for half of its longest delay, in the mean; the steps up to it are short."""
    content = machines[machine]["States"][name]
    longest = max(content["Retry"], key=lambda retrier: retrier["MaxAttempts"])
    attempts = DAYS * 3600 / (longest["MaxDelaySeconds"] / 2)
    # Scheduled, started, failed; a task that waits for a token was submitted as well.
    events = 4 if content["Resource"].endswith(".waitForTaskToken") else 3
    assert attempts < longest["MaxAttempts"]
    assert longest["MaxAttempts"] * events < MOST_EVENTS / 3
