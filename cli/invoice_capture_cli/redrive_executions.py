"""Failed executions: what can still come to an invoice gets another one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from invoice_capture.aws.clients import error_code
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.table import Table
from invoice_capture.domain import errors
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture_cli.errors import ApiRefused, Unreachable
from invoice_capture_cli.jobs import Jobs
from invoice_capture_cli.redrive_actions import Action, Result
from invoice_capture_cli.stack import Stack, calling_aws

_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
_LOOK_BACK = timedelta(days=14)
# The state machine ends every execution after this.
_LONGEST_EXECUTION = timedelta(days=30)
_MOST_REDRIVES = 50

# Why a job failed that may do better now. Everything else that has a name would fail again.
PASSING = frozenset(
    {
        "StoreUnavailable",
        "ProviderUnavailable",
        "RateLimited",
        "SettingMissing",
        "LinkUnanswered",
        "NoCredit",
        "CredentialsRefused",
    }
)
_KNOWN = frozenset(
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.CaptureError)
)
_NAME = re.compile(r"(?P<run>(?P<job>[0-9A-HJKMNP-TV-Z]{26})(-retry-\d+)?)(-redrive-(?P<number>\d+))?", re.ASCII)


@dataclass(frozen=True)
class _Failed:
    """A failed execution of a job: ``run`` is the name of the job's run, ``number`` counts its redrives from 0."""

    arn: str
    name: str
    job_id: str
    run: str
    number: int


class Executions:
    def __init__(self, stack: Stack, jobs: Jobs, *, dry_run: bool, now: datetime | None = None) -> None:
        self._stack = stack
        self._jobs = jobs
        self._dry_run = dry_run
        self._now = now or datetime.now(UTC)
        self._machine = stack.output("CaptureInvoiceStateMachineArn")
        self._stepfunctions = stack.client("stepfunctions")

    def __call__(self) -> Iterator[Action]:
        """One action per job that has a failed execution. Raises Unreachable, ApiRefused."""
        failed: dict[str, list[_Failed]] = defaultdict(list)
        for execution in self._failed():
            failed[execution.job_id].append(execution)
        # Nothing is written here, so how long items are kept is of no account.
        store = DynamoDBJobStore(Table(self._stack.clients, self._stack.output("TableName")), timedelta())
        with calling_aws(self._stack.name):
            jobs = {job.job_id: job for job in store.get_many(list(failed))}
        for job_id, executions in failed.items():
            yield self._redrive(job_id, jobs.get(job_id), executions)

    def _failed(self) -> Iterator[_Failed]:
        for execution in chain.from_iterable(self._ended(status) for status in _STATUSES):
            match = _NAME.fullmatch(execution["name"])
            if match is not None and execution.get("stopDate", execution["startDate"]) >= self._now - _LOOK_BACK:
                number = int(match["number"] or 0)
                yield _Failed(execution["executionArn"], execution["name"], match["job"], match["run"], number)

    def _ended(self, status: str) -> Iterator[Mapping[str, Any]]:
        """The executions that ended so, as far back as any can have begun that ended lately."""
        pages = self._stepfunctions.get_paginator("list_executions")
        with calling_aws(self._stack.name):
            for page in pages.paginate(stateMachineArn=self._machine, statusFilter=status):
                for execution in page["executions"]:
                    # The newest come first.
                    if execution["startDate"] < self._now - _LOOK_BACK - _LONGEST_EXECUTION:
                        return
                    yield execution

    def _redrive(self, job_id: str, job: Job | None, executions: Sequence[_Failed]) -> Action:
        if job is None:
            return Action("job", job_id, Result.LEFT, "it was deleted")
        if job.status.is_open:
            of_this_run = [execution for execution in executions if execution.run == job.execution_name]
            if not of_this_run:
                return Action("job", job_id, Result.LEFT, "it was started again and goes on")
            return self._restart(job, max(of_this_run, key=lambda execution: execution.number))
        if job.status not in {JobStatus.FAILED, JobStatus.REJECTED}:
            return Action("job", job_id, Result.LEFT, f"it is {job.status.lower()} by now")
        code = job.error_code or "an unexpected error"
        crashed = job.status is JobStatus.FAILED and job.error_code not in _KNOWN
        if not crashed and code not in PASSING:
            return Action("job", job_id, Result.LEFT, f"{code} would happen again")
        return self._retry(job, code)

    def _retry(self, job: Job, code: str) -> Action:
        planned = Action("job", job.job_id, Result.PLANNED, f"failed with {code}, is retried")
        if self._dry_run:
            return planned
        try:
            self._jobs.retry(job.job_id)
        except ApiRefused as exc:
            if not exc.is_about_this_request:
                raise
            return Action("job", job.job_id, Result.PROBLEM, str(exc))
        return Action("job", job.job_id, Result.DONE, planned.what)

    def _restart(self, job: Job, execution: _Failed) -> Action:
        """Another execution with the input of the failed one. A name is taken once, so nothing starts twice."""
        for number in range(execution.number + 1, execution.number + _MOST_REDRIVES):
            name = f"{execution.run}-redrive-{number}"
            status = self._status(name)
            if status == "RUNNING":
                return Action("execution", execution.name, Result.LEFT, f"goes on as {name}")
            if status is None:
                break
        else:
            return Action("execution", execution.name, Result.PROBLEM, "was started again too often: look at it")
        planned = Action("execution", execution.name, Result.PLANNED, f"starts again as {name}; {_state(job)}")
        if self._dry_run:
            return planned
        try:
            with calling_aws(self._stack.name):
                described = self._stepfunctions.describe_execution(executionArn=execution.arn)
                self._stepfunctions.start_execution(stateMachineArn=self._machine, name=name, input=described["input"])
        except Unreachable as exc:
            return Action("execution", execution.name, Result.PROBLEM, str(exc))
        return Action("execution", execution.name, Result.DONE, planned.what)

    def _status(self, name: str) -> str | None:
        """The status of the execution of this name; None when there is none."""
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        with calling_aws(self._stack.name):
            try:
                return str(self._stepfunctions.describe_execution(executionArn=arn)["status"])
            except Exception as exc:
                if error_code(exc) == "ExecutionDoesNotExist":
                    return None
                raise


def _state(job: Job) -> str:
    return f"its job was left {job.status.lower().replace('_', ' ')}"
