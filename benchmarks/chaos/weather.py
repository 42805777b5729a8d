"""What goes wrong when. A stack lives through all of ``PHASES``, one after the other; each gets its share of the jobs.

Faults that may lose, spend or end something come in numbers, spread over the phases, so that each happens often enough
and none so often that nothing else does. Outages and throttling last as long as their phase.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.chaos.door import CHECKING, NOT_SPENT, REFERENCING, SPENDING, SPENT, effect_of
from benchmarks.chaos.judge import FAILED, ONE_REFERENCE, POISONED, UNKNOWN_STATUS
from local_stack.hostility import FOREVER, Delivery, Fault, Faults
from local_stack.hostility.faults import Ending, Rule, When
from local_stack.simulators import Simulator
from local_stack.simulators.script import Fault as Trouble
from local_stack.simulators.script import Latency, Link, OddStatus, RateLimit, UnknownAtFirst

ENDINGS: tuple[Ending, ...] = ("Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown")
SESSION_ENDED, NO_ROOM = "a session ended", "Lambda has no room: 429"
CONFLICT, LAG = "DynamoDB: conflict with a transaction", "an index lags"
# A silent provider is waited for so long, in real seconds: a busy machine answers in less.
TIMEOUT_SECONDS = 2.0
_SILENCE_SECONDS = 3.0
# More than what is asked for, as not every rule meets a request.
_MARGIN = 1.5
_ODD_WORDS: Mapping[str, str | int] = {"abbyy": "Reviewing", "extract_api": 77, "ocr_job": "paused"}
_SLOW = Link(up=60_000, down=60_000)


def least(jobs: int) -> int:
    """How often each fault is to be injected among so many jobs: a hundred times among ten thousand, in proportion."""
    return max(1, jobs // 100)


@dataclass(frozen=True)
class Phase:
    """``hours`` of stack time. ``outage`` makes its rules for AWS, ``sky`` turns the providers' scripts."""

    name: str
    hours: float
    outage: Callable[[], Sequence[Rule]] = tuple
    sky: Callable[[Simulator, int], None] = lambda _simulator, _few: None
    limits: Mapping[str, Any] = field(default_factory=dict)


def _out(service: str, name: str) -> Callable[[], Sequence[Rule]]:
    return lambda: [Fault(on=f"{service}:*", error="ServiceUnavailable", times=FOREVER, name=f"{name} is out of order")]


def _no_secrets() -> Sequence[Rule]:
    """Containers keep the secrets that they have read, so those of the functions that read any are ended first."""
    return [
        *_out("secretsmanager", "Secrets Manager")(),
        *(
            Fault(on="lambda:Handler", by=function, ends="Lambda.Unknown", name="function ends: Lambda.Unknown")
            for function in ("SubmitDocumentFunction", "CheckSubmissionsFunction")
        ),
    ]


def _throttling() -> Sequence[Rule]:
    return [
        Fault(on="dynamodb:*", error="ThrottlingException", probability=0.3, times=FOREVER, name="DynamoDB throttles"),
        Fault(
            on="lambda:Invoke",
            error="TooManyRequestsException",
            probability=0.3,
            times=FOREVER,
            name="Lambda answers 429",
        ),
        Fault(
            on="states:*", error="ThrottlingException", probability=0.3, times=FOREVER, name="Step Functions throttles"
        ),
        Fault(on="s3:*", error="SlowDown", probability=0.3, times=FOREVER, name="S3 throttles"),
        Fault(on="sns:*", error="Throttling", probability=0.3, times=FOREVER, name="SNS throttles"),
    ]


def _maintained(simulator: Simulator, _few: int) -> None:
    simulator.script.maintenance = True


def _limited(simulator: Simulator, _few: int) -> None:
    simulator.script.rate_limit = RateLimit(requests_per_second=2, retry_after=1)


def _slow(simulator: Simulator, _few: int) -> None:
    simulator.script.link = _SLOW


def _hidden(simulator: Simulator, _few: int) -> None:
    simulator.script.unknown_at_first = UnknownAtFirst(polls=2)
    simulator.script.not_ready = 1


def _next_few(simulator: Simulator, few: int) -> int:
    return len(simulator.accepted) + few


def _poisoned(simulator: Simulator, few: int) -> None:
    simulator.script.poisoned_documents = _next_few(simulator, few)


def _odd(simulator: Simulator, few: int) -> None:
    documents = _next_few(simulator, few)
    simulator.script.odd_status = OddStatus(word=_ODD_WORDS[simulator.name], documents=documents, seconds=7200)
    simulator.script.fail_documents = documents


