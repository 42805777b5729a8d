"""Authorize Request: whose key came with a request to the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from invoice_capture.domain.api_key import NO_DIGEST, matches, parse
from invoice_capture.domain.client import Principal, Unauthorized
from invoice_capture.ports import KeyStore

_HEADERS = frozenset({"api-key", "x-api-key"})


@dataclass(frozen=True)
class AuthorizationRequest:
    """``headers`` as the client spelled them; ``method_arn`` is ``<arn of the API>/<stage>/<method>/<path>``."""

    headers: Mapping[str, str] = field(repr=False)
    method_arn: str


@dataclass(frozen=True)
class Authorization:
    """Who may call the API, and what the usage plan counts the call for."""

    principal: Principal
    key_id: str
    usage_identifier: str = field(repr=False)
    method_arn: str
    name = "Request authorized."

    @property
    def details(self) -> dict[str, str]:
        return {"client": self.principal.client, "key_id": self.key_id}

    def to_json(self) -> dict[str, Any]:
        """The answer of a request authorizer of API Gateway."""
        # The whole stage, not the one method: API Gateway may keep the answer for the client's next requests.
        stage = "/".join(self.method_arn.split("/", 2)[:2])
        return {
            "principalId": self.principal.client,
            "policyDocument": _policy("Allow", f"{stage}/*"),
            "context": {
                "client": self.principal.client,
                "scopes": " ".join(sorted(self.principal.scopes)),
                "keyId": self.key_id,
            },
            "usageIdentifierKey": self.usage_identifier,
        }


@dataclass(frozen=True)
class Denial:
    """Nobody may call the API with what the request carries."""

    reason: str
    method_arn: str
    name = "This request was refused."

    @property
    def details(self) -> dict[str, str]:
        return {"reason": self.reason}

    def to_json(self) -> dict[str, Any]:
        """The answer of a request authorizer, of which the template has API Gateway make a 401.

        The runtime would print a traceback of an error, which is the other way to say no.
        """
        return {"principalId": "nobody", "policyDocument": _policy("Deny", self.method_arn)}


def _policy(effect: str, resource: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True)
class AuthorizeRequest:
    keys: KeyStore

    def __call__(self, request: AuthorizationRequest) -> Authorization:
        """The client whose key the request carries, in ``api-key`` or ``x-api-key``.

        What is no key at all costs no read, and any other key the read of one item.

        Raises:
            Unauthorized: there is no key, or it is unknown, wrong or revoked; or the headers carry different ones.
        """
        text, key_id = _key(request.headers)
        stored = self.keys.get(key_id)
        is_right = matches(text, NO_DIGEST if stored is None else stored.digest)
        if stored is None or not is_right:
            raise Unauthorized(f"There is no key {key_id}, or its secret is another one.")
        if stored.revoked_at is not None:
            raise Unauthorized(f"Key {key_id} of {stored.client} is revoked.")
        return Authorization(stored.principal, key_id, stored.usage_identifier, request.method_arn)

    def decide(self, request: AuthorizationRequest) -> Authorization | Denial:
        """What to answer to a request, whatever it carries."""
        try:
            return self(request)
        except Unauthorized as exc:
            return Denial(exc.reason, request.method_arn)


def _key(headers: Mapping[str, str]) -> tuple[str, str]:
    """The key of a request and its id. API Gateway leaves the names of headers as the client wrote them."""
    given = {value for name, value in headers.items() if name.lower() in _HEADERS}
    if not given:
        raise Unauthorized("The request carries no key.")
    if len(given) > 1:
        raise Unauthorized("The request carries different keys.")
    text = given.pop()
    key_id = parse(text)
    if key_id is None:
        raise Unauthorized("The request carries something that is no key.")
    return text, key_id
