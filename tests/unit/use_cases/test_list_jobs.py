"""Lists: pages, totals and filters are exact, and what a client sends never breaks them."""

from __future__ import annotations

import base64
import json
import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.api.listable import FILTERABLE, GLANCED, SORTABLE
from invoice_capture.api.presentation import glance, row
from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.filters import parse_filters, value_at
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture.use_cases.client import list_jobs
from invoice_capture.use_cases.client.list_jobs import Listing
from tests.unit.use_cases.client_world import ACME, EVIL, OPS, ClientWorld

GROUPS = ("march", "april", None)
BEGINNING = {"start": None, "before": 0, "offset": 0}


def a_full_world(jobs: int = 13) -> tuple[ClientWorld, list[Job]]:
    """Acme's jobs, a minute apart and in groups, and one of somebody else's."""
    world = ClientWorld()
    created = []
    for number in range(jobs):
        world.clock.forward(60)
        metadata = {"cost": {"centre": 4000 + number % 4}}
        created.append(world.create(f"N{number:02}", group=GROUPS[number % 3], metadata=metadata))
    world.create("N00", EVIL, group="march")
    return world, created


def where(**filters: Any) -> Any:
    return parse_filters(json.dumps({path.replace("__", "."): value for path, value in filters.items()}), FILTERABLE)


def ids(page: Any) -> list[str]:
    return [row["_id"] for row in page.rows]


def all_pages(world: ClientWorld, **listing: Any) -> list[str]:
    seen: list[str] = []
    token = None
    while True:
        page = world.list(Listing(token=token, **listing))
        assert len(page.rows) <= listing["limit"]
        assert page.rows or token is None, "a token that leads to nothing"
        seen += ids(page)
        token = page.next_token
        if token is None:
            return seen


WAYS: list[dict[str, Any]] = [
    {},
    {"sort": "jobNumber"},
    {"sort": "group"},
    {"filters": where(createdAt={"$gte": "2026-01-01"})},
    {"search": "n"},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 5, 13, 100])
def test_pages_by_token_and_by_offset_are_the_same_whole_list(way: Any, descending: bool, limit: int) -> None:
    world, jobs = a_full_world()
    whole = ids(world.list(Listing(limit=100, descending=descending, **way)))
    assert sorted(whole) == sorted(job.job_id for job in jobs)
    assert all_pages(world, limit=limit, descending=descending, **way) == whole
    by_offset: list[str] = []
    for offset in range(0, len(whole) + limit, limit):
        page = world.list(Listing(limit=limit, offset=offset, descending=descending, **way))
        assert page.total == len(whole)
        by_offset += ids(page)
    assert by_offset == whole


@pytest.mark.parametrize("way", WAYS)
def test_a_token_replaces_the_offset(way: Any) -> None:
    world, _jobs = a_full_world()
    token = world.list(Listing(limit=4, **way)).next_token
    assert ids(world.list(Listing(limit=4, token=token, offset=7, **way))) == ids(
        world.list(Listing(limit=4, offset=4, **way))
    )


def test_a_list_begins_with_the_newest_job() -> None:
    world, jobs = a_full_world()
    newest_first = [job.job_id for job in reversed(jobs)]
    assert ids(world.list(Listing())) == newest_first
    assert ids(world.list(Listing(descending=False))) == newest_first[::-1]


