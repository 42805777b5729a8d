"""Copies that are deleted, and settings that are read when they are needed."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import (
    OperationUnsupported,
    SettingMissing,
)
from tests.fakes.attempts import begin

LIST, CREATE = "GET /ocr-invoice-job", "POST /ocr-invoice-job"


def test_discarding_deletes_the_job_and_a_job_that_is_gone_is_fine(server, provider) -> None:
    server.answers_with({"success": True}).answers_with({}, 404)
    provider.discard("job-1", b"{}")
    provider.discard("job-1", b"{}")
    assert server.lines == ["DELETE /ocr-invoice-job/job-1"] * 2


def test_confirming_is_refused_clearly(provider) -> None:
    assert not provider.capabilities.accepts_corrections
    with pytest.raises(OperationUnsupported, match="ocr_job"):
        provider.confirm("job-1", b"{}", None)


@pytest.mark.parametrize("suffix", ["", "/", "/ocr-invoice-job", "/ocr-invoice-job/"])
def test_the_base_url_may_end_with_the_path_of_the_contract(server, with_settings, submission, suffix) -> None:
    server.accepts([{"_id": "job-1", "jobNumber": submission.job_id, "status": "queued"}])
    assert with_settings(base_url=server.url + suffix).find(submission) == "job-1"
    assert server.lines == [LIST]


@pytest.mark.parametrize("name", ["base_url", "api_key", "template"])
def test_a_missing_setting_is_named_when_it_is_needed(server, with_settings, submission, name) -> None:
    provider = with_settings(**{name: ""})
    with pytest.raises(SettingMissing, match=f"'{name}'"):
        provider.submit(submission, b"%PDF", begin)
    assert server.lines == []


@pytest.mark.parametrize(
    "settings",
    [
        {"priority": "asap"},
        {"metadata": "[1]"},
        {"metadata": "{"},
        {"document_url_seconds": "0.5"},
        {"document_url_seconds": "43201"},
        {"document_url_seconds": "soon"},
    ],
)
def test_a_setting_that_cannot_be_used_is_named(server, with_settings, submission, settings) -> None:
    with pytest.raises(SettingMissing, match=next(iter(settings))):
        with_settings(**settings).submit(submission, b"%PDF", begin)
    assert server.lines == []


def test_the_pace_is_the_default_until_it_is_set(provider, with_settings) -> None:
    assert (provider.requests_per_second, provider.typical_latency_seconds) == (10.0, 20.0)
    assert with_settings(requests_per_second="2").requests_per_second == 2.0
