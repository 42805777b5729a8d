"""What a call of a port does to a state, and what it answers; at the provider more than one thing may happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from invoice_capture.domain.errors import (
    CaptureError,
    CaptureFailed,
    ProviderUnavailable,
    SubmissionInDoubt,
    TokenClosed,
)
from invoice_capture.domain.job import Job
from invoice_capture.domain.submission import result_key
from invoice_capture.ports import PollResult, PollState, ProviderState, StaleWrite
from tests.fakes.provider_states import MemoryProviderStateStore
from tests.fakes.stores import MemoryJobStore, MemorySubmissionStore
from tests.model.executions import Executions
from tests.model.program import Call, Raised
from tests.model.rules import Sent
from tests.model.setting import CONTENT
from tests.model.state import Key, State


class Happens(NamedTuple):
    """One thing that may happen: what to say of it, what the caller is answered, and what is so afterwards."""

    what: str
    answer: Any
    state: State


class Fixed(dict[Any, Any]):
    """A mapping that nobody changes, so that it may be part of a fact."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


class _Table(dict[Any, Any]):
    """What a store keeps; ``indexed`` is what its index shows."""

    indexed_values: list[Any] | None = None

    @property
    def indexed(self) -> list[Any]:
        return list(self.values()) if self.indexed_values is None else self.indexed_values


class Effects:
    def __init__(self, executions: Executions) -> None:
        self._executions = executions
        self._of_provider: dict[str, Callable[[State, Any], Iterator[Happens]]] = {
            "submit": self._submit,
            "find": self._find,
            "copies": self._copies,
            "poll": self._poll,
            "discard": self._discard,
        }

    def silent(self, state: State, call: Call) -> tuple[Any] | None:
        """The answer to a call that nobody else can notice, or be noticed by in it: it is no step of its own."""
        match call.name:
            case "clock.now":
                return (state["now",],)
            case "documents.read":
                return (CONTENT,)
            case "documents.write_result":
                return (result_key(*call.args[:3]),)
            case "documents.read_result":
                return (b"{}",)
            case "jobs.claim_fingerprint":
                return (call.args[1],)
            case "submissions.claim_reference" | "states.add_latencies" | "documents.remove_results":
                return (None,)
            case "states.accounts":
                return (frozenset(),)
            case "names.new_owner":
                return (_free_name(state, call.args[0]),)
        return None

    def of(self, state: State, call: Call) -> Iterator[Happens]:
        """Everything that may happen in a call."""
        if call.port == "provider":
            return self._of_provider[call.method](state, *call.args)
        if call.port == "callbacks":
            return self._resolve(state, *call.args)
        if call.port == "notifier":
            return self._publish(state, *call.args)
        if call.port == "executions":
            return self._start(state, call)
        return self._store(state, call)

    # --- Step Functions and SNS --------------------------------------------------------------------------------------

    def _resolve(self, state: State, token: str, outcome: Any) -> Iterator[Happens]:
        after = state.copy()
        told = Raised.of(outcome) if isinstance(outcome, CaptureError) else outcome
        if self._executions.resolve(after, token, told):
            yield Happens("tells it", None, after)
        else:
            yield Happens("nobody waits", Raised(TokenClosed, "TaskTimedOut"), after)

    def _start(self, state: State, call: Call) -> Iterator[Happens]:
        after = state.copy()
        getattr(self._executions, call.method)(after, *call.args, **call.kwargs)
        yield Happens("", None, after)

    def _publish(self, state: State, _subject: str, message: Mapping[str, Any]) -> Iterator[Happens]:
        after = state.copy()
        after["told", message["job_id"]] = state.get(("told", message["job_id"]), 0) + 1
        yield Happens("", None, after)
        for failed in _spending(state, "faults"):
            yield Happens("is not possible", Raised(ConnectionError, "no topic"), failed)

    # --- the provider ------------------------------------------------------------------------------------------------

    def _submit(self, state: State, row: Any) -> Iterator[Happens]:
        sent: Sent = state.get(("sent", *row.key), Sent())
        reference = f"{row.provider}/{row.job_id}/{len(sent.accepted) + 1}"
        taken = state.copy()
        taken["sent", *row.key] = Sent(sent.times + 1, (*sent.accepted, reference))
        taken["copy", reference] = True
        yield Happens("is taken", reference, taken)
        for _ in _spending(state, "faults"):
            for what, answer, taking, is_spent in (
                ("is taken, the answer is lost", SubmissionInDoubt, True, True),
                ("is lost", SubmissionInDoubt, False, True),
                ("is not possible, the provider is down", ProviderUnavailable, False, False),
                ("is refused", CaptureFailed, False, False),
            ):
                [after] = _spending(taken if taking else state, "faults")
                if is_spent and not taking:
                    after["sent", *row.key] = replace(sent, times=sent.times + 1)
                yield Happens(what, Raised(answer, what), after)

    def _find(self, state: State, row: Any) -> Iterator[Happens]:
        accepted = state.get(("sent", *row.key), Sent()).accepted
        found = [reference for reference in accepted if ("copy", reference) in state]
        yield Happens("finds it" if found else "finds nothing", found[-1] if found else None, state)
        for failed in _spending(state, "faults"):
            yield Happens("is not possible", Raised(ProviderUnavailable, "down"), failed)
            if found:
                yield Happens("shows nothing yet", None, failed)

    def _copies(self, state: State, row: Any) -> Iterator[Happens]:
        yield Happens("", len(state.get(("sent", *row.key), Sent()).accepted), state)
        for failed in _spending(state, "faults"):
            yield Happens("is not possible", Raised(ProviderUnavailable, "down"), failed)

    def _poll(self, state: State, references: tuple[str, ...]) -> Iterator[Happens]:
        ready = PollResult(PollState.READY, raw=b"{}")
        # What is deleted there is no longer known.
        known = [reference for reference in references if ("copy", reference) in state]
        answers = {name: ready if name in known else PollResult(PollState.REFUSED) for name in references}
        yield Happens("is finished", Fixed(answers), state)
        for reference in known:
            for after in _spending(state, "pendings"):
                pending = answers | {reference: PollResult(PollState.PENDING)}
                yield Happens(f"{reference} is unfinished", Fixed(pending), after)
            for failed in _spending(state, "faults"):
                yield Happens(f"{reference} failed", Fixed(answers | {reference: PollResult(PollState.FAILED)}), failed)
        for failed in _spending(state, "faults"):
            yield Happens("is not possible", Raised(ProviderUnavailable, "down"), failed)

    def _discard(self, state: State, reference: str) -> Iterator[Happens]:
        after = state.copy()
        after.remove(("copy", reference))
        yield Happens("is deleted", None, after)
        for failed in _spending(state, "faults"):
            yield Happens("is not possible", Raised(ProviderUnavailable, "down"), failed)

    # --- the table ---------------------------------------------------------------------------------------------------

    def _store(self, state: State, call: Call) -> Iterator[Happens]:
        after = state.copy()
        yield Happens("", _call_store(after, call, "row"), after)
        if call.method in ("due", "next_due"):
            for after in _spending(state, "lags"):
                yield Happens("as the index shows it", _call_store(after, call, "indexed"), after)


