"""What Step Functions and Lambda do: start functions, repeat them, end them, and let time pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.errors import JobCancelled, JobClosed, JobDeadlineExceeded, StoreUnavailable
from invoice_capture.domain.job import Job
from invoice_capture.use_cases.steps.check_submissions import Turn, TurnOutcome
from invoice_capture.use_cases.steps.store_invoice import StoreRequest
from invoice_capture.use_cases.steps.submit_document import SubmitRequest
from tests.model.functions import RecordFailure, Sweep
from tests.model.program import Point, Programs, Raised, Returned
from tests.model.rules import Rules
from tests.model.setting import START
from tests.model.state import Key, State

# The longest that a function of the template may run.
FUNCTION_LIMIT = timedelta(minutes=15)
SWEEP_EVERY = timedelta(minutes=5)
# What the sweeper leaves to a living loop.
_SWEPT_AFTER = timedelta(minutes=5)
_ENDS_THE_JOB = (JobDeadlineExceeded, JobCancelled, JobClosed)


@dataclass(frozen=True)
class Capture:
    """An execution of one job's state machine: at which submission, and with which task token, while it waits."""

    job_id: str
    number: int
    token: int
    is_waiting: bool = True


@dataclass(frozen=True)
class Loop:
    """An execution of a provider's loop, asleep until ``wakes_at`` or in its function."""

    turn: Turn
    run: int = 0
    wakes_at: datetime | None = None


@dataclass(frozen=True)
class Running:
    """A function. ``wrote``: its last step left a trace, so that dying here is not what dying before was."""

    point: Point
    started_at: datetime
    wrote: bool = True


