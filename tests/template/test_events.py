"""Every sample event is fed to its handler, and has the effect it should."""

import importlib.util
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from invoice_capture.observability import write_logs_to
from invoice_capture.wiring import Application, using
from tests.template.steps import STEPS, pascal
from tools.scenes import SCENES
from tools.stage import BUCKET, EVENTS, PROJECT, SAMPLES, event_of

# As the sample events have them.
TASK_TOKENS = {token for path in EVENTS.glob("*.json") for token in re.findall(r"task_token\W+(\w+)", path.read_text())}


class _Context:
    """What a handler asks of its context."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    write_logs_to(stream)
    yield stream
    write_logs_to(None)


def _handler(step: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{step}_app", PROJECT / "functions" / step / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


@pytest.mark.parametrize("step", STEPS)
def test_an_event_has_its_effect(stage, log, step):
    event, scene = event_of(step), SCENES[step]
    scene.prepare(stage, event)
    with using(Application(stage.environment(f"{pascal(step)}Function"))):
        answer = _handler(step)(event, _Context())
    scene.check(stage, event, answer)
    # Logs are about jobs, not about what documents say.
    assert "ERROR" not in log.getvalue()
    assert TASK_TOKENS.isdisjoint(re.findall(r"\w+", log.getvalue()))


def test_an_event_again_changes_nothing(stage, log):
    """What arrives twice is taken in once: the queue delivers at least once."""
    event, scene = event_of("receive_upload"), SCENES["receive_upload"]
    with using(Application(stage.environment("ReceiveUploadFunction"))):
        _handler("receive_upload")(event, None)
        answer = _handler("receive_upload")(event, None)
    scene.check(stage, event, answer)


def _documents(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "Records" in part:
            for record in part["Records"]:
                yield from _documents(json.loads(record["body"]))
        if "document" in part:
            yield part["document"]
        for content in part.values():
            yield from _documents(content)


@pytest.mark.parametrize("step", ["submit_document", "extract_document", "store_invoice"])
def test_the_documents_of_events_are_samples(step):
    documents = list(_documents(event_of(step)))
    assert documents
    for document in documents:
        sample = SAMPLES / document["key"].removeprefix("incoming/")
        assert document["bucket"] == BUCKET
        # A document is read up to the size that its event names.
        assert document["size"] == sample.stat().st_size, f"events/{step}.json: {sample.name} has another size by now"
