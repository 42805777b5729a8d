"""Tells people, while a command waits, which document one of them must verify and where."""

from __future__ import annotations

import time

from rich.console import Console

from local_stack.stack import LocalStack

_LOOK_EVERY_SECONDS = 1.0


class ActionLinks:
    """Shows each link once, as its notification comes in."""

    def __init__(self, stack: LocalStack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._shown = 0
        self._looked_at = 0.0

    def show_new(self) -> None:
        """Costs nothing when it was called a moment ago."""
        if time.monotonic() - self._looked_at < _LOOK_EVERY_SECONDS:
            return
        self._looked_at = time.monotonic()
        asked = [item.message for item in self._stack.notifications() if item.message.get("action_url")]
        for message in asked[self._shown :]:
            name = str(message["document"]["key"]).rsplit("/", 1)[-1]
            self._console.print(
                f"{name} waits for a person at {message['provider']}: {message['action_url']}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        self._shown = len(asked)
