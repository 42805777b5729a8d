"""Whatever is sent, the answer is one that the OpenAPI document has, and no server error."""

from __future__ import annotations

import json
from functools import cache
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.api.api_world import ApiWorld, an_order

JOBS = "/ocr-invoice-job"

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_orders = st.builds(
    lambda changes, left_out: {name: part for name, part in an_order(**changes).items() if name not in left_out},
    st.dictionaries(
        st.sampled_from([*an_order(), "documentType", "group", "priority", "createdBy", "metadata", "more"]),
        _json
        | st.sampled_from(["pdf", "urgent", "https://a/b", "http://a/b", "s3://documents/documents/acme/1/a", {}]),
        max_size=4,
    ),
    st.sets(st.sampled_from(["jobNumber", "documentName", "documentUrl", "template"]), max_size=1),
)
_paths = st.sampled_from(
    [
        "total",
        "currency",
        "type",
        "issue_date",
        "supplier.name",
        "supplier",
        "lines",
        "lines.0",
        "taxes",
        "lines.x",
        "lines.0.quantity",
    ]
) | st.text(max_size=10)
_values = st.dictionaries(
    _paths,
    _json | st.sampled_from(["1", "1e9", "2026-01-01", [{"quantity": 1}], [{"nothing": 1}], "invoice"]),
    max_size=3,
)
_conditions = st.dictionaries(
    st.sampled_from(["status", "_id", "jobNumber", "createdAt", "metadata.a", "progress.percentage", "nothing"]),
    _json | st.dictionaries(st.sampled_from(["$in", "$gte", "$lte", "$eq"]), _json | st.lists(_json), max_size=2),
    max_size=2,
)
_any_request = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def _world() -> ApiWorld:
    return ApiWorld()


@cache
def _captured() -> str:
    return _world().captured("captured")


@cache
def _created() -> str:
    return _world().create("created")


@_any_request
@given(_json | _orders)
def test_any_json_creates_or_is_refused(body: Any) -> None:
    answer = _world().call("POST", JOBS, json.dumps(body))
    assert answer.status in (201, 400)
    if answer.status == 201:
        shown = _world().call("GET", f"{JOBS}/{answer.data['_id']}").data
        given_fields = {name: part for name, part in body.items() if name != "more"}
        assert given_fields.items() <= shown.items()


@_any_request
@given(_json | _orders)
def test_any_json_updates_or_is_refused(body: Any) -> None:
    assert _world().call("PUT", f"{JOBS}/{_created()}", json.dumps(body)).status in (200, 400)


@_any_request
@given(_json | st.builds(lambda values: {"values": values}, _values))
def test_any_json_confirms_or_is_refused(body: Any) -> None:
    assert _world().call("POST", f"{JOBS}/{_captured()}/confirm", json.dumps(body)).status in (200, 400)
    # Whatever was confirmed can be shown.
    assert _world().call("GET", f"{JOBS}/{_captured()}").status == 200
    assert _world().call("GET", f"{JOBS}/{_captured()}/invoice").status == 200


@_any_request
@given(_json | st.fixed_dictionaries({"documentName": st.text(max_size=300)}, optional={"documentType": _json}))
def test_any_json_offers_an_upload_or_is_refused(body: Any) -> None:
    assert _world().call("POST", "/uploads", json.dumps(body)).status in (201, 400)


@_any_request
@given(st.text(max_size=200))
def test_any_text_is_refused_or_json(body: str) -> None:
    assert _world().call("POST", JOBS, body).status in (201, 400)


@_any_request
@given(
    st.dictionaries(
        st.sampled_from(["limit", "offset", "sort", "order", "filter", "search", "nextToken", "other"]),
        st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=20)
        | st.integers().map(str)
        | st.sampled_from(["createdAt", "metadata", "status", "asc"])
        | _conditions.map(json.dumps),
        max_size=4,
    )
)
def test_any_query_lists_or_is_refused(query: dict[str, str]) -> None:
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    answer = _world().call("GET", f"{JOBS}?{text}")
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert len(answer.data) <= answer.json["total"]


@_any_request
@given(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]), st.text(max_size=30))
def test_any_path_is_answered(method: str, path: str) -> None:
    answer = _world().call(method, f"/{path.replace('?', '')}")
    assert answer.status in (200, 302, 400, 404, 405)
