"""``python -m invoice_capture_cli`` is ``invoice-capture``."""

import sys

from invoice_capture_cli import interrupts
from invoice_capture_cli.errors import STOPPED


def run() -> None:
    """The entry point. Ctrl-C is told in one line from the first moment on: what is imported takes longer than many
    commands."""
    try:
        with interrupts.raised():
            from invoice_capture_cli.main import app

            app()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        sys.exit(STOPPED)


if __name__ == "__main__":
    run()
