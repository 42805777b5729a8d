"""The scripted provider does what its script says, and counts what it would charge for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import CaptureFailed, ProviderUnavailable, RateLimited, SubmissionInDoubt
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import PollState
from local_stack.scripted_provider import Script, ScriptedServer, script_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SUBMISSION = Submission(
    job_id="j1",
    number=1,
    provider="scripted",
    state=SubmissionState.SUBMITTING,
    document=DocumentPointer("bucket", "incoming/a.xml", "v1", 3),
    kind=DocumentKind.E_INVOICE,
    task_token="token",
    created_at=NOW,
    deadline_at=NOW + timedelta(hours=72),
)


@pytest.mark.parametrize(
    ("fault", "error", "charged"),
    [
        ("unavailable_submissions", ProviderUnavailable, 0),
        ("limited_submissions", RateLimited, 0),
        ("refuse_submissions", CaptureFailed, 0),
        ("lose_answer_after_acceptance", SubmissionInDoubt, 1),
    ],
)
def test_a_fault_of_submitting_happens_as_often_as_scripted(fault: str, error: type[Exception], charged: int) -> None:
    server = ScriptedServer(Script(**{fault: 1}))
    with pytest.raises(error):
        server.accept(SUBMISSION, b"x", NOW)
    assert server.submissions_of("j1") == charged
    server.accept(SUBMISSION, b"x", NOW)
    assert server.submissions_of("j1") == charged + 1


def test_a_document_is_ready_when_its_latency_has_passed() -> None:
    server = ScriptedServer(Script(latency_seconds=60))
    reference = server.accept(SUBMISSION, b"x", NOW)
    assert server.look_up([reference], NOW + timedelta(seconds=59))[reference].state is PollState.PENDING
    assert server.look_up([reference], NOW + timedelta(seconds=60))[reference].state is PollState.READY
    assert server.download(reference) == b"x"
    assert server.find("j1") == reference
    assert server.find("unknown") is None


def test_faults_of_checking_and_of_results() -> None:
    server = ScriptedServer(
        Script(latency_seconds=0, fail_for_good=1, unavailable_polls=1, limited_polls=1, unusable_results=1)
    )
    failing, good = server.accept(SUBMISSION, b"x", NOW), server.accept(SUBMISSION, b"x", NOW)
    with pytest.raises(ProviderUnavailable):
        server.look_up([failing], NOW)
    with pytest.raises(RateLimited):
        server.look_up([failing], NOW)
    results = server.look_up([failing, good], NOW)
    assert (results[failing].state, results[good].state) == (PollState.FAILED, PollState.READY)
    assert server.download(good) == b"junk"


def test_a_person_is_asked_while_the_latency_lasts() -> None:
    server = ScriptedServer(Script(latency_seconds=60, action_required=1))
    reference = server.accept(SUBMISSION, b"x", NOW)
    result = server.look_up([reference], NOW)[reference]
    assert result.state is PollState.ACTION_REQUIRED
    assert str(result.action_url).startswith("https://")


def test_a_script_is_read_from_settings_among_others() -> None:
    script = script_of({"latency_seconds": "5", "base_url": "http://localhost"})
    assert script == Script(latency_seconds=5)
    with pytest.raises(ValueError, match="fail_for_good must be a number, not 'yes'"):
        script_of({"fail_for_good": "yes"})
