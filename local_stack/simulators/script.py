"""The script of a simulator: how slow it is, and what goes wrong when.

A script is a YAML or JSON file. All of it is optional; seconds of latencies pass on the simulator's clock.

    latency: {median: 20, sigma: 0.8, seed: 1}   # lognormal; sigma 0 is the same latency for every document
    rate_limit: {requests_per_second: 5, retry_after: 1}   # 429 to everything above, in any second
    faults:                     # the first rule that applies to a request decides
      - {on: capture_invoices, after: 3, times: 2, status: 503, retry_after: 5}
      - {on: "*", times: forever, hang_seconds: 2}
    not_ready: 2                # each document says so twice more after it is finished, or: forever
    credit: 10                  # no credit is left after ten accepted documents
    action: {until: told}       # abbyy: a person must verify every document, or: {seconds: 86400}
    fail_documents: 1           # the first accepted document fails when its latency has passed, or: forever
    page_limit: 50              # documents with more pages fail
    maintenance: false
    tls: false                  # answers over TLS; the setting ca_bundle then has its certificate
    link: {up: 20000, down: 5000}   # real bytes per second of each connection; either may be left out
    unknown_at_first: {polls: 2}    # no poll knows a new document so often, or: {seconds: 60}
    poisoned_documents: 1       # every poll that names the first accepted document is answered with 500, or: forever
    odd_status: {word: paused, documents: 1, seconds: 60}   # the first one says so at first; without seconds for good

``odd_status`` may have ``instead_of``: then the word stands only where the contract has that other one, as "COMPLETED"
for "completed". Words of extract_api are its status codes.

A rule skips ``after`` requests to the operation ``on`` ("*" is all of them; a wrong name is answered with the right
ones) and then applies ``times`` times (1, or forever), each time with a ``chance`` from 0 to 1, by lots that repeat
with their ``seed``. It has one effect:

    status: 503                 # answered without doing anything; retry_after adds the header, in seconds
    hang_seconds: 40            # real seconds of silence before the request is read; then it is served
    reset: true                 # the connection is reset before the request is read
    lose_answer: true           # the work is done, and charged, but the connection is reset instead of answered
    body: malformed             # the work is done, the answer is junk: malformed, truncated, oversized, html, empty
    code: 9                     # extract_api: its status_code instead of doing anything
    page: 302                   # a page in HTML with this status, 200 or from 300 on, without doing anything
    break_tls: true             # the work is done, and TLS breaks in the middle of the answer
    another_id: true            # the work is done, and the answer is about another document
    repeat_id: true             # the work is done, and the document gets the id of the one before

With ``charged: true`` a status, a page or a silence comes after the work is done, and charged.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from local_stack.errors import UserError

Forever = Literal["forever"]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Junk = Literal["malformed", "truncated", "oversized", "html", "empty"]
_EFFECTS = (
    *("status", "hang_seconds", "reset", "lose_answer", "body", "code"),
    *("page", "break_tls", "another_id", "repeat_id"),
)
_COMES_AFTER_WORK = frozenset({"lose_answer", "body", "break_tls", "another_id", "repeat_id"})
_MAY_BE_CHARGED = frozenset({"status", "page", "hang_seconds"})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Latency(_Part):
    """Seconds from accepting a document to having finished it: lognormal."""

    median: Seconds
    sigma: Seconds = 0.3
    seed: int = 0


class RateLimit(_Part):
    requests_per_second: Annotated[int, Field(ge=1)]
    retry_after: Count | None = 1


class Fault(_Part):
    """One rule. How many requests it has seen is its own state, so a rule is used in one simulator only."""

    on: str = "*"
    after: Count = 0
    times: Annotated[int, Field(ge=1)] | Forever = 1
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    retry_after: Count | None = None
    hang_seconds: Seconds | None = None
    reset: Literal[True] | None = None
    lose_answer: Literal[True] | None = None
    body: Junk | None = None
    code: int | None = None
    page: Literal[200] | Annotated[int, Field(ge=300, le=599)] | None = None
    break_tls: Literal[True] | None = None
    another_id: Literal[True] | None = None
    repeat_id: Literal[True] | None = None
    charged: bool = False
    chance: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0
    _seen: int = PrivateAttr(0)
    _struck: int = PrivateAttr(0)
    _random: random.Random = PrivateAttr(default_factory=random.Random)

    def model_post_init(self, context: Any, /) -> None:  # noqa: ARG002
        self._random = random.Random(self.seed)

    @model_validator(mode="after")
    def _has_one_effect(self) -> Fault:
        effects = [name for name in _EFFECTS if getattr(self, name) is not None]
        if len(effects) != 1:
            raise ValueError(f"a rule has one effect of {', '.join(_EFFECTS)}, not {' and '.join(effects) or 'none'}")
        if self.retry_after is not None and self.status is None and self.page is None:
            raise ValueError("retry_after belongs to a status or a page")
        if self.charged and effects[0] not in _MAY_BE_CHARGED:
            raise ValueError(f"charged belongs to {', '.join(sorted(_MAY_BE_CHARGED))}")
        return self

    def strikes(self, operation: str) -> bool:
        """Whether the rule applies to this request, which it counts."""
        if self.on not in ("*", operation):
            return False
        self._seen += 1
        if self._seen <= self.after or (self.times != "forever" and self._struck >= self.times):
            return False
        if self._random.random() >= self.chance:
            return False
        self._struck += 1
        return True

    @property
    def comes_after_work(self) -> bool:
        """Whether the request is served, and charged, before the rule has its effect."""
        return self.charged or any(getattr(self, name) is not None for name in _COMES_AFTER_WORK)


class Action(_Part):
    """How long a document waits for a person: until the simulator is told, or for a time."""

    until: Literal["told"] | None = None
    seconds: Seconds | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> Action:
        if (self.until is None) == (self.seconds is None):
            raise ValueError("give either until: told or seconds")
        return self


class Link(_Part):
    """Bytes per second that a connection carries to the server and from it; None is as fast as it can."""

    up: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    down: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class UnknownAtFirst(_Part):
    """How long no poll knows a document that was accepted: for a time, or for so many polls."""

    seconds: Seconds | None = None
    polls: Count | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> UnknownAtFirst:
        if (self.seconds is None) == (self.polls is None):
            raise ValueError("give either seconds or polls")
        return self


class OddStatus(_Part):
    """What the first documents say of themselves; with ``instead_of`` only where the contract has that word."""

    word: str | int
    documents: Count | Forever = 1
    seconds: Seconds | None = None
    instead_of: str | int | None = None


class Script(_Part):
    """What may be changed while a simulator runs, but for ``tls``; ``latency`` None is the simulator's own."""

    latency: Latency | None = None
    rate_limit: RateLimit | None = None
    faults: list[Fault] = Field(default_factory=list)
    not_ready: Count | Forever = 0
    credit: Count | None = None
    action: Action | None = None
    maintenance: bool = False
    fail_documents: Count | Forever = 0
    page_limit: Annotated[int, Field(ge=1)] | None = None
    tls: bool = False
    link: Link | None = None
    unknown_at_first: UnknownAtFirst | None = None
    poisoned_documents: Count | Forever = 0
    odd_status: OddStatus | None = None


