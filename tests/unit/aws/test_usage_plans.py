"""A client has one API key of API Gateway, attached to the usage plan, however often it is enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
from invoice_capture.domain.errors import SettingMissing, StoreUnavailable


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Clients()


def _plan(clients: Clients) -> str:
    return clients.apigateway.create_usage_plan(name="plan")["id"]


def _keys(clients: Clients) -> list[Any]:
    return clients.apigateway.get_api_keys(includeValues=True)["items"]


def _attached(clients: Clients, plan_id: str) -> list[str]:
    return [key["value"] for key in clients.apigateway.get_usage_plan_keys(usagePlanId=plan_id)["items"]]


def _refuse_to_attach(clients: Clients, status: int, code: str, when: Any = lambda: True) -> list[str]:
    """Let API Gateway refuse to attach a key, ``when`` it would; returns the refusals so far. moto never refuses."""
    refusals: list[str] = []

    def refuse(**_request: Any) -> Any:
        if not when():
            return None
        refusals.append(code)
        return SimpleNamespace(status_code=status), {"Error": {"Code": code, "Message": "refused"}}

    clients.apigateway.meta.events.register("before-call.apigateway.CreateUsagePlanKey", refuse)
    return refusals


def test_a_client_gets_a_key_that_is_attached_to_the_plan(clients: Clients) -> None:
    plan_id = _plan(clients)
    value = ApiGatewayUsagePlans(clients, plan_id).enroll("acme")
    assert _attached(clients, plan_id) == [value]
    [key] = _keys(clients)
    assert (key["value"], key["enabled"]) == (value, True)
    # API Gateway takes 20 to 128 characters.
    assert 20 <= len(value) <= 128


def test_enrolling_again_finds_the_same_key(clients: Clients) -> None:
    plan_id = _plan(clients)
    plans = ApiGatewayUsagePlans(clients, plan_id)
    refusals = _refuse_to_attach(clients, 409, "ConflictException", when=lambda: bool(_attached(clients, plan_id)))
    first = plans.enroll("acme")
    assert refusals == []
    assert plans.enroll("acme") == plans.enroll("acme") == first
    assert len(refusals) == 2
    assert len(_keys(clients)) == 1
    assert _attached(clients, plan_id) == [first]


def test_a_key_that_was_left_unattached_is_attached(clients: Clients) -> None:
    plan_id = _plan(clients)
    plans = ApiGatewayUsagePlans(clients, plan_id)
    value = plans.enroll("acme")
    [key] = _keys(clients)
    clients.apigateway.delete_usage_plan_key(usagePlanId=plan_id, keyId=key["id"])
    assert plans.enroll("acme") == value
    assert _attached(clients, plan_id) == [value]


def test_a_conflict_that_leaves_the_key_unattached_is_an_error(clients: Clients) -> None:
    _refuse_to_attach(clients, 409, "ConflictException")
    with pytest.raises(ClientError, match="GetUsagePlanKey"):
        ApiGatewayUsagePlans(clients, _plan(clients)).enroll("acme")


def test_clients_whose_names_begin_alike_are_different_clients(clients: Clients) -> None:
    plans = ApiGatewayUsagePlans(clients, _plan(clients))
    names = ["acme-2", "acme-22", "acme", "acm"]
    values = {name: plans.enroll(name) for name in names}
    assert len(set(values.values())) == 4
    assert {name: plans.enroll(name) for name in reversed(names)} == values


def test_another_plan_knows_the_client_by_another_key(clients: Clients) -> None:
    first, second = (ApiGatewayUsagePlans(clients, _plan(clients)).enroll("acme") for _ in range(2))
    assert first != second


def test_of_two_keys_made_at_once_the_same_one_is_always_taken(clients: Clients) -> None:
    plan_id = _plan(clients)
    plans = ApiGatewayUsagePlans(clients, plan_id)
    plans.enroll("acme")
    name = _keys(clients)[0]["name"]
    clients.apigateway.create_api_key(name=name, value="another-key-of-this-name", enabled=True)
    assert len({plans.enroll("acme") for _ in range(5)}) == 1


def test_a_plan_that_is_not_there_is_named(clients: Clients) -> None:
    _refuse_to_attach(clients, 404, "NotFoundException")
    with pytest.raises(SettingMissing, match="no usage plan 'nowhere'"):
        ApiGatewayUsagePlans(clients, "nowhere").enroll("acme")


def test_throttling_may_be_repeated(clients: Clients) -> None:
    _refuse_to_attach(clients, 429, "TooManyRequestsException")
    with pytest.raises(StoreUnavailable, match="TooManyRequestsException"):
        ApiGatewayUsagePlans(clients, _plan(clients)).enroll("acme")


def test_a_missing_permission_stays_what_it_is(clients: Clients) -> None:
    _refuse_to_attach(clients, 403, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        ApiGatewayUsagePlans(clients, _plan(clients)).enroll("acme")
