"""What a provider is given when its loop has it delete a copy."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import RateLimited
from invoice_capture.ports import Capabilities
from tests.fakes.world import PDF, ServerProvider, World


def test_a_provider_is_given_its_own_answer_which_names_what_else_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ServerProvider(capabilities=Capabilities(deletes_copies=True)))
    given: list[tuple[str, bytes]] = []
    monkeypatch.setattr(world.provider, "discard", lambda reference, raw: given.append((reference, raw)))
    job = world.receive()
    world.submit(job)
    world.finish(job, raw=b'{"exported": ["a.xml"]}')
    world.submit(world.receive(PDF + b"another"))
    for _ in range(2):
        world.clock.forward(30)
        world.turn()
    answer = world.documents.read_result(world.row(job).result_key or "")
    assert answer
    assert given == [(f"paid-{job.job_id}", answer)]


def test_a_copy_of_several_parts_is_deleted_from_a_provider_that_takes_no_bursts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(ServerProvider(capabilities=Capabilities(deletes_copies=True)))
    deleted: list[str] = []

    def discard(reference: str, raw: bytes) -> None:
        if world.provider.spacing_seconds < 0.5:
            raise RateLimited("Two requests a second.")
        deleted.append(reference)

    monkeypatch.setattr(world.provider, "discard", discard)
    job = world.receive()
    world.submit(job)
    world.finish(job)
    tries = 0
    while not deleted:
        world.clock.forward(10)
        world.turn()
        tries += 1
        assert tries < 60, "ten minutes later it is as fast again as in the beginning"
    assert deleted == [f"paid-{job.job_id}"]
    assert world.row(job).next_check_at is None


def test_a_provider_that_always_asks_for_patience_is_asked_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ServerProvider(capabilities=Capabilities(deletes_copies=True)))
    asked: list[str] = []

    def discard(reference: str, raw: bytes) -> None:
        asked.append(reference)
        raise RateLimited("Not now.")

    monkeypatch.setattr(world.provider, "discard", discard)
    job = world.receive()
    world.submit(job)
    world.finish(job)
    for _ in range(24 * 60):
        world.clock.forward(60)
        world.turn()
    assert 150 < len(asked) < 300
