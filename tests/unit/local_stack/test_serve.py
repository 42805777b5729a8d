"""``serve``: the project's own template behind HTTP, and what other processes are told of it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from werkzeug.wrappers import Response

from local_stack.serve import make_key
from local_stack.simulators.server import LoopbackServer
from local_stack.stack import LocalStack
from tests.waiting import run_to_end, wait_until

PROJECT = Path(__file__).resolve().parents[3]
SAMPLE = PROJECT / "samples" / "documents" / "cii_germany.xml"


@pytest.fixture(scope="module")
def files() -> Iterator[LoopbackServer]:
    """Answers every request with an invoice."""
    server = LoopbackServer(lambda _request: Response(SAMPLE.read_bytes(), mimetype="application/xml"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def stack(files: LoopbackServer) -> Iterator[LocalStack]:
    with LocalStack(api_port=0, trusted_origins=[f"http://localhost:{files.port}"]) as stack:
        yield stack


def elsewhere(stack: LocalStack, expression: str) -> Any:
    """The value of an expression over ``boto3`` in another process, which has the endpoint of AWS alone."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": str(stack.aws_endpoint),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    code = f"import boto3, json, sys\nprint(json.dumps({expression}, default=str))"
    done = run_to_end(
        [sys.executable, "-c", code],
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_api_of_the_template_is_served(stack: LocalStack) -> None:
    assert stack.api_url is not None
    assert re.fullmatch(r"http://localhost:[0-9]+", stack.api_url)
    for headers in ({}, {"api-key": "ick_no"}):
        answer = requests.get(f"{stack.api_url}/ocr-invoice-job", headers=headers, timeout=10)
        assert (answer.status_code, answer.json()["success"]) == (401, False)


def test_a_key_opens_it(stack: LocalStack) -> None:
    answer = requests.get(f"{stack.api_url}/ocr-invoice-job", headers={"api-key": make_key(stack)}, timeout=10)
    assert (answer.status_code, answer.json()["success"]) == (200, True)


@pytest.mark.parametrize("path", ["/docs", "/docs/page.css", "/openapi.json"])
def test_what_describes_the_api_is_open_and_knows_head(stack: LocalStack, path: str) -> None:
    url = f"{stack.api_url}{path}"
    got, headed = requests.get(url, timeout=10), requests.head(url, timeout=10)
    assert (got.status_code, headed.status_code, headed.text) == (200, 200, "")
    # No length, or else that of the answer to GET.
    assert "Content-Length" not in headed.headers
    assert headed.headers["Content-Type"] == got.headers["Content-Type"]
    assert headed.headers["ETag"] == got.headers["ETag"]
    known = {"If-None-Match": got.headers["ETag"]}
    assert requests.get(url, headers=known, timeout=10).status_code == 304
    refused = requests.post(url, timeout=10)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_head_of_what_needs_a_key_is_refused_as_every_method_is(stack: LocalStack) -> None:
    url = f"{stack.api_url}/ocr-invoice-job"
    assert requests.head(url, timeout=10).status_code == 401
    refused = requests.head(url, headers={"api-key": make_key(stack)}, timeout=10)
    assert (refused.status_code, refused.headers["Allow"], refused.text) == (405, "GET, POST", "")


def test_documents_are_fetched_from_trusted_origins_and_from_nowhere_else_here(
    stack: LocalStack, files: LoopbackServer
) -> None:
    stack.reset()
    url, headers = f"{stack.api_url}/ocr-invoice-job", {"api-key": make_key(stack)}
    ended = {}
    for host in ("localhost", "127.0.0.1"):
        link = f"http://{host}:{files.port}/a.xml"
        order = {"jobNumber": host, "documentName": "a.xml", "template": "default", "documentUrl": link}
        created = requests.post(url, headers=headers, json=order, timeout=10).json()["data"]
        job = f"{url}/{created['_id']}"
        requests.post(f"{job}/process", headers=headers, timeout=10)

        def ended_job(job: str = job) -> dict[str, Any] | None:
            now: dict[str, Any] = requests.get(job, headers=headers, timeout=10).json()["data"]
            return now if now["status"] in {"completed", "failed"} else None

        ended[host] = wait_until(ended_job, f"The end of the job of {host}")
    assert ended["localhost"]["status"] == "completed"
    assert ended["127.0.0.1"]["status"] == "failed"
    assert ended["127.0.0.1"]["errorLog"].startswith("LinkForbidden: ")


def test_other_processes_find_everything_through_the_aws_endpoint(stack: LocalStack) -> None:
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for output in elsewhere(stack, "boto3.client('cloudformation').describe_stacks(StackName='local')")["Stacks"][
            0
        ]["Outputs"]
    }
    assert all(outputs.values())
    assert stack.api_url in outputs.values()
    assert {stack.table, stack.bucket, stack.usage_plan_id} <= set(outputs.values())
    make_key(stack)
    found = elsewhere(
        stack,
        f"[boto3.client('apigateway').get_usage_plan_keys(usagePlanId={stack.usage_plan_id!r})['items'][0]['name'],"
        f" boto3.client('dynamodb').scan(TableName={stack.table!r}, Select='COUNT')['Count'],"
        " boto3.client('stepfunctions').list_state_machines()['stateMachines'][0]['name']]",
    )
    assert found[0].endswith("-local")
    assert found[1] >= 1
    assert found[2].startswith("local-")


def test_a_document_that_another_process_drops_is_captured(stack: LocalStack) -> None:
    stack.reset()
    elsewhere(
        stack,
        f"boto3.client('s3').put_object(Bucket={stack.bucket!r}, Key='incoming/a.xml',"
        f" Body=open({str(SAMPLE)!r}, 'rb').read())['ETag']",
    )
    wait_until(stack.notifications, "An announcement")
    assert [item.message["status"] for item in stack.notifications()] == ["CAPTURED"]


def test_links_and_forms_reach_the_bucket(stack: LocalStack) -> None:
    signing = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    form_client = boto3.client("s3", endpoint_url=stack.links_endpoint, config=signing)
    form = form_client.generate_presigned_post(stack.bucket, "documents/local/x/a.xml")
    assert requests.post(form["url"], data=form["fields"], files={"file": b"<a/>"}, timeout=10).status_code == 204
    stored = stack.s3.get_object(Bucket=stack.bucket, Key="documents/local/x/a.xml")
    assert stored["Body"].read() == b"<a/>"
    missing = form_client.generate_presigned_url("get_object", Params={"Bucket": stack.bucket, "Key": "none"})
    assert requests.get(missing, timeout=10).status_code == 404


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_root_leads_to_the_page(stack: LocalStack) -> None:
    answer = requests.get(f"{stack.api_url}/", timeout=30)
    assert (answer.status_code, answer.url) == (200, f"{stack.api_url}/docs")
    assert answer.history[0].status_code == 302
