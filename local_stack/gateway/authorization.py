"""What the answer of an authorizer function allows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_stack.gateway.api import Authorizer
from local_stack.gateway.events import Incoming
from local_stack.gateway.responses import Refused

_INVOKE = "execute-api:invoke"


@dataclass(frozen=True)
class Permit:
    """A request that may go on: ``context`` becomes ``requestContext.authorizer``."""

    context: Mapping[str, str]
    usage_key: str | None


def require_identity(authorizer: Authorizer, request: Incoming) -> None:
    """The authorizer is not asked about a request without what its identity sources name.

    Raises:
        Refused: one of them is missing or empty.
    """
    query = dict(request.query)
    for source in authorizer.identity_sources:
        place, _, name = source.removeprefix("method.request.").partition(".")
        value = {"header": request.header(name), "querystring": query.get(name)}.get(place, "unknown here")
        if not value:
            raise Refused("UNAUTHORIZED")


def permit(answer: bytes, failed: bool, arn: str) -> Permit:
    """What an authorizer's answer says about a request of ``arn``.

    Raises:
        Refused: it denies, has failed, or is no answer of an authorizer.
    """
    said = json.loads(answer or b"null")
    if failed:
        # The one message that API Gateway takes for a decision; any other error is a defect.
        raise Refused("UNAUTHORIZED" if said.get("errorMessage") == "Unauthorized" else "AUTHORIZER_FAILURE")
    if not isinstance(said, dict) or not said.get("principalId") or not isinstance(said.get("policyDocument"), dict):
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR")
    context = said.get("context") or {}
    if not isinstance(context, dict) or any(isinstance(value, (dict, list)) for value in context.values()):
        raise Refused("AUTHORIZER_CONFIGURATION_ERROR")
    effects = set(_effects(said["policyDocument"], arn))
    if "Deny" in effects:
        raise Refused("ACCESS_DENIED", "User is not authorized to access this resource with an explicit deny")
    if "Allow" not in effects:
        raise Refused("ACCESS_DENIED")
    texts = {name: _text(value) for name, value in context.items() if value is not None}
    return Permit({**texts, "principalId": str(said["principalId"])}, said.get("usageIdentifierKey"))


def _effects(policy: Mapping[str, Any], arn: str) -> Iterable[str]:
    statements = policy.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
        if any(_matches(action.lower(), _INVOKE) for action in actions) and any(
            _matches(resource, arn) for resource in resources
        ):
            yield str(statement.get("Effect"))


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _matches(pattern: str, text: str) -> bool:
    """``*`` stands for any characters, slashes too, and ``?`` for one."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