PHASES: Sequence[Phase] = (
    Phase("fair", 1, limits={"transaction_seconds": 0.2}),
    Phase("SNS is out of order", 1, _out("sns", "SNS")),
    Phase("the providers are under maintenance", 2, sky=_maintained, limits={"index_lag_seconds": 5.0}),
    Phase("slow links, and room for four functions", 1, sky=_slow, limits={"concurrency": 4}),
    Phase("documents are poisoned", 8, sky=_poisoned, limits={"index_lag_seconds": 30.0}),
    Phase("undocumented statuses, and failures", 3, sky=_odd, limits={"transaction_seconds": 0.2}),
    Phase("SQS is out of order", 1, _out("sqs", "SQS")),
    Phase("a day of throttling", 24, _throttling, _limited),
    Phase("Step Functions is out of order", 1, _out("states", "Step Functions")),
    Phase("Secrets Manager is out of order, and containers are new", 1, _no_secrets),
    Phase("new documents are unknown", 1, sky=_hidden, limits={"transaction_seconds": 0.2}),
    Phase("sessions are short", 1, limits={"session_seconds": 5.0, "index_lag_seconds": 5.0}),
)

_MACHINE = "*StateMachine"
ERRORS: Sequence[tuple[str, str, float, Mapping[str, Any]]] = (
    ("DynamoDB: internal error", "dynamodb:*", 0.01, {"error": "InternalServerError"}),
    ("DynamoDB: answer lost", "dynamodb:*", 0.01, {"loses_answer": True}),
    ("DynamoDB: answer to a transaction lost", "dynamodb:Transact*", 0.05, {"loses_answer": True}),
    ("DynamoDB: unreachable", "dynamodb:*", 0.01, {"unreachable": True}),
    ("S3: internal error", "s3:*", 0.02, {"error": "InternalError"}),
    ("S3: answer lost", "s3:*", 0.02, {"loses_answer": True}),
    ("SNS: answer lost", "sns:*", 0.2, {"loses_answer": True}),
    # The local stack never shows messages again whose receiver did not learn of them.
    ("SQS: answer lost", "sqs:[!R]*", 0.1, {"loses_answer": True}),
    ("Step Functions: answer lost", "states:*", 0.05, {"loses_answer": True}),
    ("Lambda: service error", "lambda:Invoke", 0.05, {"error": "ServiceException", "by": _MACHINE}),
    ("Lambda: answer lost", "lambda:Invoke", 0.05, {"loses_answer": True, "by": _MACHINE}),
    ("provider: answer lost on the way", "http:*", 0.03, {"loses_answer": True}),
    ("provider: unreachable", "http:*", 0.03, {"unreachable": True}),
)
"""Name, operation, probability and effect of what AWS, and the way to a provider, get wrong now and then."""
DELIVERIES: Sequence[tuple[str, str, float, Mapping[str, Any]]] = (
    ("S3 event late, out of order", "s3:event", 0.06, {"late_seconds": 900}),
    ("S3 event twice", "s3:event", 0.06, {"late_seconds": 60, "copies": 2}),
    # Not to whoever listens to the announcements, whose repeats are to be those of SNS.
    ("SQS message twice", "sqs:message", 0.1, {"copies": 2, "by": "local-[!s]*"}),
    ("asynchronous event twice", "lambda:event", 0.1, {"copies": 2}),
)
ENDS: Sequence[tuple[str, When, float]] = (
    ("lambda:Handler", "before", 0.05),
    ("dynamodb:*", "after", 0.01),
    ("lambda:Handler", "after", 0.05),
    ("http:*", "after", 0.05),
    ("states:*", "after", 0.1),
    ("dynamodb:*", "before", 0.01),
    ("s3:*", "after", 0.03),
    ("http:*", "before", 0.05),
    ("sns:*", "after", 0.2),
    ("states:*", "before", 0.1),
)
"""Where functions end: around a handler, and around what it asks of AWS and of providers."""
_SPENDING: Sequence[Mapping[str, Any]] = (
    {"status": 500, "charged": True},
    {"page": 502, "charged": True},
    {"reset": True},
    {"lose_answer": True},
    {"break_tls": True},
    {"hang_seconds": _SILENCE_SECONDS},
    {"body": "truncated"},
    {"body": "malformed"},
    {"another_id": True},
    {"page": 302},
    {"status": 429, "retry_after": 5},
)
_ELSEWHERE: Sequence[Mapping[str, Any]] = (
    {"page": 503},
    {"page": 200},
    {"status": 500},
    {"reset": True},
    {"body": "truncated"},
    {"break_tls": True},
    {"another_id": True},
)


