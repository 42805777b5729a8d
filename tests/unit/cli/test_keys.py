"""``keys``: made for a stack, shown once, useless when revoked."""

from __future__ import annotations

import json

import pytest

from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.api_key import matches, parse
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli


def _store(world: World) -> DynamoDBKeyStore:
    return DynamoDBKeyStore(Table(world.stack.clients, "table"))


def test_a_key_is_shown_once_and_stored_as_a_digest(bare: Cli, world: World) -> None:
    result = bare("keys", "create", "--stack", "prod", "--client", "acme", "--label", "till")
    assert result.exit_code == 0, result.output
    text = result.stdout.strip()
    [key] = _store(world).all()
    assert parse(text) == key.key_id
    assert matches(text, key.digest)
    assert (key.client, key.scopes, key.label) == ("acme", frozenset(), "till")
    assert text not in result.stderr
    again = bare("keys", "list", "--stack", "prod")
    assert key.key_id in again.stdout
    assert text not in again.output
    assert key.digest not in again.output


def test_the_client_is_enrolled_in_the_usage_plan(bare: Cli, world: World) -> None:
    for _ in range(2):
        bare("keys", "create", "--stack", "prod", "--client", "acme")
    plan = world.stack.output("UsagePlanId")
    assert len(world.stack.client("apigateway").get_usage_plan_keys(usagePlanId=plan)["items"]) == 1


def test_json(bare: Cli, world: World) -> None:
    made = json.loads(bare("keys", "create", "--stack", "prod", "--client", "acme", "--all", "--json").stdout)
    assert made["scopes"] == ["all"]
    assert parse(made["key"]) == made["keyId"]
    [listed] = json.loads(bare("keys", "list", "--stack", "prod", "--json").stdout)["keys"]
    assert listed == {name: value for name, value in made.items() if name != "key"}


def test_a_revoked_key_stays_listed(bare: Cli, world: World) -> None:
    made = json.loads(bare("keys", "create", "--stack", "prod", "--client", "acme", "--json").stdout)
    assert bare("keys", "revoke", "--stack", "prod", made["keyId"]).exit_code == 0
    [key] = _store(world).all()
    assert key.revoked_at is not None
    assert key.revoked_at.astimezone().strftime("%Y-%m-%d %H:%M:%S") in bare("keys", "list", "--stack", "prod").stdout


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["create", "--client", "No Name"], "cannot be the name of a client"),
        (["create", "--client", "acme", "--label", "a\nb"], "A label is one line"),
        (["revoke", "ick_aaaaaaaaaaaa_no-such-secret"], "There is no key of this id"),
    ],
)
def test_what_cannot_be_is_wrong_usage(command: list[str], sentence: str, bare: Cli, world: World) -> None:
    result = bare("keys", *command, "--stack", "prod")
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "no-such-secret" not in result.output


def test_no_key_yet(bare: Cli, world: World) -> None:
    result = bare("keys", "list", "--stack", "prod")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "keys create --client NAME" in result.stderr


def test_a_stack_that_is_not_there(bare: Cli, world: World) -> None:
    result = bare("keys", "list", "--stack", "nope")
    assert result.exit_code == 3
    assert "There is no stack 'nope' in eu-central-1." in result.stderr


def test_a_stack_of_something_else(bare: Cli, world: World) -> None:
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    world.stack.client("cloudformation").create_stack(StackName="other", TemplateBody=template)
    result = bare("keys", "list", "--stack", "other")
    assert result.exit_code == 3
    assert "has no output TableName" in result.stderr
