"""Policies of roles, and whether they allow an action on a resource.

Only what the template needs is understood: Allow and Deny, actions and resources with wildcards. Anything else is
refused when the stack starts, because guessing would allow what AWS denies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local_stack.errors import TemplateError

_KNOWN_PARTS = frozenset({"Sid", "Effect", "Action", "Resource"})


@dataclass(frozen=True)
class Permission:
    """One action on one resource, either with wildcards, as a statement of a policy names them."""

    role: str
    policy: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Grant:
    """A permission that is given, or taken away, by a policy of this template or by one of AWS."""

    permission: Permission
    allows: bool
    is_ours: bool
    _action: re.Pattern[str]
    _resource: re.Pattern[str]

    def covers(self, action: str, resource: str) -> bool:
        # Actions are the one part of a policy in which upper and lower case are the same.
        return bool(self._action.fullmatch(action.lower()) and self._resource.fullmatch(resource))


@dataclass(frozen=True)
class Role:
    """A role by its logical id, with what its policies say."""

    name: str
    arn: str
    grants: tuple[Grant, ...]

    def decide(self, action: str, resource: str) -> Permission | None:
        """The permission by which an action is allowed; None where it is denied, or nothing allows it."""
        covering = [grant for grant in self.grants if grant.covers(action, resource)]
        if not all(grant.allows for grant in covering):
            return None
        # What is ours counts as used before what AWS maintains.
        covering.sort(key=lambda grant: not grant.is_ours)
        return covering[0].permission if covering else None


def grants_of(role: str, policy: str, document: Mapping[str, Any], *, is_ours: bool = True) -> Iterator[Grant]:
    """What a policy document says, action by action and resource by resource.

    Raises:
        TemplateError: a statement has a part that is not understood here, such as a condition.
    """
    for statement in _listed(document["Statement"]):
        if unknown := sorted(set(statement) - _KNOWN_PARTS):
            raise TemplateError(
                f"{role}, policy {policy}: the local stack cannot judge {', '.join(unknown)} of a statement. "
                "Teach local_stack/iam/policies.py, or do without."
            )
        if statement["Effect"] not in {"Allow", "Deny"}:
            raise TemplateError(f"{role}, policy {policy}: an effect is Allow or Deny, not {statement['Effect']}.")
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                if not isinstance(resource, str):
                    raise TemplateError(f"{role}, policy {policy}: {resource} was not resolved.")
                yield Grant(
                    Permission(role, policy, action, resource),
                    statement["Effect"] == "Allow",
                    is_ours,
                    _pattern(action.lower()),
                    _pattern(resource),
                )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