def troubles_of(provider: str) -> list[dict[str, Any]]:
    """What the script of a provider gets wrong now and then, as fields of its rules."""
    return [
        *({"on": SPENDING[provider], **kind} for kind in _SPENDING),
        {"on": REFERENCING[provider], "repeat_id": True},
        *({"on": CHECKING[provider], **kind} for kind in _ELSEWHERE),
    ]


def names() -> list[str]:
    """Of all faults, as they stand in the books."""
    return [
        *(f"function ends: {ending}" for ending in ENDINGS),
        *(name for name, *_ in (*ERRORS, *DELIVERIES)),
        *(rule.name for phase in PHASES for rule in phase.outage() if not getattr(rule, "ends", None)),
        *(SESSION_ENDED, NO_ROOM, CONFLICT, LAG),
        *(f"{effect_of(Trouble(**kind))}, {SPENT}" for kind in _SPENDING),
        *(f"{effect_of(Trouble(**kind))}, {NOT_SPENT}" for kind in _ELSEWHERE),
        *(ONE_REFERENCE, FAILED, UNKNOWN_STATUS, POISONED),
        *("maintenance", "rate limit", "slow link", "new document unknown", "finished, and not said so"),
    ]


class Weather:
    """The weather over one stack of so many jobs."""

    def __init__(self, jobs: int, faults: Faults, simulators: Mapping[str, Simulator], seed: int) -> None:
        self._faults = faults
        self._simulators = simulators
        self._seed = seed
        self._each = max(2, math.ceil(_MARGIN * jobs / 100))
        self._each_provider = max(1, math.ceil(_MARGIN * jobs / 300))
        for simulator in simulators.values():
            simulator.script.latency = Latency(median=60, sigma=0.8, seed=seed)

    def turn(self, number: int) -> None:
        """Begin a phase, by its place in ``PHASES``. What was to strike before, and met nothing, may strike still."""
        phase = PHASES[number]
        kept = [rule for rule in self._faults.rules if rule._struck < rule.times < FOREVER]
        troubles = {name: list(simulator.script.faults) for name, simulator in self._simulators.items()}
        self.clear()
        for limit, value in phase.limits.items():
            setattr(self._faults, limit, value)
        outage = phase.outage()
        self._faults.add(*outage, *kept, *self._of_aws(number))
        for place, (name, simulator) in enumerate(sorted(self._simulators.items())):
            phase.sky(simulator, self._each_provider)
            with simulator._lock:
                simulator.script.faults.extend([*troubles[name], *self._of_provider(name, number, place)])

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.end()
        self._faults.session_seconds = 3600.0
        for simulator in self._simulators.values():
            script = simulator.script
            simulator.recover()
            script.maintenance, script.rate_limit, script.link = False, None, None
            script.poisoned_documents, script.fail_documents, script.not_ready = 0, 0, 0
            script.odd_status, script.unknown_at_first = None, None

    def _share(self, total: int, number: int, places: int = len(PHASES)) -> int:
        """How many of ``total`` belong to a phase."""
        return total * (number + 1) // places - total * number // places

    # --- what strikes now and then -----------------------------------------------------------------------------------

    def _of_aws(self, number: int) -> list[Rule]:
        rules: list[Rule] = [
            Delivery(on=on, probability=probability, times=FOREVER, name=name, **effect)
            for name, on, probability, effect in DELIVERIES
        ]
        if times := self._share(self._each, number):
            rules += [
                Fault(on=on, probability=probability, times=times, name=name, **effect)
                for name, on, probability, effect in ERRORS
            ]
            for place, ending in enumerate(ENDINGS):
                on, when, probability = ENDS[(number + place) % len(ENDS)]
                name = f"function ends: {ending}"
                rules.append(Fault(on=on, ends=ending, when=when, probability=probability, times=times, name=name))
        return rules

    def _of_provider(self, name: str, number: int, place: int) -> list[Trouble]:
        """Each trouble has phases of its own at each provider, so that a document seldom meets two."""
        rules = []
        for kind_number, kind in enumerate(troubles_of(name)):
            times = self._share(self._each_provider, (number + 5 * kind_number + 4 * place) % len(PHASES))
            if times:
                rules.append(Trouble(**kind, times=times, chance=0.5, seed=self._seed + kind_number))
        return rules
