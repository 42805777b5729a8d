"""Filters: whatever a client writes is a filter or an error, and filters hold just where they should."""

from __future__ import annotations

import json
import random
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.filters import Field, Filter, Kind, bounds_of, parse_filters, sort_key, value_at

FIELDS = {
    "_id": Field(Kind.TEXT),
    "status": Field(Kind.TEXT, ("created", "failed")),
    "createdAt": Field(Kind.MOMENT),
    "retryCount": Field(Kind.NUMBER),
    "confidence.overall": Field(Kind.NUMBER),
    "confidence.known": Field(Kind.TRUTH),
    "metadata.*": Field(Kind.ANYTHING),
}
HUGE = 10**400

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
)
CONDITIONS = st.dictionaries(
    st.sampled_from(["_id", "createdAt", "metadata.a.b", "metadata..", "unknown", "", "."]) | st.text(max_size=9),
    JSON | st.dictionaries(st.sampled_from(["$in", "$gte", "$lte", "$ne"]), JSON, max_size=3),
    max_size=4,
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
# Few values, so that equal ones meet; none of them is a date.
PLAIN = st.sampled_from([None, True, False, 0, 1, 1.0, 2.5, -1, HUGE, "", "a", "A", "1", "20260115", "ü", "n/a"])


def where(condition: Any, path: str = "metadata.x") -> Filter:
    [parsed] = parse_filters(json.dumps({path: condition}), FIELDS)
    return parsed


def holds(condition: Any, value: Any) -> bool:
    return where(condition).holds({"metadata": {"x": value}})


def parsed_or_refused(text: str) -> tuple[Filter, ...] | InvalidRequest:
    try:
        return parse_filters(text, FIELDS)
    except InvalidRequest as refused:
        return refused


# --- parsing ---------------------------------------------------------------------------------------------------------


@given(st.text() | JSON.map(json.dumps) | CONDITIONS.map(json.dumps))
def test_any_text_is_conditions_or_refused_by_the_name_of_the_filter(text: str) -> None:
    parsed = parsed_or_refused(text)
    if isinstance(parsed, InvalidRequest):
        assert parsed.field == "filter"
        assert 0 < len(str(parsed)) < 300
    else:
        assert all(each.path in FIELDS or each.path.startswith("metadata.") for each in parsed)


@given(CONDITIONS.map(json.dumps), st.dictionaries(st.sampled_from([*FIELDS, "metadata", "confidence"]), JSON))
def test_conditions_that_parse_can_be_asked_of_any_row(text: str, row: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        for each in parse_filters(text, FIELDS):
            assert each.holds(row) in {True, False}


@pytest.mark.parametrize("text", [None, "", "  \n", "{}"])
def test_no_filter_is_no_condition(text: str | None) -> None:
    assert parse_filters(text, FIELDS) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("status=completed", "no JSON"),
        ("{", "no JSON"),
        ("[" * 6_000, "no JSON"),
        ('{"metadata.x": ' + "9" * 5_000 + "}", "no JSON"),
        ('{"metadata.x": NaN}', "no JSON"),
        ('{"metadata.x": {"$gte": -Infinity}}', "no JSON"),
        ("[]", "must be a JSON object"),
        ('"_id"', "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"colour": "red"}', "by 'colour'; it can by _id, status, createdAt"),
        ('{"confidence": 1}', "by 'confidence'; it can by confidence.overall, confidence.known."),
        ('{"confidence.all": 1}', "cannot go by"),
        ('{"Metadata.x": 1}', "cannot go by"),
        ('{"metadatax": 1}', "cannot go by"),
        ('{"metadata": 1}', "cannot go by 'metadata'; it can by metadata"),
        ('{"_id.x": 1}', "cannot go by"),
        ('{"": 1}', "cannot go by"),
        ('{".metadata": 1}', "cannot go by"),
        ('{"$or": [{"_id": 1}]}', "cannot go by"),
        ('{"_id": {"$ne": 1}}', "not '\\$ne'"),
        ('{"_id": {"in": [1]}}', "not 'in'"),
        ('{"_id": {}}', "does not say what '_id' is to be"),
        ('{"_id": []}', "else than a text"),
        ('{"_id": [1]}', "else than a text"),
        ('{"_id": 7}', "else than a text"),
        ('{"_id": true}', "else than a text"),
        ('{"_id": {"$in": 1}}', "must be a list"),
        ('{"_id": {"$in": ["a", 1]}}', "else than a text"),
        ('{"_id": {"$gte": "a"}}', "has no \\$gte: it is a text"),
        ('{"_id": {"$lte": "2026-01-01"}}', "has no \\$lte"),
        ('{"status": "FAILED"}', "'status' is one of created, failed"),
        ('{"status": {"$in": ["failed", ""]}}', "is one of"),
        ('{"retryCount": "1"}', "else than a number"),
        ('{"retryCount": true}', "else than a number"),
        ('{"retryCount": {"$gte": "2026-01-01"}}', "\\$gte of 'retryCount' must be a number"),
        ('{"confidence.overall": {"$gte": "abc"}}', "must be a number"),
        ('{"confidence.known": 1}', "else than true or false"),
        ('{"confidence.known": "true"}', "else than true or false"),
        ('{"confidence.known": {"$gte": true}}', "has no \\$gte"),
        ('{"metadata.x": {"$in": [[1]]}}', "a single value"),
        ('{"metadata.x": [1]}', "a single value"),
        ('{"metadata.x": {"$in": [{}]}}', "a single value"),
        ('{"metadata.x": {"$gte": "yesterday"}}', "number or a date"),
        ('{"createdAt": "yesterday"}', "else than a date or a time"),
        ('{"createdAt": 5}', "else than a date or a time"),
        ('{"createdAt": {"$gte": 5}}', "must be a date or a time"),
        ('{"createdAt": {"$gte": "yesterday"}}', "must be a date or a time"),
        ('{"createdAt": {"$gte": "20260115"}}', "must be a date"),
        ('{"createdAt": {"$lte": null}}', "must be a date"),
        ('{"createdAt": {"$lte": true}}', "must be a date"),
        ('{"createdAt": {"$lte": ["2026-01-01"]}}', "must be a date"),
        ('{"' + "x" * 5000 + '": 1}', "cannot go by"),
        ('{"_id": {"' + "$" * 5000 + '": 1}}', "knows"),
        (json.dumps({"_id": {"$in": ["x"] * 501}}), "at most 500"),
        ('{"_id": "' + "x" * 6_000 + '"}', "6000 characters"),
    ],
)
def test_a_refusal_says_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as refused:
        parse_filters(text, FIELDS)
    assert len(str(refused.value)) < 200


def test_as_much_as_is_allowed_is_taken() -> None:
    [each] = parse_filters(json.dumps({"_id": {"$in": ["x"] * 500}}), FIELDS)
    assert len(each.value) == 500
    assert len(parse_filters('{"retryCount": {"$gte": 1, "$lte": 2, "$in": [3]}, "_id": null}', FIELDS)) == 4


# --- what holds ------------------------------------------------------------------------------------------------------


def same(found: Any, wanted: Any) -> bool:
    """Equality as JSON has it: a truth value is no number, and a number no text."""
    kinds = {bool: "bool", int: "number", float: "number", str: "text", type(None): "null"}
    return kinds[type(found)] == kinds[type(wanted)] and found == wanted


@given(PLAIN, PLAIN)
def test_equality_is_that_of_json(found: Any, wanted: Any) -> None:
    assert holds(wanted, found) is same(found, wanted)


@given(PLAIN, st.lists(PLAIN, max_size=5))
def test_in_is_equality_with_one_of_them(found: Any, wanted: list[Any]) -> None:
    assert holds({"$in": wanted}, found) is any(same(found, each) for each in wanted)


@given(st.dictionaries(st.text(max_size=6), JSON), SCALARS)
def test_an_object_equals_nothing(found: Any, wanted: Any) -> None:
    assert not holds(wanted, found)


@given(st.lists(PLAIN, max_size=4), PLAIN)
def test_a_list_has_what_one_of_its_entries_is(found: list[Any], wanted: Any) -> None:
    assert holds(wanted, found) is any(same(each, wanted) for each in found)


def test_a_list_lies_within_bounds_where_one_of_its_entries_does() -> None:
    assert holds({"$gte": 3}, [1, "x", 4])
    assert not holds({"$gte": 5}, [1, "x", 4])
    assert not holds({"$gte": 0}, [])


def test_texts_that_look_like_moments_are_texts() -> None:
    """A number of a job may be a date; only of what is in time is another spelling the same."""
    assert not where("2026-01-15T00:00:00Z", "_id").holds({"_id": "2026-01-15"})
    assert where("2026-01-15T00:00:00Z", "createdAt").holds({"createdAt": "2026-01-15"})
    assert holds("2026-01-15T00:00:00Z", "2026-01-15")


NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.just(HUGE)


@given(NUMBERS, NUMBERS)
def test_numbers_are_compared_exactly(found: float, bound: float) -> None:
    assert holds({"$gte": bound}, found) is (found >= bound)
    assert holds({"$lte": bound}, found) is (found <= bound)


def test_numbers_beyond_floats_are_compared_too() -> None:
    assert holds({"$gte": HUGE}, HUGE)
    assert not holds({"$gte": HUGE + 1}, HUGE)
    assert not holds({"$gte": 2**53 + 1}, 2**53)
    assert holds({"$lte": HUGE}, sys.float_info.max)


@given(MOMENTS, MOMENTS, st.sampled_from([UTC, None]))
def test_moments_are_compared_by_time_however_they_are_written(found: datetime, bound: datetime, zone: Any) -> None:
    written = found.isoformat().replace("+00:00", "Z") if zone else found.replace(tzinfo=None).isoformat()
    assert holds({"$gte": bound.isoformat()}, written) is (found >= bound)
    assert holds({"$lte": bound.isoformat()}, written) is (found <= bound)
    assert holds(bound.isoformat(), written) is (found == bound)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001
def test_the_same_moment_in_another_zone_is_the_same(moment: datetime, hours: int) -> None:
    here = moment.replace(tzinfo=UTC)
    there = (moment + timedelta(hours=hours)).isoformat() + f"{hours:+03}:00"
    assert holds(there, here.isoformat())
    for operator in ("$gte", "$lte"):
        assert holds({operator: there}, here.isoformat())


@pytest.mark.parametrize(
    ("bound", "found"),
    [
        (5, "2026-01-01"),
        ("2026-01-01", 5),
        (5, "5"),
        (0, None),
        (0, False),
        (0, True),
        (0, {}),
        (0, []),
        ("2026-01-01", "soon"),
        ("2026-01-01", "20270101"),
        ("2026-01-01", ""),
    ],
)
def test_what_cannot_be_compared_lies_within_no_bounds(bound: Any, found: Any) -> None:
    assert not holds({"$gte": bound}, found)
    assert not holds({"$lte": bound}, found)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("20260115", "2026-01-15"),
        ("2026-W03-4", "2026-01-15"),
        ("20260115T00", "2026-01-15"),
        ("2026-01-15-A", "2026-01-15"),
        ("2026-1-15", "2026-01-15"),
    ],
)
def test_a_number_of_a_job_that_could_be_a_date_is_a_text(found: str, wanted: str) -> None:
    assert not holds(wanted, found)
    assert not holds(found, wanted)
    assert holds(found, found)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3), st.text(max_size=9))
