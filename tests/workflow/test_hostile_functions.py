"""Functions that AWS ends or refuses at the points that cost money or jobs: every job ends once."""

from __future__ import annotations

from typing import Any

import pytest

from local_stack.hostility import FOREVER, Fault
from local_stack.stack import LocalStack
from tests.workflow.conftest import Running
from tests.workflow.observing import ANOTHER, INVOICE, announced, finished

ENDINGS = ("Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown")


def outcome(stack: LocalStack, name: str = "scripted") -> tuple[dict[str, Any], list[str]]:
    """The job of a new document once it has ended, and its announcements."""
    job_id = finished(stack, stack.upload(f"incoming/{name}/invoice.xml", INVOICE))
    return stack.job(job_id), announced(stack, job_id)


@pytest.mark.parametrize("ends", ENDINGS)
def test_submitting_ends_after_the_provider_accepted(running: Running, ends: Any) -> None:
    """The row says SUBMITTING when the reference is to be written: the paid copy must be found or flagged."""
    with running(finds_submissions=1) as stack:
        fault = Fault(on="dynamodb:*", by="SubmitDocumentFunction", ends=ends, after=_calls_before_acceptance(stack))
        stack.faults.add(fault)
        job, told = outcome(stack)
        assert sum(stack.faults.injected.values()) == 1
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])
        assert stack.scripted.submissions_of(job["job_id"]) == 1, "it is paid once"


@pytest.mark.parametrize("ends", ENDINGS)
@pytest.mark.parametrize("function", ["SubmitDocumentFunction", "StoreInvoiceFunction", "CheckSubmissionsFunction"])
def test_an_end_before_any_work_delays_a_job_only(running: Running, function: str, ends: Any) -> None:
    with running() as stack:
        stack.faults.add(Fault(on="lambda:Handler", by=function, ends=ends, times=2))
        job, told = outcome(stack)
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])
        assert stack.scripted.submissions_of(job["job_id"]) == 1


@pytest.mark.parametrize("ends", ENDINGS)
def test_storing_ends_after_everything_was_stored(running: Running, ends: Any) -> None:
    with running() as stack:
        stack.faults.add(Fault(on="lambda:Handler", by="StoreInvoiceFunction", ends=ends, when="after"))
        job, told = outcome(stack)
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])


def test_an_answer_of_lambda_that_is_lost_delays_a_job_only(running: Running) -> None:
    with running() as stack:
        stack.faults.add(Fault(on="lambda:Invoke", by="CaptureInvoiceStateMachine", loses_answer=True, after=1))
        job, told = outcome(stack)
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])


def test_the_loop_ends_before_it_tells_a_job(running: Running) -> None:
    with running() as stack:
        stack.faults.add(
            Fault(on="states:SendTaskSuccess", by="CheckSubmissionsFunction", ends="Runtime.ExitError", times=2)
        )
        job, told = outcome(stack)
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])
        assert stack.scripted.submissions_of(job["job_id"]) == 1


def test_extraction_ends_and_the_job_goes_on(running: Running) -> None:
    with running(route="embedded") as stack:
        stack.faults.add(Fault(on="lambda:Handler", by="ExtractDocumentFunction", ends="Sandbox.Timedout"))
        job, told = outcome(stack, "embedded")
        assert (job["status"], told) == ("CAPTURED", ["invoice.captured"])


def test_a_limit_of_ten_makes_a_burst_slow_and_loses_nothing(running: Running) -> None:
    with running() as stack:
        stack.faults.concurrency = 2
        uploads = [stack.upload(f"incoming/{number}.xml", _distinct(number)) for number in range(30)]
        jobs = [stack.job(finished(stack, upload)) for upload in uploads]
        assert {job["status"] for job in jobs} == {"CAPTURED"}
        assert len(stack.notifications()) == 30
        assert sum(count for name, count in stack.faults.injected.items() if "throttles" in name) > 0


def test_a_storm_of_ends_leaves_every_job_ended_once_and_told(running: Running) -> None:
    with running(finds_submissions=1) as stack:
        stack.faults.add(
            Fault(on="dynamodb:*", ends="Sandbox.Timedout", probability=0.02, times=FOREVER),
            Fault(on="states:*", ends="Runtime.ExitError", when="after", probability=0.02, times=FOREVER),
        )
        uploads = [stack.upload(f"incoming/{number}.xml", _distinct(number)) for number in range(20)]
        jobs = [finished(stack, upload) for upload in uploads]
        assert {stack.job(job)["status"] for job in jobs} == {"CAPTURED"}
        # Whoever ends between telling and writing that down leads to the same being told once more.
        assert [job for job in jobs if set(announced(stack, job)) != {"invoice.captured"}] == []
        assert {stack.scripted.submissions_of(job) for job in jobs} == {1}


def _calls_before_acceptance(stack: LocalStack) -> int:
    """How often Submit Document asks DynamoDB before the provider has accepted a document."""
    watching = Fault(on="dynamodb:*", by="SubmitDocumentFunction", error="None", probability=0, times=FOREVER)
    asked: list[int] = []
    accept = stack.scripted.accept

    def note_and_accept(*arguments: Any) -> str:
        asked.append(watching._seen)
        return accept(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack.scripted, "accept", note_and_accept)
        stack.faults.add(watching)
        finished(stack, stack.upload("incoming/scripted/before.xml", ANOTHER))
    stack.faults.end()
    return asked[0]


def _distinct(number: int) -> bytes:
    return INVOICE + f"<!-- {number} -->".encode()
