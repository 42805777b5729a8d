"""Jobs: ids that never differ for the same version, and transitions that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import (
    LEGAL_TRANSITIONS,
    Job,
    JobStatus,
    Order,
    choose_route,
    derive_job_id,
    expires_on,
    new_job_id,
    provider_of,
    route_of_template,
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
        # What is open can be brought to an end by its execution; what has ended is only moved by a person.
        by_itself = LEGAL_TRANSITIONS[status] - {JobStatus.CANCELLED, JobStatus.RECEIVED}
        assert status.is_open == bool(by_itself)
        assert [status.is_open, status.is_terminal, status is JobStatus.CREATED].count(True) == 1


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


# --- orders ----------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
PROVIDERS = frozenset({"paid", "other", "embedded"})


def a_job(**changes: Any) -> Job:
    job = Job(
        job_id="01KN1W7MG0AYEVZ1JH1T0R8VT6",
        document=DocumentPointer("bucket", "incoming/a.pdf", "v1", 5),
        route=("paid", "embedded"),
        status=JobStatus.RECEIVED,
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW,
    )
    return replace(job, **changes)


def an_order(**changes: Any) -> Order:
    return replace(Order("acme", "N1", "a.pdf", "https://files.example/a.pdf", "paid"), **changes)


@given(MOMENTS, st.integers(1, 10**9), POINTERS)
def test_ids_of_orders_are_like_those_of_dropped_documents(now: datetime, later: int, pointer: DocumentPointer) -> None:
    one, other = new_job_id(now), new_job_id(now)
    assert one != other
    assert (len(one), one.isalnum(), one.isupper()) == (26, True, True)
    assert one[:10] == other[:10] == derive_job_id(pointer, now)[:10]
    assert one < new_job_id(now + timedelta(milliseconds=later))


@given(MOMENTS, st.integers(0, 24 * 3600 - 1), st.integers(1, 4000))
def test_jobs_of_one_day_leave_together(day: datetime, seconds: int, days: int) -> None:
    retention = timedelta(days=days)
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + timedelta(seconds=seconds)
    assert expires_on(at, retention) == expires_on(midnight, retention) == (midnight + retention).date()
    assert expires_on(midnight + timedelta(days=1), retention) > expires_on(at, retention)


def test_a_job_belongs_to_who_ordered_it() -> None:
    assert a_job().client is None
    assert a_job(order=an_order()).client == "acme"


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("https://x/a", "https"),
        ("HTTPS://x", "https"),
        ("S3://b/k", "s3"),
        ("s3:x", "s3"),
        ("a.pdf", "a.pdf"),
        ("", ""),
    ],
)
def test_the_scheme_is_what_an_url_begins_with(url: str, scheme: str) -> None:
    assert an_order(document_url=url).scheme == scheme


def test_every_run_has_an_execution_and_submissions_of_its_own() -> None:
    runs = [a_job(retries=retries) for retries in range(21)]
    assert [job.execution_name for job in runs[:2]] == [runs[0].job_id, f"{runs[0].job_id}-retry-1"]
    assert len({job.execution_name for job in runs}) == 21
    # What the sweeper appends has to fit into the 80 characters of an execution's name as well.
    assert max(len(f"{job.execution_name}-deadline") for job in runs) <= 80
    numbers = [number for job in runs for number in range(job.first_submission, job.first_submission + len(job.route))]
    assert numbers == list(range(1, 43))


@pytest.mark.parametrize(
    ("template", "route"),
    [
        ("paid", ("paid",)),
        ("paid?,embedded", ("paid?", "embedded")),
        (" paid ,\tother? ", ("paid", "other?")),
        ("paid-us,paid-eu-2", ("paid-us", "paid-eu-2")),
        ("embedded?", ("embedded?",)),
        ("paid,paid-a?,paid-b,paid-c,embedded", ("paid", "paid-a?", "paid-b", "paid-c", "embedded")),
        ("", None),
        (",", None),
        ("paid,", None),
        ("paid;embedded", None),
        ("PAID", None),
        ("paid??", None),
        ("?paid", None),
        ("paid,nobody", None),
        ("nobody-us", None),
        ("embedded-us", None),
        ("paid-", None),
        ("paid--us", None),
        ("paid-us?x", None),
        ("paid-us??", None),
        ("paid-../../other", None),
        ("paid-a b", None),
        ("paid-" + "x" * 21, None),
        ("60f7b1b3", None),
        ("x" * 100_000, None),
    ],
)
def test_a_template_may_spell_a_route_out(template: str, route: tuple[str, ...] | None) -> None:
    assert route_of_template(template, PROVIDERS) == route


@pytest.mark.parametrize("template", ["paid,paid-a,paid-b,paid-c,paid-d,embedded", "paid,paid", "paid?, paid"])
def test_a_route_is_short_and_pays_nobody_twice(template: str) -> None:
    with pytest.raises(ValueError, match=r"at most 5 providers|each provider once"):
        route_of_template(template, PROVIDERS)


@given(st.text() | st.lists(st.sampled_from([*PROVIDERS, "?", "-", ",", "us", " "])).map("".join))
def test_any_template_is_a_route_of_known_providers_or_none(template: str) -> None:
    try:
        route = route_of_template(template, PROVIDERS)
    except ValueError:
        route = None
    assert route is None or 1 <= len(route) <= 5
    for name in route or ():
        assert provider_of(name.removesuffix("?")) in PROVIDERS
        # As names of executions and of secrets must be.
        assert name.removesuffix("?").replace("-", "").replace("_", "").isalnum()
        assert len(name) <= 40


@pytest.mark.parametrize("key", ["incoming/paid-/a.pdf", "incoming/paid-a b/a.pdf", f"incoming/paid-{'x' * 21}/a.pdf"])
def test_a_folder_that_is_no_account_takes_the_default_route(key: str) -> None:
    assert choose_route(key, ("embedded",), PROVIDERS) == ("embedded",)


# --- what may follow what --------------------------------------------------------------------------------------------


def test_a_client_may_withdraw_a_job_in_every_status_but_once() -> None:
    assert sources_of(JobStatus.CANCELLED) == set(JobStatus) - {JobStatus.CANCELLED}
    assert LEGAL_TRANSITIONS[JobStatus.CANCELLED] == frozenset()


def test_an_order_is_started_or_withdrawn_and_nothing_else() -> None:
    assert LEGAL_TRANSITIONS[JobStatus.CREATED] == {JobStatus.RECEIVED, JobStatus.CANCELLED}
    assert sources_of(JobStatus.CREATED) == frozenset()


def test_what_has_its_invoice_is_never_started_again() -> None:
    assert sources_of(JobStatus.RECEIVED) == {
        JobStatus.CREATED,
        JobStatus.FAILED,
        JobStatus.DUPLICATE,
        JobStatus.REJECTED,
    }
