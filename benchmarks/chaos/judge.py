"""Which promises were kept, by the books.

A mark is right when a document may have been taken more than once: at least two requests that cost money came to a
provider's door whose answers do not say for certain that it was not taken. A job may fail where a provider failed its
document, told a status that nobody documented, or answered about everybody else, for hours each, gave one reference to
two documents, or answered a start with a reference that it does not know afterwards; and where two answers were lost.
It may not fail because AWS was out of order or ended a function.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.bounds import Figure
from benchmarks.chaos.books import Books, Job, Spending

_ENDED = frozenset({"CAPTURED", "FAILED", "REJECTED", "DUPLICATE"})
_MOST_SUBMISSIONS = 2
# Their own lists settle what is in doubt, so asking them to start again is no submission more.
_FINDS = frozenset({"ocr_job"})

FAILED, UNKNOWN_STATUS, POISONED, ONE_REFERENCE, LINK_DIED = (
    "failed by the provider",
    "undocumented status",
    "poisoned",
    "one reference twice",
    "link of an ended session",
)
ABOUT_ANOTHER = "answer about another document"
_MAY_END: Mapping[str, frozenset[str]] = MappingProxyType(
    {"CaptureFailed": frozenset({FAILED, UNKNOWN_STATUS, POISONED, ONE_REFERENCE, LINK_DIED})}
)


def most_wrong_marks(jobs: int) -> int:
    """Half a percent; of a few hundred jobs a share says little.

    Of 300, of which one in 200 is marked wrongly, more than five are one time in two hundred, more than three one in
    fifteen (Poisson).
    """
    return max(5, jobs // 200)


@dataclass(frozen=True)
class Breach:
    """A promise that was broken to a job. ``details`` are what the books say of it."""

    stack: int
    promise: str
    job: Job
    details: str


class Judge:
    """Of one stack's books."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._spending: dict[str, list[Spending]] = defaultdict(list)
        for request in books.spending:
            self._spending[request.document].append(request)

    def breaches(self) -> Iterator[Breach]:
        for job in self._books.jobs:
            for promise, is_kept in PROMISES.items():
                if not is_kept(self, job):
                    yield Breach(self._books.stack, promise, job, self.told_of(job))

    def told_of(self, job: Job) -> str:
        """What the books say of a job, for people who look for the reason."""
        row = job.row or {}
        charged = {provider: count for (provider, name), count in self._books.charged.items() if name == job.document}
        rows = [
            f"{one['provider']} {one['state']} {one.get('error_code', '')} attempts={one.get('attempts')}"
            for one in job.submissions
        ]
        requests = [
            f"{one.provider}: {'may be taken' if one.may_be_taken else 'not taken'} {one.effect}".rstrip()
            for one in self._spending[job.document]
        ]
        return (
            f"job {row.get('job_id')} {job.status} {row.get('error_code', '')} marked={job.is_marked} "
            f"told={list(job.told)} owed={row.get('announcement')} running={job.is_running}\n"
            f"    says: {row.get('error_message', '')}\n"
            f"    submissions: {'; '.join(rows)}\n    at the doors: {'; '.join(requests)}\n"
            f"    charged: {charged}; fates: {self._fates(job)}"
        )

    # --- promises ----------------------------------------------------------------------------------------------------

    def has_ended(self, job: Job) -> bool:
        return job.status in _ENDED and not job.is_running

    def is_told_once(self, job: Job) -> bool:
        """One end, told at least once; the same one may come again, as SNS may deliver it again."""
        owes = job.row is not None and "announcement" in job.row
        return job.status not in _ENDED or (set(job.told) == {job.status} and not owes)

    def has_no_unmarked_double_charge(self, job: Job) -> bool:
        if job.is_marked:
            return True
        counts = {
            provider: count for (provider, name), count in self._books.charged.items() if name == job.document and count
        }
        if any(count > 1 for count in counts.values()):
            return False
        # Another provider was asked on purpose where the one before said, or showed, that it fails.
        unwanted = [provider for provider in counts if not self._fates(job).get(provider)]
        return len(unwanted) <= 1

    def is_rightly_marked(self, job: Job) -> bool:
        return not job.is_marked or sum(one.may_be_taken for one in self._spending[job.document]) > 1

    def is_never_submitted_thrice(self, job: Job) -> bool:
        sent = Counter(
            one.provider for one in self._spending[job.document] if one.may_be_taken and one.provider not in _FINDS
        )
        charged = [count for (_, name), count in self._books.charged.items() if name == job.document]
        return max([0, *sent.values(), *charged]) <= _MOST_SUBMISSIONS

    def fails_for_a_reason(self, job: Job) -> bool:
        if job.status == "REJECTED":
            return False
        if job.status != "FAILED":
            return True
        code = str((job.row or {}).get("error_code"))
        if code == "SubmissionInDoubt":
            sent = [one for one in self._spending[job.document] if one.may_be_taken]
            # A clear answer may be lost on its way, or with the function that asked: then it was asked again.
            return len(sent) > 1 or any(not one.is_clear for one in sent)
        if code == "SubmissionUnknown":
            return any(one.effect == ABOUT_ANOTHER for one in self._spending[job.document])
        return any(fates & _MAY_END.get(code, frozenset()) for fates in self._fates(job).values())

    def _fates(self, job: Job) -> dict[str, frozenset[str]]:
        return {provider: fates for (provider, name), fates in self._books.fates.items() if name == job.document}


ENDED, TOLD, UNMARKED, WRONG_MARK, THIRD, NO_REASON = (
    "without a terminal state",
    "without exactly one paid announcement",
    "unmarked double charges",
    "wrong marks",
    "third submissions",
    "failed by throttling, ended functions or outages",
)
PROMISES: Mapping[str, Callable[[Judge, Job], bool]] = MappingProxyType(
    {
        ENDED: Judge.has_ended,
        TOLD: Judge.is_told_once,
        UNMARKED: Judge.has_no_unmarked_double_charge,
        WRONG_MARK: Judge.is_rightly_marked,
        THIRD: Judge.is_never_submitted_thrice,
        NO_REASON: Judge.fails_for_a_reason,
    }
)


def repeats(books: Sequence[Books]) -> int:
    """Announcements that came more than once: SNS took them, and the answer or the function was lost."""
    return sum(max(0, len(job.told) - len(set(job.told))) for one in books for job in one.jobs)


def figures(breaches: Sequence[Breach], jobs: int) -> Iterator[Figure]:
    counts = Counter(breach.promise for breach in breaches)
    for promise in PROMISES:
        bound = most_wrong_marks(jobs) if promise == WRONG_MARK else 0
        yield Figure(f"chaos, {jobs} jobs: {promise}", counts[promise], bound)


def missing(injected: Mapping[str, int], names: Sequence[str], each: int) -> list[str]:
    """The faults that were not injected often enough."""
    return [name for name in names if injected.get(name, 0) < each]