def test_a_path_leads_somewhere_or_to_nothing(row: dict[str, Any], path: str) -> None:
    found: Any = row
    for name in path.split("."):
        found = found[name] if isinstance(found, dict) and name in found else None
    assert value_at(row, path) == found


def test_a_path_leads_into_objects_and_not_into_lists() -> None:
    row = {"metadata": {"a": {"b": 1}, "l": [{"b": 2}], "n": None, "x.y": 3, "x": {"y.z": {"": 4}}}}
    assert [value_at(row, path) for path in ("metadata.x.y", "metadata.x.y.z.", "metadata.x.y.z")] == [3, 4, {"": 4}]
    assert [value_at(row, path) for path in ("metadata.a.b", "metadata.l.0.b", "metadata.n.b", "metadata.a.")] == [
        1,
        None,
        None,
        None,
    ]


# --- bounds ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["$gte", "$lte"]), MOMENTS), max_size=5))
def test_bounds_leave_out_nothing_that_fits(limits: list[tuple[str, datetime]]) -> None:
    filters = [Filter("createdAt", operator, moment.isoformat()) for operator, moment in limits]
    since, until = bounds_of(filters, "createdAt")
    for _operator, moment in limits:
        fits = all(each.holds({"createdAt": moment.isoformat()}) for each in filters)
        within = (since is None or moment >= since) and (until is None or moment <= until)
        assert fits is within