def test_a_list_is_sorted_by_any_field_and_the_same_way_every_time() -> None:
    world, jobs = a_full_world()
    rows = world.list(Listing(sort="group", descending=False)).rows
    assert [row.get("group") for row in rows] == [None] * 4 + ["april"] * 4 + ["march"] * 5
    assert [row["jobNumber"] for row in rows][:4] == ["N02", "N05", "N08", "N11"]
    for field in SORTABLE:
        once = ids(world.list(Listing(sort=field)))
        assert sorted(once) == sorted(job.job_id for job in jobs)
        assert ids(world.list(Listing(sort=field, descending=False))) == once[::-1]


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({"group": "march"}, ["N00", "N03", "N06", "N09", "N12"]),
        ({"group": None}, ["N02", "N05", "N08", "N11"]),
        ({"group": {"$in": ["april", None]}, "jobNumber": {"$in": ["N00", "N01", "N02"]}}, ["N01", "N02"]),
        ({"jobNumber": "N05"}, ["N05"]),
        ({"jobNumber": {"$in": ["N05", "N05", "none", "", None, "N01"]}}, ["N01", "N05"]),
        ({"jobNumber": {"$in": []}}, []),
        ({"jobNumber": None}, []),
        ({"_id": None}, []),
        ({"metadata__cost__centre": 4001}, ["N01", "N05", "N09"]),
        ({"metadata__cost__centre": {"$gte": 4001, "$lte": 4002}}, ["N01", "N02", "N05", "N06", "N09", "N10"]),
        ({"metadata__cost": {"$in": [4001]}}, []),
        ({"createdAt": {"$gte": "2026-03-31T12:03:00Z", "$lte": "2026-03-31T12:05:00Z"}}, ["N02", "N03", "N04"]),
        ({"createdAt": {"$gte": "2026-03-31T14:12:00+02:00"}}, ["N11", "N12"]),
        ({"createdAt": "2026-03-31T12:03:00Z"}, ["N02"]),
        ({"createdAt": {"$gte": "2026-04-01", "$lte": "2026-03-01"}}, []),
        ({"createdAt": {"$lte": "0001-01-01"}}, []),
        ({"status": {"$in": ["created", "failed"]}, "group": "april"}, ["N01", "N04", "N07", "N10"]),
        ({"status": "failed"}, []),
        ({"possibleDoubleCharge": True}, []),
        ({"possibleDoubleCharge": False, "group": "april"}, ["N01", "N04", "N07", "N10"]),
        ({"route": "paid", "group": "april"}, ["N01", "N04", "N07", "N10"]),
        ({"route": {"$in": ["nobody"]}}, []),
    ],
)
def test_a_filter_is_exact(filters: Any, numbers: list[str]) -> None:
    world, _jobs = a_full_world()
    page = world.list(Listing(filters=where(**filters), sort="jobNumber", descending=False, limit=100))
    assert ([row["jobNumber"] for row in page.rows], page.total) == (numbers, len(numbers))


def test_numbers_are_found_by_who_sees_all_among_everybodys_jobs() -> None:
    world, _jobs = a_full_world()
    world.receive()
    page = world.list(Listing(filters=where(jobNumber="N00")), OPS)
    assert page.total == 2


def test_a_filter_by_id_or_number_reads_just_those_jobs() -> None:
    world, jobs = a_full_world()
    world.catalogue.page = world.catalogue.heads = None  # type: ignore[assignment, method-assign]
    for condition in (where(_id=jobs[3].job_id), where(jobNumber="N03")):
        assert ids(world.list(Listing(filters=condition))) == [jobs[3].job_id]


def test_search_goes_over_texts_without_regard_to_case() -> None:
    world, jobs = a_full_world()
    assert ids(world.list(Listing(search="n1"))) == [job.job_id for job in reversed(jobs[10:])]
    assert world.list(Listing(search="MARCH")).total == 5
    assert world.list(Listing(search="files.example")).total == 13
    assert world.list(Listing(search="march", filters=where(jobNumber="N01"))).total == 0
    for nothing in ("4711", "march april", "\0", "x" * 100_000):
        assert world.list(Listing(search=nothing)).total == 0


def test_a_signature_in_a_link_is_not_to_be_found() -> None:
    world = ClientWorld()
    world.create(document_url="https://files.example/a.pdf?signature=0815")
    assert world.list(Listing(search="0815")).total == 0


def test_a_deleted_job_is_in_no_list_and_in_no_total() -> None:
    world, jobs = a_full_world()
    world.withdraw(jobs[5])
    for way in WAYS:
        page = world.list(Listing(**way))
        assert page.total == 12
        assert jobs[5].job_id not in ids(page)
    assert world.list(Listing(filters=where(_id=jobs[5].job_id))).total == 0


