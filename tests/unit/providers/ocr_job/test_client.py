"""Every operation on the wire: what is sent, and what is made of the answers."""

from __future__ import annotations

import json

import pytest

from invoice_capture.domain.errors import (
    CredentialsRefused,
    NoCredit,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.providers.ocr_job.client import OPERATIONS, OcrJobClient, every_job
from invoice_capture.providers.ocr_job.wire import JobInput

JOB = {"_id": "job-1", "jobNumber": "N-1", "status": "created", "documentName": "a.pdf", "priority": "medium"}
INPUT = JobInput(job_number="N-1", document_name="a.pdf", document_url="https://x.example/a", template="t-1")


def test_the_table_of_operations_is_the_client() -> None:
    methods = {name for name in vars(OcrJobClient) if not name.startswith("_")}
    assert set(OPERATIONS.values()) == methods
    assert len(OPERATIONS) == len(methods)


def test_every_request_carries_the_key_and_says_who_asks(server, client) -> None:
    server.accepts(JOB)
    client.get_job("job-1")
    headers = server.requests[0].headers
    assert headers["api-key"] == "key-of-the-test-account"
    assert headers["User-Agent"].startswith("invoice-capture/")
    assert "Authorization" not in headers


# --- operations ------------------------------------------------------------------------------------------------------


def test_a_list_without_conditions_has_no_parameters(server, client) -> None:
    server.accepts([JOB], total=1)
    page = client.list_jobs()
    assert (server.requests[0].route, server.requests[0].query) == ("GET /ocr-invoice-job", {})
    assert page.total == 1
    assert [job.job_number for job in page.jobs] == ["N-1"]


def test_a_list_takes_every_parameter_of_the_contract(server, client) -> None:
    server.accepts([], total=0)
    client.list_jobs(limit=100, offset=5, sort="createdAt", order="asc", filter={"jobNumber": "ü 1"}, search="a & b")
    assert server.requests[0].query == {
        "limit": "100",
        "offset": "5",
        "sort": "createdAt",
        "order": "asc",
        "filter": '{"jobNumber":"ü 1"}',
        "search": "a & b",
    }


def test_all_jobs_are_read_page_by_page_and_each_once(server, client) -> None:
    jobs = [{**JOB, "_id": f"job-{number}"} for number in range(5)]
    server.accepts(jobs[:3], total=5).accepts(jobs[2:], total=5)
    found = [job.job_id for job in every_job(client, filter={"group": "g"})]
    assert found == ["job-0", "job-1", "job-2", "job-3", "job-4"]
    assert [request.query["offset"] for request in server.requests] == ["0", "3"]
    assert {request.query["sort"] for request in server.requests} == {"createdAt"}


def test_all_jobs_end_where_a_page_brings_nothing_new_and_nobody_counts(server, client) -> None:
    server.accepts([JOB]).accepts([JOB])
    assert len(list(every_job(client))) == 1


def test_creating_sends_what_is_given_and_nothing_else(server, client) -> None:
    server.accepts(JOB, status=201).accepts(JOB, status=201)
    assert client.create_job(INPUT).job_id == "job-1"
    full = INPUT.model_copy(
        update={"document_type": "pdf", "group": "g", "priority": "low", "created_by": "me", "metadata": {"a_b": 1}}
    )
    client.create_job(full)
    assert server.lines == ["POST /ocr-invoice-job"] * 2
    short, long = (json.loads(request.body) for request in server.requests)
    assert short == {
        "jobNumber": "N-1",
        "documentName": "a.pdf",
        "documentUrl": "https://x.example/a",
        "template": "t-1",
    }
    assert long == short | {
        "documentType": "pdf",
        "group": "g",
        "priority": "low",
        "createdBy": "me",
        "metadata": {"a_b": 1},
    }


def test_getting_updating_processing_and_deleting_name_the_job_in_the_path(server, client) -> None:
    server.accepts(JOB).accepts(JOB).accepts({"jobId": "job-1", "status": "queued"})
    server.answers_with({"success": True, "message": "OCR invoice job deleted successfully"})
    assert client.get_job("job-1").status == "created"
    assert client.update_job("job-1", INPUT).job_id == "job-1"
    assert client.process_job("job-1").status == "queued"
    client.delete_job("job-1")
    assert server.lines == [
        "GET /ocr-invoice-job/job-1",
        "PUT /ocr-invoice-job/job-1",
        "POST /ocr-invoice-job/job-1/process",
        "DELETE /ocr-invoice-job/job-1",
    ]
    assert json.loads(server.requests[1].body)["documentUrl"] == "https://x.example/a"
    assert server.requests[2].body == b""


def test_an_id_cannot_leave_its_place_in_the_path(server, client) -> None:
    server.accepts(JOB)
    client.get_job("../a b?c")
    assert server.lines == ["GET /ocr-invoice-job/..%2Fa%20b%3Fc"]


def test_results_are_typed_and_complete(server, client) -> None:
    answer = {
        "extractedData": {
            "invoice": {"number": "R-1", "amounts": {"total": 119, "currency": "EUR"}, "remark": "kept"},
            "lineItems": [{"description": "Work", "quantity": 2, "unitPrice": 50.0, "amount": 100.0}],
        },
        "confidence": {"overall": 0.9, "fields": {"invoice.number": 0.8}},
        "validationResults": {"isValid": False, "errors": [{"field": "total", "message": "m", "severity": "warning"}]},
        "processingTime": 45.6,
    }
    server.accepts(answer)
    results = client.get_results("job-1")
    assert server.lines == ["GET /ocr-invoice-job/job-1/results"]
    assert results.extracted_data.invoice.amounts.total == 119
    assert results.extracted_data.line_items[0].unit_price == 50.0
    assert results.confidence.fields_ == {"invoice.number": 0.8}
    assert results.validation_results.errors[0].severity == "warning"
    assert results.processing_time == 45.6
    assert results.to_json() == answer


def test_a_job_keeps_what_the_schema_does_not_have_and_what_breaks_it(server, client) -> None:
    job = JOB | {
        "id": "job-1",
        "__v": 3,
        "progress": "half",
        "documentInfo": {"pages": 2, "size": "big", "dpi": 300},
        "extractedData": {"invoice": {"amounts": {"tax": "19.00", "total": 119}}, "lineItems": [{"quantity": 5}, 7]},
        "confidence": {"fields": {"total": "high"}},
        "retryCount": None,
    }
    server.accepts([job, JOB])
    broken, sound = client.list_jobs().jobs
    assert broken.to_json() == job
    assert broken.document_info.pages == 2
    assert sound.to_json() == JOB


# --- refusals --------------------------------------------------------------------------------------------------------

OPERATION_CALLS = {
    "list_jobs": lambda client: client.list_jobs(),
    "create_job": lambda client: client.create_job(INPUT),
    "get_job": lambda client: client.get_job("job-1"),
    "update_job": lambda client: client.update_job("job-1", INPUT),
    "delete_job": lambda client: client.delete_job("job-1"),
    "process_job": lambda client: client.process_job("job-1"),
    "get_results": lambda client: client.get_results("job-1"),
}


@pytest.mark.parametrize("operation", OPERATIONS.values())
def test_a_refusal_with_status_200_is_a_refusal_in_words_without_the_key(server, client, operation) -> None:
    server.answers_with({"success": False, "message": "template of key-of-the-test-account is unknown."})
    with pytest.raises(RequestRefused) as caught:
        OPERATION_CALLS[operation](client)
    assert str(caught.value) == (
        "ocr_job refused the request: template of *** is unknown. "
        "Check the settings 'template', 'group', 'priority' and 'metadata'."
    )


@pytest.mark.parametrize("answer", [{"success": False}, {"success": False, "data": {}, "error": {"code": 5}}])
def test_a_refusal_may_have_no_words(server, client, answer) -> None:
    server.answers_with(answer)
    with pytest.raises(RequestRefused, match=r"ocr_job refused the request\. Check"):
        client.get_job("job-1")


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (400, RequestRefused, "'template'"),
        (401, CredentialsRefused, "'api_key'"),
        (402, NoCredit, "Top the account up"),
        (404, SubmissionUnknown, "deleted there"),
        (409, RequestRefused, "'template'"),
    ],
)
def test_http_refusals_say_what_to_do(server, client, status, error, told) -> None:
    server.answers_with({"success": False, "message": "so it is"}, status)
    with pytest.raises(error) as caught:
        client.get_job("job-1")
    assert f"HTTP {status}: so it is." in str(caught.value)
    assert told in str(caught.value)