def test_bounds_of_numbers_and_of_other_paths_are_none() -> None:
    filters = parse_filters(
        '{"createdAt": "2026-01-01", "retryCount": {"$gte": 5}, "metadata.createdAt": {"$lte": "2026-01-01"}}', FIELDS
    )
    assert bounds_of(filters, "createdAt") == (None, None)


# --- sorting ---------------------------------------------------------------------------------------------------------


@given(st.lists(JSON | st.just(HUGE), max_size=8), st.randoms(use_true_random=False))
def test_any_values_can_be_sorted_and_always_alike(values: list[Any], chance: random.Random) -> None:
    once = sorted(values, key=sort_key)
    chance.shuffle(values)
    assert [sort_key(value) for value in sorted(values, key=sort_key)] == [sort_key(value) for value in once]


@given(JSON, JSON, JSON)
def test_the_order_is_total(a: Any, b: Any, c: Any) -> None:
    first, second, third = sort_key(a), sort_key(b), sort_key(c)
    assert (first < second) + (first == second) + (first > second) == 1
    if first <= second <= third:
        assert first <= third


def test_absent_values_come_first_then_numbers_then_texts() -> None:
    values = ["b", {"x": 1}, 3, None, "a", HUGE, 2.5, -1, [1]]
    assert sorted(values, key=sort_key) == [None, -1, 2.5, 3, HUGE, "a", "b", [1], {"x": 1}]
