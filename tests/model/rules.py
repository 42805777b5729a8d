"""What must hold: in every state, whenever something is sent, and when everything has come to rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.domain.errors import JobDeadlineExceeded
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.submission import Submission, SubmissionState
from tests.model.program import Call, Point, Raised, Returned
from tests.model.setting import Setting
from tests.model.state import Key, State

_MOST_REQUESTS = 2
# A loop looks every five seconds at most.
_ON_TIME = timedelta(seconds=6)
# The index may be behind for one look.
_ON_TIME_WITH_LAG = timedelta(seconds=12)
# A dead loop's lease runs out, the sweeper leaves it some time more, and comes every five minutes.
_AFTER_TROUBLE = timedelta(minutes=20)
# A function may write down at its end what was due when it began.
_LONG_FUNCTION = timedelta(minutes=15)


@dataclass(frozen=True)
class Sent:
    """What really happened to a submission: how many requests may have been taken, and the copies of those taken."""

    times: int = 0
    accepted: tuple[str, ...] = ()


class Rules:
    """Writes what is wrong into the state, where the explorer finds it."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def before_a_call(self, state: State, key: Key, call: Call) -> None:
        if call.name == "provider.submit":
            self._before_sending(state, call.args[0])
            for other, running in list(state.of("function")):
                if other != key and _is_sending(running.point, call.args[0]):
                    _wrong(state, f"{call.args[0].job_id} is sent by two functions at the same time")

    def _before_sending(self, state: State, row: Submission) -> None:
        is_marked = state["job", row.job_id].possible_double_charge
        times = state.get(("sent", *row.key), Sent()).times
        if times >= _MOST_REQUESTS:
            _wrong(state, f"{row.job_id} is sent a third time")
        elif times and not is_marked:
            _wrong(state, f"{row.job_id} is sent a second time without the mark")
        elif not is_marked and any(number < row.number for number in _unseen(state, row.job_id)):
            _wrong(state, f"{row.job_id} is sent to another provider without the mark")

    def at_a_crash(self, state: State, key: Key) -> None:
        """Whether an attempt that was written down was made as well, nobody can tell afterwards."""
        if key[1] in ("submit", "turn"):
            for _, row in list(state.of("row")):
                if row.state is SubmissionState.SUBMITTING:
                    state["unsure", row.job_id] = True

    def at_the_end_of_a_function(self, state: State, key: Key, end: Returned | Raised) -> None:
        if isinstance(end, Raised) and key[1] != "store":
            _wrong(state, f"{key[1]} {key[2]} fails by itself: {end.kind.__name__} {end.text}")
        elif key[1] == "sweep" and isinstance(end, Returned) and end.value and not self._spent(state) & {"faults"}:
            _wrong(state, "the sweeper has a problem")

    def before_time_passes(self, state: State, until: datetime) -> None:
        """Called when nobody runs: what is due is looked at in time."""
        patience = self._patience(state)
        for _, row in list(state.of("row")):
            if row.next_check_at is not None and until > row.next_check_at + patience:
                late = until - row.next_check_at
                _wrong(state, f"nobody looks at {row.job_id} until {late} after it was due")

    def _patience(self, state: State) -> timedelta:
        spent = self._spent(state)
        if "jumps" in spent:
            return _AFTER_TROUBLE + _LONG_FUNCTION
        if spent & {"crashes", "doubles"}:
            return _AFTER_TROUBLE
        return _ON_TIME_WITH_LAG if "lags" in spent else _ON_TIME

    def _spent(self, state: State) -> set[str]:
        """What has gone wrong so far."""
        return {name for name, number in self._setting.budgets.items() if state["left", name] < number}

    def in_every_state(self, state: State) -> Iterator[str]:
        if ("wrong",) in state:
            yield state["wrong",]
        for _, row in state.of("row"):
            if not row.state.is_closed and row.next_check_at is None:
                yield f"nobody is to look at {row.job_id}, which is open"

    def at_rest(self, state: State) -> Iterator[str]:
        """Nobody runs, and nobody will."""
        for _, capture in state.of("capture"):
            if capture.is_waiting:
                yield f"{capture.job_id} waits for ever"
        for _, job in state.of("job"):
            yield from self._ended(state, job)
            yield from self._paid(state, job)
        for _, row in state.of("row"):
            if not row.state.is_closed:
                yield f"the row of {row.job_id} stays open"
            if self._setting.discards:
                yield from self._left_over(state, row)

    def _ended(self, state: State, job: Any) -> Iterator[str]:
        if job.status not in (JobStatus.CAPTURED, JobStatus.FAILED):
            yield f"{job.job_id} is {job.status} for ever"
        if job.error_code == JobDeadlineExceeded.__name__ and self._setting.has_far_deadline:
            yield f"{job.job_id} is forgotten until its deadline"
        told = state.get(("told", job.job_id), 0)
        may_be_repeated = any(state["left", name] < getattr(self._setting, name) for name in ("crashes", "jumps"))
        if told == 0 or job.is_untold:
            yield f"nobody is told of {job.job_id}"
        elif told > 1 and not may_be_repeated:
            yield f"{job.job_id} is told {told} times"

    def _paid(self, state: State, job: Any) -> Iterator[str]:
        sent = {key[2]: fact for key, fact in state.of("sent") if key[1] == job.job_id}
        unseen = _unseen(state, job.job_id)
        twice = any(len(fact.accepted) > 1 for fact in sent.values())
        elsewhere = any(sent[number].accepted for number in unseen) and any(
            fact.accepted for number, fact in sent.items() if number > min(unseen)
        )
        if (twice or elsewhere) and not job.possible_double_charge:
            yield f"{job.job_id} is paid for twice without the mark"
        is_possible = any(fact.times > 1 for fact in sent.values()) or any(
            number > first and fact.times for first in unseen for number, fact in sent.items()
        )
        if job.possible_double_charge and not is_possible and ("unsure", job.job_id) not in state:
            yield f"{job.job_id} is marked without a reason"

    def _left_over(self, state: State, row: Submission) -> Iterator[str]:
        """The copy that the row knows of is deleted, or what a look-up finds of it."""
        copies = [name for name in state.get(("sent", *row.key), Sent()).accepted if ("copy", name) in state]
        can_be_found = row.reference is None and self._setting.finds
        if row.reference in copies or (copies and can_be_found):
            yield f"the provider's copy of {row.job_id} is left there"


def _is_sending(point: Point, row: Submission) -> bool:
    """Whether a function sends this submission next, or has sent it and not yet written down the answer."""
    calls = [point.next, *point.calls[-1:]]
    return any(
        isinstance(call, Call) and call.name == "provider.submit" and call.args[0].key == row.key for call in calls
    )


def _unseen(state: State, job_id: str) -> list[int]:
    """The submissions that ended without anybody knowing whether the provider took the document."""
    return [
        key[2]
        for key, row in state.of("row")
        if key[1] == job_id
        and row.state.is_closed
        and row.reference is None
        and state.get(("sent", *row.key), Sent()).times
    ]


def _wrong(state: State, what: str) -> None:
    if ("wrong",) not in state:
        state["wrong",] = what
