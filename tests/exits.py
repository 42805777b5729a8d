"""How a command line ends, for tests that call its ``main``."""

from __future__ import annotations

from collections.abc import Callable


def exit_status(main: Callable[[list[str]], int], *arguments: str) -> int:
    """What a shell would see, whether ``main`` returns it or argparse exits with it."""
    try:
        return main(list(arguments))
    except SystemExit as exit_:
        return int(exit_.code or 0)
