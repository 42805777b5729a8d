"""Runs of both state machines that reach every expression in them, with the evaluations that they make.

Functions, documents and providers are real wherever they can bring a state about; a few failures can only be scripted.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.job_orders import DynamoDBJobOrders
from invoice_capture.aws.table import Table
from invoice_capture.domain.document import DocumentPointer, client_key
from invoice_capture.domain.job import Job, JobStatus, Order
from local_stack.moto_patches import expressions
from local_stack.moto_patches.expressions import Evaluation
from local_stack.stack import LocalStack
from tools.stage import SAMPLES

_PATIENCE_SECONDS = 120.0
_DAYS_400 = timedelta(days=400)
# Repeated calls wait for stack minutes, and the sweeper comes every five.
_SCALE = 5_000
_FINAL = "SettingMissing"
"""An answer of ours that no retrier repeats."""
_CRASH = "KeyError"
_CALLS_OF_A_CRASH = 9


class Recorder:
    """Evaluations as JSON objects, each kept once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, None] = {}

    def __call__(self, evaluation: Evaluation) -> None:
        # What an evaluation was given changes as its execution goes on.
        # moto answers a started execution with a moment that is no JSON, which AWS spells so.
        text = json.dumps(asdict(evaluation), default=datetime.isoformat)
        with self._lock:
            self._texts[text] = None

    def evaluations(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self._texts]


class ScriptedStack(LocalStack):
    """A local stack whose functions give the ``answers`` that are prepared for them, before they go to work again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.answers: dict[str, deque[tuple[bytes, bool]]] = defaultdict(deque)

    def invoke(self, function_name: str, payload: bytes, invocation_type: str) -> tuple[bytes, bool]:
        answers = self.answers[function_name]
        return answers.popleft() if answers else super().invoke(function_name, payload, invocation_type)

    def answer(self, function: str, value: Any) -> None:
        self.answers[self.resources.ids[function]].append((json.dumps(value).encode(), False))

    def fail(self, function: str, error: str, times: int = 1) -> None:
        said = json.dumps({"errorType": error, "errorMessage": f"{function} was told to fail."}).encode()
        self.answers[self.resources.ids[function]].extend([(said, True)] * times)

    def start(self, machine: str, name: str, data: Any) -> str:
        arn = self.resources.state_machines[machine]
        return str(self.states.start_execution(stateMachineArn=arn, name=name, input=json.dumps(data))["executionArn"])

    def run(self, machine: str, name: str, data: Any) -> None:
        """An execution, to its end."""
        execution = self.start(machine, name, data)
        wait_until(lambda: self.status(execution) != "RUNNING", f"the end of {name}")


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Raises TimeoutError."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{what} did not come within {_PATIENCE_SECONDS:g} s.")
        time.sleep(0.01)


def recorded() -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All evaluations of the rehearsal, and the names of the state machines by their ARNs."""
    recorder = Recorder()
    with (
        expressions.told_to(recorder),
        ScriptedStack(time_scale=_SCALE, parameters={"DefaultRoute": "scripted?,embedded"}) as stack,
    ):
        machines = {arn: name for name, arn in stack.resources.state_machines.items()}
        # First, while no other loop takes the answers that are meant for these.
        _rehearse_loops(stack)
        _rehearse_ends(stack)
        _rehearse_orders(stack)
    return recorder.evaluations(), machines