def test_a_row_shows_the_status_and_the_data_of_the_first_job() -> None:
    world = ClientWorld()
    first = world.captured("first")
    second = world.create("second")
    world.process(second)
    world.run(second)
    [shown] = world.list(Listing(filters=where(jobNumber="second"))).rows
    assert (shown["status"], shown["duplicateOf"]) == ("completed", first.job_id)
    assert shown["extractedData"]["invoice"]["number"] == "R-1"
    assert world.list(Listing(filters=where(status="completed"))).total == 2


def test_a_row_shows_nothing_of_another_clients_job_however_it_points_there() -> None:
    world = ClientWorld()
    foreign = world.captured("N1", EVIL)
    job = world.create("mine")
    world.jobs.jobs[job.job_id] = replace(job, status=JobStatus.DUPLICATE, duplicate_of=foreign.job_id)
    for listing in (Listing(), Listing(sort="status")):
        [shown] = world.list(listing).rows
        assert (shown["_id"], shown["status"]) == (job.job_id, "failed")
        assert not {"extractedData", "duplicateOf", "provider"} & set(shown)
        rows = world.list(listing, OPS).rows
        assert sorted(row["status"] for row in rows) == ["completed", "completed"]


def _encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "ü",
        "\ud800",
        "e30",
        "=====",
        _encoded([]),
        _encoded(None),
        _encoded("offset"),
        *(_encoded(BEGINNING | {"offset": offset}) for offset in (-1, "1", None, 1.5)),
        *(_encoded(BEGINNING | {"before": before}) for before in (-1, "1", None, 1.5)),
        *(_encoded(BEGINNING | {"start": start}) for start in (1, [], "", "x", "W10")),
        _encoded({"last": "x"}),
        _encoded([["2026-03-31T12:00:00.000Z", "JOB#A"]]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'{"offset": ' + b"9" * 10_000 + b"}").decode(),
        "A" * 100_000,
    ],
)
def test_a_token_of_another_list_is_refused(token: str) -> None:
    world, _jobs = a_full_world(3)
    for listing in (Listing(token=token), Listing(token=token, sort="status")):
        with pytest.raises(InvalidRequest, match="nextToken") as refused:
            world.list(listing)
        assert refused.value.field == "nextToken"


def test_a_token_of_a_filtered_list_is_none_of_an_unfiltered_one_and_the_other_way_round() -> None:
    world, _jobs = a_full_world()
    plain, sorted_ = (world.list(Listing(limit=2, sort=sort)).next_token for sort in ("createdAt", "status"))
    assert None not in (plain, sorted_)
    for listing in (Listing(token=sorted_), Listing(token=plain, sort="status")):
        with pytest.raises(InvalidRequest):
            world.list(listing)


@given(st.text())
def test_any_token_is_a_place_or_refused(token: str) -> None:
    world, _jobs = a_full_world(2)
    with suppress(InvalidRequest):
        assert world.list(Listing(token=token, sort="status")).total == 2


