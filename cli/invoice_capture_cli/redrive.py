"""``redrive``: what lies in dead-letter queues or failed on the way gets another chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain

from rich.console import RenderableType
from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, STOPPED, Aborted, CommandError
from invoice_capture_cli.redrive_actions import Action, Result
from invoice_capture_cli.redrive_executions import Executions
from invoice_capture_cli.redrive_messages import Messages
from invoice_capture_cli.running import Run
from invoice_capture_cli.tables import Column, Sheet, clean, show_parts

_SIGNS = {
    Result.DONE: ("✓ done", "green"),
    Result.PLANNED: ("○ would", "blue"),
    Result.PROBLEM: ("✗ failed", "red"),
}
# A reason that holds for many is told once.
_MOST_LEFT = 5


def redrive(run: Run, *, dry_run: bool) -> int:
    """The exit status. Raises CommandError; what was done before is shown."""
    stack = run.target.stack("redrive")
    messages = Messages(stack, dry_run=dry_run)
    executions = Executions(stack, run.jobs, dry_run=dry_run)
    return carry_out(run, chain(messages(), executions()), dry_run=dry_run)


def carry_out(run: Run, redriving: Iterator[Action], *, dry_run: bool) -> int:
    """Do all that there is to do, and show it. Raises CommandError; what was done before is shown."""
    actions: list[Action] = []
    try:
        with run.err.status("Looking into queues and executions"):
            for action in redriving:
                actions.append(action)
    except (KeyboardInterrupt, CommandError) as exc:
        if actions or run.json:
            _show(run, actions, dry_run=dry_run)
        if isinstance(exc, CommandError):
            raise
        raise Aborted("Stopped. Nothing is lost: run it again for the rest.", STOPPED) from None
    _show(run, actions, dry_run=dry_run)
    return SOME_FAILED if any(action.result is Result.PROBLEM for action in actions) else ALL_WELL


def _show(run: Run, actions: list[Action], *, dry_run: bool) -> None:
    if run.json:
        run.emit({"dryRun": dry_run, "actions": [action.to_json() for action in actions]})
        return
    if not actions:
        run.say("There is nothing to redrive.")
        return
    parts: list[RenderableType] = []
    if tried := [action for action in actions if action.result is not Result.LEFT]:
        listed = Sheet(
            "Would be redriven" if dry_run else "Redriven",
            Column(""),
            Column("Kind", turn=1),
            Column("Which", style="bold"),
            Column("What", wraps=True, turn=2, below="Which"),
        )
        for action in tried:
            label, style = _SIGNS[action.result]
            listed.add(Text(label, style=style), action.kind, action.about, action.what)
        parts.append(listed)
    if left := [action for action in actions if action.result is Result.LEFT]:
        reasons = Sheet(
            "Left alone",
            Column("How many", right=True),
            Column("Why", wraps=True),
            Column("Which", style="dim"),
        )
        for what, count in Counter(action.what for action in left).most_common():
            which = [action.about for action in left if action.what == what]
            more = [f"and {count - _MOST_LEFT} more, see --json"] if count > _MOST_LEFT else []
            reasons.add(str(count), what, Text("\n").join(map(clean, [*which[:_MOST_LEFT], *more])))
        parts.append(reasons)
    show_parts(run.out, *parts)