def test_a_server_without_the_path_is_not_a_job_that_is_gone(server, client) -> None:
    server.answers_with({}, 404)
    with pytest.raises(RequestRefused, match="'base_url'"):
        client.create_job(INPUT)


def test_a_limited_rate_says_how_long_to_wait(server, client) -> None:
    server.answers_with({}, 429, Retry_After="7")
    with pytest.raises(RateLimited) as caught:
        client.process_job("job-1")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("operation", OPERATIONS.values())
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_in_trouble_is_unavailable_and_what_was_started_is_in_doubt(server, client, operation, status) -> None:
    server.answers_with({"success": False}, status)
    with pytest.raises(SubmissionInDoubt if operation == "process_job" else ProviderUnavailable):
        OPERATION_CALLS[operation](client)


@pytest.mark.parametrize("operation", OPERATIONS.values())
@pytest.mark.parametrize("body", [None, b"", b"<html>", b'{"success": true, "da', b"[]", b'{"success": "maybe"}'])
def test_only_processing_is_in_doubt_when_its_answer_is_lost_or_unreadable(server, client, operation, body) -> None:
    if body is None:
        server.breaks_off()
    else:
        server.answers_with(body)
    with pytest.raises(SubmissionInDoubt if operation == "process_job" else ProviderUnavailable):
        OPERATION_CALLS[operation](client)


@pytest.mark.parametrize("job", [{}, {"_id": ""}, {"_id": 5}, {"_id": "a", "status": 1}, {"_id": "x" * 513}])
def test_a_job_without_a_usable_id_and_status_is_no_job(server, client, job) -> None:
    server.accepts(job)
    with pytest.raises(ProviderUnavailable, match=r"_id|status"):
        client.get_job("job-1")
