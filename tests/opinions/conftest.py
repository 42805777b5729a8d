"""A DynamoDB that validates strictly, for the store contracts: dynalite, which Node.js runs.

It knows no transactions: here they are taken apart into requests of their own, each with its key, its expressions and
its condition, and taken back when one of them is refused. So everything that a store sends is validated, except how
many writes a transaction may have and how large it may be.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from invoice_capture.aws.clients import Clients
from tests.contract.conftest import create_table

DYNALITE = Path(__file__).parents[2] / "tools" / "second_opinions" / "node_modules" / "dynalite"
_START = """
const server = require(process.argv[1])({ createTableMs: 0, deleteTableMs: 0 });
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""
_MOST_WRITES = 100


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where dynalite listens, until the end of the session."""
    assert DYNALITE.is_dir(), "dynalite is not here. Run: make check-opinions"
    with subprocess.Popen(["node", "-e", _START, str(DYNALITE)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """The table as template.yaml has it, in dynalite; nothing else of AWS is there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
    create_table("table")
    clients = Clients()
    # Last, so that a test may answer in its place.
    clients.dynamodb.meta.events.register_last("before-call.dynamodb.TransactWriteItems", _taken_apart)
    yield clients
    names = clients.dynamodb.list_tables()["TableNames"]
    for name in names:
        clients.dynamodb.delete_table(TableName=name)
    for name in names:
        clients.dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 0})


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """What boto3 takes: bytes, which are Base64 in a body."""
    content = value.get("B")
    return {"B": base64.b64decode(content)} if len(value) == 1 and isinstance(content, str) else value


def _taken_apart(params: Mapping[str, Any], **_rest: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """What a transaction answers, from the answers to its writes."""
    writes = json.loads(params["body"], object_hook=_with_bytes)["TransactItems"]
    plain = boto3.client("dynamodb")
    keys = [_key(next(iter(write.values()))) for write in writes]
    assert len(writes) <= _MOST_WRITES
    assert len({str(key) for key in keys}) == len(keys), "A transaction may not have two writes to one item."
    before = [plain.get_item(TableName="table", Key=key, ConsistentRead=True).get("Item") for key in keys]
    refusals = [_refusal(plain, write, item) for write, item in zip(writes, before, strict=True)]
    if not any(refusals):
        return _answer(200, {})
    for key, item in zip(keys, before, strict=True):
        with contextlib.suppress(ClientError):
            _restore(plain, key, item)
    for refusal in refusals:
        if refusal is not None and refusal["Code"] != "ConditionalCheckFailedException":
            return _answer(400, {"Error": refusal})
    reasons = [{"Code": "None" if refusal is None else "ConditionalCheckFailed"} for refusal in refusals]
    error = {"Code": "TransactionCanceledException", "Message": str([reason["Code"] for reason in reasons])}
    return _answer(400, {"Error": error, "CancellationReasons": reasons})


def _key(write: Mapping[str, Any]) -> dict[str, Any]:
    item = write.get("Key") or write["Item"]
    return {name: item[name] for name in ("PK", "SK")}


def _refusal(plain: Any, write: Mapping[str, Any], item: Any) -> dict[str, Any] | None:
    """Make one write of a transaction; the error it is refused with."""
    [(kind, arguments)] = write.items()
    try:
        if kind == "Put":
            plain.put_item(**arguments)
        elif kind == "Update":
            plain.update_item(**arguments)
        elif kind == "Delete" or item is None:
            plain.delete_item(**arguments)
        else:
            # A ConditionCheck, which changes nothing.
            plain.put_item(Item=item, **{name: value for name, value in arguments.items() if name != "Key"})
    except ClientError as exc:
        return dict(exc.response["Error"])
    return None


def _restore(plain: Any, key: Any, item: Any) -> None:
    if item is None:
        plain.delete_item(TableName="table", Key=key)
    else:
        plain.put_item(TableName="table", Item=item)


def _answer(status: int, body: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", status, {}, None), body