def _rehearse_ends(stack: ScriptedStack) -> None:
    documents = _documents()
    # A captured invoice, the same bytes again, and what no provider reads.
    first = _captured(stack, document := next(documents))
    _captured(stack, document)
    _captured(stack, b"%TXT")
    # The next provider of the route captures what the first gave up, or could not make an answer of.
    stack.scripted.script.fail_for_good = 1
    _captured(stack, next(documents))
    stack.fail("StoreInvoiceFunction", "ResultUnusable", times=2)
    _captured(stack, next(documents))
    # Failures with a name of ours and with none; the second cannot be announced by the execution.
    stack.fail("StoreInvoiceFunction", _FINAL)
    _captured(stack, next(documents))
    stack.fail("StoreInvoiceFunction", _CRASH, times=_CALLS_OF_A_CRASH)
    stack.fail("AnnounceOutcomeFunction", _FINAL)
    _captured(stack, next(documents))
    # What is started again after its end finds it, whatever it would have recorded.
    ended = _input_of(stack, first)
    for error in ("JobClosed", "DuplicateDocument"):
        stack.fail("SubmitDocumentFunction", error)
        stack.run("CaptureInvoiceStateMachine", f"{first}-{error}", ended)
    # Nobody ever answers.
    stack.answer("SubmitDocumentFunction", None)
    upload = stack.upload("incoming/unanswered.xml", next(documents))
    wait_until(lambda: not stack.answers[stack.resources.ids["SubmitDocumentFunction"]], "the call of Submit Document")
    stack.clock.advance(73 * 3600)
    stack.wait_for(upload, give_up_after=10**7)


def _rehearse_orders(stack: ScriptedStack) -> None:
    content = (SAMPLES / "english_gbp_classic.pdf").read_bytes()
    stack.run("CaptureInvoiceStateMachine", "fetched", _order(stack, "fetched", content))
    stack.run("CaptureInvoiceStateMachine", "missing", _order(stack, "missing", None))
    for name, error, times in (("unset", _FINAL, 1), ("crash", _CRASH, _CALLS_OF_A_CRASH)):
        stack.fail("FetchDocumentFunction", error, times)
        stack.run("CaptureInvoiceStateMachine", name, _order(stack, name, content))


def _rehearse_loops(stack: ScriptedStack) -> None:
    data = {"provider": "scripted", "turn": 1, "released": False}
    stack.fail("CheckSubmissionsFunction", _FINAL)
    stack.run("PollProviderStateMachine", "fails", data)
    # To a loop that has no lease and ends at once; to one that has no name.
    for successor in ({"successor": "another"}, {}):
        stack.answer("CheckSubmissionsFunction", {**data, "outcome": "HAND_OVER", **successor})
        stack.run("PollProviderStateMachine", f"hands-over-{len(successor)}", data)


def _documents() -> Iterator[bytes]:
    """One invoice, in ever other bytes."""
    invoice = (SAMPLES / "peppol_ubl_belgium.xml").read_bytes()
    return (invoice + f"<!-- {number} -->".encode() for number in count())


def _captured(stack: ScriptedStack, content: bytes) -> str:
    """The id of a job that has ended."""
    return stack.wait_for(stack.upload(f"incoming/{time.monotonic_ns()}.xml", content), give_up_after=10**7)


def _input_of(stack: ScriptedStack, job_id: str) -> Any:
    [execution] = stack.executions(job_id)
    return json.loads(stack.states.describe_execution(executionArn=execution)["input"])


def _order(stack: ScriptedStack, name: str, content: bytes | None) -> dict[str, Any]:
    """The input of a job that a client ordered for a document, which it uploaded or forgot."""
    key = client_key("acme", "upload", f"{name}.pdf")
    if content is not None:
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=content + name.encode())
    now = stack.clock.now()
    job = Job(
        job_id=name,
        document=DocumentPointer(stack.bucket, key, None, 0, is_stored=False),
        route=("embedded",),
        status=JobStatus.RECEIVED,
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(days=3),
        order=Order("acme", name, f"{name}.pdf", f"s3://{stack.bucket}/{key}", "invoices"),
    )
    DynamoDBJobOrders(Table(Clients(), stack.table), _DAYS_400).place(job)
    return {
        "job_id": job.job_id,
        "document": job.document.to_json(),
        "route": list(job.route),
        "submission": 1,
        "deadline_at": job.deadline_at.isoformat(),
    }
