"""``webhooks``: set for a stack, its key shown once; what was told is told again under the same id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invoice_capture.aws.table import Table
from invoice_capture.aws.webhook_store import DynamoDBWebhookStore
from invoice_capture.domain.job import JobStatus
from invoice_capture.domain.throttle import Breaker
from invoice_capture.domain.webhook import EVERYTHING, Delivery, key_bytes
from invoice_capture_cli import webhooks
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli

URL = "https://erp.example.com/hooks?token=s3cret"
JOB = "01KN1W7MG0AYEVZ1JH1T0R8VT6"


def store(world: World) -> DynamoDBWebhookStore:
    return DynamoDBWebhookStore(Table(world.stack.clients, "table"))


def secret(world: World, name: str) -> Any:
    answer = world.stack.client("secretsmanager").get_secret_value(SecretId=f"prod/webhooks/{name}")
    return json.loads(answer["SecretString"])


def deliveries(world: World) -> list[Delivery]:
    return [Delivery.from_json(json.loads(body)) for body in world.messages("deliveries")]


@pytest.fixture
def prod(bare: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("INVOICE_CAPTURE_STACK", "prod")
    monkeypatch.setattr(webhooks, "_LONGEST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(webhooks, "_LOOK_EVERY_SECONDS", 0.01)
    return bare


def test_a_key_is_shown_once_and_the_url_never(prod: Cli, world: World) -> None:
    result = prod("webhooks", "set", URL, "--client", "acme", "--events", "invoice.captured, invoice.failed")
    assert result.exit_code == 0, result.output
    key = result.stdout.strip()
    assert len(key_bytes(key)) == 32
    assert secret(world, "acme") == {"url": URL, "key": key, "previous_key": None, "previous_until": None}
    [webhook] = store(world).all()
    assert (webhook.name, webhook.origin) == ("acme", "https://erp.example.com")
    assert webhook.events == {"invoice.captured", "invoice.failed"}
    listed = prod("webhooks", "list")
    for shown in (listed.stdout, prod("webhooks", "list", "--json").stdout, result.stderr):
        assert "https://erp.example.com" in shown
        assert "s3cret" not in shown
        assert key not in shown
    assert "well" in listed.stdout


def test_an_url_can_be_changed_without_its_receiver_taking_another_key(prod: Cli, world: World) -> None:
    key = prod("webhooks", "set", URL, "--all").stdout.strip()
    present = store(world).get(EVERYTHING)
    assert present is not None
    store(world).end(present, datetime.now(UTC))
    changed = prod("webhooks", "set", "https://other.example/x", "--all")
    assert (changed.exit_code, changed.stdout) == (0, "")
    assert secret(world, "_all")["key"] == key
    now = store(world).get(EVERYTHING)
    assert now is not None
    assert (now.origin, now.gone_at) == ("https://other.example", None)
    assert now.version != present.version


def test_a_new_key_and_the_former_one_sign_for_a_day(prod: Cli, world: World) -> None:
    former = prod("webhooks", "set", URL, "--client", "acme").stdout.strip()
    made = json.loads(prod("webhooks", "rotate", "--client", "acme", "--json").stdout)
    kept = secret(world, "acme")
    assert (kept["key"], kept["previous_key"], kept["url"]) == (made["key"], former, URL)
    until = datetime.fromisoformat(made["previousKeySignsUntil"])
    assert 23.9 < (until - datetime.now(UTC)).total_seconds() / 3600 <= 24


def test_what_is_removed_leaves_nothing(prod: Cli, world: World) -> None:
    prod("webhooks", "set", URL, "--client", "acme")
    assert prod("webhooks", "remove", "--client", "acme").exit_code == 0
    assert store(world).all() == []
    assert world.stack.client("secretsmanager").list_secrets()["SecretList"] == []


def test_what_is_wrong_is_listed(prod: Cli, world: World) -> None:
    for client in ("acme", "other"):
        prod("webhooks", "set", URL, "--client", client)
    acme, other = store(world).all()
    now = datetime.now(UTC)
    assert store(world).note(acme, Breaker().failed(now), "it answered HTTP 500", now)
    store(world).end(other, now)
    shown = " ".join(prod("webhooks", "list").stdout.split())
    assert "it answered HTTP 500" in shown
    assert "HTTP 410" in shown


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["set", "http://erp.example.com/", "--client", "acme"], "begins with https://"),
        (["set", "erp.example.com", "--client", "acme"], "of the form https://host/path"),
        (["set", "https://u:s3cret@erp.example.com", "--client", "acme"], "no user name"),
        (["set", URL], "Say --client NAME, or --all"),
        (["set", URL, "--client", "acme", "--all"], "Say --client NAME, or --all"),
        (["set", URL, "--client", "No Name"], "cannot be the name of a client"),
        (["set", URL, "--all", "--events", "invoice.lost"], "There is no event 'invoice.lost'"),
        (["set", URL, "--all", "--events", ","], "--events names none"),
        (["rotate", "--client", "acme"], "There is no webhook of acme"),
        (["remove", "--all"], "There is no webhook of everything"),
        (["test", "--client", "acme"], "There is no webhook of acme"),
        (["replay"], "one of them"),
        (["replay", JOB, "--failed"], "one of them"),
    ],
)
def test_what_cannot_be_is_wrong_usage(command: list[str], sentence: str, prod: Cli, world: World) -> None:
    result = prod("webhooks", *command)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "s3cret" not in result.output


def test_a_stack_without_webhooks_says_how_to_have_some(bare: Cli, world: World) -> None:
    template = json.dumps(
        {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"TableName": {"Value": "table"}}}
    )
    world.stack.client("cloudformation").create_stack(StackName="without", TemplateBody=template)
    result = bare("webhooks", "list", "--stack", "without")
    assert result.exit_code == 2
    assert "Webhooks=true" in result.stderr


def test_a_test_that_nobody_answers_says_where_to_look(prod: Cli, world: World) -> None:
    prod("webhooks", "set", URL, "--client", "acme")
    result = prod("webhooks", "test", "--client", "acme")
    assert result.exit_code == 1
    assert "DeliverMessagesFunction" in result.stderr
    [delivery] = deliveries(world)
    assert (delivery.to, delivery.message["event"]) == ("acme", "webhook.test")


def test_ended_jobs_are_told_again_to_whoever_wants_them(prod: Cli, world: World) -> None:
    prod("webhooks", "set", URL, "--all", "--events", "invoice.failed")
    for number, status in enumerate((JobStatus.FAILED, JobStatus.SUBMITTED, JobStatus.REJECTED)):
        world.put_job(f"job-{number}", status, error_code="CaptureFailed")
    result = prod("webhooks", "replay", "job-0", "job-1", "job-2", "job-3", "--json")
    assert result.exit_code == 1
    replayed = json.loads(result.stdout)["replayed"]
    assert [one["trouble"] for one in replayed] == [
        None,
        "it has not ended, or was deleted",
        "no webhook wants it",
        "there is no such job",
    ]
    [delivery] = deliveries(world)
    assert (delivery.to, delivery.message["event"], delivery.message["job_id"]) == (
        EVERYTHING,
        "invoice.failed",
        "job-0",
    )
    again = prod("webhooks", "replay", "job-0")
    assert (again.exit_code, "everything" in again.stdout) == (0, True)
    assert [one.message_id for one in deliveries(world)] == [delivery.message_id]


def test_what_was_given_up_is_tried_for_another_day(prod: Cli, world: World) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    told = {"event": "invoice.captured", "job_id": JOB}
    bodies = [json.dumps(Delivery("acme", long_ago, told).to_json()), json.dumps(told), "nonsense"]
    for body in bodies:
        world.sqs.send_message(QueueUrl=world.queues["deliveries-dead"], MessageBody=body)
    result = prod("webhooks", "replay", "--failed", "--json")
    assert result.exit_code == 0, result.output
    actions = json.loads(result.stdout)["actions"]
    assert sorted(action["result"] for action in actions) == ["done", "done", "left"]
    sent = [json.loads(body) for body in world.messages("deliveries")]
    [delivery] = [Delivery.from_json(body) for body in sent if "to" in body]
    assert delivery.message == told
    assert (datetime.now(UTC) - delivery.since).total_seconds() < 60
    assert told in sent
    assert world.messages("deliveries-dead") == ["nonsense"]