_PARTS: Mapping[str, type[_Part]] = MappingProxyType(
    {
        "latency": Latency,
        "rate_limit": RateLimit,
        "faults": Fault,
        "action": Action,
        "link": Link,
        "unknown_at_first": UnknownAtFirst,
        "odd_status": OddStatus,
    }
)


class _Loader(yaml.SafeLoader):
    """YAML in which only true and false are truth values, as in YAML 1.2: ``on`` is a key here."""


_TRUTH = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if resolver[0] != _TRUTH]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_TRUTH, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load(path: Path) -> Script:
    """The script in a file.

    Raises:
        UserError: the file cannot be read, or is no script; the message names the place and what is allowed there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise UserError(f"The script {path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise UserError(f"The script {path} is no text in UTF-8.") from exc
    return parse(text, str(path))


def parse(text: str, name: str = "The script") -> Script:
    """The script in a text; ``name`` begins the error message. Raises UserError as ``load`` does."""
    try:
        tree = yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as exc:
        place = f" at line {exc.problem_mark.line + 1}" if exc.problem_mark else ""
        raise UserError(f"{name}: this is no YAML{place}: {exc.problem}.") from exc
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        raise UserError(f"{name}: this is no YAML.") from exc
    try:
        return Script.model_validate({} if tree is None else tree)
    except ValidationError as exc:
        raise UserError(f"{name}: {sentence_of(exc)}.") from exc


def sentence_of(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    errors = error.errors()
    place = _place(errors[0]["loc"])
    if errors[0]["type"] == "extra_forbidden":
        holder, _, key = place.rpartition(".")
        model = _PARTS.get(holder.partition("[")[0], Script)
        where = f" in {holder}" if holder else ""
        return f"there is no {key!r}{where}; there are {', '.join(model.model_fields)}"
    # Each type that a value may have tells its own error about the same place.
    messages = [one["msg"].removeprefix("Value error, ") for one in errors if _place(one["loc"]) == place]
    message = " or ".join(message[0].lower() + message[1:] for message in messages)
    return f"{place}: {message}" if place else message


def _place(location: tuple[Any, ...]) -> str:
    """``faults[0].status``; what pydantic adds below a field, the type that was tried, is left out."""
    if not location:
        return ""
    depth = 3 if location[0] == "faults" else 2 if location[0] in _PARTS else 1
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location[:depth]]
    return "".join(parts).removeprefix(".")
