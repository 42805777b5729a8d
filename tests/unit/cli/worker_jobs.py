"""What a worker is given to do in the tests. Importing this costs nothing, so that the worker starts soon."""

import os
import signal
import time


def crash_at_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hang() -> None:
    time.sleep(60)


def take_all_memory() -> str:
    try:
        return str(len(bytearray(2 << 30)))
    except MemoryError:
        return "refused"
