"""What the command lines of the local stack and of its simulators share: a parser, and the types of arguments."""

from __future__ import annotations

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of the whole usage."""
        self.exit(2, f"{self.prog}: {message}. See {self.prog} --help.\n")


def setting(text: str) -> tuple[str, str]:
    """The key and the value of ``KEY=VALUE``; the value may be empty. Raises ArgumentTypeError."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return key, value


def time_scale(text: str) -> float:
    """A finite factor above zero. Raises ArgumentTypeError."""
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return scale
