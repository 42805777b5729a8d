"""What ``redrive`` does, one action per message, execution or job."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """PLANNED is what would be DONE; LEFT has a reason; PROBLEM was tried and did not work."""

    DONE = "done"
    PLANNED = "planned"
    LEFT = "left"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Action:
    """``about`` names a message, an execution or a job; ``what`` says in words what becomes of it, or why nothing."""

    kind: str
    about: str
    result: Result
    what: str

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "about": self.about, "result": self.result.value, "what": self.what}
