"""The adapter against a real server: what it sends, in which order, and how every answer is understood."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    OperationUnsupported,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
    SubmissionUnknown,
    UnreadableDocument,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollState
from invoice_capture.providers.abbyy.adapter import AbbyyProvider
from invoice_capture.providers.abbyy.mapping import ADVICE, STATUS_MESSAGES, STATUSES, corrected_values
from tests.fakes.attempts import begin
from tests.unit.providers.abbyy.answers import EXPORT, HEADER, LINES, TAXES, as_json
from tests.unit.providers.abbyy.conftest import TOKEN, provider_with

UPLOAD = "POST /v2/file"
START = "POST /v2/task/capture/invoices"
TASK = "GET /v2/task/task-1"
# base64 of app-7:token-of-the-test-application
CREDENTIALS = "YXBwLTc6dG9rZW4tb2YtdGhlLXRlc3QtYXBwbGljYXRpb24="
PDF = b"%PDF-1.7 an invoice"


@pytest.fixture
def accepting(server: Any) -> Any:
    server.on(UPLOAD, [{"id": "f1", "token": "t1"}])
    return server.on(START, {"id": "task-1", "status": "Submitted"})


def finished(files: dict[str, Any], **task: Any) -> dict[str, Any]:
    return {"id": "task-1", "status": "Done", "documents": [{"files": files, "is_moved": False}], **task}


def link(name: str) -> dict[str, str]:
    return {"id": f"id-{name}", "token": f"token-{name}", "name": name}


# --- submitting ------------------------------------------------------------------------------------------------------


def test_a_document_is_uploaded_and_a_task_started_with_it(
    provider: AbbyyProvider, accepting: Any, submission: Submission
) -> None:
    assert provider.submit(submission, PDF, begin) == "task-1"
    upload, start = accepting.requests
    assert (upload.route, start.route) == (UPLOAD, START)
    assert upload.headers["Authorization"] == start.headers["Authorization"] == f"Basic {CREDENTIALS}"
    assert 'name="file"; filename="Façade + Söhne 2026-0107.pdf"' in upload.body.decode("utf-8", "replace")
    assert b"Content-Type: application/pdf" in upload.body
    assert PDF in upload.body
    assert start.json == {
        "files": [{"id": "f1", "token": "t1"}],
        "properties": {"region": "EU", "export_format": "Json", "verification_type": "NoVerification"},
    }


def test_how_a_task_is_processed_is_a_matter_of_settings(
    settings: dict[str, str], accepting: Any, submission: Submission
) -> None:
    wanted = {"region": "AU", "export_format": "Csv", "verification_type": "UserVerification"}
    provider_with(**settings, **wanted).submit(submission, PDF, begin)
    assert accepting.requests[-1].json["properties"] == wanted


def test_the_version_may_be_left_out_of_the_base_url(
    settings: dict[str, str], server: Any, accepting: Any, submission: Submission
) -> None:
    for base_url in (server.url, f"{server.url}/", f"{server.url}/v2/"):
        provider_with(**{**settings, "base_url": base_url}).submit(submission, PDF, begin)
    assert accepting.routes == [UPLOAD, START] * 3


@pytest.mark.parametrize(("setting", "word"), [("region", "eu"), ("verification_type", "Always")])
def test_a_setting_that_is_not_one_of_its_words_is_named_before_anything_is_sent(
    settings: dict[str, str], server: Any, submission: Submission, setting: str, word: str
) -> None:
    with pytest.raises(SettingMissing, match=f"'{setting}'.*'{word}'"):
        provider_with(**settings, **{setting: word}).submit(submission, PDF, begin)
    assert server.requests == []


@pytest.mark.parametrize("setting", ["base_url", "application_id", "application_token"])
def test_a_setting_that_is_missing_is_named(settings: dict[str, str], submission: Submission, setting: str) -> None:
    provider = provider_with(**{**settings, setting: ""})
    with pytest.raises(SettingMissing, match=f"'{setting}'"):
        provider.submit(submission, PDF, begin)


# What is answered, and what it means for the upload and for the start of the task, which is charged.
ANSWERS: list[tuple[int, type[ProviderError], type[ProviderError]]] = [
    (400, RequestRefused, RequestRefused),
    (401, CredentialsRefused, CredentialsRefused),
    (402, NoCredit, NoCredit),
    (403, CredentialsRefused, CredentialsRefused),
    (404, SubmissionUnknown, SubmissionUnknown),
    (409, ProviderUnavailable, ProviderUnavailable),
    (413, UnreadableDocument, UnreadableDocument),
    (415, FormatRefused, FormatRefused),
    (429, RateLimited, RateLimited),
    (500, ProviderUnavailable, SubmissionInDoubt),
    (503, ProviderUnavailable, ProviderUnavailable),
    (504, ProviderUnavailable, SubmissionInDoubt),
]


@pytest.mark.parametrize(("status", "of_upload", "of_start"), ANSWERS)
def test_a_refusal_is_one_of_ours_with_what_to_do_about_it(
    provider: AbbyyProvider,
    server: Any,
    submission: Submission,
    status: int,
    of_upload: type[ProviderError],
    of_start: type[ProviderError],
) -> None:
    body = {"id": "77", "error": "code", "error_description": f"said of {TOKEN} and {CREDENTIALS}"}
    server.on(UPLOAD, body, status, Retry_After="7").on(UPLOAD, {"id": "f1", "token": "t1"})
    server.on(START, body, status, Retry_After="7")
    for expected in (of_upload, of_start):
        with pytest.raises(ProviderError) as caught:
            provider.submit(submission, PDF, begin)
        assert type(caught.value) is expected
        message = str(caught.value)
        assert f"HTTP {status}" in message
        assert "said of" in message
        assert TOKEN not in message
        assert CREDENTIALS not in message
        assert ADVICE.get(expected, "") in message
        if isinstance(caught.value, ProviderUnavailable):
            assert caught.value.retry_after == 7
    assert server.routes == [UPLOAD, UPLOAD, START]


def test_a_lost_upload_may_be_repeated_and_a_lost_task_may_not(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    server.breaks_off(UPLOAD).on(UPLOAD, {"id": "f1", "token": "t1"})
    with pytest.raises(ProviderUnavailable):
        provider.submit(submission, PDF, begin)
    server.breaks_off(START)
    with pytest.raises(SubmissionInDoubt):
        provider.submit(submission, PDF, begin)
    assert not provider.capabilities.finds_submissions
    with pytest.raises(OperationUnsupported):
        provider.find(submission)


# --- checking --------------------------------------------------------------------------------------------------------


def polled(provider: AbbyyProvider, server: Any, submission: Submission, task: dict[str, Any]) -> Any:
    server.on(TASK, {"id": "task-1", **task})
    return provider.poll([submission])["task-1"]


@pytest.mark.parametrize(("status", "state"), STATUSES.items())
def test_every_status_is_translated_and_nothing_is_fetched(
    provider: AbbyyProvider, server: Any, submission: Submission, status: str, state: PollState
) -> None:
    result = polled(provider, server, submission, {"status": status, "documents": []})
    assert (result.state, result.raw) == (state, None)
    assert server.routes == [TASK]
    if state is PollState.FAILED:
        assert isinstance(result.error, CaptureFailed)
        assert str(result.error) == STATUS_MESSAGES[status]


def test_an_unknown_status_is_said_and_logged_once_without_secrets(
    provider: AbbyyProvider, server: Any, submission: Submission, caplog: pytest.LogCaptureFixture
) -> None:
    status = f"Hatching{TOKEN}{'x' * 100}"
    said = f"Hatching***{'x' * 100}"[:40]
    with caplog.at_level(logging.WARNING, logger="invoice_capture.providers.statuses"):
        for _ in range(2):
            result = polled(provider, server, submission, {"status": status})
            assert (result.state, result.said) == (PollState.UNKNOWN, said)
    [record] = caplog.records
    assert record.status == said


def test_the_task_of_another_file_or_reference_is_nobodys(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    server.on(UPLOAD, {"id": "f1", "token": "t1"})
    server.on(START, {"id": "task-9", "documents": [{"files": {"source": {"id": "f9", "token": "t9"}}}]})
    with pytest.raises(SubmissionInDoubt, match="task-9"):
        provider.submit(submission, PDF, begin)
    server.on(TASK, {"id": "task-9", "status": "Done"})
    result = provider.poll([submission])["task-1"]
    assert (result.state, type(result.error)) == (PollState.REFUSED, RequestRefused)
    with pytest.raises(ProviderUnavailable, match="task-9"):
        provider.fetch("task-1")


def test_a_task_whose_data_were_deleted_is_unknown(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    result = polled(provider, server, submission, {"status": "Done", "is_deleted": True})
    assert result.state is PollState.FAILED
    assert isinstance(result.error, SubmissionUnknown)


@pytest.mark.parametrize(
    ("base_url", "verification_host", "url"),
    [
        ("https://api-eu.flexicapture.com/v2", "", "https://eu.flexicapture.com/verification/v%2F1"),
        ("https://api-us.flexicapture.com", "", "https://us.flexicapture.com/verification/v%2F1"),
        ("https://gateway.example:8443/abbyy/v2", "", "https://gateway.example:8443/verification/v%2F1"),
        ("https://gateway.example/v2", "verify.example", "https://verify.example/verification/v%2F1"),
        ("https://gateway.example/v2", "http://127.0.0.1:9/", "http://127.0.0.1:9/verification/v%2F1"),
    ],
)
def test_where_a_person_verifies_is_at_the_host_of_the_region(
    settings: dict[str, str],
    server: Any,
    submission: Submission,
    monkeypatch: pytest.MonkeyPatch,
    base_url: str,
    verification_host: str,
    url: str,
) -> None:
    provider = provider_with(**{**settings, "base_url": base_url, "verification_host": verification_host})
    # The wire still leads to the server of this test.
    monkeypatch.setattr(provider, "_client", provider_with(**settings)._client, raising=False)
    result = polled(provider, server, submission, {"status": "WaitForAction", "verification_id": "v/1"})
    assert (result.state, result.action_url) == (PollState.ACTION_REQUIRED, url)


def test_the_link_of_a_loopback_server_keeps_its_scheme_and_port(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    result = polled(provider, server, submission, {"status": "WaitForAction", "verification_id": "v1"})
    assert result.action_url == f"{server.url}/verification/v1"


def test_without_a_verification_id_there_is_no_link(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    result = polled(provider, server, submission, {"status": "WaitForAction", "verification_id": None})
    assert (result.state, result.action_url) == (PollState.ACTION_REQUIRED, None)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, ProviderUnavailable),
        (401, CredentialsRefused),
        (402, NoCredit),
        (409, ProviderUnavailable),
        (429, RateLimited),
        (503, ProviderUnavailable),
    ],
)
def test_a_check_that_fails_for_all_is_an_error(
    provider: AbbyyProvider, server: Any, submission: Submission, status: int, error: type[ProviderError]
) -> None:
    server.on(TASK, {"message": "no"}, status)
    with pytest.raises(error):
        provider.poll([submission])


@pytest.mark.parametrize(
    ("status", "error"), [(400, RequestRefused), (404, SubmissionUnknown), (410, SubmissionUnknown)]
)
def test_a_check_that_is_refused_is_about_its_task(
    provider: AbbyyProvider, server: Any, submission: Submission, status: int, error: type[ProviderError]
) -> None:
    server.on(TASK, {"message": "no"}, status)
    result = provider.poll([submission])["task-1"]
    assert (result.state, type(result.error)) == (PollState.REFUSED, error)


def test_a_row_without_a_reference_is_not_asked_about(
    provider: AbbyyProvider, server: Any, submission: Submission
) -> None:
    assert provider.poll([replace(submission, reference=None)]) == {}
    assert server.requests == []


# --- fetching --------------------------------------------------------------------------------------------------------


def test_the_raw_answer_is_the_task_as_answered_and_every_exported_file(provider: AbbyyProvider, server: Any) -> None:
    files = {"source": link("a.pdf"), "target0": link("a.json"), "target1": link("a.xls"), "preview": link("a.png")}
    task = finished(files, number="9", properties={"export_format": "Json"}, new_key={"kept": [1, "ä"]})
    server.on(TASK, task)
    server.on("GET /v2/file/id-a.json/token-a.json", as_json(EXPORT).encode())
    server.on("GET /v2/file/id-a.xls/token-a.xls", b"\xd0\xcf\x11\xe0")
    raw = provider.fetch("task-1")
    assert json.loads(raw) == {
        "task": task,
        "files": [
            {"role": "target0", "id": "id-a.json", "name": "a.json", "encoding": "utf-8", "content": as_json(EXPORT)},
            {"role": "target1", "id": "id-a.xls", "name": "a.xls", "encoding": "base64", "content": "0M8R4A=="},
        ],
    }
    assert corrected_values(provider.normalise(raw)) == HEADER | TAXES | LINES


def test_files_of_removed_documents_are_not_fetched(provider: AbbyyProvider, server: Any) -> None:
    task = finished({"target0": link("b.json")})
    task["documents"].insert(0, {"files": {"target0": link("a.json")}, "is_moved": True})
    server.on(TASK, task).on("GET /v2/file/id-b.json/token-b.json", b'{"InvoiceNumber": "17"}')
    assert provider.normalise(provider.fetch("task-1")).invoice_number.value == "17"
    assert server.routes == [TASK, "GET /v2/file/id-b.json/token-b.json"]


def test_ten_files_are_fetched_at_most(provider: AbbyyProvider, server: Any, caplog: pytest.LogCaptureFixture) -> None:
    server.on(TASK, finished({f"target{n}": link(f"{n}.txt") for n in range(12)}))
    for n in range(12):
        server.on(f"GET /v2/file/id-{n}.txt/token-{n}.txt", b"text")
    assert len(json.loads(provider.fetch("task-1"))["files"]) == 10
    assert [record.files for record in caplog.records] == [12]


@pytest.mark.parametrize("content", [b"", b"<html>maintenance</html>", b'{"InvoiceNumber": "17'])
def test_a_file_that_came_broken_is_fetched_again(provider: AbbyyProvider, server: Any, content: bytes) -> None:
    route = "GET /v2/file/id-a.json/token-a.json"
    server.on(TASK, finished({"target0": link("a.json")})).on(route, content).on(route, b'{"InvoiceNumber": "17"}')
    with pytest.raises(ProviderUnavailable):
        provider.fetch("task-1")
    assert provider.normalise(provider.fetch("task-1")).invoice_number.value == "17"


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ({"status": "InProgress"}, ProviderUnavailable),
        ({"status": "WaitForAction"}, ProviderUnavailable),
        ({"status": "Failed"}, CaptureFailed),
        ({"status": "Done", "is_deleted": True}, SubmissionUnknown),
    ],
)
def test_what_is_not_finished_is_not_fetched(
    provider: AbbyyProvider, server: Any, task: dict[str, Any], error: type[ProviderError]
) -> None:
    server.on(TASK, {"id": "task-1", **task})
    with pytest.raises(error):
        provider.fetch("task-1")
