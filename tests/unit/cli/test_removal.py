"""``stack remove``: only the named stack, and documents only for who said so twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.unit.cli.aws_world import World, a_whole_stack
from tests.unit.cli.conftest import Cli

SURE = ("--yes", "whole")


@pytest.fixture
def stack(world: World) -> World:
    """Two versions and a marker lie in the bucket of documents, and a log in that of logs."""
    a_whole_stack(world)
    s3 = world.stack.client("s3")
    s3.put_object_lock_configuration(Bucket="documents", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})
    for content in (b"1", b"2"):
        s3.put_object(Bucket="documents", Key="incoming/a.pdf", Body=content)
    s3.delete_object(Bucket="documents", Key="incoming/a.pdf")
    s3.put_object(Bucket="access-logs", Key="log", Body=b"x")
    return world


def _stacks(world: World) -> list[str]:
    stacks = world.stack.client("cloudformation").describe_stacks()["Stacks"]
    return sorted(stack["StackName"] for stack in stacks)


def _buckets(world: World) -> list[str]:
    return sorted(bucket["Name"] for bucket in world.stack.client("s3").list_buckets()["Buckets"])


def _versions(world: World) -> int:
    listed = world.stack.client("s3").list_object_versions(Bucket="documents")
    return len(listed.get("Versions", ())) + len(listed.get("DeleteMarkers", ()))


def test_documents_and_jobs_stay(bare: Cli, stack: World) -> None:
    result = bare("stack", "remove", "whole", *SURE, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["kept"] == ["documents", "access-logs", "jobs"]
    assert _stacks(stack) == ["prod"]
    assert (_buckets(stack), _versions(stack)) == (["access-logs", "documents"], 3)
    assert "jobs" in stack.dynamodb.list_tables()["TableNames"]


def test_said_twice_everything_goes(bare: Cli, stack: World) -> None:
    result = bare("stack", "remove", "whole", *SURE, "--empty-bucket", "--yes-empty", "documents")
    assert result.exit_code == 0, result.output
    assert (_stacks(stack), _buckets(stack)) == (["prod"], [])
    assert "jobs" not in stack.dynamodb.list_tables()["TableNames"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--yes", "prod"),
        ("--yes", "whole", "--empty-bucket"),
        ("--yes", "whole", "--empty-bucket", "--yes-empty", "whole"),
        ("--empty-bucket", "--yes-empty", "documents"),
        ("--yes", "whole", "--stack", "prod"),
    ],
)
def test_without_the_right_words_nothing_is_touched(bare: Cli, stack: World, words: tuple[str, ...]) -> None:
    result = bare("stack", "remove", "whole", *words)
    assert result.exit_code == 2, result.output
    assert (_stacks(stack), _versions(stack)) == (["prod", "whole"], 3)


def test_another_stack_is_left_alone(bare: Cli, stack: World) -> None:
    result = bare("stack", "remove", "prod", "--yes", "prod")
    assert result.exit_code == 2
    assert "is no invoice-capture" in result.stderr
    assert _stacks(stack) == ["prod", "whole"]


def test_a_stack_that_is_not_there(bare: Cli, stack: World) -> None:
    result = bare("stack", "remove", "nope", "--yes", "nope")
    assert result.exit_code == 3
    assert "There is no stack 'nope'" in result.stderr


def test_what_object_lock_keeps_is_told_and_the_table_stays(bare: Cli, stack: World) -> None:
    s3 = stack.stack.client("s3")
    kept = s3.list_object_versions(Bucket="documents")["Versions"][0]
    until = datetime.now(UTC) + timedelta(days=1)
    s3.put_object_retention(
        Bucket="documents",
        Key=kept["Key"],
        VersionId=kept["VersionId"],
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until},
    )
    result = bare("stack", "remove", "whole", *SURE, "--empty-bucket", "--yes-empty", "documents")
    assert result.exit_code == 1, result.output
    assert "Of documents 1 version(s) stay" in result.stderr
    assert "Object Lock" in result.stderr
    # The name of a document is nobody's business here.
    assert kept["Key"] not in result.stderr
    assert (_stacks(stack), _versions(stack)) == (["prod"], 1)
    assert "jobs" in stack.dynamodb.list_tables()["TableNames"]


class Person:
    """Somebody at a terminal who types these lines, and then presses Ctrl-C."""

    def __init__(self, *lines: str) -> None:
        self._lines = iter(lines)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        for line in self._lines:
            return f"{line}\n"
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("lines", "status", "said"),
    [
        (
            ["whole", "documents"],
            0,
            "What holds documents and jobs goes as well:\n  documents\n  access-logs\n  jobs\n",
        ),
        (["whole", "whole"], 2, "'whole' is not 'documents': nothing was touched."),
        (["whole"], 130, "Stopped: nothing was touched."),
        ([], 130, "Stopped: nothing was touched."),
    ],
)
def test_a_person_is_asked_twice(
    lines: list[str], status: int, said: str, bare: Cli, stack: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoice_capture_cli.removal.sys", SimpleNamespace(stdin=Person(*lines)))
    result = bare("stack", "remove", "whole", "--empty-bucket")
    assert result.exit_code == status, result.output
    assert said in result.stderr
    assert _stacks(stack) == (["prod"] if status == 0 else ["prod", "whole"])
