"""``python -m local_stack.simulators``: one provider's simulator on this machine, until stopped."""

from __future__ import annotations

import argparse
import queue
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from invoice_capture_cli.errors import STOPPED
from local_stack.arguments import Parser, setting, time_scale
from local_stack.clock import ScaledClock
from local_stack.errors import UserError
from local_stack.simulators import Entry, Script, Simulator, script, start

_PORTS = range(65536)


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 130 stopped by Ctrl-C, 0 by SIGTERM, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        chosen = Script() if options.script is None else script.load(Path(options.script))
        clock = ScaledClock(options.time_scale)
        simulator = start(
            options.name,
            clock=clock,
            script=chosen,
            settings=dict(options.setting),
            port=options.port,
            on_request=_tell if options.verbose else None,
        )
    except UserError as exc:
        print(f"simulators: {exc}", file=sys.stderr)  # noqa: T201
        return 2
    with simulator, _stop_signals() as stopped:
        print(_invitation(simulator, options.time_scale), flush=True)  # noqa: T201
        number = stopped.get()
    clock.close()
    print("Stopped.", file=sys.stderr)  # noqa: T201
    return STOPPED if number == signal.SIGINT else 0


@contextmanager
def _stop_signals() -> Iterator[queue.SimpleQueue[int]]:
    """What Ctrl-C and SIGTERM are put into."""
    stopped: queue.SimpleQueue[int] = queue.SimpleQueue()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda sent, _frame: stopped.put(sent)) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(entry: Entry) -> None:
    status = entry.status or "reset"
    print(f"{entry.at:%H:%M:%S.%f} {entry.operation} {status}", file=sys.stderr, flush=True)  # noqa: T201


def _invitation(simulator: Simulator, factor: float) -> str:
    settings: Mapping[str, str] = simulator.settings
    arguments = " ".join(f"--setting {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    scale = f" --time-scale {factor:g}" if factor != 1 else ""
    return (
        f"{simulator.name} answers at {simulator.base_url} until Ctrl-C. Use it with:\n"
        f"  python -m local_stack process samples/documents --provider {simulator.name}{scale} {arguments}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="simulators",
        description="Runs one provider's simulator on this machine: it holds to the provider's contract, really reads "
        "what is sent, and fails as a script says. Exit status 130: stopped by Ctrl-C; "
        "0: by SIGTERM; 2: wrong usage.",
        epilog=script.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="abbyy, extract_api or ocr_job")
    parser.add_argument("--port", type=_port, default=0, help="where it answers on 127.0.0.1 (default: any free port)")
    parser.add_argument("--script", metavar="FILE", help="what goes wrong, as YAML or JSON: see below")
    parser.add_argument(
        "--time-scale",
        metavar="X",
        type=time_scale,
        default=1.0,
        help="let latencies and waits pass X times faster (default: 1)",
    )
    parser.add_argument(
        "--setting",
        metavar="KEY=VALUE",
        type=setting,
        action="append",
        default=[],
        help="a setting of the provider: the credentials that are accepted; repeatable",
    )
    parser.add_argument("--verbose", action="store_true", help="tell every request on standard error")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in _PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
