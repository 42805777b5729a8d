"""Statuses that a contract does not have: known endings of the field, and words that nobody knows."""

from __future__ import annotations

import pytest

from invoice_capture.domain.errors import CaptureFailed
from invoice_capture.ports import PollState
from invoice_capture.providers import statuses

OWN = {"InProgress": PollState.PENDING, "Done": PollState.READY, "Broken": PollState.FAILED}


@pytest.mark.parametrize(
    "said", ["InProgress", "INPROGRESS", "in progress", "in_progress", "In-Progress", "in.progress"]
)
def test_spelling_is_nothing(said: str) -> None:
    status = statuses.read(said, OWN, "toybox")
    assert (status.state, status.word, status.said) == (PollState.PENDING, "InProgress", said)


def test_the_providers_own_word_comes_first() -> None:
    assert statuses.read("done", {"Done": PollState.PENDING}, "toybox").state is PollState.PENDING
    both = {"done": PollState.PENDING, "Done": PollState.READY}
    assert statuses.read("Done", both, "toybox").state is PollState.READY


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("completed complete done finished processed", PollState.READY),
        ("failed error expired aborted cancelled canceled rejected deleted", PollState.FAILED),
        ("paused on-hold suspended", PollState.PENDING),
        ("hatching", PollState.UNKNOWN),
    ],
)
def test_endings_of_the_field_are_known(words: str, state: PollState) -> None:
    for word in words.split():
        for said in (word, word.upper(), word.title()):
            status = statuses.read(said, {}, "toybox")
            assert (status.state, status.word, status.said) == (state, None, said)


def test_every_known_word_is_folded() -> None:
    for word, state in statuses.KNOWN_ELSEWHERE.items():
        assert statuses.read(word, {}, "toybox").state is state


def test_an_ending_says_how_the_provider_called_it() -> None:
    error = statuses.failure(statuses.read("EXPIRED", OWN, "toybox"), "Toybox's reading r1")
    assert isinstance(error, CaptureFailed)
    assert str(error).startswith("Toybox's reading r1 ended as 'EXPIRED', without a result.")


def test_what_is_said_is_short_and_in_one_line() -> None:
    assert statuses.read("a\nb" + "c" * 100, {}, "toybox").said == "a b" + "c" * 37
