"""Explores every state that a setting can come to, breadth first, so that what is found wrong has the shortest way."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from unittest.mock import patch

from tests.fakes import stores
from tests.model.effects import Effects
from tests.model.executions import FUNCTION_LIMIT, Executions, Running
from tests.model.functions import Functions
from tests.model.program import Call, Programs
from tests.model.rules import Rules
from tests.model.setting import START, Setting
from tests.model.state import Facts, Key, State

# Leaps past the lease of a loop in its function, as far as a function only just survives, and so far that none does
# and everything else is due at the same time.
_LEAPS = (timedelta(minutes=8), FUNCTION_LIMIT - timedelta(seconds=10), timedelta(minutes=25))

_READS = frozenset(
    {"get", "get_many", "of_job", "due", "next_due", "load", "find", "copies", "poll", "overdue", "owed"}
)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and the steps that lead there."""

    what: str
    steps: Sequence[str]

    def __str__(self) -> str:
        return "\n".join([self.what, *(f"  {number:3} {step}" for number, step in enumerate(self.steps, 1))])


@dataclass
class Explored:
    """``ends`` are the states in which everything has come to rest."""

    states: int = 0
    transitions: int = 0
    ends: int = 0
    runs: int = 0
    is_complete: bool = False
    faults: list[Fault] = field(default_factory=list)


