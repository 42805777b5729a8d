"""The state machines: sound, bounded, honest about failure, and of one mind with the domain."""

import copy
import json
import re
from typing import Any

import pytest
from jsonata import Jsonata

from invoice_capture.domain import errors
from invoice_capture.domain.announcement import EVENTS
from invoice_capture.domain.job import JobStatus, sources_of
from tests.template.definitions import MACHINES, handlers, leaves
from tests.template.steps import pascal, state
from tools.state_machines import expressions, problems

AWS_ERRORS = ("Sandbox.", "Runtime.", "States.", "Lambda.", "DynamoDB.", "StepFunctions.", "SNS.")
# Step Functions' own, which JSONata itself has not.
PARSE = Jsonata.JLambda(json.loads)
# What looks like an error and is none: the successor was started already.
NO_FAILURE = ["StepFunctions.ExecutionAlreadyExistsException", "StepFunctions.ExecutionAlreadyExists"]


def _catcher(definition: dict[str, Any], name: str, error: str) -> dict[str, Any]:
    """The catcher that Step Functions would choose: the first that matches, by literal names."""
    catchers = definition["States"][name]["Catch"]
    return next(catcher for catcher in catchers if {error, "States.ALL"} & set(catcher["ErrorEquals"]))


def _retried(definition: dict[str, Any], name: str) -> set[str]:
    retriers = [retrier for retrier in definition["States"][name]["Retry"] if retrier["MaxAttempts"]]
    return {error for retrier in retriers for error in retrier["ErrorEquals"]}


def _following(content: dict[str, Any]) -> set[str]:
    branches = [content, *content.get("Catch", []), *content.get("Choices", [])]
    names = {branch["Next"] for branch in branches if "Next" in branch}
    return names | ({content["Default"]} if "Default" in content else set())


def _ends_from(definition: dict[str, Any], start: str) -> set[str]:
    """The states in which an execution may end that came to ``start``."""
    seen: set[str] = set()
    waiting = {start}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= _following(definition["States"][name]) - seen
    states = definition["States"]
    return {name for name in seen if states[name].get("End") or states[name]["Type"] in {"Succeed", "Fail"}}


# --- sound -----------------------------------------------------------------------------------------------------------


def test_there_are_two_machines(machines):
    assert sorted(machines) == MACHINES


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_passes_the_linter_and_every_expression_parses(machines, machine):
    assert len(list(expressions(machines[machine]))) > 10
    assert problems(machines[machine]) == []


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("Output", "{% $merge([$states.input, %}", "Output"),
        ("Output", "{% $merg([$states.input]) %}", "no function $merg()"),
        ("Output", "{% $eval('1') %}", "refuses $eval()"),
        ("Output", "{% $captured %}", "nothing assigns $captured"),
        ("Next", "Nowhere", "Nowhere"),
        ("Next", None, "required field"),
    ],
)
def test_the_linter_sees_what_is_wrong(machines, field, value, complaint):
    broken = copy.deepcopy(machines["CaptureInvoiceStateMachine"])
    if value is None:
        del broken["States"]["Submit Document"][field]
    else:
        broken["States"]["Submit Document"][field] = value
    assert [problem for problem in problems(broken) if complaint in problem]


@pytest.mark.parametrize("machine", MACHINES)
def test_results_and_errors_are_only_read_where_there_are_some(machines, machine):
    """Step Functions refuses a definition that reads them elsewhere."""
    for place, expression in expressions(machines[machine]):
        in_catcher = re.search(r"\.Catch\[\d+\]\.Output", place) is not None
        in_output = re.search(r"^States\.[^\[]+\.Output", place) is not None
        assert "$states.errorOutput" not in expression or in_catcher, place
        assert "$states.result" not in expression or in_output, place


# --- bounded ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_machines_and_tasks_have_a_timeout(machines, machine):
    assert machines[machine]["TimeoutSeconds"] > 0
    tasks = [content for content in machines[machine]["States"].values() if content["Type"] == "Task"]
    assert tasks
    assert all("TimeoutSeconds" in task for task in tasks)
    assert all(task["Resource"].startswith("arn:aws:states:::") for task in tasks)


