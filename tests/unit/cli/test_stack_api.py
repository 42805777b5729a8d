"""The API of a stack without HTTP: the function's own code, here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invoice_capture.observability import info
from invoice_capture_cli.errors import Unreachable
from invoice_capture_cli.stack import Stack, calling_aws
from invoice_capture_cli.stack_api import StackApi, proxy_event
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import FakeApi


def test_the_handler_gets_the_functions_environment_and_an_operators_event(world: World) -> None:
    environments: list[Mapping[str, str]] = []
    fake = FakeApi()
    job_id = fake.add(status="completed")

    def make(environment: Mapping[str, str]) -> Any:
        environments.append(environment)
        return fake.handler

    api = StackApi(world.stack, make)
    assert api.request("GET", f"/ocr-invoice-job/{job_id}").data["data"]["_id"] == job_id
    params = {"filter": json.dumps({"status": "completed"}), "limit": "1"}
    assert api.request("GET", "/ocr-invoice-job", params=params).data["total"] == 1
    body = {"jobNumber": "N-9", "documentName": "ä.pdf"}
    created = api.request("POST", "/ocr-invoice-job", body=body, headers={"Idempotency-Key": "1"})
    assert created.status == 201
    assert api.request("POST", "/ocr-invoice-job", body=body, headers={"Idempotency-Key": "1"}).data == created.data
    assert len(environments) == 1
    assert environments[0]["TABLE_NAME"] == "table"


def test_a_redirect_is_read_from_either_form_of_headers(world: World) -> None:
    answer = {"statusCode": 302, "multiValueHeaders": {"Location": ["https://s3/x"]}, "body": None}
    assert (
        StackApi(world.stack, lambda _: lambda _event, _context: answer).request("GET", "/x").location == "https://s3/x"
    )


def test_what_is_logged_is_not_mixed_with_results_but_shown_when_something_broke(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status = [200]

    def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
        info("Something happened.")
        return {"statusCode": status[0], "body": '{"success": true}'}

    api = StackApi(world.stack, lambda _: handler)
    api.request("GET", "/x")
    assert capsys.readouterr() == ("", "")
    status[0] = 500
    api.request("GET", "/x")
    out, err = capsys.readouterr()
    assert out == ""
    assert "Something happened." in err


def test_paths_are_decoded_as_api_gateway_does() -> None:
    event = proxy_event("GET", "/ocr-invoice-job/a%2Fb", params={}, body=None, headers={}, request_id="r")
    assert event["path"] == "/ocr-invoice-job/a/b"
    assert event["queryStringParameters"] is None
    assert event["body"] is None


def test_the_real_api_answers_here(bare: Cli, world: World) -> None:
    """The code that is deployed, on an empty table."""
    result = bare("list", "--stack", "prod")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There is no job yet.\n"), result.output
    result = bare("show", "nope", "--stack", "prod")
    assert result.exit_code == 2
    assert "OCR invoice job not found" in result.stderr


def test_the_real_api_takes_a_document_here(
    bare: Cli, world: World, files: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the upload, which goes to S3 itself."""
    stored: list[Mapping[str, str]] = []
    monkeypatch.setattr(
        "invoice_capture_cli.submit.Uploads.send", lambda _self, _url, fields, _path, _progress: stored.append(fields)
    )
    world.stack.client("s3").create_bucket(
        Bucket="documents", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    result = bare("submit", *files("one.pdf"), "--stack", "prod", "--group", "g", "--json")
    assert result.exit_code == 0, result.output
    [line] = [json.loads(text) for text in result.stdout.splitlines()]
    assert line["job"]["status"] == "queued"
    assert stored[0]["key"].startswith("uploads/operator/")
    assert list(world.executions()) == [line["job"]["_id"]]
    listed = json.loads(bare("list", "--stack", "prod", "--group", "g", "--json").stdout)
    assert [job["_id"] for job in listed["jobs"]] == [line["job"]["_id"]]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "Your AWS identity may not do DescribeThings for 'prod'"),
        ("ExpiredToken", "unknown or expired"),
        ("Throttling", "AWS refused DescribeThings for 'prod': Throttling. slow down"),
    ],
)
def test_refusals_of_aws_say_what_to_do(code: str, sentence: str) -> None:
    with pytest.raises(Unreachable, match=sentence), calling_aws("prod"):
        raise ClientError({"Error": {"Code": code, "Message": "slow down"}}, "DescribeThings")


def test_missing_configuration_says_what_to_do(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert "Say it with --region" in bare("list", "--stack", "prod").stderr
    result = bare("list", "--stack", "prod", "--region", "eu-central-1")
    assert result.exit_code == 3
    assert "no AWS credentials" in result.stderr
    result = bare("list", "--stack", "prod", "--profile", "nobody")
    assert result.exit_code == 3
    assert "--profile" in result.stderr


def test_a_function_without_environment_is_told(world: World) -> None:
    client = world.stack.client("lambda")
    client.update_function_configuration(FunctionName="jobs-api", Environment={"Variables": {}})
    with pytest.raises(Unreachable, match="has no environment"):
        StackApi(Stack("prod")).request("GET", "/ocr-invoice-job")
