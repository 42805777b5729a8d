"""What a provider said of money is written down, also while the store is throttled."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import ProviderError, ProviderUnavailable, RateLimited, StoreUnavailable
from invoice_capture.domain.submission import Submission, SubmissionState
from tests.fakes.world import ServerProvider, World


def throttled(world: World, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The next writes of a submission, and every write of the provider's pace, are not answered."""
    save, left = world.submissions.save, [StoreUnavailable("busy")] * times

    def busy_save(row: Submission) -> Submission:
        if left:
            raise left.pop()
        return save(row)

    def busy(*_arguments: object) -> bool:
        raise StoreUnavailable("busy")

    monkeypatch.setattr(world.submissions, "save", busy_save)
    monkeypatch.setattr(world.states, "swap_bucket", busy)
    monkeypatch.setattr(world.states, "swap_breaker", busy)


@pytest.mark.parametrize(
    ("faults", "state", "accepted"),
    [
        ([], SubmissionState.PENDING, 1),
        ([ProviderUnavailable("down")], SubmissionState.QUEUED, 0),
        ([RateLimited("slower", 5)], SubmissionState.QUEUED, 0),
    ],
    ids=["taken", "not taken", "too many"],
)
def test_what_is_known_is_not_forgotten_in_throttling(
    monkeypatch: pytest.MonkeyPatch, faults: list[ProviderError], state: SubmissionState, accepted: int
) -> None:
    world = World(ServerProvider(faults=faults))
    job = world.receive()
    throttled(world, monkeypatch, times=3 if accepted else 0)
    world.submit(job)
    assert (world.row(job).state, len(world.provider.accepted)) == (state, accepted)
    assert not world.jobs.jobs[job.job_id].possible_double_charge