@pytest.mark.parametrize(
    ("machine", "step"),
    [
        ("PollProviderStateMachine", "check_submissions"),
        ("CaptureInvoiceStateMachine", "store_invoice"),
        ("CaptureInvoiceStateMachine", "fetch_document"),
    ],
)
def test_a_state_waits_longer_than_its_function_runs(machines, deployed, machine, step):
    timeout = deployed.resources.function(f"{pascal(step)}Function").timeout
    assert machines[machine]["States"][state(step)]["TimeoutSeconds"] > timeout


# --- honest about failure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_caught_never_ends_well_at_once(machines, machine):
    definition = machines[machine]
    for name, catcher in handlers(definition, "Catch"):
        following = definition["States"][catcher["Next"]]
        if catcher["ErrorEquals"] != NO_FAILURE:
            assert following["Type"] != "Succeed", name
            assert not following.get("End"), name


@pytest.mark.parametrize("machine", MACHINES)
def test_failure_paths_end_in_fail(machines, machine):
    definition = machines[machine]
    failures = [name for name in definition["States"] if "Fail" in name]
    assert failures
    for name in failures:
        # Shared with duplicates, which have nothing to blame; see test_only_a_recorded_duplicate_ends_well.
        ends = _ends_from(definition, name) - {"Duplicate Recorded"}
        assert ends
        assert {definition["States"][end]["Type"] for end in ends} == {"Fail"}, name


@pytest.mark.parametrize("name", ["Record Failure", "Record Duplicate"])
def test_an_end_is_written_with_the_announcement_that_is_owed(machines, name):
    capture = machines["CaptureInvoiceStateMachine"]
    assert capture["States"][name]["Next"] == "Announce Outcome"
    arguments = capture["States"][name]["Arguments"]
    owed = arguments["ExpressionAttributeValues"][":announcement"]["S"]
    statuses = [JobStatus.DUPLICATE] if name == "Record Duplicate" else [JobStatus.REJECTED, JobStatus.FAILED]
    assert "announcement = :announcement" in arguments["UpdateExpression"]
    for status in statuses:
        said = owed
        if owed.startswith("{%"):
            expression = Jsonata(owed.removeprefix("{%").removesuffix("%}"))
            said = expression.evaluate(None, {"states": {"input": {"status": status.value}}})
        assert said == EVENTS[status]
    # It stays in the due index until it is told.
    assert "REMOVE" not in arguments["UpdateExpression"]


def test_an_end_that_somebody_else_wrote_is_announced_if_it_still_is_owed(machines):
    capture = machines["CaptureInvoiceStateMachine"]
    for name in ("Record Failure", "Record Duplicate"):
        catcher = _catcher(capture, name, "DynamoDB.ConditionalCheckFailedException")
        assert catcher["Next"] == "Announce Outcome"
        assert "'JobClosed'" in catcher["Output"]


def test_what_could_not_be_announced_leaves_the_end_as_it_is(machines):
    capture = machines["CaptureInvoiceStateMachine"]
    announcing = capture["States"]["Announce Outcome"]
    assert announcing["Next"] == _catcher(capture, "Announce Outcome", "Sandbox.Timedout")["Next"] == "Anything Wrong?"


def test_only_a_recorded_duplicate_ends_well(machines):
    """Every other way to the last choice brings an error along."""
    states = machines["CaptureInvoiceStateMachine"]["States"]
    choice = states["Anything Wrong?"]
    assert (choice["Choices"][0]["Next"], choice["Default"]) == ("Capture Failed", "Duplicate Recorded")
    condition = Jsonata(choice["Choices"][0]["Condition"].removeprefix("{%").removesuffix("%}"))
    assert condition.evaluate(None, {"states": {"input": {"error": {"Error": "JobClosed"}}}}) is True
    assert condition.evaluate(None, {"states": {"input": {"duplicate_of": "J1"}}}) is False
    into = [
        (name, branch)
        for name, content in states.items()
        for branch in [content, *content.get("Catch", [])]
        if branch.get("Next") in {"Record Failure", "Announce Outcome"}
    ]
    assert len(into) >= 9
    for name, branch in into:
        keeps = branch["Output"].strip("{% }") == "$states.input" and name == "Record Duplicate"
        assert keeps or "'error'" in branch["Output"] or name == "Record Failure", name


