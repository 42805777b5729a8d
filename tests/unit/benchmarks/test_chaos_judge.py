"""The judge of the chaos benchmark, on books that were made up: what broke a promise is found, what kept it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.chaos.books import Books, Job, Spending
from benchmarks.chaos.judge import (
    ABOUT_ANOTHER,
    ENDED,
    FAILED,
    NO_REASON,
    THIRD,
    TOLD,
    UNMARKED,
    WRONG_MARK,
    Judge,
    figures,
    missing,
    repeats,
)

DOCUMENT = "000001.pdf"
CAPTURED = Job(DOCUMENT, f"incoming/abbyy/{DOCUMENT}", {"job_id": "1", "status": "CAPTURED"}, told=("CAPTURED",))
MARKED = replace(CAPTURED, row={**(CAPTURED.row or {}), "possible_double_charge": True})
TAKEN = Spending("abbyy", DOCUMENT, may_be_taken=True, is_clear=True)
LOST = Spending("abbyy", DOCUMENT, may_be_taken=True, is_clear=False, effect="answer lost")
REFUSED = Spending("abbyy", DOCUMENT, may_be_taken=False, is_clear=True, effect="status 429")


def failed(code: str) -> Job:
    return replace(CAPTURED, row={"job_id": "1", "status": "FAILED", "error_code": code}, told=("FAILED",))


def broken(job: Job, **books: Any) -> list[str]:
    """The promises that were broken to a job."""
    breaches = list(Judge(Books(stack=0, jobs=[job], **books)).breaches())
    assert all(breach.job is job and job.status in breach.details for breach in breaches)
    return [breach.promise for breach in breaches]


def charged(**counts: int) -> dict[tuple[str, str], int]:
    return {(provider, DOCUMENT): count for provider, count in counts.items()}


def test_a_job_that_went_well_broke_nothing() -> None:
    assert broken(CAPTURED, spending=[TAKEN], charged=charged(abbyy=1)) == []


@pytest.mark.parametrize(
    "job",
    [
        replace(CAPTURED, row=None, told=()),
        replace(CAPTURED, row={"job_id": "1", "status": "SUBMITTED"}, told=()),
        replace(CAPTURED, is_running=True),
    ],
    ids=["no job", "open", "still running"],
)
def test_a_job_without_an_end_is_found(job: Job) -> None:
    assert broken(job) == [ENDED]


@pytest.mark.parametrize(
    "job",
    [
        replace(CAPTURED, told=()),
        replace(CAPTURED, told=("CAPTURED", "FAILED")),
        replace(CAPTURED, told=("FAILED",)),
        replace(CAPTURED, row={**(CAPTURED.row or {}), "announcement": "invoice.captured"}),
    ],
    ids=["never told", "told two ends", "told another end", "still owed"],
)
def test_an_end_that_is_not_told_once_is_found(job: Job) -> None:
    assert broken(job) == [TOLD]


def test_an_end_that_comes_again_is_no_other_end_and_is_counted() -> None:
    job = replace(CAPTURED, told=("CAPTURED", "CAPTURED"))
    assert broken(job) == []
    assert repeats([Books(stack=0, jobs=[job, CAPTURED])]) == 1


def test_a_double_charge_without_a_mark_is_found() -> None:
    spending = [LOST, TAKEN]
    assert broken(CAPTURED, spending=spending, charged=charged(abbyy=2)) == [UNMARKED]
    assert broken(MARKED, spending=spending, charged=charged(abbyy=2)) == []


def test_charges_of_two_providers_are_wanted_only_where_the_first_one_failed() -> None:
    charges = charged(abbyy=1, extract_api=1)
    assert broken(CAPTURED, charged=charges) == [UNMARKED]
    assert broken(CAPTURED, charged=charges, fates={("abbyy", DOCUMENT): frozenset({FAILED})}) == []


@pytest.mark.parametrize("spending", [[], [TAKEN], [REFUSED, TAKEN]], ids=["never sent", "sent once", "refused before"])
def test_a_wrong_mark_is_found(spending: list[Spending]) -> None:
    assert broken(MARKED, spending=spending, charged=charged(abbyy=1)) == [WRONG_MARK]


def test_a_third_submission_is_found() -> None:
    assert broken(MARKED, spending=[LOST, LOST, REFUSED]) == []
    assert broken(MARKED, spending=[LOST, LOST, LOST]) == [THIRD]
    assert broken(MARKED, spending=[LOST, LOST], charged=charged(abbyy=3)) == [THIRD]


def test_starting_a_job_again_that_its_provider_lists_as_waiting_is_no_submission_more() -> None:
    lost = replace(LOST, provider="ocr_job")
    assert broken(CAPTURED, spending=[lost, lost, lost], charged=charged(ocr_job=1)) == []


@pytest.mark.parametrize("code", ["JobDeadlineExceeded", "ProviderUnavailable", "Lambda.Unknown", "CaptureFailed"])
def test_a_failure_that_no_provider_explains_is_found(code: str) -> None:
    assert broken(failed(code), spending=[TAKEN], charged=charged(abbyy=1)) == [NO_REASON]


def test_what_a_provider_fails_may_fail_and_nothing_else_with_it() -> None:
    fates = {("abbyy", DOCUMENT): frozenset({FAILED})}
    assert broken(failed("CaptureFailed"), fates=fates) == []
    assert broken(failed("JobDeadlineExceeded"), fates=fates) == [NO_REASON]
    assert broken(failed("CaptureFailed"), fates={("abbyy", "another.pdf"): frozenset({FAILED})}) == [NO_REASON]


def test_a_job_in_doubt_must_have_lost_an_answer() -> None:
    assert broken(failed("SubmissionInDoubt"), spending=[LOST, LOST]) == []
    assert broken(failed("SubmissionInDoubt"), spending=[TAKEN, TAKEN]) == [], "answers are lost on their way as well"
    assert broken(failed("SubmissionInDoubt"), spending=[TAKEN]) == [NO_REASON]
    assert broken(failed("SubmissionInDoubt"), spending=[REFUSED]) == [NO_REASON]


def test_a_document_may_be_unknown_only_where_its_start_was_answered_about_another() -> None:
    answered = replace(TAKEN, effect=ABOUT_ANOTHER)
    assert broken(failed("SubmissionUnknown"), spending=[answered], charged=charged(abbyy=1)) == []
    assert broken(failed("SubmissionUnknown"), spending=[TAKEN], charged=charged(abbyy=1)) == [NO_REASON]


def test_figures_hold_until_one_promise_is_broken_and_wrong_marks_up_to_their_share() -> None:
    def missed(count: int, job: Job, jobs: int) -> list[str]:
        breaches = list(Judge(Books(stack=0, jobs=[job] * count)).breaches())
        return [figure.name for figure in figures(breaches, jobs) if not figure.holds]

    assert missed(50, MARKED, 10_000) == []
    assert missed(51, MARKED, 10_000) == [f"chaos, 10000 jobs: {WRONG_MARK}"]
    assert (missed(5, MARKED, 300), missed(6, MARKED, 300)) == ([], [f"chaos, 300 jobs: {WRONG_MARK}"])
    assert missed(1, replace(CAPTURED, row=None, told=()), 10_000) == [f"chaos, 10000 jobs: {ENDED}"]


def test_a_fault_that_was_injected_too_seldom_is_named() -> None:
    assert missing({"thunder": 3, "rain": 2}, ["thunder", "rain", "snow"], 3) == ["rain", "snow"]
