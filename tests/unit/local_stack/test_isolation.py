"""The user's AWS account plays no part."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from local_stack import moto_patches
from local_stack.clock import ScaledClock
from local_stack.isolation import away_from_aws, one_at_a_time
from tests.unit.local_stack.conftest import MiniStack


def test_the_users_aws_settings_have_no_effect_inside_and_are_back_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
    monkeypatch.delenv("AWS_REGION", raising=False)
    with away_from_aws():
        assert "AWS_PROFILE" not in os.environ
        assert "AWS_ENDPOINT_URL" not in os.environ
        assert (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_REGION"]) == ("local", "us-east-1")
    assert os.environ["AWS_PROFILE"] == "production"
    assert "AWS_REGION" not in os.environ


def test_a_client_that_outlives_its_stack_reaches_nobody() -> None:
    clock = ScaledClock()
    with away_from_aws(), mock_aws(), moto_patches.applied(MiniStack(clock)):
        client = boto3.client("sqs", region_name="us-east-1")
        assert "QueueUrls" not in client.list_queues()
    with pytest.raises(ConnectionError, match="The local stack has ended"):
        client.list_queues()
    clock.close()


def test_a_profile_that_does_not_exist_is_no_trouble() -> None:
    command = [sys.executable, "-m", "local_stack", "process", "/no/such/place"]
    ended = subprocess.run(
        command, env={**os.environ, "AWS_PROFILE": "nobody"}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (2, "local_stack: /no/such/place does not exist.\n")


def test_one_thread_at_a_time_is_let_in() -> None:
    inside, most = [0], [0]
    pause = threading.Event()

    def work() -> str:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        pause.wait(0.005)
        inside[0] -= 1
        return "done"

    module = SimpleNamespace(work=work)
    with one_at_a_time(module, "work"):  # type: ignore[arg-type]
        threads = [threading.Thread(target=module.work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most[0] == 1
    assert module.work is work
