"""Invoices of more lines than Lambda answers with: in parts, and said where there is no room."""

from __future__ import annotations

import json

import pytest

from invoice_capture.api import envelopes, jobs_api
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line
from tests.unit.api.api_world import INVOICE, ApiWorld

JOBS = "/ocr-invoice-job"


def a_long_invoice(world: ApiWorld, lines: int) -> str:
    """The id of a captured job whose invoice has so many lines."""
    job_id = world.create()
    world.call("POST", f"{JOBS}/{job_id}/process")
    world.store_document(job_id)
    text = InvoiceField[str](value="Über alles", confidence=0.9, source="text")
    lines_of_it = tuple(Line(description=text, product_code=text) for _ in range(lines))
    world.capture(job_id, INVOICE.model_copy(update={"lines": lines_of_it}))
    return job_id


def test_a_long_invoice_comes_in_parts(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelopes, "_MOST_LIST_BYTES", 20_000)
    job_id = a_long_invoice(world, 50)
    sizes: list[int] = []
    start: int | None = 0
    while start is not None:
        answer = world.call("GET", f"{JOBS}/{job_id}/invoice?fromLine={start}")
        assert answer.status == 200
        sizes.append(len(answer.data["invoice"]["lines"]))
        start = answer.data.get("nextLine")
    assert sum(sizes) == 50
    assert len(sizes) > 1
    assert all(sizes)
    assert world.call("GET", f"{JOBS}/{job_id}/invoice?fromLine=50").data["invoice"]["lines"] == []
    assert "nextLine" not in world.call("GET", f"{JOBS}/{world.captured('N2')}/invoice").data


def test_each_part_is_what_lambda_can_answer_with() -> None:
    lines = Invoice(lines=(Line(description=InvoiceField(value='"Ü"\n' * 60)),)).to_json()["lines"] * 9_000
    start: int | None = 0
    parts = 0
    while start is not None:
        some, start = envelopes.as_many_as_fit(lines, start)
        assert envelopes.written_size(json.dumps(some)) < 5 * 1024**2
        parts += 1
    assert parts > 2


def test_what_no_answer_has_room_for_says_where_it_is(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_api, "_MOST_BODY_BYTES", 3_000)
    monkeypatch.setattr(jobs_api, "_CERTAINLY_FITS", 1_000)
    job_id = a_long_invoice(world, 50)
    for path in (f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/results"):
        answer = world.call("GET", path)
        assert answer.status == 413
        assert "fromLine" in answer.json["message"]
    assert world.call("GET", f"{JOBS}?limit=1").status == 200
