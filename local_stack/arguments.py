"""What the command lines of the local stack and of its simulators share: a parser, and the types of arguments."""

from __future__ import annotations

import argparse
from typing import NoReturn
from urllib.parse import urlsplit


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


def port(text: str) -> int:
    """A port number; 0 is any free one. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0 to 65535")
    return int(text)


def origin(text: str) -> str:
    """An origin such as ``http://localhost:8000``, in lower case. Raises ArgumentTypeError."""
    try:
        parts = urlsplit(text.lower().rstrip("/"))
        bare = f"{parts.scheme}://{parts.netloc}" == text.lower().rstrip("/") and "@" not in parts.netloc
        usable = bare and parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(f"{text!r} is no origin: give a scheme, a host and a port, nothing after them")
    return text.lower().rstrip("/")


def time_scale(text: str) -> float:
    """A finite factor above zero. Raises ArgumentTypeError."""
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above zero")
    return scale