# --- of one mind with the domain -------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_every_custom_error_exists(machines, machine):
    named = {
        error
        for kind in ("Retry", "Catch")
        for _, handler in handlers(machines[machine], kind)
        for error in handler["ErrorEquals"]
        if not error.startswith(AWS_ERRORS)
    }
    assert named
    assert named <= leaves(errors.CaptureError)


def test_errors_that_the_machine_invents_exist(machines):
    for _, expression in expressions(machines["CaptureInvoiceStateMachine"]):
        for invented in re.findall(r"'Error': '(\w+)'", expression):
            assert invented in leaves(errors.CaptureError)


LINK_ERRORS = leaves(errors.LinkError)


@pytest.mark.parametrize("error", sorted(leaves(errors.DocumentError) - LINK_ERRORS - {"DuplicateDocument"}))
def test_a_bad_document_is_refused_and_no_other_provider_paid(machines, error):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Submit Document", error)
    assert catcher["Next"] == "Record Failure"
    assert "'REJECTED'" in catcher["Output"]


def test_a_document_that_is_not_there_yet_is_fetched_and_submitted_again(machines):
    capture = machines["CaptureInvoiceStateMachine"]
    assert _catcher(capture, "Submit Document", "DocumentElsewhere")["Next"] == "Fetch Document"
    assert capture["States"]["Fetch Document"]["Next"] == "Submit Document"


@pytest.mark.parametrize("error", sorted(LINK_ERRORS | {"DocumentMissing", "DocumentTooLarge", "EmptyDocument"}))
def test_a_document_that_cannot_be_fetched_is_refused_in_words_for_people(machines, error):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Fetch Document", error)
    assert catcher["Next"] == "Record Failure"
    assert "'REJECTED'" in catcher["Output"]
    assert "'is_explained': true" in catcher["Output"]


def test_only_a_server_that_did_not_answer_is_asked_again(machines):
    retried = _retried(machines["CaptureInvoiceStateMachine"], "Fetch Document")
    assert retried & leaves(errors.DocumentError) == {"LinkUnanswered"}
    assert "StoreUnavailable" in retried


def test_a_duplicate_is_recorded_as_one(machines):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Submit Document", "DuplicateDocument")
    assert catcher["Next"] == "Record Duplicate"


@pytest.mark.parametrize("error", sorted(leaves(errors.ProviderError) | {"SettingMissing"}))
def test_when_a_provider_fails_for_good_the_next_one_has_its_turn(machines, error):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Submit Document", error)
    assert catcher["Next"] == "Next Provider?"
    assert "submission + 1" in catcher["Output"].replace("$states.input.", "")


@pytest.mark.parametrize("error", sorted(leaves(errors.JobError) | {"States.Timeout"}))
def test_when_a_job_is_over_no_other_provider_has_its_turn(machines, error):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Submit Document", error)
    assert catcher["Next"] == "Record Failure"


def test_what_may_pass_is_retried(machines):
    capture = machines["CaptureInvoiceStateMachine"]
    assert "StoreUnavailable" in _retried(capture, "Submit Document")
    assert "StoreUnavailable" in _retried(capture, "Store Invoice")
    assert "StoreUnavailable" in _retried(machines["PollProviderStateMachine"], "Check Submissions")


def test_no_retry_of_a_paid_submission(machines):
    """The submission row decides whether a provider is asked again, not the state machine."""
    assert not leaves(errors.ProviderError) & _retried(machines["CaptureInvoiceStateMachine"], "Submit Document")


@pytest.mark.parametrize("error", sorted(leaves(errors.CaptureError)))
def test_every_error_of_storing_is_caught(machines, error):
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], "Store Invoice", error)
    assert catcher["Next"] == ("Next Provider?" if error == "ResultUnusable" else "Record Failure")


