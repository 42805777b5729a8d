"""An account as a release left it, with the present functions in the place of its own."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from local_stack.clock import ScaledClock
from local_stack.iam import task_tokens
from local_stack.keeping.restoring import unnoticed
from local_stack.scripted_provider import AcceptedDocument
from local_stack.stack import PROJECT, LocalStack
from tests.releases.recording import FOLDER, MACHINES, PARAMETERS
from tests.waiting import wait_until


@dataclass(frozen=True)
class Recording:
    """What ``tests.releases.recording`` wrote. Names of resources and versions of objects are those of its stack."""

    text: str

    @classmethod
    def of(cls, name: str) -> Self:
        return cls((FOLDER / f"{name}.json").read_text())

    @cached_property
    def content(self) -> dict[str, Any]:
        return dict(json.loads(self.text, object_hook=_with_bytes))

    def with_names(self, names: Mapping[str, str]) -> Recording:
        """The same in another stack, by what each name has become there."""
        text = self.text
        for former, present in names.items():
            text = text.replace(former, present)
        return Recording(text)


def _with_bytes(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["base64"]) if set(found) == {"base64"} else found


@contextmanager
def updated(recording: Recording, template: Path) -> Iterator[tuple[LocalStack, Recording]]:
    """The account after the update to a template, and the recording in its names: what waited still waits."""
    now = datetime.fromisoformat(recording.content["now"])
    with (
        patch("local_stack.stack.ScaledClock", lambda scale: ScaledClock(scale, now)),
        LocalStack(api_port=0, parameters=PARAMETERS, template_path=template, time_scale=500) as stack,
    ):
        # Nothing happens yet: what is restored was there before.
        with stack.clock.work(), stack._runtime.unaware():
            restored = recording.with_names(_names(recording, stack) | dict(_versions(recording, stack)))
            for item in restored.content["items"]:
                stack.dynamodb.put_item(TableName=stack.table, Item=item)
            _accept(restored, stack)
        for execution in restored.content["executions"]:
            _start(execution, stack)
        for message in restored.content["messages"]:
            stack.sqs.send_message(QueueUrl=message["queue"], MessageBody=message["body"])
        yield stack, restored


def with_definitions(recording: Recording, folder: Path) -> Path:
    """The present template in a folder, with the recorded definitions: executions go on by those they began with."""
    shutil.copy(PROJECT / "template.yaml", folder)
    for name in ("functions", "layers"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "statemachines").mkdir()
    for name, definition in recording.content["definitions"].items():
        (folder / "statemachines" / f"{MACHINES[name]}.asl.yaml").write_text(definition)
    return folder / "template.yaml"


def _names(recording: Recording, stack: LocalStack) -> dict[str, str]:
    present = stack.resources.ids
    return {former: present[name] for name, former in recording.content["ids"].items() if name in present}


def _versions(recording: Recording, stack: LocalStack) -> Iterator[tuple[str, str]]:
    """Store the objects; the versions that they have now, by those that they had."""
    with unnoticed(stack):
        for stored in recording.content["objects"]:
            answer = stack.s3.put_object(
                Bucket=stack.bucket,
                Key=stored["key"],
                Body=stored["content"],
                ContentType=stored["content_type"],
                Metadata=stored["metadata"],
            )
            yield stored["version_id"], answer["VersionId"]


def _accept(restored: Recording, stack: LocalStack) -> None:
    """What the provider has taken already. It will be done with it in an hour."""
    stack.scripted.script.latency_seconds = 3600
    contents = {one["key"]: one["content"] for one in restored.content["objects"]}
    stack.scripted.accepted[:] = [
        AcceptedDocument(
            reference=one["reference"],
            job_id=one["job_id"],
            content=contents[stack.job(one["job_id"])["document"]["key"]],
            accepted_at=datetime.fromisoformat(one["accepted_at"]),
            fails=False,
            needs_action=False,
        )
        for one in restored.content["accepted"]
    ]


def _start(execution: Mapping[str, Any], stack: LocalStack) -> None:
    """An execution as it was, up to where it waits: its first function finds that everything has been done already."""
    given = False

    def token(machine_arn: str) -> str:
        nonlocal given
        given = True
        return str(execution["token"] or new(machine_arn))

    new = task_tokens.new
    with patch.object(task_tokens, "new", token):
        stack.states.start_execution(
            stateMachineArn=stack.resources.state_machines[execution["machine"]],
            name=execution["name"],
            input=json.dumps(execution["input"]),
        )
        wait_until(lambda: given or execution["token"] is None)
