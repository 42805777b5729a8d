"""Live progress on a terminal; nothing where there is none."""

from __future__ import annotations

from collections import Counter
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from local_stack.outcome import Outcome

_WORDS = {"CAPTURED": "captured", "DUPLICATE": "duplicate", "REJECTED": "refused", "FAILED": "failed"}


class LiveProgress:
    """A bar of finished documents, with how they ended."""

    def __init__(self, console: Console, documents: int) -> None:
        self.console = console
        self._counts: Counter[str] = Counter()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._documents = documents
        self._task = self._progress.add_task("Starting", total=None, counts="")

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self) -> None:
        """The stack runs, the documents are next."""
        self._progress.update(self._task, description="Capturing", total=self._documents)

    def finished(self, outcome: Outcome) -> None:
        self._counts[_WORDS.get(outcome.status or "", "unfinished")] += 1
        counts = " · ".join(f"{count} {word}" for word, count in self._counts.most_common())
        self._progress.update(self._task, advance=1, counts=counts)