@pytest.mark.parametrize("name", ["Fetch Document", "Store Invoice"])
@pytest.mark.parametrize("error", sorted(leaves(errors.CaptureError)))
def test_the_words_of_a_function_are_taken_from_the_job(machines, name, error):
    """What it answers is a name without words; only a crash is not explained, and told as the place to look."""
    catcher = _catcher(machines["CaptureInvoiceStateMachine"], name, error)
    expression = Jsonata(catcher["Output"].removeprefix("{%").removesuffix("%}"))
    cause = json.dumps({"errorMessage": "", "errorType": error, "stackTrace": []})
    said = expression.evaluate(
        None,
        {"states": {"input": {"submission": 1}, "errorOutput": {"Error": error, "Cause": cause}}, "parse": PARSE},
    )
    assert said["error"] == {"Error": error, "is_explained": True}
    assert _recorded(machines, said["error"])[0].count("error_message = if_not_exists(explanation, :message)") == 1
    crash = _catcher(machines["CaptureInvoiceStateMachine"], name, "KeyError")
    assert "is_explained" not in crash["Output"]


@pytest.mark.parametrize(
    "crash",
    [
        {"errorMessage": "RequestId: 1 Error: Process exited before completing request"},
        {"errorType": "KeyError", "errorMessage": ""},
    ],
    ids=["Lambda.Unknown", "an error of Python"],
)
def test_a_crash_is_told_as_the_place_to_look(machines, crash):
    update, said = _recorded(machines, {"Error": "Lambda.Unknown", "Cause": json.dumps(crash)})
    assert said == "An unexpected error stopped this job. The execution 01ABC shows it."
    assert "error_message = :message," in update


def test_an_error_whose_words_are_not_on_the_job_is_told_as_the_place_to_look(machines):
    _update, said = _recorded(machines, {"Error": "StoreUnavailable", "is_explained": True})
    assert said == "An unexpected error stopped this job. The execution 01ABC shows it."


def _recorded(machines, error):
    """What Record Failure writes of an error: its update expression, and the message that it brings along."""
    arguments = machines["CaptureInvoiceStateMachine"]["States"]["Record Failure"]["Arguments"]
    states = {"input": {"error": error}, "context": {"Execution": {"Name": "01ABC"}}}
    return [
        Jsonata(text.removeprefix("{%").removesuffix("%}")).evaluate(None, {"states": states})
        for text in (arguments["UpdateExpression"], arguments["ExpressionAttributeValues"][":message"]["S"])
    ]


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("Record Failure", {JobStatus.FAILED, JobStatus.REJECTED}),
        ("Record Duplicate", {JobStatus.DUPLICATE}),
    ],
)
def test_conditions_are_the_legal_transitions(machines, name, targets):
    arguments = machines["CaptureInvoiceStateMachine"]["States"][name]["Arguments"]
    values = arguments["ExpressionAttributeValues"]
    # Besides, a repeated write of the same execution is let through, for as long as nobody was told.
    condition, _, repeated = arguments["ConditionExpression"].partition(" OR ")
    assert repeated == "(closed_by = :execution AND attribute_exists(announcement))"
    assert re.fullmatch(r"#status (= :\w+|IN \(:\w+(, :\w+)*\))", condition)
    sources = {JobStatus(values[placeholder]["S"]) for placeholder in re.findall(r":\w+", condition)}
    for target in targets:
        assert sources == sources_of(target), f"{name} makes jobs {target}"


def test_statuses_that_the_machine_gives_a_job_are_those_of_the_domain(machines):
    definition = machines["CaptureInvoiceStateMachine"]
    given = {
        status for _, expression in expressions(definition) for status in re.findall(r"'status': '(\w+)'", expression)
    }
    recorded = definition["States"]["Record Duplicate"]["Arguments"]["ExpressionAttributeValues"][":status"]["S"]
    assert given == {"REJECTED", "FAILED"}
    assert recorded == "DUPLICATE"
    assert all(JobStatus(status).is_terminal for status in {*given, recorded})
