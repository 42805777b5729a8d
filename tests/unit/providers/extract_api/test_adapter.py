"""The Extract API behind the provider port, over a real connection."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    NoCredit,
    OperationUnsupported,
    PasswordProtected,
    ProviderUnavailable,
    RateLimited,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import PollState
from invoice_capture.providers.extract_api.adapter import ExtractApiProvider
from invoice_capture.providers.extract_api.mapping import CODES, STATUSES
from tests.fakes.attempts import begin
from tests.unit.providers.extract_api.answers import entry, raw

PDF = b"%PDF-1.7 an invoice"
TOKEN = "0123456789abcdef-account"
Make = Callable[..., Submission]
Build = Callable[..., ExtractApiProvider]


def test_a_document_is_sent_under_its_name_and_its_id_is_the_reference(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    server.result({"status_code": 0, "document_id": 4711})
    assert provider.submit(submission(), PDF, begin) == "4711"
    params = server.requests[0].json["params"]
    assert params["account_token"] == TOKEN
    assert params["file_names"] == ["Façade + Söhne.pdf"]
    assert params["version"] == 120
    assert "dbuuid" not in params
    assert "webhook_url" not in params


def test_a_document_that_is_not_ready_at_once_is_accepted_as_well(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    server.result({"status_code": 1, "document_id": 4711})
    assert provider.submit(submission(), PDF, begin) == "4711"


@pytest.mark.parametrize(("code", "error"), CODES.items())
def test_every_refusal_of_a_document_is_told_by_its_code(
    provider: ExtractApiProvider, server: Any, submission: Make, code: int, error: type[Exception]
) -> None:
    server.result({"status_code": code, "status_msg": "what the provider says"})
    with pytest.raises(error, match=f"status {code}: ") as caught:
        provider.submit(submission(), PDF, begin)
    assert type(caught.value) is error


def test_a_document_that_is_answered_with_an_unknown_code_may_have_been_taken(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    server.result({"status_code": 77, "status_msg": f"Account {TOKEN} is closed."})
    with pytest.raises(SubmissionInDoubt, match="status 77") as caught:
        provider.submit(submission(), PDF, begin)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, RequestRefused),
        (401, CredentialsRefused),
        (402, NoCredit),
        (404, ProviderUnavailable),
        (405, ProviderUnavailable),
        (410, ProviderUnavailable),
        (429, RateLimited),
        (409, SubmissionInDoubt),
        (500, SubmissionInDoubt),
        (503, SubmissionInDoubt),
        (504, SubmissionInDoubt),
    ],
)
def test_a_refusal_of_a_document_by_http_keeps_its_meaning(
    provider: ExtractApiProvider, server: Any, submission: Make, status: int, error: type[Exception]
) -> None:
    server.answer(status)
    with pytest.raises(error) as caught:
        provider.submit(submission(), PDF, begin)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, ProviderUnavailable),
        (400, RequestRefused),
        (401, CredentialsRefused),
        (404, ProviderUnavailable),
        (429, RateLimited),
        (500, ProviderUnavailable),
    ],
)
def test_a_poll_that_http_refuses_says_nothing_about_any_of_its_documents(
    provider: ExtractApiProvider, server: Any, submission: Make, status: int, error: type[Exception]
) -> None:
    server.answer(status)
    with pytest.raises(error) as caught:
        provider.poll([submission("1"), submission("2")])
    assert type(caught.value) is error


def test_one_request_checks_all_and_brings_the_answers_along(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    server.result({"1": entry(), "2": {"status_code": 1}, "3": {"status_code": 10}, "5": "?"})
    results = provider.poll([submission(str(number)) for number in range(1, 6)])
    assert len(server.requests) == 1
    assert {reference: result.state for reference, result in results.items()} == {
        "1": PollState.READY,
        "2": PollState.PENDING,
        "3": PollState.FAILED,
    }
    assert json.loads(results["1"].raw or b"") == entry()
    assert isinstance(results["3"].error, PasswordProtected)


def test_what_has_no_reference_yet_is_not_asked_for(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    assert provider.poll([submission()]) == {}
    assert server.requests == []


@pytest.mark.parametrize(("code", "state"), STATUSES.items())
def test_every_status_of_one_document_has_its_state(
    provider: ExtractApiProvider, server: Any, submission: Make, code: int, state: PollState
) -> None:
    server.result({"1": {"status_code": code}, "2": {"status_code": 1}})
    assert provider.poll([submission("1"), submission("2")])["1"].state is state


@pytest.mark.parametrize("code", sorted(CODES.keys() - STATUSES.keys()))
def test_a_failure_is_final_when_it_is_about_the_document_and_else_a_refusal(
    provider: ExtractApiProvider, server: Any, submission: Make, code: int
) -> None:
    server.result({"1": {"status_code": code}})
    result = provider.poll([submission("1")])["1"]
    assert result.state is (PollState.FAILED if code in {2, 6, 10, 11, 14, 15, 16} else PollState.REFUSED)
    assert type(result.error) is CODES[code]


def test_an_answer_about_another_document_is_nobodys(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    server.result({"2": entry()})
    assert provider.poll([submission("1")]) == {}


def test_maintenance_of_all_documents_is_an_outage_and_of_some_is_patience(
    provider: ExtractApiProvider, server: Any, submission: Make
) -> None:
    rows = [submission("1"), submission("2")]
    server.result({"1": {"status_code": 9}, "2": {"status_code": 9}})
    with pytest.raises(ProviderUnavailable, match="maintenance"):
        provider.poll(rows)
    server.result({"1": {"status_code": 9}, "2": {"status_code": 1}})
    assert provider.poll(rows)["1"].state is PollState.PENDING
    server.result({"1": {"status_code": 9}})
    assert provider.poll(rows)["1"].state is PollState.PENDING


@pytest.mark.parametrize("code", [13, 77])
def test_an_unknown_status_is_said_and_logged_once(
    provider: ExtractApiProvider, server: Any, submission: Make, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    for _ in range(3):
        server.result({"1": {"status_code": code}})
    with caplog.at_level(logging.WARNING):
        results = [provider.poll([submission("1")])["1"] for _ in range(3)]
    assert {(result.state, result.said) for result in results} == {(PollState.UNKNOWN, f"status code {code}")}
    assert [record.status_code for record in caplog.records] == [code]


def test_what_is_fetched_is_what_a_check_brings(provider: ExtractApiProvider, server: Any, submission: Make) -> None:
    server.result({"1": {**entry(), "unknown": [1]}})
    server.result({**entry(), "unknown": [1]})
    checked = provider.poll([submission("1")])["1"].raw
    fetched = provider.fetch("1")
    assert fetched == checked
    assert json.loads(fetched)["unknown"] == [1]
    assert provider.normalise(fetched).total.value == Decimal("4719.50")


def test_fetching_too_early_is_worth_repeating_and_fetching_a_failure_tells_it(
    provider: ExtractApiProvider, server: Any
) -> None:
    for code in (1, 9, 77):
        server.result({"status_code": code})
        with pytest.raises(ProviderUnavailable):
            provider.fetch("1")
    server.result({"status_code": 2, "status_msg": "An error occurred"})
    with pytest.raises(CaptureFailed, match="An error occurred"):
        provider.fetch("1")


def test_an_invoice_is_confirmed_with_all_its_values(provider: ExtractApiProvider, server: Any) -> None:
    server.result({"status_code": 0})
    answer = raw()
    provider.confirm("4711", answer, provider.normalise(answer))
    params = server.requests[0].json["params"]
    assert server.requests[0].path == "/iap/invoice_extract/validate"
    assert params["document_id"] == 4711
    assert params["values"]["total"] == {"content": 4719.5}


def test_values_that_are_refused_are_told(provider: ExtractApiProvider, server: Any) -> None:
    server.result({"status_code": 12, "status_msg": "Validation format is incorrect"})
    with pytest.raises(RequestRefused, match="status 12"):
        provider.confirm("4711", b"", provider.normalise(raw()))


def test_it_cannot_look_submissions_up_nor_delete_copies(provider: ExtractApiProvider, submission: Make) -> None:
    assert not provider.capabilities.finds_submissions
    assert not provider.capabilities.deletes_copies
    with pytest.raises(OperationUnsupported):
        provider.find(submission())
    with pytest.raises(OperationUnsupported):
        provider.discard("4711", b"")


def test_capabilities_are_those_of_the_contract(provider: ExtractApiProvider) -> None:
    can = provider.capabilities
    assert (can.batch_size, can.is_paid, can.accepts_corrections, can.pushes_results) == (100, True, True, False)
    assert can.formats == {DocumentKind.PDF, DocumentKind.PNG, DocumentKind.JPEG, DocumentKind.BMP}
    assert (provider.typical_latency_seconds, provider.requests_per_second) == (8.0, 10.0)


# --- settings --------------------------------------------------------------------------------------------------------


def test_an_answer_is_made_canonical_without_any_setting(build: Build) -> None:
    assert build(base_url=None, account_token=None).normalise(raw()).invoice_number.value == "2026-0107"


@pytest.mark.parametrize("missing", ["base_url", "account_token"])
def test_a_missing_setting_is_named_when_it_is_needed(build: Build, submission: Make, missing: str) -> None:
    with pytest.raises(SettingMissing, match=missing):
        build(**{missing: None}).submit(submission(), PDF, begin)


def test_settings_become_parameters_of_the_request(build: Build, server: Any, submission: Make) -> None:
    server.result({"status_code": 0, "document_id": 1})
    infos = {"user_company_vat": "BE0999041206", "user_company_name": "Fils", "perspective": "client"}
    build(version="121", dbuuid="a-database", user_infos=json.dumps(infos)).submit(submission(), PDF, begin)
    params = server.requests[0].json["params"]
    assert (params["version"], params["dbuuid"], params["user_infos"]) == (121, "a-database", infos)


@pytest.mark.parametrize("broken", ["{", "[]", "text", '{"user_company_vat": ["secret-vat"]}'])
def test_user_infos_that_are_no_object_of_texts_are_named_without_their_content(
    build: Build, submission: Make, broken: str
) -> None:
    with pytest.raises(SettingMissing, match="user_infos") as caught:
        build(user_infos=broken).submit(submission(), PDF, begin)
    assert "secret-vat" not in str(caught.value)


def test_a_version_that_is_no_number_is_named(build: Build, submission: Make) -> None:
    with pytest.raises(SettingMissing, match="version"):
        build(version="1.2.0").submit(submission(), PDF, begin)