class Explorer:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._facts = Facts()
        self._programs = Programs(Functions(setting))
        self._rules = Rules(setting)
        self._executions = Executions(self._programs, self._rules)
        self._effects = Effects(self._executions)

    def explore(self, *, most_states: int | None = None, most_faults: int = 1) -> Explored:
        """Explore until all is explored, or as much is found as was asked for; each kind of fault is told once."""
        logging.disable(logging.CRITICAL)
        try:
            with self._programs, patch.object(stores, "_stored_invoice", lambda *_: None):
                return self._explore(most_states, most_faults)
        finally:
            logging.disable(logging.NOTSET)

    def _explore(self, most_states: int | None, most_faults: int) -> Explored:
        result = Explored()
        first = self._first_state().packed()
        came_from: dict[bytes, tuple[bytes, str] | None] = {first: None}
        frontier = deque([first])
        told: set[str] = set()
        while frontier:
            packed = frontier.popleft()
            state = State.unpacked(self._facts, packed)
            moves = list(self._moves(state))
            wrong = list(self._rules.in_every_state(state))
            if not moves and not wrong:
                result.ends += 1
                wrong += self._rules.at_rest(state)
            for what in wrong:
                if what not in told:
                    told.add(what)
                    result.faults.append(Fault(what, _steps_to(packed, came_from)))
            result.transitions += len(moves)
            if len(result.faults) >= most_faults or (most_states is not None and len(came_from) >= most_states):
                break
            # Nothing that follows from what is wrong is news.
            for what, after in [] if wrong else moves:
                key = after.packed()
                if key not in came_from:
                    came_from[key] = (packed, what)
                    frontier.append(key)
        else:
            result.is_complete = True
        result.states, result.runs = len(came_from), self._programs.runs
        return result

    def _first_state(self) -> State:
        state = State(self._facts)
        state["now",] = START
        for name, number in self._setting.budgets.items():
            state["left", name] = number
        for number in range(1, self._setting.jobs + 1):
            state["to come", number] = True
        return state

    # --- moves -------------------------------------------------------------------------------------------------------

    def _moves(self, state: State) -> Iterator[tuple[str, State]]:
        if ("wrong",) in state:
            return
        yield from self._arrivals(state)
        running = list(state.of("function"))
        for key, function in running:
            yield from self._steps(state, key, function)
            yield from self._troubles(state, key, function)
        if running:
            yield from self._jumps(state)
            return
        until = self._executions.next_wake(state)
        if until is not None:
            after = state.copy()
            self._rules.before_time_passes(after, until)
            self._executions.pass_time(after, until)
            self._settle(after)
            yield _at(until - START), after

    def _arrivals(self, state: State) -> Iterator[tuple[str, State]]:
        """The next document comes, now or later."""
        number = min((key[1] for key, _ in state.of("to come")), default=None)
        if number is not None:
            after = state.copy()
            after.remove(("to come", number))
            job = self._setting.job(number, state["now",])
            after["job", job.job_id] = job
            self._executions.start_capture(after, job, job.execution_name)
            self._settle(after)
            yield f"{job.job_id} comes", after

    def _steps(self, state: State, key: Key, function: Running) -> Iterator[tuple[str, State]]:
        call = function.point.next
        assert isinstance(call, Call)
        before = state.copy()
        self._rules.before_a_call(before, key, call)
        name = f"{key[1]} {key[2]}".strip()
        for what, answer, happened in self._effects.of(before, call):
            after = happened.copy() if happened is before else happened
            point = self._programs.go_on(function.point, answer)
            # An execution that this call moved on may have started it anew.
            after[key] = replace(function, point=point, wrote=call.method not in _READS)
            if self._has_left(state, "crashes"):
                yield from self._dies_at_its_end(after, key, f"{name}: {_said(call)}{_told(what)}")
            self._settle(after)
            yield f"{name}: {_said(call)}{_told(what)}", after

    def _dies_at_its_end(self, after: State, key: Key, said: str) -> Iterator[tuple[str, State]]:
        """The last step is done, and nobody learns that."""
        ended = after.copy()
        self._advance(ended, key)
        if not isinstance(ended[key].point.next, Call) and ended[key].wrote:
            yield from ((f"{said}; {what}", state) for what, state in self._deaths(ended, key))

    def _troubles(self, state: State, key: Key, function: Running) -> Iterator[tuple[str, State]]:
        name = f"{key[1]} {key[2]}".strip()
        if function.wrote and self._has_left(state, "crashes"):
            yield from ((f"{name} {what}", after) for what, after in self._deaths(state, key))
        if self._has_left(state, "doubles") and key[1] in ("submit", "turn"):
            after = self._spent(state, "doubles")
            self._executions.repeat(after, key)
            self._settle(after)
            yield f"{name} is repeated although it runs", after

    def _deaths(self, state: State, key: Key) -> Iterator[tuple[str, State]]:
        after = self._spent(state, "crashes")
        self._executions.crash(after, key)
        self._settle(after)
        yield "dies", after
        if key[1] == "turn":
            after = self._spent(state, "crashes")
            self._executions.abort(after, key)
            self._settle(after)
            yield "dies with its execution", after

    def _jumps(self, state: State) -> Iterator[tuple[str, State]]:
        if not self._has_left(state, "jumps"):
            return
        now = state["now",]
        wake = self._executions.next_wake(state)
        moments = {now + leap for leap in _LEAPS}
        if wake is not None and wake < now + FUNCTION_LIMIT:
            moments.add(wake)
        for until in sorted(moments):
            after = self._spent(state, "jumps")
            self._executions.pass_time(after, until)
            self._settle(after)
            yield f"time passes meanwhile: {_at(until - START)}", after

    def _has_left(self, state: State, budget: str) -> bool:
        return bool(state["left", budget])

    def _spent(self, state: State, budget: str) -> State:
        after = state.copy()
        after["left", budget] = state["left", budget] - 1
        return after

    # --- what is no step of its own ----------------------------------------------------------------------------------

    def _settle(self, state: State) -> None:
        """Bring every function to a call that others may notice, or to its end."""
        while ("wrong",) not in state:
            for key, _ in list(state.of("function")):
                self._advance(state, key)
            ended = [key for key, function in state.of("function") if not isinstance(function.point.next, Call)]
            if not ended:
                return
            for key in ended:
                self._executions.returned(state, key)

    def _advance(self, state: State, key: Key) -> None:
        function: Running = state[key]
        point = function.point
        while isinstance(point.next, Call):
            answer = self._effects.silent(state, point.next)
            if answer is None:
                break
            point = self._programs.go_on(point, answer[0])
        if point is not function.point:
            state[key] = replace(function, point=point)


def _steps_to(packed: bytes, came_from: dict[bytes, tuple[bytes, str] | None]) -> list[str]:
    steps = []
    while (origin := came_from[packed]) is not None:
        packed, what = origin
        steps.append(what)
    return steps[::-1]


def _said(call: Call) -> str:
    about = call.args[0] if call.args else ""
    return f"{call.name}({getattr(about, 'job_id', about)})"


def _told(what: str) -> str:
    return f" {what}" if what else ""


def _at(elapsed: timedelta) -> str:
    return f"it is {elapsed} later"
