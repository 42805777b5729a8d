"""The script of what goes wrong at AWS, and the books of what did.

    faults = Faults(
        Fault(on="dynamodb:*", error="ThrottlingException", probability=0.01, times=FOREVER),
        Fault(on="http:POST *", by="SubmitDocumentFunction", ends="Sandbox.Timedout", when="after"),
        Delivery(on="s3:event", late_seconds=90, copies=2, probability=0.1, times=FOREVER),
        seed=7,
        concurrency=10,
    )

A rule applies to the requests ``on`` an operation that are made ``by`` a function or a state machine, both patterns as
of a shell. Operations are AWS's own, ``dynamodb:UpdateItem``, ``states:SendTaskSuccess``, ``s3:GetObject``; an HTTP
request is ``http:POST https://host/path``. ``lambda:Handler`` is the work of a function as a whole: before it begins,
after it is done. What is delivered is ``s3:event``, ``sqs:message`` and ``lambda:event``.

It passes over the first ``after`` of them and then strikes ``times`` times, each with its ``probability``. The n-th
decision of a rule depends on the seed alone, whichever thread asks.
"""

from __future__ import annotations

import copy
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import ClassVar, Literal

FOREVER = float("inf")
"""As often as it comes."""

Ending = Literal["Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown"]
When = Literal["before", "after"]
_ENDINGS = frozenset({"Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown"})


@dataclass
class Rule:
    """When something goes wrong. How much it has seen is its own state, so a rule belongs to one script."""

    on: str
    by: str = "*"
    after: int = 0
    times: float = 1
    probability: float = 1.0
    name: str = ""
    """In the books; by default what the rule says."""
    _seen: int = field(default=0, init=False, repr=False)
    _struck: int = field(default=0, init=False, repr=False)
    _random: random.Random = field(default_factory=random.Random, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"The probability of a rule is from 0 to 1, not {self.probability:g}.")
        self.name = self.name or f"{self.on} {self.effect}"

    @property
    def effect(self) -> str:
        raise NotImplementedError

    def applies(self, operation: str, by: str) -> bool:
        return fnmatchcase(operation, self.on) and fnmatchcase(by, self.by)

    def strikes(self) -> bool:
        """Whether a request that it applies to, which it counts, meets its fate."""
        self._seen += 1
        if self._seen <= self.after or self._struck >= self.times or self._random.random() >= self.probability:
            return False
        self._struck += 1
        return True


@dataclass
class Fault(Rule):
    """A request that fails, in one of four ways.

    ``error``: a service answers with this code and does nothing. ``unreachable``: there is no connection.
    ``loses_answer``: it is done, but the caller sees a broken connection. ``ends``: the function that asks is ended
    under this name, ``when`` the request is yet to be made or after it was answered.
    """

    error: str | None = None
    unreachable: bool = False
    loses_answer: bool = False
    ends: Ending | None = None
    when: When = "before"

    def __post_init__(self) -> None:
        effects = [bool(self.error), self.unreachable, self.loses_answer, bool(self.ends)]
        if sum(effects) != 1:
            raise ValueError("A fault has one effect: error, unreachable, loses_answer or ends.")
        if self.ends is not None and self.ends not in _ENDINGS:
            raise ValueError(f"A function ends as {', '.join(sorted(_ENDINGS))}, not as {self.ends}.")
        if self.when == "after" and self.ends is None:
            raise ValueError("Only the end of a function may come after a request.")
        super().__post_init__()

    @property
    def effect(self) -> str:
        if self.ends is not None:
            return f"{self.when}: {self.ends}"
        return self.error or ("unreachable" if self.unreachable else "answer lost")


@dataclass
class Delivery(Rule):
    """Something that is delivered late, up to ``late_seconds`` of stack time, or in several ``copies``."""

    late_seconds: float = 0.0
    copies: int = 1

    @property
    def effect(self) -> str:
        return f"delivered {self.copies} times, up to {self.late_seconds:g} s late"

    def delays(self) -> list[float]:
        return [self._random.uniform(0, self.late_seconds) for _ in range(self.copies)]


class Faults:
    """What goes wrong in a stack; everything may be changed while it runs. Safe to use from many threads."""

    _KEPT: ClassVar = ("rules", "concurrency", "index_lag_seconds", "transaction_seconds", "session_seconds")

    def __init__(
        self,
        *rules: Rule,
        seed: int = 0,
        concurrency: int | None = None,
        index_lag_seconds: float = 0.0,
        transaction_seconds: float = 0.0,
        session_seconds: float = 3600.0,
    ) -> None:
        self.concurrency = concurrency
        """How many invocations the account may have at a time; None for any number. New accounts have 10."""
        self.index_lag_seconds = index_lag_seconds
        """How much stack time passes before a secondary index shows a write."""
        self.transaction_seconds = transaction_seconds
        """How long a transaction holds its items, in real seconds; others conflict with it meanwhile, 0 for never."""
        self.session_seconds = session_seconds
        """How long what a role signed is good for, in stack time."""
        self.injected: Counter[str] = Counter()
        """The books: how often each fault happened, by its name."""
        self.rules: list[Rule] = []
        self._seed = seed
        self._numbers = 0
        self._lock = threading.Lock()
        self.add(*rules)
        self._given = {name: copy.deepcopy(getattr(self, name)) for name in self._KEPT}

    def add(self, *rules: Rule) -> None:
        """More rules; they are asked in this order, and the first that strikes decides."""
        with self._lock:
            for rule in rules:
                rule._random.seed(f"{self._seed} {self._numbers} {rule.name}")
                self._numbers += 1
            # What another thread goes through just now stays as it is.
            self.rules = [*self.rules, *rules]

    def end(self) -> None:
        """From now on nothing goes wrong; the books stay."""
        self.rules, self.concurrency = [], None
        self.index_lag_seconds = self.transaction_seconds = 0.0

    def restore(self) -> None:
        """Begin anew, with what was given at first and empty books."""
        for name, value in copy.deepcopy(self._given).items():
            setattr(self, name, value)
        self.injected.clear()

    def strike(self, operation: str, by: str, when: When = "before") -> Fault | None:
        """The fault that a request meets now, which is booked. Lost answers are asked for beforehand."""
        if not self.rules:
            return None
        for rule in self._striking(operation, by):
            if isinstance(rule, Fault) and rule.when == when and self._books(rule):
                return rule
        return None

    def delays(self, kind: str, by: str = "") -> list[float]:
        """After how many seconds something is delivered, each time that it is."""
        if not self.rules:
            return [0.0]
        for rule in self._striking(kind, by):
            if isinstance(rule, Delivery) and self._books(rule):
                return rule.delays()
        return [0.0]

    def book(self, name: str) -> None:
        """Something happened that no rule describes, such as a refusal by a limit."""
        with self._lock:
            self.injected[name] += 1

    def _striking(self, operation: str, by: str) -> Iterator[Rule]:
        return (rule for rule in self.rules if rule.applies(operation, by))

    def _books(self, rule: Rule) -> bool:
        with self._lock:
            strikes = rule.strikes()
            self.injected[rule.name] += strikes
        return strikes
