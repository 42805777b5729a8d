"""Jobs as the contract has them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_capture.api.presentation import (
    confidence,
    extracted_data,
    format_of,
    job_object,
    results_object,
    row,
    status_of,
    submission_entry,
    texts,
    validation_results,
)
from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.invoice import Invoice, InvoiceField, Line, Party
from invoice_capture.domain.job import Job, JobStatus, Order
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.domain.timestamps import timestamp
from invoice_capture.ports import StoredInvoice
from tests.fakes.world import START
from tests.unit.api.api_world import INVOICE, SUMMARY

ORDER = Order("acme", "N1", "scan.TIF", "https://files.example/a?signature=secret", "60f7", metadata={"a": 1})
JOB = Job(
    job_id="A",
    document=DocumentPointer("documents", "documents/acme/A/scan.TIF", None, 0, is_stored=False),
    route=("abbyy", "embedded"),
    status=JobStatus.CREATED,
    created_at=START,
    updated_at=START,
    deadline_at=START + timedelta(hours=1),
    order=ORDER,
)
CAPTURED = replace(
    JOB,
    status=JobStatus.CAPTURED,
    document=replace(JOB.document, version_id="v1", size=7, is_stored=True),
    started_at=START,
    finished_at=START + timedelta(seconds=61.2345),
    updated_at=START + timedelta(seconds=61.2345),
    provider="abbyy",
    summary=SUMMARY,
)
STORED = StoredInvoice(INVOICE.to_json(), [], START)

WORDS = {
    JobStatus.CREATED: "created",
    JobStatus.RECEIVED: "queued",
    JobStatus.SUBMITTED: "processing",
    JobStatus.ACTION_REQUIRED: "processing",
    JobStatus.CAPTURED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.REJECTED: "failed",
    JobStatus.DUPLICATE: "failed",
    JobStatus.CANCELLED: "cancelled",
}


@pytest.mark.parametrize("status", JobStatus)
def test_every_status_has_its_word_and_its_progress(status: JobStatus) -> None:
    job = replace(CAPTURED, status=status)
    shown = row(job, job)
    assert shown["status"] == status_of(job) == WORDS[status]
    assert 0 <= shown["progress"]["percentage"] <= 100
    assert (shown["progress"]["percentage"] == 100) == status.is_terminal
    assert ("completedAt" in shown) == ("processingTime" in shown) == status.is_terminal


def test_a_new_job_has_what_is_known_and_nothing_else() -> None:
    assert row(JOB, JOB) == {
        "_id": "A",
        "jobNumber": "N1",
        "documentName": "scan.TIF",
        "documentUrl": "https://files.example/a?signature=secret",
        "template": "60f7",
        "status": "created",
        "priority": "medium",
        "progress": {"percentage": 0, "currentStep": "waiting to be started", "totalSteps": 3},
        "retryCount": 0,
        "metadata": {"a": 1},
        "createdAt": "2026-03-31T12:00:00.000Z",
        "updatedAt": "2026-03-31T12:00:00.000Z",
        "route": ["abbyy", "embedded"],
        "possibleDoubleCharge": False,
    }


def test_a_captured_job_has_the_whole_invoice() -> None:
    shown = job_object(CAPTURED, CAPTURED, STORED)
    assert shown["extractedData"] == {
        "invoice": {
            "number": "2026-001",
            "date": "2026-03-12",
            "supplier": {"name": "Example Ltd", "taxId": "IE6388047V"},
            "amounts": {"subtotal": 100.0, "tax": 19.0, "total": 119.0, "currency": "EUR"},
        },
        "lineItems": [{"description": "Paper", "quantity": 4.0, "unitPrice": 25.0, "amount": 100.0}],
    }
    assert shown["processingTime"] == 61.234
    assert shown["completedAt"] == "2026-03-31T12:01:01.234Z"
    assert shown["documentInfo"] == {"size": 7, "format": "tiff"}
    assert shown["validationResults"] == {"isValid": True, "errors": []}
    results = results_object(CAPTURED, STORED)
    assert all(shown[name] == results[name] for name in results)  # type: ignore[literal-required]


def test_confidence_is_of_what_is_shown_and_known() -> None:
    told = confidence(STORED)
    # The currency's is not known.
    assert "invoice.amounts.currency" not in told["fields"]
    assert told["fields"]["invoice.supplier.taxId"] == 0.8
    assert told["fields"]["lineItems.0.unitPrice"] == 0.7
    assert len(told["fields"]) == 11
    assert told["overall"] == round(sum(told["fields"].values()) / 11, 4)
    assert confidence(StoredInvoice(Invoice().to_json(), [], START)) == {"fields": {}}


def test_of_two_tax_ids_the_vat_number_goes_first() -> None:
    both = Party(vat_number=InvoiceField(value="DE1"), tax_number=InvoiceField(value="12/3"))
    one = Party(tax_number=InvoiceField(value="12/3"))
    assert [_extracted(Invoice(supplier=party))["invoice"]["supplier"] for party in (both, one)] == [
        {"taxId": "DE1"},
        {"taxId": "12/3"},
    ]


def test_a_line_without_net_amount_shows_its_gross_one() -> None:
    lines = (Line(total=InvoiceField(value=Decimal("11.90"))), Line())
    assert _extracted(Invoice(lines=lines)) == {"lineItems": [{"amount": 11.9}, {}]}


def test_a_number_that_is_none_in_json_is_left_out() -> None:
    assert _extracted(Invoice(total=InvoiceField(value=Decimal("1E+999")))) == {}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9))
def test_money_is_the_nearest_number(amount: Decimal) -> None:
    shown = _extracted(Invoice(total=InvoiceField(value=amount)))["invoice"]["amounts"]["total"]
    assert json.loads(json.dumps(shown)) == float(amount)


def _extracted(invoice: Invoice) -> dict[str, Any]:
    return dict(extracted_data(StoredInvoice(invoice.to_json(), [], START)))


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("total", "invoice.amounts.total"),
        ("invoice_number", "invoice.number"),
        ("supplier.vat_number", "invoice.supplier.taxId"),
        ("supplier.iban", "supplier.iban"),
        ("lines", "lineItems"),
        ("lines[3].subtotal", "lineItems.3.amount"),
        ("lines[12].discount", "lineItems.12.discount"),
        ("taxes[0].amount", "taxes[0].amount"),
    ],
)
def test_findings_name_the_contracts_fields(field: str, name: str) -> None:
    finding = {"code": "c", "severity": "warning", "message": "m", "fields": [field, "other"]}
    told = validation_results(StoredInvoice({}, [finding], START))
    assert told == {"isValid": True, "errors": [{"field": name, "message": "m", "severity": "warning"}]}


def test_an_error_among_the_findings_makes_an_invoice_invalid() -> None:
    findings = [
        {"code": "c", "severity": severity, "message": "m", "fields": []}
        for severity in ("warning", "error", "warning")
    ]
    told = validation_results(StoredInvoice({}, findings, START))
    assert told["isValid"] is False
    assert [error["severity"] for error in told["errors"]] == ["warning", "error", "warning"]


def test_a_duplicate_keeps_its_order_and_shows_the_first_jobs_run() -> None:
    again = replace(
        JOB,
        job_id="B",
        status=JobStatus.DUPLICATE,
        duplicate_of="A",
        finished_at=START,
        order=replace(ORDER, group="g"),
    )
    shown = row(again, CAPTURED)
    assert (shown["_id"], shown["group"], shown["duplicateOf"]) == ("B", "g", "A")
    assert (shown["status"], shown["completedAt"]) == ("completed", "2026-03-31T12:01:01.234Z")
    assert shown["extractedData"]["invoice"]["number"] == "2026-001"
    waiting = row(again, replace(CAPTURED, status=JobStatus.SUBMITTED, finished_at=None, summary=None))
    assert waiting["status"] == "processing"
    assert "completedAt" not in waiting
    failed = row(again, replace(JOB, status=JobStatus.FAILED, error_code="NoCredit", error_message="Top it up."))
    assert (failed["status"], failed["errorLog"]) == ("failed", "NoCredit: Top it up.")


def test_a_person_is_sent_to_the_provider_only_while_one_is_needed() -> None:
    job = replace(CAPTURED, status=JobStatus.ACTION_REQUIRED, action_url="https://verify.example/1")
    assert row(job, job)["actionUrl"] == "https://verify.example/1"
    done = replace(job, status=JobStatus.CAPTURED)
    assert "actionUrl" not in row(done, done)


def test_a_search_does_not_see_signatures_or_metadata() -> None:
    found = list(texts(row(CAPTURED, CAPTURED)))
    assert "https://files.example/a" in found
    assert {"N1", "scan.TIF", "60f7", "2026-001", "Example Ltd"} <= set(found)
    assert not any("secret" in text for text in found)
    assert list(texts({})) == [""]


def test_a_submission_is_told_without_what_opens_anything() -> None:
    submission = Submission(
        job_id="A",
        number=2,
        provider="abbyy",
        state=SubmissionState.FAILED,
        document=CAPTURED.document,
        kind=DocumentKind.PDF,
        task_token="secret-token",
        reference="secret-reference",
        created_at=START,
        deadline_at=START,
        submitted_at=START,
        error_code="NoCredit",
        error_message="Top it up.",
    )
    assert submission_entry(submission) == {
        "number": 2,
        "provider": "abbyy",
        "state": "FAILED",
        "attempts": 0,
        "checks": 0,
        "createdAt": "2026-03-31T12:00:00.000Z",
        "possibleDoubleCharge": False,
        "submittedAt": "2026-03-31T12:00:00.000Z",
        "errorCode": "NoCredit",
        "errorMessage": "Top it up.",
    }


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1)), st.integers(-720, 720))  # noqa: DTZ001
def test_times_are_utc_with_milliseconds(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = timestamp(aware)
    assert len(text) == 24
    assert text.endswith("Z")
    assert timedelta() <= aware - datetime.fromisoformat(text) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.pdf", "pdf"),
        ("a.b.TIF", "tiff"),
        ("a.JPEG", "jpeg"),
        ("a", None),
        ("pdf", None),
        ("a.doc", None),
        ("a.", None),
    ],
)
def test_a_name_says_the_format(name: str, format: str | None) -> None:
    assert format_of(name) == format
