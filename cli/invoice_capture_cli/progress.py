"""Live progress on a terminal; nothing where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from invoice_capture_cli.documents import Document
from invoice_capture_cli.submitting import Submitted


class SubmitProgress:
    """A bar of bytes while documents are sent, then one of jobs while they are captured."""

    def __init__(self, console: Console, documents: Sequence[Document]) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[counts]}", style="dim"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._all = len(documents)
        self._submitted = 0
        self._waiting = 0
        self._ended: Counter[str] = Counter()
        total = sum(document.size for document in documents)
        self._task = self._progress.add_task("Submitting", total=total, counts=f"0/{self._all}")

    def __enter__(self) -> SubmitProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def sent(self, count: int) -> None:
        """So many bytes more are under way; fewer, when they are sent again."""
        self._progress.advance(self._task, count)

    def submitted(self) -> None:
        self._submitted += 1
        self._progress.update(self._task, counts=f"{self._submitted}/{self._all}")

    def wait_for(self, jobs: int) -> None:
        self._waiting = jobs
        self._progress.reset(self._task, description="Capturing", total=jobs, completed=0, counts=f"0/{jobs}")

    def saw(self, done: Submitted) -> None:
        """A job changed."""
        if done.runs:
            return
        self._ended["captured" if done.is_good else "not captured"] += 1
        ended = self._ended.total()
        words = " · ".join(f"{count} {word}" for word, count in sorted(self._ended.items()))
        self._progress.update(self._task, completed=ended, counts=f"{ended}/{self._waiting}  {words}")