def test_an_offset_beyond_everything_is_an_empty_page() -> None:
    world, _jobs = a_full_world(3)
    for listing in (Listing(offset=10**30), Listing(token=_encoded(BEGINNING | {"offset": 10**30}), sort="status")):
        page = world.list(listing)
        assert (list(page.rows), page.total, page.next_token) == ([], 3, None)


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request reads four jobs, or eight heads, in portions of two."""
    for name, value in {"_MOST_JOBS_READ": 4, "_MOST_HEADS_READ": 8, "_HEADS_PER_READ": 2, "_JOBS_PER_READ": 2}.items():
        monkeypatch.setattr(list_jobs, name, value)


def stretches(world: ClientWorld, principal: Principal = ACME, **listing: Any) -> tuple[list[str], list[int]]:
    """The ids on all pages, and the total that each page told."""
    seen: list[str] = []
    totals: list[int] = []
    token = None
    while True:
        page = world.list(Listing(token=token, **listing), principal)
        seen += ids(page)
        totals.append(page.total)
        token = page.next_token
        assert page.more_to_read <= (token is not None), "more to read, and nothing to go on with"
        if token is None:
            return seen, totals


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "way",
    [
        {"filters": where(group="march")},
        {"filters": where(status="created", group={"$in": ["march", None]})},
        {"filters": where(metadata__cost__centre=4001)},
        {"search": "n1"},
        {"filters": where(group="nobody's")},
        {"filters": where(createdAt={"$gte": "2026-03-31T12:03:00Z"})},
    ],
)
def test_a_long_list_is_read_stretch_by_stretch(
    monkeypatch: pytest.MonkeyPatch, way: Any, limit: int, descending: bool
) -> None:
    world, _jobs = a_full_world()
    for principal in (ACME, OPS):
        seen, totals = stretches(world, principal, limit=limit, descending=descending, **way)
        with monkeypatch.context() as patch:
            patch.setattr(list_jobs, "_MOST_JOBS_READ", 1000)
            patch.setattr(list_jobs, "_MOST_HEADS_READ", 1000)
            whole = world.list(Listing(limit=100, descending=descending, **way), principal)
        assert seen == ids(whole)
        assert totals == sorted(totals)
        assert totals[-1] == whole.total == len(seen)
        assert not whole.more_to_read


@pytest.mark.usefixtures("short_stretches")
def test_one_request_reads_so_many_jobs_and_no_more() -> None:
    world, _jobs = a_full_world(40)
    read: list[str] = []
    get_many = world.jobs.get_many
    world.jobs.get_many = lambda job_ids: (read.extend(job_ids), get_many(job_ids))[1]  # type: ignore[method-assign, assignment]
    for principal, way, most in [
        # What the index has decides, so that only the page itself is read.
        (ACME, {"filters": where(group="april"), "limit": 1}, 1),
        (ACME, {"filters": where(metadata__cost__centre=1)}, 4),
        (ACME, {"search": "nothing has this"}, 4),
        (OPS, {"filters": where(group="nobody's")}, 4),
    ]:
        read.clear()
        page = world.list(Listing(**way), principal)
        assert page.more_to_read
        assert len(read) <= most


@pytest.mark.usefixtures("short_stretches")
def test_a_list_is_sorted_otherwise_only_as_a_whole() -> None:
    world, jobs = a_full_world(9)
    for sort in ("status", "priority"):
        with pytest.raises(InvalidRequest, match="createdAt") as refused:
            world.list(Listing(sort=sort))
        assert refused.value.field == "sort"
    narrow = where(createdAt={"$gte": "2026-03-31T12:06:00Z"})
    assert world.list(Listing(sort="priority", filters=narrow)).total == 4
    # By what stands in the index more can be sorted.
    narrow = where(createdAt={"$gte": "2026-03-31T12:03:00Z"})
    assert world.list(Listing(sort="group", filters=narrow)).total == 7
    assert world.list(Listing()).total == len(jobs)


def test_a_list_that_takes_too_long_goes_on_with_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_jobs, "_HEADS_PER_READ", 2)
    world, _jobs = a_full_world()
    seconds = iter(range(0, 10_000, 6))
    world.stopwatch = lambda: float(next(seconds))
    seen, totals = stretches(world, filters=where(group="march"))
    assert len(seen) == 5
    assert len(totals) > 2


def test_a_head_says_what_the_row_says() -> None:
    world, _jobs = a_full_world(3)
    captured = world.captured("R-7")
    for head in world.catalogue.heads("acme", world.clock.now(), limit=9).heads:
        job = world.jobs.get(head.job_id)
        assert job is not None
        shown, full = glance(head), row(job, job)
        for path in GLANCED:
            assert value_at(shown, path) == value_at(full, path), path
    assert captured


@given(st.integers(0, 40), st.integers(1, 7), st.randoms(use_true_random=False))
def test_jobs_of_the_same_moment_are_neither_lost_nor_repeated(jobs: int, limit: int, chance: random.Random) -> None:
    world = ClientWorld()
    created = [world.create(f"N{number}", group=chance.choice(GROUPS)).job_id for number in range(jobs)]
    assert sorted(all_pages(world, limit=limit, sort="group")) == sorted(created)
    assert sorted(all_pages(world, limit=limit)) == sorted(created)
    assert world.list(Listing(limit=1), ACME).total == jobs
