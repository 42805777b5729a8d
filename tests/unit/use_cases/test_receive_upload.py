"""Every upload becomes one job and one execution, however often its event is delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.errors import DocumentMissing
from invoice_capture.use_cases.steps.receive_upload import ReceiveUpload, Upload
from tests.fakes.stores import BUCKET
from tests.fakes.world import PDF, World


def receive(world: World) -> ReceiveUpload:
    return ReceiveUpload(
        default_route=("abbyy", "embedded"),
        provider_names=frozenset({"abbyy", "embedded"}),
        deadline=timedelta(hours=72),
        documents=world.documents,
        jobs=world.jobs,
        executions=world.executions,
        clock=world.clock,
    )


def test_a_repeated_event_finds_the_same_job_and_the_same_execution() -> None:
    world = World()
    world.documents.put("incoming/a b+ü.pdf", PDF)
    upload = Upload(BUCKET, "incoming/a b+ü.pdf", "v1")
    first = receive(world)(upload)
    world.clock.forward(3600)
    second = receive(world)(upload)

    assert first.job_id == second.job_id
    assert list(world.executions.captures) == [first.job_id]
    assert world.jobs.jobs[first.job_id].created_at == first.created_at


def test_another_version_of_the_same_key_is_another_job() -> None:
    world = World()
    world.documents.put("incoming/a.pdf", PDF, "v1")
    world.documents.put("incoming/a.pdf", PDF, "v2")
    ids = {receive(world)(Upload(BUCKET, "incoming/a.pdf", version)).job_id for version in ("v1", "v2")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("key", "route"),
    [
        ("incoming/a.pdf", ("abbyy", "embedded")),
        ("incoming/embedded/a.pdf", ("embedded",)),
        ("incoming/embedded/deeper/a.pdf", ("embedded",)),
        ("incoming/nobody/a.pdf", ("abbyy", "embedded")),
        ("incoming/embedded", ("abbyy", "embedded")),
        ("incoming/../a.pdf", ("abbyy", "embedded")),
    ],
)
def test_the_key_chooses_the_route(key: str, route: tuple[str, ...]) -> None:
    world = World()
    world.documents.put(key, PDF)
    assert receive(world)(Upload(BUCKET, key, "v1")).route == route


@pytest.mark.parametrize("key", ["incoming/", "incoming/embedded/", "results/a.json", "a.pdf", "Incoming/a.pdf"])
def test_folders_and_other_places_are_no_uploads(key: str) -> None:
    world = World()
    world.documents.put(key, b"")
    assert receive(world)(Upload(BUCKET, key, "v1")) is None
    assert world.executions.captures == {}


def test_an_object_that_is_gone_is_said_to_be() -> None:
    with pytest.raises(DocumentMissing):
        receive(World())(Upload(BUCKET, "incoming/gone.pdf", "v1"))


@given(st.text(min_size=1, max_size=200))
def test_any_legal_key_is_taken(name: str) -> None:
    world = World()
    key = f"incoming/{name}x"
    world.documents.put(key, PDF)
    job = receive(world)(Upload(BUCKET, key, "v1"))
    assert job.document.key == key
    assert len(job.job_id) == 26
