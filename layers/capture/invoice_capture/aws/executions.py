"""Step Functions: starting executions and resolving task tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.domain.errors import CaptureError, TokenClosed
from invoice_capture.domain.job import Job
from invoice_capture.domain.timestamps import timestamp

_CLOSED = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_LONGEST_CAUSE = 32_768


class StepFunctionsExecutions:
    """State machines are named by their ARNs; one that a function never starts may be None.

    ``trace`` tells the header of the trace that the present invocation belongs to, if any.
    """

    def __init__(
        self,
        clients: Clients,
        capture_invoice: str | None,
        poll_provider: str | None,
        trace: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._clients = clients
        self._capture_invoice = capture_invoice
        self._poll_provider = poll_provider
        self._trace = trace

    def start_capture(self, job: Job, name: str) -> None:
        # One trace follows a document from its arrival; one that an execution begins by itself would be charged, too.
        trace = self._trace()
        self._start(
            self._capture_invoice,
            name,
            {
                "job_id": job.job_id,
                "document": job.document.to_json(),
                # Submissions are places in the route, and every run of the job has places of its own.
                "route": job.route * (job.retries + 1),
                "submission": job.first_submission,
                "deadline_at": timestamp(job.deadline_at),
            },
            **({} if trace is None else {"traceHeader": trace}),
        )

    def start_loop(self, provider: str, owner: str) -> None:
        self._start(self._poll_provider, owner, {"provider": provider, "turn": 1, "released": False})

    def _start(self, state_machine: str | None, name: str, data: Mapping[str, Any], **options: Any) -> None:
        if state_machine is None:
            raise RuntimeError(
                "this function was given no state machine to start; see its environment in template.yaml"
            )
        try:
            with calling("Step Functions"):
                self._clients.stepfunctions.start_execution(
                    stateMachineArn=state_machine, name=name, input=json.dumps(data), **options
                )
        except Exception as exc:
            # The execution of this name is the one that was wanted.
            if error_code(exc) != "ExecutionAlreadyExists":
                raise


class StepFunctionsCallbacks:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> None:
        try:
            with calling("Step Functions"):
                self._clients.stepfunctions.send_task_success(taskToken=task_token, output=json.dumps(output))
        except Exception as exc:
            _raise_if_closed(exc)
            raise

    def fail(self, task_token: str, error: CaptureError) -> None:
        try:
            with calling("Step Functions"):
                self._clients.stepfunctions.send_task_failure(
                    taskToken=task_token, error=error.code, cause=str(error)[:_LONGEST_CAUSE]
                )
        except Exception as exc:
            _raise_if_closed(exc)
            raise


def _raise_if_closed(error: Exception) -> None:
    if error_code(error) in _CLOSED:
        raise TokenClosed(error_code(error)) from error