def _call_store(state: State, call: Call, shown: str) -> Any:
    """Let the fake of a store do it, with what the state says is in it."""
    jobs = MemoryJobStore()
    submissions = MemorySubmissionStore(jobs)
    states = MemoryProviderStateStore()
    tables: dict[str, tuple[Any, str]] = {"job": (jobs, "jobs"), "row": (submissions, "rows"), "due": (jobs, "due")}
    if call.port == "states":
        tables = {"provider": (states, "states")}
    before = {kind: _Table(_facts(state, kind)) for kind in tables}
    for kind, (store, name) in tables.items():
        setattr(store, name, _Table(before[kind]))
    if shown == "indexed":
        submissions.rows.indexed_values = list(_facts(state, shown).values())  # type: ignore[attr-defined]
    store = {"jobs": jobs, "submissions": submissions, "states": states}[call.port]
    try:
        answer = _fixed(getattr(store, call.method)(*call.args, **call.kwargs))
    except (CaptureError, StaleWrite) as error:
        answer = Raised.of(error)
    for kind, (store, name) in tables.items():
        _keep(state, kind, before[kind], getattr(store, name))
    return answer


def _facts(state: State, kind: str) -> dict[Any, Any]:
    """The facts of a kind by what they are facts of: an id, or several parts of a key."""
    return {key[1] if len(key) == 2 else key[1:]: value for key, value in state.of(kind)}


def _keep(state: State, kind: str, before: dict[Any, Any], after: dict[Any, Any]) -> None:
    for key in before.keys() | after.keys():
        whole: Key = (kind, *key) if isinstance(key, tuple) else (kind, key)
        if key not in after:
            state.remove(whole)
        elif before.get(key) is not after[key]:
            state[whole] = _fixed(after[key])


def _fixed(value: Any) -> Any:
    """Without what is of no concern here and could be changed: latencies, and what was read in an invoice."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, ProviderState):
        return replace(value, latencies=Fixed())
    return replace(value, summary=Fixed()) if isinstance(value, Job) and value.summary is not None else value


def _spending(state: State, budget: str) -> Iterator[State]:
    """The state with one less of a budget; nothing when it is used up."""
    left = state["left", budget]
    if left:
        after = state.copy()
        after["left", budget] = left - 1
        yield after


def _free_name(state: State, provider: str) -> str:
    """The first name for a loop that nobody knows of any more: whose name is whose makes no other state."""
    known = {key[1] for key, _ in state.of("loop")}
    known |= {shared.lease.owner for _, shared in state.of("provider") if shared.lease is not None}
    for _, running in state.of("function"):
        known |= {getattr(running.point.start, "owner", "")}
        for answer in running.point.answers:
            lease = answer.lease if isinstance(answer, ProviderState) else None
            known.add(answer if isinstance(answer, str) else lease.owner if lease is not None else "")
    return next(name for number in range(1, 100) if (name := f"{provider}-{number}") not in known)
