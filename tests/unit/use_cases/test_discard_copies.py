"""What a provider is given when its loop has it delete a copy."""

from __future__ import annotations

import pytest

from invoice_capture.ports import Capabilities
from tests.fakes.world import PDF, ServerProvider, World


def test_a_provider_is_given_its_own_answer_which_names_what_else_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(ServerProvider(capabilities=Capabilities(discards=True)))
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
