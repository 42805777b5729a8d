"""``submit``: files become jobs, and with ``--wait`` invoices."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from invoice_capture_cli.documents import Document, find
from invoice_capture_cli.errors import (
    ALL_WELL,
    SOME_FAILED,
    STOPPED,
    WRONG_USAGE,
    Aborted,
    CommandError,
    UsageError,
)
from invoice_capture_cli.following import Following
from invoice_capture_cli.parallel import Parallel
from invoice_capture_cli.progress import SubmitProgress
from invoice_capture_cli.running import Run
from invoice_capture_cli.submitted_tables import show_captured, show_submitted
from invoice_capture_cli.submitting import SubmitOptions, Submitted, Submitter
from invoice_capture_cli.uploading import Uploads

# After Ctrl-C: what is under way usually ends within this, and then its job is known.
_LONGEST_WAIT_SECONDS = 5.0
# More ids than this are no command that anybody would copy.
_MOST_IDS = 12


def submit(run: Run, paths: list[Path], options: SubmitOptions, *, wait: bool, timeout: float | None) -> int:
    """The exit status. Raises CommandError."""
    documents = find(paths)
    if options.number is not None and len(documents) > 1:
        raise UsageError(f"--number is for one file, and these are {len(documents)}.")
    sendable = [document for document in documents if document.problem is None]
    refused = [Submitted(document, problem=document.problem) for document in documents if document.problem is not None]
    submit_run = _SubmitRun(run, wait=wait)
    for done in refused:
        submit_run.note(done)
    if sendable:
        with ExitStack() as cleaning:
            submit_run.carry_out(sendable, options, timeout, cleaning.enter_context(SubmitProgress(run.err, sendable)))
    results = submit_run.in_order_of(documents)
    if not run.json:
        (show_captured if wait else show_submitted)(run.out, results)
    if running := [done for done in results if done.runs]:
        if wait:
            run.say(f"{_jobs(len(running))} did not end within {timeout:g} seconds. {_goes_on(run, running)}")
        elif not run.json:
            run.say(_goes_on(run, running))
    if not sendable:
        return WRONG_USAGE
    is_well = all(done.is_good and not (wait and done.runs) for done in results)
    return ALL_WELL if is_well else SOME_FAILED


class _SubmitRun:
    """A run, as far as it has come."""

    def __init__(self, run: Run, *, wait: bool) -> None:
        self._run = run
        self._wait = wait
        self._results: dict[Document, Submitted] = {}

    def in_order_of(self, documents: Iterable[Document]) -> list[Submitted]:
        return [self._results[document] for document in documents if document in self._results]

    def note(self, done: Submitted) -> None:
        """Keep a result; other programs are told it as soon as it is final."""
        self._results[done.document] = done
        if self._run.json and not (self._wait and done.runs):
            self._run.line(done.to_json())

    def carry_out(
        self, documents: list[Document], options: SubmitOptions, timeout: float | None, progress: SubmitProgress
    ) -> None:
        """Raises Aborted, with what goes on without us."""
        work = Parallel(Submitter(self._run.jobs, Uploads(), options, progress.sent), documents)
        try:
            for done in work.results():
                self.note(done)
                progress.submitted()
            if self._wait:
                self._await(timeout, progress)
        except (KeyboardInterrupt, CommandError) as exc:
            for done in work.stop(_LONGEST_WAIT_SECONDS):
                self.note(done)
            raise self._aborted(exc, documents) from exc

    def _await(self, timeout: float | None, progress: SubmitProgress) -> None:
        running = {str(done.job_id): done for done in self._results.values() if done.runs}
        following = Following(self._run.jobs, list(running))
        progress.wait_for(len(running))
        for changed in following.until_ended(timeout):
            for job in changed:
                done = running[job["_id"]].seen_as(job)
                progress.saw(done)
                self.note(self._in_full(done) if job.get("status") == "completed" else done)

    def _in_full(self, done: Submitted) -> Submitted:
        """The list has the head of an invoice only: other programs want the job, people what is in the invoice."""
        job_id = str(done.job_id)
        if self._run.json:
            return done.seen_as(self._run.jobs.get(job_id))
        return replace(done, stored=self._run.jobs.invoice(job_id))

    def _aborted(self, error: BaseException, documents: list[Document]) -> Aborted:
        running = [done for done in self._results.values() if done.runs]
        if self._run.json and self._wait:
            for done in running:
                self._run.line(done.to_json())
        sentences = ["Stopped." if isinstance(error, KeyboardInterrupt) else str(error)]
        if unsent := [document.shown for document in documents if document not in self._results]:
            more = f" and {len(unsent) - _MOST_IDS} more" if len(unsent) > _MOST_IDS else ""
            sentences.append(f"Not submitted: {', '.join(unsent[:_MOST_IDS])}{more}.")
        if running:
            sentences.append(_goes_on(self._run, running, before_command=" "))
        status = error.exit_status if isinstance(error, CommandError) else STOPPED
        return Aborted(" ".join(sentences), status)


def _goes_on(run: Run, running: list[Submitted], before_command: str = "\n  ") -> str:
    ids = [str(done.job_id) for done in running]
    go = "goes on by itself; follow it" if len(ids) == 1 else "go on by themselves; follow them"
    return f"{_jobs(len(ids))} {go} with:{before_command}{run.watch_command(ids if len(ids) <= _MOST_IDS else [])}"


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
