"""The provider on the wire: what a submission, a poll and a result cost in requests, and how each may end."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.ports import PollState
from invoice_capture.providers.ocr_job.mapping import FAILURES, STATUSES
from tests.fakes.attempts import begin

NUMBER = "01KN1W7MG0AYEVZ1JH1T0R8VT6"
LIST, CREATE = "GET /ocr-invoice-job", "POST /ocr-invoice-job"
READ, UPDATE = "GET /ocr-invoice-job/job-1", "PUT /ocr-invoice-job/job-1"
PROCESS = "POST /ocr-invoice-job/job-1/process"
STARTED = {"jobId": "job-1", "status": "queued"}
EXTRACTED = {"invoice": {"number": "R-1", "amounts": {"total": 119.0, "currency": "EUR"}}}


def job(reference="job-1", status="created", **parts):
    return {"_id": reference, "jobNumber": NUMBER, "status": status} | parts


def rows(submission, *references):
    return [replace(submission, reference=reference, state=SubmissionState.PENDING) for reference in references]


# --- submitting ------------------------------------------------------------------------------------------------------


def test_a_document_is_created_as_a_link_and_then_processed(server, provider, submission) -> None:
    server.accepts(job(), status=201).accepts(job()).accepts(STARTED)
    assert provider.submit(submission, b"%PDF", begin) == "job-1"
    assert server.lines == [CREATE, READ, PROCESS]
    assert json.loads(server.requests[0].body) == {
        "jobNumber": NUMBER,
        "documentName": "Façade 7.pdf",
        "documentUrl": "https://documents.example.com/incoming/Façade 7.pdf?X-Amz-Signature=signed1",
        "documentType": "pdf",
        "template": "template-1",
    }
    assert server.requests[0].headers["api-key"] == "key-of-the-test-account"


def test_settings_of_the_route_are_sent_along(server, with_settings, context, submission) -> None:
    provider = with_settings(
        group="group-1", priority="urgent", metadata='{"costCentre": 7}', document_url_seconds="600"
    )
    created = job(jobNumber=f"{NUMBER}-2")
    server.accepts(created, status=201).accepts(created).accepts(STARTED)
    provider.submit(replace(submission, number=2), b"%PDF", begin)
    sent = json.loads(server.requests[0].body)
    assert sent["jobNumber"] == f"{NUMBER}-2"
    assert (sent["group"], sent["priority"], sent["metadata"]) == ("group-1", "urgent", {"costCentre": 7})
    assert context.documents.links == [("incoming/Façade 7.pdf", 600)]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (DocumentKind.PDF, "pdf"),
        (DocumentKind.PNG, "png"),
        (DocumentKind.JPEG, "jpg"),
        (DocumentKind.TIFF, "tiff"),
        (DocumentKind.BMP, "bmp"),
        (DocumentKind.E_INVOICE, None),
    ],
)
def test_the_type_of_a_document_is_a_word_of_the_contract_or_left_out(server, provider, submission, kind, word) -> None:
    server.accepts(job(), status=201).accepts(job()).accepts(STARTED)
    provider.submit(replace(submission, kind=kind), b"", begin)
    assert json.loads(server.requests[0].body).get("documentType") == word


def test_a_job_whose_creation_was_not_answered_is_found_and_started_with_a_fresh_link(
    server, provider, submission
) -> None:
    server.breaks_off()
    with pytest.raises(ProviderUnavailable):
        provider.submit(submission, b"%PDF", begin)
    server.answers_with({"message": "jobNumber exists already"}, 400)
    server.accepts([job()], total=1).accepts(job()).accepts(STARTED)
    assert provider.submit(submission, b"%PDF", begin) == "job-1"
    assert server.lines == [CREATE, CREATE, LIST, UPDATE, PROCESS]
    assert json.loads(server.requests[2].query["filter"]) == {"jobNumber": NUMBER}
    assert "signed2" in json.loads(server.requests[3].body)["documentUrl"]


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"created"}))
def test_a_job_that_was_started_is_never_started_again(server, provider, submission, status) -> None:
    server.answers_with({}, 400).accepts([job(status=status)])
    assert provider.submit(submission, b"%PDF", begin) == "job-1"
    server.accepts([job(status=status)])
    assert provider.find(submission) == "job-1"
    assert server.lines == [CREATE, LIST, LIST]


def test_a_job_that_is_refused_and_does_not_exist_is_refused(server, provider, submission) -> None:
    server.answers_with({"message": "template is unknown"}, 400).accepts([], total=0)
    with pytest.raises(RequestRefused, match="template is unknown"):
        provider.submit(submission, b"%PDF", begin)


def test_a_start_that_was_not_answered_is_in_doubt_and_settled_by_looking(server, provider, submission) -> None:
    server.accepts(job(), status=201).accepts(job()).breaks_off()
    with pytest.raises(SubmissionInDoubt):
        provider.submit(submission, b"%PDF", begin)
    server.accepts([job(status="queued")])
    assert provider.find(submission) == "job-1"
    assert server.lines == [CREATE, READ, PROCESS, LIST]


def test_a_found_job_that_was_never_started_is_started(server, provider, submission) -> None:
    server.accepts([job()]).accepts(job()).accepts(STARTED)
    assert provider.find(submission) == "job-1"
    assert server.lines == [LIST, UPDATE, PROCESS]


def test_losing_the_answer_while_settling_a_doubt_is_settled_by_looking_again(server, provider, submission) -> None:
    server.accepts([job()]).accepts(job()).breaks_off()
    with pytest.raises(ProviderUnavailable):
        provider.find(submission)


def test_a_job_that_the_provider_does_not_know_is_not_found(server, provider, submission) -> None:
    server.accepts([{**job("job-2"), "jobNumber": f"{NUMBER}-2"}])
    assert provider.find(submission) is None


def test_wrong_credentials_and_limits_are_told_apart(server, provider, submission) -> None:
    server.answers_with({}, 401)
    with pytest.raises(CredentialsRefused, match="'api_key'"):
        provider.submit(submission, b"%PDF", begin)
    server.answers_with({}, 429, Retry_After="3")
    with pytest.raises(RateLimited):
        provider.submit(submission, b"%PDF", begin)


def test_a_number_that_exists_and_is_not_listed_yet_is_asked_for_again(server, provider, submission) -> None:
    server.answers_with({"message": "jobNumber must be unique: it exists already."}, 400).accepts([], total=0)
    with pytest.raises(ProviderUnavailable, match="exists already"):
        provider.submit(submission, b"%PDF", begin)


def test_of_two_jobs_with_one_number_the_one_that_was_started_is_gone_on_with(server, provider, submission) -> None:
    both = [job("job-1"), job("job-2", "processing"), job("job-3", jobNumber=f"{NUMBER}-2")]
    server.accepts(both).accepts(both)
    assert provider.find(submission) == "job-2"
    assert provider.copies(submission) == 2
    assert server.lines == [LIST, LIST]


def test_a_job_of_another_submission_is_never_started(server, provider, submission) -> None:
    server.accepts(job("job-9", jobNumber="another"), status=201)
    with pytest.raises(ProviderUnavailable, match="another submission"):
        provider.submit(submission, b"%PDF", begin)
    assert server.lines == [CREATE]


def test_a_creation_that_is_answered_with_another_submissions_job_starts_nothing(server, provider, submission) -> None:
    """Its document would be paid for once more, and nobody would know."""
    server.accepts(job(), status=201).accepts(job(jobNumber="another", status="processing"))
    with pytest.raises(ProviderUnavailable, match="another submission"):
        provider.submit(submission, b"%PDF", begin)
    assert server.lines == [CREATE, READ]


def test_a_new_job_that_is_not_known_everywhere_yet_is_started(server, provider, submission) -> None:
    server.accepts(job(), status=201).answers_with({}, 404).accepts(STARTED)
    assert provider.submit(submission, b"%PDF", begin) == "job-1"


@pytest.mark.parametrize(("status", "begun"), [("created", 1), ("processing", 0)])
def test_a_later_attempt_begins_when_a_job_is_started_that_is_not_yet(
    server, provider, submission, status: str, begun: int
) -> None:
    server.answers_with({"message": "jobNumber exists already"}, 400).accepts([job(status=status)], total=1)
    server.accepts(job()).accepts(STARTED)
    beginnings = []
    in_doubt = replace(submission, attempts=1)
    assert provider.submit(in_doubt, b"%PDF", lambda: beginnings.append(len(server.requests))) == "job-1"
    assert len(beginnings) == begun
    assert server.lines == ([CREATE, LIST, UPDATE, PROCESS] if begun else [CREATE, LIST])
    assert beginnings in ([], [3]), "right before it is started"


def test_a_start_that_is_answered_for_another_job_is_in_doubt(server, provider, submission) -> None:
    server.accepts(job(), status=201).accepts(job()).accepts({"jobId": "job-9", "status": "queued"})
    with pytest.raises(SubmissionInDoubt, match="job-9"):
        provider.submit(submission, b"%PDF", begin)


# --- checking --------------------------------------------------------------------------------------------------------


def test_one_request_checks_a_whole_batch(server, provider, submission) -> None:
    batch = rows(submission, *(f"job-{number}" for number in range(100)))
    server.accepts([job(f"job-{number}", "processing") for number in range(100)], total=100)
    results = provider.poll(batch)
    assert server.lines == [LIST]
    assert server.requests[0].query["limit"] == "100"
    assert json.loads(server.requests[0].query["filter"]) == {"_id": {"$in": [row.reference for row in batch]}}
    assert {result.state for result in results.values()} == {PollState.PENDING}
    assert len(results) == 100


def test_a_single_job_is_asked_for_by_equality(server, provider, submission) -> None:
    server.accepts([job(status="queued")])
    assert provider.poll(rows(submission, "job-1"))["job-1"].state is PollState.PENDING
    assert json.loads(server.requests[0].query["filter"]) == {"_id": "job-1"}


def test_nothing_to_check_asks_nothing(server, provider, submission) -> None:
    assert provider.poll([]) == {}
    assert provider.poll([submission]) == {}
    assert server.lines == []


def test_every_status_is_told(server, provider, submission) -> None:
    server.accepts([job(status, status) for status in STATUSES])
    results = provider.poll(rows(submission, *STATUSES))
    assert {status: result.state for status, result in results.items()} == dict(STATUSES)
    assert {status: type(results[status].error) for status in FAILURES} == dict(FAILURES)


def test_a_listed_result_needs_no_further_request(server, provider, submission) -> None:
    listed = job(status="completed", extractedData=EXTRACTED, cost=0.5, currency="USD", id="job-1")
    server.accepts([listed])
    result = provider.poll(rows(submission, "job-1"))["job-1"]
    assert json.loads(result.raw) == {"job": listed}
    assert provider.normalise(result.raw).total.value == Decimal("119.00")


@pytest.mark.parametrize("listed", [{}, {"extractedData": {}}, {"extractedData": None}])
def test_a_result_that_the_list_leaves_out_is_fetched(server, provider, submission, listed) -> None:
    server.accepts([job(status="completed", **listed)])
    result = provider.poll(rows(submission, "job-1"))["job-1"]
    assert (result.state, result.raw) == (PollState.READY, None)
    server.accepts(job(status="completed")).accepts({"extractedData": EXTRACTED, "processingTime": 4})
    raw = provider.fetch("job-1")
    assert server.lines == [LIST, "GET /ocr-invoice-job/job-1", "GET /ocr-invoice-job/job-1/results"]
    assert json.loads(raw) == {
        "job": job(status="completed"),
        "results": {"extractedData": EXTRACTED, "processingTime": 4},
    }
    assert provider.normalise(raw).invoice_number.value == "R-1"


def test_a_failed_job_says_why_without_credentials_or_links(server, provider, submission) -> None:
    log = (
        "GET https://documents.example.com/a.pdf?X-Amz-Signature=abc&sig=def failed,\n"
        " api-key: key-of-the-test-account " + "x" * 5000
    )
    server.accepts([job(status="failed", errorLog=log)])
    error = provider.poll(rows(submission, "job-1"))["job-1"].error
    assert isinstance(error, CaptureFailed)
    told = str(error)
    assert told.startswith(
        "ocr_job's job job-1 for Façade 7.pdf ended as failed: GET https://documents.example.com/a.pdf failed, api-key"
    )
    assert "abc" not in told
    assert "def" not in told
    assert "key-of-the-test-account" not in told
    assert len(told) < 500


@pytest.mark.parametrize("log", [None, "", 5, {"a": 1}])
def test_a_cancelled_job_says_so_without_a_log(server, provider, submission, log) -> None:
    server.accepts([job(status="cancelled", errorLog=log)])
    error = provider.poll(rows(submission, "job-1"))["job-1"].error
    assert str(error) == (
        "ocr_job's job job-1 for Façade 7.pdf ended as cancelled. "
        "Somebody cancelled the job there: upload the document again if that was a mistake."
    )


def test_a_job_that_was_not_started_is_pending_and_logged(server, provider, submission, caplog) -> None:
    server.accepts([job()])
    with caplog.at_level(logging.WARNING):
        assert provider.poll(rows(submission, "job-1"))["job-1"].state is PollState.PENDING
    assert "A job was created and is not started." in caplog.messages


def test_an_unknown_status_is_said_and_logged_once(server, provider, submission, caplog) -> None:
    server.accepts([job(status="on-holiday")]).accepts([job(status="on-holiday")])
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            result = provider.poll(rows(submission, "job-1"))["job-1"]
            assert (result.state, result.said) == (PollState.UNKNOWN, "on-holiday")
    assert [record.status for record in caplog.records] == ["on-holiday"]


def test_a_job_that_is_not_listed_is_asked_for_and_gone_when_nobody_knows_it(server, provider, submission) -> None:
    server.accepts([job("job-1", "queued"), job("job-9", "completed")])
    server.answers_with({"message": "not found"}, 404).accepts(job("job-3", "completed", extractedData=EXTRACTED))
    results = provider.poll(rows(submission, "job-1", "job-2", "job-3"))
    assert server.lines[1:] == ["GET /ocr-invoice-job/job-2", "GET /ocr-invoice-job/job-3"]
    assert {reference: result.state for reference, result in results.items()} == {
        "job-1": PollState.PENDING,
        "job-2": PollState.REFUSED,
        "job-3": PollState.READY,
    }
    assert isinstance(results["job-2"].error, SubmissionUnknown)


def test_an_answer_about_another_job_is_refused_and_never_kept(server, provider, submission) -> None:
    other = job("job-9", "completed", extractedData=EXTRACTED)
    server.accepts([other]).accepts(other)
    result = provider.poll(rows(submission, "job-1"))["job-1"]
    assert (result.state, type(result.error)) == (PollState.REFUSED, RequestRefused)
    server.accepts(other)
    with pytest.raises(ProviderUnavailable, match="job-9"):
        provider.fetch("job-1")


def test_a_reference_that_belongs_to_another_submission_is_refused(server, provider, submission) -> None:
    server.accepts([job(status="completed", extractedData=EXTRACTED, jobNumber="another")])
    result = provider.poll(rows(submission, "job-1"))["job-1"]
    assert (result.state, type(result.error), result.raw) == (PollState.REFUSED, RequestRefused, None)


def test_at_most_five_jobs_that_are_not_listed_are_asked_for(server, provider, submission) -> None:
    server.accepts([])
    for _ in range(5):
        server.accepts(job(status="queued"))
    results = provider.poll(rows(submission, *(f"job-{number}" for number in range(20))))
    assert len(server.requests) == 6
    assert len(results) == 5


def test_trouble_while_asking_for_the_unlisted_keeps_what_is_known(server, provider, submission) -> None:
    server.accepts([job("job-1", "queued")]).answers_with({}, 503)
    assert set(provider.poll(rows(submission, "job-1", "job-2", "job-3"))) == {"job-1"}
    assert len(server.requests) == 2
    server.accepts([]).answers_with({}, 503)
    with pytest.raises(ProviderUnavailable):
        provider.poll(rows(submission, "job-2", "job-3"))


@pytest.mark.parametrize("refusal", [(400, {"message": "no operators"}), (200, {"success": False})])
def test_a_provider_that_refuses_the_filter_is_asked_job_by_job_for_an_hour(
    server, provider, context, submission, refusal
) -> None:
    status, body = refusal
    server.answers_with(body, status).accepts(job("job-1", "queued")).answers_with({"message": "bad id"}, 400)
    batch = rows(submission, "job-1", "job-2")
    results = provider.poll(batch)
    assert results["job-1"].state is PollState.PENDING
    assert results["job-2"].state is PollState.REFUSED, "the one that is to blame is refused alone"
    assert isinstance(results["job-2"].error, RequestRefused)
    server.accepts(job("job-1", "queued")).accepts(job("job-2", "queued"))
    assert len(provider.poll(batch)) == 2
    assert server.lines == [LIST, *["GET /ocr-invoice-job/job-1", "GET /ocr-invoice-job/job-2"] * 2]
    context.clock.forward(3600)
    server.accepts([job("job-1", "queued"), job("job-2", "queued")], total=2)
    assert len(provider.poll(batch)) == 2
    assert server.lines[-1] == LIST


@pytest.mark.parametrize(
    ("status", "error"), [(401, CredentialsRefused), (429, RateLimited), (500, ProviderUnavailable)]
)
def test_a_check_that_fails_as_a_whole_says_why(server, provider, submission, status, error) -> None:
    server.answers_with({}, status)
    with pytest.raises(error):
        provider.poll(rows(submission, "job-1", "job-2"))
