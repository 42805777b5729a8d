from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from invoice_capture.aws.clients import Clients
from invoice_capture.observability import write_logs_to
from tests.contract.conftest import aws
from tests.unit.api.api_world import ApiWorld
from tests.unit.api.aws_world import AwsWorld

__all__ = ["aws"]


@pytest.fixture
def world() -> ApiWorld:
    return ApiWorld()


@pytest.fixture
def aws_world(aws: Clients) -> AwsWorld:
    return AwsWorld(aws)


@pytest.fixture(autouse=True)
def log() -> Iterator[io.StringIO]:
    """What was logged."""
    stream = io.StringIO()
    write_logs_to(stream)
    yield stream
    write_logs_to(None)
