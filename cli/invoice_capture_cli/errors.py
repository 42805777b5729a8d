"""Why a command ends otherwise than well: each with its exit status, and a message for whoever typed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALL_WELL = 0
SOME_FAILED = 1
WRONG_USAGE = 2
UNREACHABLE = 3
STOPPED = 130


class CommandError(Exception):
    """Base. The message says what happened, to what, and what to do next."""

    exit_status = SOME_FAILED


class UsageError(CommandError):
    """What was asked for cannot be: an argument, a file or an id is wrong."""

    exit_status = WRONG_USAGE


class Unreachable(CommandError):
    """The API or the stack does not answer, or lets nobody in."""

    exit_status = UNREACHABLE


class AnswerLost(Unreachable):
    """A request was sent and no answer came: it may have been carried out."""


class Aborted(CommandError):
    """A run that ended in the middle; the message says why, and what goes on without it."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class ApiRefused(CommandError):
    """The API answered with an error."""

    def __init__(self, status: int, message: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.exit_status = WRONG_USAGE if self.is_about_this_request else UNREACHABLE

    @property
    def is_about_this_request(self) -> bool:
        """Whether another request may do better; a key that opens nothing, or an outage, concerns all of them."""
        return self.status in {400, 404, 409, 413}
