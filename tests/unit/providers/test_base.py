"""What all providers share: settings, and the distance that they keep between requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.wrappers import Response

from invoice_capture.domain.errors import CredentialsRefused, NoCredit, RateLimited, SettingMissing, SubmissionUnknown
from invoice_capture.domain.invoice import Invoice
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import PollResult, PollState
from invoice_capture.providers.base import BaseProvider, ProviderContext
from local_stack.simulators.server import LoopbackServer
from tests.fakes.stores import MemoryDocumentStore
from tests.fakes.world import ManualClock


class Tiny(BaseProvider):
    name = "tiny"
    default_typical_latency_seconds = 20.0

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        return "1"

    def fetch(self, reference: str) -> bytes:
        return b"{}"

    def normalise(self, raw: bytes) -> Invoice:
        return Invoice()


def tiny(**settings: str) -> Tiny:
    context = ProviderContext(settings, ManualClock(), MemoryDocumentStore())
    return Tiny(context)


@pytest.fixture
def url() -> Any:
    server = LoopbackServer(lambda _request: Response("{}", mimetype="application/json"))
    yield server.origin
    server.close()


def test_requests_of_one_operation_keep_the_distance_that_the_pace_asks_for(url: str) -> None:
    provider = tiny(base_url=url)
    client = provider.http_client({}, [], {})
    began = provider._context.clock.now()

    def seconds_for(requests: int) -> float:
        for _ in range(requests):
            client.send("GET", "/")
        return (provider._context.clock.now() - began).total_seconds()

    assert seconds_for(5) == 0
    provider.spacing_seconds = 2.0
    assert seconds_for(3) == 6
    provider.spacing_seconds = 3600.0
    assert seconds_for(1) == 11, "a step has minutes, not hours"


def test_settings_are_read_when_they_are_needed_and_named_when_they_are_wrong() -> None:
    provider = tiny(region="EU", metadata="")
    assert (provider.setting("region"), provider.optional_setting("metadata", "none")) == ("EU", "none")
    assert provider.choice("region", ("EU", "US")) == "EU"
    assert provider.choice("colour", ("red", "blue"), "red") == "red"
    with pytest.raises(SettingMissing, match="'colour' of provider 'tiny' is missing"):
        provider.setting("colour")
    with pytest.raises(SettingMissing, match="'region' of provider 'tiny' must be one of US, AU"):
        provider.choice("region", ("US", "AU"))
    with pytest.raises(SettingMissing, match="'base_url' of provider 'tiny' is missing"):
        provider.http_client({}, [], {})


@pytest.mark.parametrize(("text", "value"), [("True", True), ("0", False), ("off", False), ("", True)])
def test_a_flag_is_yes_or_no(text: str, value: bool) -> None:
    assert tiny(discard=text).flag("discard", True) is value


@pytest.mark.parametrize(("given", "used"), [("", 8), ("3", 3), ("0", 1), ("100", 8)])
def test_no_more_than_eight_requests_are_under_way(given: str, used: int) -> None:
    assert tiny(max_concurrency=given).max_concurrency == used


class Refusing(Tiny):
    def poll_one(self, submission: Submission) -> PollResult:
        refusal = {"gone": SubmissionUnknown, "account": CredentialsRefused, "empty": NoCredit, "away": RateLimited}
        raise refusal[submission.reference or ""]("no")


def test_a_refusal_of_a_check_is_about_its_document_unless_it_is_about_the_account() -> None:
    provider = Refusing(tiny()._context)

    def polled(reference: str) -> PollResult:
        row = Submission("job", 1, "tiny", SubmissionState.PENDING, None, None, None, None, None, reference=reference)  # type: ignore[arg-type]
        return provider.poll([row])[reference]

    gone = polled("gone")
    assert (gone.state, type(gone.error)) == (PollState.REFUSED, SubmissionUnknown)
    for reference, error in (("account", CredentialsRefused), ("empty", NoCredit), ("away", RateLimited)):
        with pytest.raises(error):
            polled(reference)


@pytest.mark.parametrize(("given", "used"), [("", 30.0), ("0", 30.0), ("5", 5.0), ("3600", 60.0)])
def test_no_silence_is_waited_for_longer_than_a_minute(url: str, given: str, used: float) -> None:
    assert tiny(base_url=url, timeout_seconds=given).http_client({}, [], {})._limits.read_seconds == used