class Executions:
    """Moves the executions of a state, which the caller has copied."""

    def __init__(self, programs: Programs, rules: Rules) -> None:
        self._programs = programs
        self._rules = rules

    # --- starting ----------------------------------------------------------------------------------------------------

    def start_capture(self, state: State, job: Job, name: str) -> None:
        if ("capture", name) not in state:
            self._submit(state, name, Capture(job.job_id, job.first_submission, 1))

    def start_loop(self, state: State, provider: str, owner: str) -> None:
        if ("loop", owner) not in state:
            self._take_turn(state, owner, Loop(Turn(provider, owner, 1, False)))

    def _submit(self, state: State, name: str, capture: Capture) -> None:
        state["capture", name] = capture
        job = state["job", capture.job_id]
        token = f"{name}#{capture.token}"
        request = SubmitRequest(
            job_id=job.job_id,
            document=job.document,
            provider=job.route[capture.number - 1],
            submission=capture.number,
            task_token=token,
            deadline_at=job.deadline_at,
        )
        self._start(state, ("function", "submit", token), request)

    def _take_turn(self, state: State, owner: str, loop: Loop) -> None:
        loop = replace(loop, run=loop.run + 1, wakes_at=None)
        state["loop", owner] = loop
        self._start(state, ("function", "turn", f"{owner}#{loop.run}"), loop.turn)

    def _start(self, state: State, key: Key, start: Any) -> None:
        state[key] = Running(self._programs.begin(start), state["now",])

    # --- ending ------------------------------------------------------------------------------------------------------

    def resolve(self, state: State, token: str, outcome: Any) -> bool:
        """Whether the token was open; its execution goes on then."""
        name, _, number = token.rpartition("#")
        capture: Capture = state["capture", name]
        if not capture.is_waiting or capture.token != int(number):
            return False
        if isinstance(outcome, Raised):
            self._fail(state, name, capture, outcome)
            return True
        job = state["job", capture.job_id]
        state["capture", name] = replace(capture, is_waiting=False)
        request = StoreRequest(
            job_id=job.job_id,
            document=job.document,
            provider=outcome["provider"],
            submission=outcome["submission"],
            result_key=outcome["result_key"],
        )
        self._start(state, ("function", "store", name), request)
        return True

    def _fail(self, state: State, name: str, capture: Capture, error: Raised) -> None:
        if error.kind is StoreUnavailable:
            self._submit(state, name, replace(capture, token=capture.token + 1))
        elif error.kind not in _ENDS_THE_JOB and capture.number < len(state["job", capture.job_id].route):
            self._submit(state, name, replace(capture, number=capture.number + 1, token=capture.token + 1))
        else:
            state["capture", name] = replace(capture, is_waiting=False)
            self._start(state, ("function", "fail", name), RecordFailure(capture.job_id, error))

    def returned(self, state: State, key: Key) -> None:
        """A function has come to its end."""
        running: Running = state[key]
        end = running.point.next
        assert isinstance(end, Returned | Raised)
        self._rules.at_the_end_of_a_function(state, key, end)
        state.remove(key)
        if key[1] == "turn" and isinstance(end, Returned):
            self._turn_taken(state, *key[2].split("#"), end.value)
        elif isinstance(end, Raised):
            self._failed(state, key, end)

    def _turn_taken(self, state: State, owner: str, run: str, result: Any) -> None:
        loop: Loop | None = state.get(("loop", owner))
        if loop is None or loop.run != int(run):
            return
        if result.outcome is TurnOutcome.WAIT:
            turn = replace(result.turn, number=result.turn.number + 1)
            wakes_at = state["now",] + timedelta(seconds=result.wait_seconds)
            state["loop", owner] = replace(loop, turn=turn, wakes_at=wakes_at)
            return
        state.remove(("loop", owner))
        if result.outcome is TurnOutcome.HAND_OVER:
            self.start_loop(state, loop.turn.provider, result.successor)

    def _failed(self, state: State, key: Key, error: Raised) -> None:
        if key[1] == "store" and error.kind in _ENDS_THE_JOB:
            capture: Capture = state["capture", key[2]]
            self._start(state, ("function", "fail", key[2]), RecordFailure(capture.job_id, error))
        else:
            self.repeat(state, key)

    def repeat(self, state: State, key: Key) -> None:
        """Do again what a function was started for, if anybody waits for it still."""
        _, kind, name = key
        owner, _, number = name.rpartition("#")
        if kind == "submit":
            capture: Capture = state["capture", owner]
            if capture.is_waiting and capture.token == int(number):
                self._submit(state, owner, replace(capture, token=capture.token + 1))
        elif kind == "turn":
            loop: Loop | None = state.get(("loop", owner))
            if loop is not None and loop.run == int(number) and loop.wakes_at is None:
                self._take_turn(state, owner, loop)
        elif kind in ("store", "fail"):
            self._start(state, key, state[key].point.start)

    def crash(self, state: State, key: Key) -> None:
        self._rules.at_a_crash(state, key)
        repeated = state[key].point.start
        state.remove(key)
        if key[1] in ("store", "fail"):
            self._start(state, key, repeated)
        else:
            self.repeat(state, key)

    def abort(self, state: State, key: Key) -> None:
        """The execution of a loop is gone for good, with its function."""
        self._rules.at_a_crash(state, key)
        state.remove(key)
        owner, _, run = key[2].rpartition("#")
        loop = state.get(("loop", owner))
        if loop is not None and loop.run == int(run):
            state.remove(("loop", owner))

    # --- time --------------------------------------------------------------------------------------------------------

    def next_wake(self, state: State) -> datetime | None:
        """When somebody has something to do next, if nothing comes between."""
        wakes = [loop.wakes_at for _, loop in state.of("loop") if loop.wakes_at is not None]
        sweep = self._next_useful_sweep(state)
        return min([*wakes, *([sweep] if sweep is not None else [])], default=None)

    def pass_time(self, state: State, until: datetime) -> None:
        """Functions that run too long are ended, loops wake, and the sweeper comes if it has anything to do."""
        sweep_at = self._next_useful_sweep(state)
        state["now",] = until
        for key, row in list(state.of("row")):
            state["indexed", *key[1:]] = row
        for key, running in list(state.of("function")):
            if running.started_at + FUNCTION_LIMIT <= until:
                self.crash(state, key)
        for key, loop in list(state.of("loop")):
            if loop.wakes_at is not None and loop.wakes_at <= until:
                self._take_turn(state, key[1], loop)
        if sweep_at is not None and sweep_at <= until and ("function", "sweep", "") not in state:
            self._start(state, ("function", "sweep", ""), Sweep())

    def _next_useful_sweep(self, state: State) -> datetime | None:
        """The sweeper's next round that finds anything to do; all others change nothing."""
        now = state["now",]
        first = min(self._swept_from(state), default=None)
        if first is None:
            return None
        rounds = max((now - START) // SWEEP_EVERY + 1, -(-(first - START) // SWEEP_EVERY))
        return START + rounds * SWEEP_EVERY

    def _swept_from(self, state: State) -> Iterator[datetime]:
        for _, row in state.of("row"):
            if row.next_check_at is not None:
                yield row.next_check_at + _SWEPT_AFTER
        for _, job in state.of("job"):
            if job.status.is_open or job.is_untold:
                yield state.get(("due", job.job_id), ("open", job.deadline_at))[1]
