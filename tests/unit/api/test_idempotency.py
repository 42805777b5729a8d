"""Idempotency-Key: Powertools on a table of moto's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.idempotency import DynamoDBIdempotency
from invoice_capture.domain.api_errors import InvalidRequest, WrongStatus
from tests.unit.api.api_world import Answer, an_order, answer_of, event_of, require_documented
from tests.unit.api.aws_world import TABLE, AwsWorld

JOBS = "/ocr-invoice-job"


class _Context:
    """Lambda's, as far as it is asked."""

    aws_request_id = "lambda-1"

    def __init__(self, milliseconds: int = 29_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def _create(world: AwsWorld, key: str, client: str = "acme", **changes: Any) -> Answer:
    event = event_of("POST", JOBS, an_order(**changes), client=client, headers={"idempotency-KEY": key})
    answer = answer_of(world.api(event, _Context()))
    require_documented("POST", JOBS, answer)
    return answer


def test_a_request_that_is_repeated_creates_one_job(aws_world: AwsWorld) -> None:
    first, second = _create(aws_world, "k1"), _create(aws_world, "k1")
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    assert aws_world.call("GET", JOBS).json["total"] == 1


def test_a_repeated_request_shows_the_job_as_it_is_now(aws_world: AwsWorld) -> None:
    job_id = _create(aws_world, "k1").data["_id"]
    aws_world.call("POST", f"{JOBS}/{job_id}/process")
    assert _create(aws_world, "k1").data["status"] == "queued"
    aws_world.call("DELETE", f"{JOBS}/{job_id}")
    again = _create(aws_world, "k1")
    assert (again.status, again.json["errors"][0]["field"]) == (409, "Idempotency-Key")


def test_a_key_with_another_body_is_refused(aws_world: AwsWorld) -> None:
    _create(aws_world, "k1")
    answer = _create(aws_world, "k1", number="N2")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert _create(aws_world, "k2", number="N2").status == 201


def test_a_key_belongs_to_its_client(aws_world: AwsWorld) -> None:
    mine, theirs = _create(aws_world, "k1"), _create(aws_world, "k1", client="other")
    assert theirs.status == 201
    assert mine.data["_id"] != theirs.data["_id"]


def test_a_refused_request_leaves_its_key_free(aws_world: AwsWorld) -> None:
    assert _create(aws_world, "k1", documentUrl="ftp://a/b").status == 400
    assert _create(aws_world, "k1").status == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_of_the_wrong_length_is_refused(aws_world: AwsWorld, key: str) -> None:
    answer = _create(aws_world, key)
    assert (answer.status, answer.json["errors"][0]["field"].lower()) == (400, "idempotency-key")


def test_a_key_in_use_is_told_to_wait(aws: Clients) -> None:
    keys = DynamoDBIdempotency(aws, TABLE)
    payload = {"jobNumber": "N1"}

    def meanwhile() -> dict[str, Any]:
        with pytest.raises(WrongStatus, match="still being answered"):
            keys.once("acme", "k1", payload, dict, _Context())
        with pytest.raises(InvalidRequest):
            keys.once("acme", "k1", {"jobNumber": "N2"}, dict, _Context())
        return {"job_id": "A"}

    assert keys.once("acme", "k1", payload, meanwhile, _Context()) == {"job_id": "A"}
    assert keys.once("acme", "k1", payload, dict, _Context()) == {"job_id": "A"}


def test_a_key_whose_invocation_died_is_free_again(aws: Clients) -> None:
    keys = DynamoDBIdempotency(aws, TABLE)

    def dies() -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.once("acme", "k1", {}, dies, _Context(milliseconds=-1000))
    assert keys.once("acme", "k1", {}, lambda: {"job_id": "B"}, _Context()) == {"job_id": "B"}


def test_what_is_kept_of_a_key_is_an_id_and_leaves(aws_world: AwsWorld, aws: Clients) -> None:
    job_id = _create(aws_world, "secret-key", documentName="secret.pdf").data["_id"]
    items = aws.dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="PK = :keys",
        ExpressionAttributeValues={":keys": {"S": "IDEMPOTENCY"}},
    )["Items"]
    [item] = items
    assert json.loads(item["data"]["S"]) == {"job_id": job_id}
    assert int(item["ttl"]["N"]) > 0
    assert "secret" not in str(item)


def test_an_outage_while_a_key_is_looked_up_says_to_try_again(aws_world: AwsWorld, aws: Clients) -> None:
    aws.dynamodb.meta.events.register("before-call.dynamodb.PutItem", _lose)
    answer = _create(aws_world, "k1")
    assert (answer.status, "Retry-After" in answer.headers) == (500, True)


def _lose(**_request: Any) -> None:
    raise EndpointConnectionError(endpoint_url="https://dynamodb.example")
