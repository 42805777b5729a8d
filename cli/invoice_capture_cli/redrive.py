"""``redrive``: what lies in dead-letter queues or failed on the way gets another chance."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from rich.text import Text

from invoice_capture_cli.errors import ALL_WELL, SOME_FAILED, STOPPED, Aborted, CommandError
from invoice_capture_cli.redrive_actions import Action, Result
from invoice_capture_cli.redrive_executions import Executions
from invoice_capture_cli.redrive_messages import Messages
from invoice_capture_cli.running import Run
from invoice_capture_cli.tables import table

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
    actions: list[Action] = []
    try:
        messages = Messages(stack, dry_run=dry_run)
        executions = Executions(stack, run.jobs, dry_run=dry_run)
        with run.err.status("Looking into queues and executions"):
            for action in chain(messages(), executions()):
                actions.append(action)
    except (KeyboardInterrupt, CommandError) as exc:
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
    if tried := [action for action in actions if action.result is not Result.LEFT]:
        listed = table("Would be redriven" if dry_run else "Redriven")
        listed.add_column("", min_width=8)
        listed.add_column("Kind", min_width=9)
        listed.add_column("Which", style="bold", min_width=36)
        listed.add_column("What", no_wrap=False, overflow="fold", ratio=1)
        for action in tried:
            label, style = _SIGNS[action.result]
            listed.add_row(Text(label, style=style), action.kind, Text(action.about), Text(action.what))
        run.out.print(listed)
    if left := [action for action in actions if action.result is Result.LEFT]:
        reasons = table("Left alone", expand=False)
        reasons.add_column("", justify="right")
        reasons.add_column("Why")
        reasons.add_column("Which", style="dim")
        for what, count in Counter(action.what for action in left).most_common():
            which = [action.about for action in left if action.what == what]
            names = ", ".join(which[:_MOST_LEFT]) + (", …" if len(which) > _MOST_LEFT else "")
            reasons.add_row(str(count), Text(what), Text(names))
        run.out.print(reasons)
