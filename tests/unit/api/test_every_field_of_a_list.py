"""Every field that a job has can be filtered and sorted by, exactly, or is refused: a list is never empty by mistake.

The fields are those of the OpenAPI document, the values those that a list itself shows of jobs that differ in all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from invoice_capture.api.listable import FILTERABLE, SORTABLE
from invoice_capture.domain.filters import Kind, sort_key, value_at
from invoice_capture.domain.invoice import Invoice, InvoiceField, InvoiceType, Party
from invoice_capture.domain.job import JobStatus
from tests.unit.api.api_world import INVOICE, Answer, ApiWorld, document

JOBS = "/ocr-invoice-job"
CREDIT_NOTE = Invoice(
    invoice_number=InvoiceField(value="C-7", confidence=0.5),
    type=InvoiceField(value=InvoiceType.CREDIT_NOTE, confidence=0.5),
    issue_date=InvoiceField(value=date(2026, 2, 1), confidence=0.5),
    currency=InvoiceField(value="GBP", confidence=0.5),
    supplier=Party(
        name=InvoiceField(value="Another Ltd", confidence=0.5),
        iban=InvoiceField(value="GB00NONE00000000000000", confidence=0.5),
    ),
    subtotal=InvoiceField(value=Decimal("10.00"), confidence=0.5),
    tax_total=InvoiceField(value=Decimal("1.00"), confidence=0.5),
    total=InvoiceField(value=Decimal("12.00"), confidence=0.5),
)
# No two jobs can differ in it.
CONSTANT = {"progress.totalSteps"}


def paths(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every field below a schema, objects and what lies in lists as well."""
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    if schema.get("type") == "array":
        yield from paths(schema["items"], prefix)
    for name, part in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        yield path
        yield from paths(part, path)


FIELDS = list(paths({"$ref": "#/components/schemas/OcrInvoiceJob"}))


@pytest.fixture(scope="module")
def different() -> ApiWorld:
    """Jobs of which every field has two values at least."""
    world = ApiWorld()
    first = world.captured(
        "N1", group="march", documentType="pdf", createdBy="ada", documentName="a.pdf", metadata={"a": {"b.c": 1}}
    )
    world.call("POST", f"{JOBS}/{first}/confirm", {"values": {"type": "invoice"}})
    world.clock.forward(100)
    second = world.create(
        "N2",
        group="april",
        documentType="png",
        createdBy="bob",
        documentName="b.png",
        documentUrl="https://files.example/b.png",
        template="receipts",
        priority="urgent",
        metadata={"a": {"b.c": 2}},
    )
    world.call("POST", f"{JOBS}/{second}/process")
    world.documents.put(world.jobs.jobs[second].document.key, b"x" * 99)
    world.change(second, document=world.documents.put(world.jobs.jobs[second].document.key, b"x" * 99))
    world.capture(second, CREDIT_NOTE, seconds=7)
    world.clock.forward(100)
    world.call("POST", f"{JOBS}/{second}/confirm", {})
    world.change(second, provider="abbyy", retries=2, possible_double_charge=True)
    for number, first_job in (("N3", first), ("N4", second)):
        again = world.create(number)
        world.change(again, status=JobStatus.DUPLICATE, duplicate_of=first_job)
        world.clock.forward(1)
    for number in (1, 2):
        waiting = world.create(f"W{number}")
        world.change(
            waiting,
            status=JobStatus.ACTION_REQUIRED,
            action_url=f"https://verify.example/{number}",
            remark=f"The provider says {number}.",
        )
        failed = world.create(f"F{number}")
        world.change(
            failed, status=JobStatus.FAILED, error_code="LinkBroken", error_message=f"Nothing lies at {number}."
        )
        world.clock.forward(1)
    return world


def listed(world: ApiWorld, **query: Any) -> Answer:
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return world.call("GET", f"{JOBS}?limit=100&{text}")


def filtered(world: ApiWorld, path: str, wanted: Any) -> Answer:
    return listed(world, filter=json.dumps({path: wanted}))


def values_of(row: dict[str, Any], path: str) -> list[Any]:
    found = value_at(row, path)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("path", FIELDS)
