"""One job, through success and every kind of trouble: real state machine, handlers and template."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local_stack.stack import LocalStack
from tests.waiting import wait_until
from tests.workflow.conftest import Running, Stacks
from tests.workflow.observing import ANOTHER, INVOICE, announced, captured, finished, states, status_of

# --- success  ----------------------------------------


def test_a_provider_behind_the_loop_costs_no_more_states_than_the_engine(running: Running) -> None:
    with running(latency_seconds=20) as stack:
        job_id = captured(stack)
        assert states(stack, job_id) == ["Submit Document", "Store Invoice"]
        assert len(stack.history(stack.executions(job_id)[0])) == 13
        assert stack.job(job_id)["provider"] == "scripted"
        [submission] = stack.submissions(job_id)
        assert submission["state"] == "DONE"
        assert "task_token" not in submission


def test_a_day_of_waiting_changes_nothing_for_the_job(running: Running) -> None:
    with running(latency_seconds=24 * 3600) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert len(stack.history(stack.executions(job_id)[0])) == 13
        assert stack.scripted.submissions_of(job_id) == 1


def test_a_drained_loop_ends_and_the_next_document_starts_another(running: Running) -> None:
    with running(latency_seconds=20) as stack:
        captured(stack)
        stack.clock.advance(60)
        captured(stack, ANOTHER, "incoming/another.xml")
        wait_until(lambda: all(status_of(stack, loop) == "SUCCEEDED" for loop in stack.loops()))
        assert len(stack.loops()) >= 1
        items = stack.dynamodb.get_item(
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
def test_any_legal_key_is_captured(running: Running, key: str) -> None:
    with running(route="embedded") as stack:
        job_id = captured(stack, key=key)
        assert stack.job(job_id)["status"] == "CAPTURED"
        [notification] = stack.notifications(job_id)
        assert notification.message["document"]["key"] == key


def test_folders_and_other_prefixes_make_no_job(running: Running) -> None:
    with running(route="embedded") as stack:
        for key in ("incoming/", "incoming/embedded/", "elsewhere/invoice.xml"):
            stack.upload(key, INVOICE if key.endswith(".xml") else b"")
        captured(stack, ANOTHER)
        assert len(stack.notifications()) == 1


# --- refusals and duplicates  ----------------------------------------


def test_the_same_bytes_end_as_duplicate_of_the_first_job(running: Running) -> None:
    with running(latency_seconds=20) as stack:
        first = captured(stack)
        second = captured(stack, key="incoming/other name.xml")
        job = stack.job(second)
        assert (job["status"], job["duplicate_of"]) == ("DUPLICATE", first)
        assert announced(stack, second) == ["document.duplicate"]
        assert status_of(stack, stack.executions(second)[0]) == "SUCCEEDED"
        assert len(stack.scripted.accepted) == 1


def test_two_copies_at_the_same_moment_are_paid_for_once(running: Running) -> None:
    with running(latency_seconds=20) as stack:
        uploads = [stack.upload(f"incoming/{number}.xml", INVOICE) for number in range(6)]
        statuses = Counter(stack.job(finished(stack, upload))["status"] for upload in uploads)
        assert statuses == {"CAPTURED": 1, "DUPLICATE": 5}
        assert len(stack.scripted.accepted) == 1


def test_a_refused_document_ends_in_fail_with_one_notice(running: Running) -> None:
    with running() as stack:
        job_id = captured(stack, b"%TXT", "incoming/notes.pdf")
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("REJECTED", "UnsupportedFormat")
        [notification] = stack.notifications(job_id)
        assert notification.message["error"] == {"code": job["error_code"], "message": job["error_message"]}
        assert status_of(stack, stack.executions(job_id)[0]) == "FAILED"
        assert stack.scripted.accepted == []


def test_a_document_over_the_limit_is_refused_unread(stacks: Stacks) -> None:
    stack = stacks.get(parameters={"MaximumDocumentMegabytes": "1"})
    job_id = captured(stack, b"%PDF-1.7" + bytes(1024**2), "incoming/large.pdf")
    assert stack.job(job_id)["error_code"] == "DocumentTooLarge"
    assert "large.pdf has 1.0 MB; the limit is 1 MB" in stack.job(job_id)["error_message"]


# --- providers that fail  ----------------------------------------


def test_a_provider_that_fails_for_good_fails_the_job_with_its_reason(running: Running) -> None:
    with running(fail_for_good=1) as stack:
        job_id = captured(stack)
        job = stack.job(job_id)
        assert (job["status"], job["error_code"]) == ("FAILED", "CaptureFailed")
        assert announced(stack, job_id) == ["invoice.failed"]
        assert states(stack, job_id)[-4:] == ["Record Failure", "Announce Outcome", "Anything Wrong?", "Capture Failed"]
        assert status_of(stack, stack.executions(job_id)[0]) == "FAILED"


@pytest.mark.parametrize("fault", ["fail_for_good", "refuse_submissions", "unusable_results"])
def test_the_next_provider_of_the_route_takes_over(running: Running, fault: str) -> None:
    with running(route="scripted,embedded", **{fault: 1}) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.job(job_id)["provider"] == "embedded"
        assert [row["provider"] for row in stack.submissions(job_id)] == ["scripted", "embedded"]
        assert announced(stack, job_id) == ["invoice.captured"]
        assert "Next Provider?" in states(stack, job_id)


def test_an_unavailable_provider_delays_the_job_and_fails_nothing(running: Running) -> None:
    with running(unavailable_submissions=3, unavailable_polls=2, limited_polls=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert states(stack, job_id) == ["Submit Document", "Store Invoice"]


def test_a_person_who_must_verify_is_asked_once(running: Running) -> None:
    with running(action_required=1, latency_seconds=30 * 3600) as stack:
        job_id = captured(stack)
        assert announced(stack, job_id) == ["invoice.action_required", "invoice.captured"]
        assert stack.job(job_id)["status"] == "CAPTURED"


# --- money  ----------------------------------------


def test_a_lost_answer_is_found_again_by_looking_it_up(running: Running) -> None:
    with running(lose_answer_after_acceptance=1, finds_submissions=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert not stack.job(job_id).get("possible_double_charge")


def test_a_lost_answer_that_cannot_be_looked_up_is_a_marked_second_charge_and_never_a_third(running: Running) -> None:
    with running(lose_answer_after_acceptance=1) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.job(job_id)["possible_double_charge"] is True
        assert stack.scripted.submissions_of(job_id) == 2
    with running(lose_answer_after_acceptance=5) as stack:
        job_id = captured(stack)
        assert stack.job(job_id)["error_code"] == "SubmissionInDoubt"
        assert stack.scripted.submissions_of(job_id) == 2


def test_an_invocation_that_dies_after_submitting_is_repeated_without_a_second_charge(running: Running) -> None:
    with running(latency_seconds=600) as stack, _dying_once(stack, "SubmitDocumentFunction"):
        job_id = captured(stack)
        assert stack.job(job_id)["status"] == "CAPTURED"
        assert stack.scripted.submissions_of(job_id) == 1
        assert not stack.job(job_id).get("possible_double_charge")


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
