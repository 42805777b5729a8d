"""A request gets in by a key that is known, right and not revoked, and costs one read at most."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.api_key import ApiKey, compose, digest_of, parse
from invoice_capture.domain.client import Principal, Unauthorized
from invoice_capture.events import authorization_request
from invoice_capture.observability import write_logs_to
from invoice_capture.use_cases.steps.authorize_request import Authorization, AuthorizationRequest, AuthorizeRequest
from invoice_capture.wiring import using
from tests.fakes.keys import MemoryKeyStore
from tests.fakes.world import START

ARN = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/GET/ocr-invoice-job/a/b"
_, TEXT = compose(bytes(range(40)))
_, OTHER = compose(bytes(range(1, 41)))
EVENT = json.loads(Path("events/authorize_request.json").read_text())


def store_of(text: str, scopes: frozenset[str] = frozenset()) -> MemoryKeyStore:
    keys = MemoryKeyStore()
    keys.add(ApiKey(parse(text) or "", "acme", scopes, digest_of(text), "usage-identifier-0001", START))
    return keys


def ask(keys: MemoryKeyStore, **headers: str) -> Authorization:
    return AuthorizeRequest(keys)(
        AuthorizationRequest({name.replace("_", "-"): headers[name] for name in headers}, ARN)
    )


def refused(keys: MemoryKeyStore, **headers: str) -> str:
    """Why a request is refused."""
    with pytest.raises(Unauthorized) as caught:
        ask(keys, **headers)
    assert TEXT not in caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("header", ["api_key", "x_api_key", "Api_Key", "API_KEY", "X_API_Key", "x_Api_kEY"])
def test_a_right_key_is_taken_from_either_header_however_it_is_spelled(header: str) -> None:
    keys = store_of(TEXT, frozenset({"all"}))
    authorization = ask(keys, Accept="*/*", **{header: TEXT})
    assert authorization.principal == Principal("acme", frozenset({"all"}))
    assert authorization.key_id == parse(TEXT)
    assert keys.reads == {"get": 1}


def test_the_same_key_in_both_headers_is_one_key() -> None:
    keys = store_of(TEXT)
    assert ask(keys, api_key=TEXT, X_Api_Key=TEXT).principal.client == "acme"
    assert keys.reads == {"get": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"api_key": TEXT, "x_api_key": OTHER},
        {"api_key": TEXT, "x_api_key": ""},
        {"api_key": TEXT, "API_KEY": OTHER},
    ],
)
def test_different_keys_are_refused_without_a_read(headers: dict[str, str]) -> None:
    keys = store_of(TEXT)
    assert "different keys" in refused(keys, **headers)
    assert not keys.reads


@pytest.mark.parametrize("headers", [{}, {"Authorization": TEXT}, {"apikey": TEXT}, {"x_api_key_id": TEXT}])
def test_no_key_is_refused_without_a_read(headers: dict[str, str]) -> None:
    keys = store_of(TEXT)
    assert "carries no key" in refused(keys, **headers)
    assert not keys.reads


@given(st.text().filter(lambda text: parse(text) is None))
def test_what_is_no_key_is_refused_without_a_read(text: str) -> None:
    keys = store_of(TEXT)
    assert "something that is no key" in refused(keys, api_key=text)
    assert not keys.reads


def test_an_unknown_key_costs_one_read() -> None:
    keys = store_of(TEXT)
    assert parse(OTHER) in refused(keys, api_key=OTHER)
    assert keys.reads == {"get": 1}


def test_the_id_of_a_key_with_another_secret_costs_one_read() -> None:
    keys = store_of(TEXT)
    wrong = TEXT[:17] + OTHER[17:]
    assert parse(wrong) == parse(TEXT)
    reason = refused(keys, api_key=wrong)
    assert keys.reads == {"get": 1}
    # Not even the log says which of the two it was.
    assert reason == refused(MemoryKeyStore(), api_key=wrong)


def test_an_unknown_id_is_compared_with_a_digest_like_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    compared: list[tuple[str, str]] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)) or compare(one, other))
    refused(store_of(TEXT), api_key=OTHER)
    refused(store_of(TEXT), api_key=TEXT[:17] + OTHER[17:])
    ask(store_of(TEXT), api_key=TEXT)
    assert len(compared) == 3
    assert {len(digest) for pair in compared for digest in pair} == {64}


def test_a_revoked_key_is_refused_at_once() -> None:
    keys = store_of(TEXT)
    ask(keys, api_key=TEXT)
    keys.revoke(parse(TEXT) or "", START)
    assert "revoked" in refused(keys, api_key=TEXT)


def test_only_who_has_a_revoked_key_learns_that_it_is_revoked() -> None:
    keys = store_of(TEXT)
    keys.revoke(parse(TEXT) or "", START)
    assert "revoked" not in refused(keys, api_key=TEXT[:17] + OTHER[17:])


# --- the answer ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method_arn",
    [
        ARN,
        "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/GET/",
        "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/DELETE/x/*/v1/POST",
    ],
)
def test_the_answer_allows_the_stage_of_this_api_and_no_more(method_arn: str) -> None:
    answer = Authorization(Principal("acme", frozenset({"all"})), "abc", "usage-identifier", method_arn).to_json()
    assert answer == {
        "principalId": "acme",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/*",
                }
            ],
        },
        "context": {"client": "acme", "scopes": "all", "keyId": "abc"},
        "usageIdentifierKey": "usage-identifier",
    }


def test_a_client_without_scopes_has_an_empty_text_for_them() -> None:
    answer = Authorization(Principal("acme", frozenset()), "abc", "usage-identifier", ARN).to_json()
    assert answer["context"]["scopes"] == ""


# --- the handler -----------------------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    write_logs_to(stream)
    yield stream
    write_logs_to(None)


def _handle(keys: MemoryKeyStore, event: dict[str, Any]) -> Any:
    spec = importlib.util.spec_from_file_location("authorize_request_app", "functions/authorize_request/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with using(SimpleNamespace(step=lambda kind: kind(keys))):  # type: ignore[arg-type]
        return module.handler(event, None)


def test_the_sample_event_is_authorized_and_the_log_names_client_and_key(log: io.StringIO) -> None:
    text = EVENT["headers"]["Api-Key"]
    answer = _handle(store_of(text), EVENT)
    assert answer["context"] == {"client": "acme", "scopes": "", "keyId": parse(text)}
    line = json.loads(log.getvalue())
    assert (line["client"], line["key_id"]) == ("acme", parse(text))
    assert text not in log.getvalue()
    assert digest_of(text) not in log.getvalue()
    assert "usage-identifier" not in log.getvalue()


def test_a_refusal_is_not_logged_with_the_key(log: io.StringIO) -> None:
    text = EVENT["headers"]["Api-Key"]
    answer = _handle(MemoryKeyStore(), EVENT)
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", EVENT["methodArn"])
    # Without a client and a key for the usage plan: nobody is let through, or counted.
    assert answer.keys() == {"principalId", "policyDocument"}
    assert json.loads(log.getvalue())["reason"].startswith("There is no key")
    assert text not in log.getvalue()


def test_a_request_without_headers_is_one_without_a_key() -> None:
    request = authorization_request({**EVENT, "headers": None})
    with pytest.raises(Unauthorized):
        AuthorizeRequest(MemoryKeyStore())(request)
    assert EVENT["headers"]["Api-Key"] not in repr(authorization_request(EVENT))


def test_the_authorizer_never_needs_pydantic() -> None:
    """Its cold start is everybody's: all that it runs is loaded here, up to the client that reads the item."""
    program = """
import sys
from types import SimpleNamespace
import app
from invoice_capture.aws.clients import Clients
from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.wiring import using
from invoice_capture.use_cases.steps.authorize_request import AuthorizeRequest

clients = Clients()
keys = DynamoDBKeyStore(Table(clients, "table"))
event = {"headers": {"api-key": "none"}, "methodArn": "arn/stage/GET/"}
with using(SimpleNamespace(step=lambda kind: kind(keys))):
    [statement] = app.handler(event, None)["policyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
assert "boto3" not in sys.modules, "what is no key needs no AWS"
assert clients.dynamodb.meta.service_model.service_name == "dynamodb"
print(*{name.partition(".")[0] for name in sys.modules})
"""
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd="functions/authorize_request",
        env={**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        check=True,
        text=True,
    )
    loaded = set(finished.stdout.splitlines()[-1].split())
    assert {"invoice_capture", "aws_lambda_powertools", "boto3"} <= loaded
    assert "pydantic" not in loaded
