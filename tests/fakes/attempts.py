"""What adapters are given to write an attempt down with, where nobody keeps rows."""


def begin() -> None:
    """An attempt that is written down nowhere."""
