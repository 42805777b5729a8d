"""``python -m local_stack``: the pipeline on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from invoice_capture_cli import interrupts
from invoice_capture_cli.errors import STOPPED
from local_stack.arguments import Parser, origin, port, setting, time_scale
from local_stack.errors import Interrupted, UserError

if TYPE_CHECKING:
    from local_stack.state_file import Announcement

_EPILOG = """\
examples:
  python -m local_stack process samples/documents
  python -m local_stack process invoice.pdf --json
  python -m local_stack process invoices/ --provider scripted --setting latency_seconds=86400 --time-scale 3600
  python -m local_stack process invoices/ --provider abbyy --time-scale 60
  python -m local_stack watch ~/Scans
  python -m local_stack serve
  python -m local_stack serve --keep ~/invoices
"""


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 all well, 1 some document was not captured, 2 wrong usage, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        with interrupts.raised():
            from local_stack.isolation import away_from_aws

            # Importing moto already makes a boto3 session, which fails over a profile that does not exist.
            with away_from_aws():
                return _run(options)
    except UserError as exc:
        print(f"local_stack: {exc}", file=sys.stderr)  # noqa: T201
        return 2
    except Interrupted as exc:
        print(exc, file=sys.stderr)  # noqa: T201
        return STOPPED
    except KeyboardInterrupt:
        print("Stopped: no document was finished.", file=sys.stderr)  # noqa: T201
        return STOPPED


def _run(options: argparse.Namespace) -> int:
    if options.command != "serve":
        return _carry_out(options)
    # The command line waits for a stack that is starting, so it is told before anything that takes long.
    from local_stack.state_file import announced

    with announced() as announcement:
        if sys.stderr.isatty():
            print("The stack is starting, which takes some seconds.", file=sys.stderr)  # noqa: T201
        return _carry_out(options, announcement)


def _carry_out(options: argparse.Namespace, announcement: Announcement | None = None) -> int:
    # moto and rich take a second to import, which --help need not wait for.
    from local_stack import process, serve, watch
    from local_stack.session import Options

    chosen = Options(
        provider=options.provider,
        settings=dict(options.setting),
        script=options.script,
        time_scale=options.time_scale,
        log_file=options.log_file,
    )
    if announcement is not None:
        serving = serve.Serving(options.port, options.trust, dict(options.parameter), options.verbose, options.keep)
        return serve.run(chosen, serving, announcement)
    chosen = replace(chosen, json=options.json, report=options.report)
    if options.command == "watch":
        return watch.run(options.folder, chosen)
    return process.run(options.paths, replace(chosen, lines=options.lines, json_file=options.json_file))


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="local_stack",
        description="Runs template.yaml, the state machines and the real handlers on this machine, without AWS.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    process = commands.add_parser(
        "process",
        help="capture files and show what became of them",
        description="Drops files into the bucket, waits until all are finished, and prints what was captured. "
        "Exit status 0: every document was captured or a duplicate; 1: some were not; 2: wrong usage; 130: Ctrl-C.",
    )
    process.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder with all files in and below it")
    _add_common(process, "drop into incoming/NAME/, which chooses this provider")
    _add_output(process)
    process.add_argument(
        "--lines", action="store_true", help="show the line items of each invoice, as for a single document"
    )
    process.add_argument("--json-file", metavar="FILE", help="write what --json prints, besides the tables")
    watch = commands.add_parser(
        "watch",
        help="capture whatever is dropped into a folder, until stopped",
        description="Captures every file in and below a folder, and every file that appears there, until Ctrl-C. "
        "Exit status 130: it was stopped so; 2: wrong usage.",
    )
    watch.add_argument("folder", metavar="FOLDER", help="the folder to watch")
    _add_common(watch, "drop into incoming/NAME/, which chooses this provider")
    _add_output(watch)
    serve = commands.add_parser(
        "serve",
        help="run the whole stack with its HTTP API, until stopped",
        description="Serves the HTTP API on this machine until Ctrl-C, and prints a key and calls to try. The command "
        "line invoice-capture finds it from any folder. All is in memory, and lost when it stops, without --keep. "
        "Exit status 130: stopped by Ctrl-C; 0: by SIGTERM; 1: something could not be kept; 2: wrong usage.",
    )
    _add_serving(serve)
    _add_common(serve, "the provider that captures what names none by its template (default: embedded)")
    return parser


def _add_serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        metavar="PORT",
        type=port,
        default=3030,
        help="where the API listens; 0 for any (default: %(default)s)",
    )
    parser.add_argument(
        "--keep",
        metavar="FOLDER",
        type=Path,
        help="keep jobs with their documents, invoices and history in this folder, and offer those that are there",
    )
    parser.add_argument(
        "--trust",
        metavar="ORIGIN",
        type=origin,
        action="append",
        default=[],
        help="an origin of this machine from which documents may be fetched, for example http://localhost:8000; "
        "repeatable. All other addresses of this machine and its network are refused, as they are on AWS",
    )
    parser.add_argument(
        "--parameter",
        metavar="NAME=VALUE",
        type=setting,
        action="append",
        default=[],
        help="a parameter of template.yaml, for example RequestsPerSecond=1000; repeatable",
    )
    parser.add_argument("--verbose", action="store_true", help="tell every request on the standard error")


def _add_common(parser: argparse.ArgumentParser, provider: str) -> None:
    parser.add_argument("--provider", metavar="NAME", help=provider)
    parser.add_argument(
        "--setting",
        metavar="KEY=VALUE",
        type=setting,
        action="append",
        default=[],
        help="a setting of the provider, kept as its secret; repeatable, for example base_url=http://localhost:8080; "
        "a provider without base_url is simulated on this machine",
    )
    parser.add_argument(
        "--script",
        metavar="FILE",
        help="latencies and faults of the simulator; python -m local_stack.simulators --help explains them",
    )
    parser.add_argument(
        "--time-scale",
        metavar="X",
        type=time_scale,
        default=1.0,
        help="let waiting pass X times faster: with 3600 a wait of 24 hours takes 24 seconds (default: 1)",
    )
    parser.add_argument(
        "--log-file",
        metavar="FILE",
        default=".state/local_stack.log",
        help="where the handlers log (default: %(default)s)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object per file instead of tables")
    parser.add_argument("--report", metavar="FILE", help="write what each job cost, in transitions, calls and units")


def _leave(status: int) -> NoReturn:
    """End at once: a handler that still runs on another thread would hold an ordinary exit up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main())
