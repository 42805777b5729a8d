"""Jobs: ids that never differ for the same version, and transitions that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import (
    LEGAL_TRANSITIONS,
    JobStatus,
    choose_route,
    derive_job_id,
    provider_of,
    sources_of,
)

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
POINTERS = st.builds(DocumentPointer, st.just("bucket"), st.text(min_size=1), st.none() | st.text(), st.integers(0, 99))


@given(POINTERS, MOMENTS)
def test_the_same_version_gives_the_same_id(pointer: DocumentPointer, stored_at: datetime) -> None:
    assert derive_job_id(pointer, stored_at) == derive_job_id(pointer, stored_at)
    assert len(derive_job_id(pointer, stored_at)) == 26
    assert derive_job_id(pointer, stored_at).isalnum()


@given(POINTERS, POINTERS, MOMENTS)
def test_different_versions_give_different_ids(
    one: DocumentPointer, other: DocumentPointer, stored_at: datetime
) -> None:
    same = (one.key, one.version_id or "") == (other.key, other.version_id or "")
    assert (derive_job_id(one, stored_at) == derive_job_id(other, stored_at)) is same


@given(POINTERS, POINTERS, MOMENTS, st.integers(1, 10**9))
def test_ids_sort_by_time(one: DocumentPointer, other: DocumentPointer, stored_at: datetime, later: int) -> None:
    assert derive_job_id(one, stored_at) < derive_job_id(other, stored_at + timedelta(milliseconds=later))


def test_every_job_can_end_and_no_end_is_left() -> None:
    for status in JobStatus:
        reachable = {status}
        while more := {target for each in reachable for target in LEGAL_TRANSITIONS[each]} - reachable:
            reachable |= more
        assert any(each.is_terminal for each in reachable)
        assert status.is_terminal == (reachable == {status})


def test_only_a_submitted_job_is_captured() -> None:
    assert sources_of(JobStatus.CAPTURED) == {JobStatus.SUBMITTED, JobStatus.ACTION_REQUIRED}
    assert sources_of(JobStatus.DUPLICATE) == {JobStatus.RECEIVED}


@pytest.mark.parametrize(
    ("key", "route"),
    [
        ("incoming/invoice.pdf", ("paid?", "embedded")),
        ("incoming/paid/invoice.pdf", ("paid",)),
        ("incoming/paid-us/2026/invoice.pdf", ("paid-us",)),
        ("incoming/unknown-us/invoice.pdf", ("paid?", "embedded")),
        ("incoming/embedded-x/invoice.pdf", ("paid?", "embedded")),
        ("incoming/paid-us", ("paid?", "embedded")),
        ("incoming/paid/", None),
        ("elsewhere/invoice.pdf", None),
    ],
)
def test_a_key_chooses_its_provider_or_an_account_of_it(key: str, route: tuple[str, ...] | None) -> None:
    assert choose_route(key, ("paid?", "embedded"), frozenset({"paid", "embedded"})) == route


def test_an_account_belongs_to_its_provider() -> None:
    assert [provider_of(name) for name in ("paid", "paid-us", "paid-us-2")] == ["paid"] * 3
