"""Errors that are for the person at the terminal."""

from __future__ import annotations


class UserError(Exception):
    """What was asked for cannot be done; the message is one sentence that says why."""


class Interrupted(Exception):
    """Ctrl-C was pressed; the message is one sentence that says what had been done."""


class TemplateError(Exception):
    """The template cannot be made into resources; the message says why."""