def test_a_field_is_exact_or_refused(different: ApiWorld, path: str) -> None:
    if path not in FILTERABLE:
        for answer in (filtered(different, path, "x"), filtered(different, path, None), listed(different, sort=path)):
            assert answer.status == 400
            assert f"{path!r}; it can by" in answer.json["message"]
        return
    rows = listed(different).data
    known = [value for row in rows for value in values_of(row, path) if value is not None]
    distinct = list(dict.fromkeys(known))
    assert len(distinct) > 1 or (distinct and path in CONSTANT), f"no two jobs differ in {path}"
    for wanted in [*distinct, None]:
        fitting = [row["_id"] for row in rows if any(value == wanted for value in values_of(row, path))]
        for condition in (wanted, {"$in": [wanted]}):
            answer = filtered(different, path, condition)
            assert (answer.status, [row["_id"] for row in answer.data]) == (200, fitting)
            assert answer.json["total"] == len(fitting)
    if FILTERABLE[path].kind in {Kind.NUMBER, Kind.MOMENT}:
        bound = sorted(known)[len(known) // 2]
        assert [row["_id"] for row in filtered(different, path, {"$gte": bound}).data] == [
            row["_id"] for row in rows if value_at(row, path) is not None and value_at(row, path) >= bound
        ]
        assert [row["_id"] for row in filtered(different, path, {"$lte": bound}).data] == [
            row["_id"] for row in rows if value_at(row, path) is not None and value_at(row, path) <= bound
        ]


@pytest.mark.parametrize("path", SORTABLE)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_list_is_in_the_order_of_a_field(different: ApiWorld, path: str, order: str) -> None:
    rows = listed(different, sort=path, order=order).data
    keys = [sort_key(value_at(row, path)) for row in rows]
    assert keys == sorted(keys, reverse=order == "desc")
    assert len(rows) == listed(different).json["total"]


@pytest.mark.parametrize("path", FILTERABLE)
def test_what_no_job_can_have_is_refused(different: ApiWorld, path: str) -> None:
    kind = FILTERABLE[path].kind
    path = path.replace("*", "x")
    wrong: list[Any] = [{"$in": [[1]]}, {"$like": "x"}, {}, []]
    if kind is not Kind.ANYTHING:
        wrong += [7] if kind in {Kind.TEXT, Kind.MOMENT, Kind.TRUTH} else ["abc", {"$gte": "abc"}]
        wrong += [{"$gte": True}]
    for wanted in wrong:
        answer = filtered(different, path, wanted)
        assert (answer.status, answer.json["errors"][0]["field"]) == (400, "filter"), wanted


def test_only_fields_of_a_job_are_in_the_tables() -> None:
    assert set(SORTABLE) <= set(FIELDS)
    assert set(FILTERABLE) - set(SORTABLE) == {"metadata.*"}
    told = {each["name"]: each for each in document()["paths"][JOBS]["get"]["parameters"]}
    assert told["sort"]["schema"]["enum"] == list(SORTABLE)


def test_what_a_client_put_into_metadata_is_found(different: ApiWorld) -> None:
    assert [row["jobNumber"] for row in filtered(different, "metadata.a.b.c", {"$gte": 2}).data] == ["N2"]
    assert filtered(different, "metadata.a.b", 1).json["total"] == 0


def test_the_conditions_of_the_first_contact_find_what_there_is(different: ApiWorld) -> None:
    """Both once answered that there is no such job."""
    assert filtered(different, "validationResults.isValid", True).json["total"] == 2
    assert filtered(different, "validationResults.isValid", False).json["total"] == 2
    assert filtered(different, "confidence.overall", {"$lte": 0.98}).json["total"] == 4
    assert filtered(different, "findings", "total_mismatch").json["total"] == 2


def test_a_row_says_the_same_as_its_job(different: ApiWorld) -> None:
    for row in listed(different).data:
        shown = different.call("GET", f"{JOBS}/{row['_id']}").data
        for path in SORTABLE:
            assert value_at(row, path) == value_at(shown, path), path


def test_a_confirmation_is_in_the_list_at_once(world: ApiWorld) -> None:
    job_id = world.captured()
    assert filtered(world, "extractedData.invoice.amounts.total", 119).json["total"] == 1
    assert filtered(world, "invoiceType", "credit_note").json["total"] == 0
    world.call("POST", f"{JOBS}/{job_id}/confirm", {"values": {"total": "120.00", "type": "credit_note"}})
    assert filtered(world, "extractedData.invoice.amounts.total", 119).json["total"] == 0
    assert filtered(world, "invoiceType", "credit_note").json["total"] == 1
    assert filtered(world, "validationResults.isValid", False).json["total"] == 1


def test_a_row_of_an_earlier_release_is_not_known_and_fits_no_comparison(world: ApiWorld) -> None:
    """Its summary had neither confidence nor findings; confirming the invoice adds them."""
    job_id = world.captured()
    summary = {"invoice_number": "R-1", "issue_date": None, "type": "invoice", "currency": "EUR", "total": "1.00"}
    world.change(job_id, summary=summary | {"supplier": None})
    [row] = listed(world).data
    assert not {"confidence", "validationResults", "findings"} & set(row)
    assert row["invoiceType"] == "invoice"
    for wanted in (True, False):
        assert filtered(world, "validationResults.isValid", wanted).json["total"] == 0
    for bounds in ({"$gte": 0}, {"$lte": 1}):
        assert filtered(world, "confidence.overall", bounds).json["total"] == 0
    for path in ("confidence.overall", "validationResults.isValid", "findings"):
        assert [row["_id"] for row in filtered(world, path, None).data] == [job_id]
    world.call("POST", f"{JOBS}/{job_id}/confirm", {})
    assert filtered(world, "validationResults.isValid", True).json["total"] == 1


def test_what_a_provider_does_not_say_is_not_known(world: ApiWorld) -> None:
    job_id = world.create()
    world.call("POST", f"{JOBS}/{job_id}/process")
    unsure = INVOICE.model_copy(update={"lines": (), "supplier": Party()})
    for name in ("invoice_number", "issue_date", "currency", "subtotal", "tax_total", "total"):
        unsure = unsure.model_copy(update={name: getattr(INVOICE, name).model_copy(update={"confidence": None})})
    world.capture(job_id, unsure)
    [row] = listed(world).data
    assert "confidence" not in row
    assert filtered(world, "confidence.overall", None).json["total"] == 1
