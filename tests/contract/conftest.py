"""AWS as the stores see it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from tests.fakes.stores import BUCKET


class _CloudFormation(yaml.SafeLoader):
    """Reads template.yaml without caring for its intrinsic functions."""


_CloudFormation.add_multi_constructor("!", lambda loader, suffix, node: suffix)


@cache
def _table() -> dict[str, Any]:
    template = yaml.load(Path("template.yaml").read_text(), _CloudFormation)
    properties: dict[str, Any] = template["Resources"]["Table"]["Properties"]
    return properties


def create_table(name: str) -> None:
    properties = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    table = _table()
    boto3.client("dynamodb").create_table(TableName=name, **{key: table[key] for key in properties})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """The table as template.yaml has it, and a bucket with versions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        create_table("table")
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield Clients()
