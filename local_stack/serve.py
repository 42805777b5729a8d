"""``serve``: the whole stack with its HTTP API, until stopped."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from invoice_capture_cli import interrupts
from invoice_capture_cli.errors import STOPPED
from local_stack.errors import UserError
from local_stack.isolation import REGION
from local_stack.keeping.folder import KeepFolder
from local_stack.keeping.keeper import Keeper
from local_stack.keeping.telling import command_line, farewell, fate
from local_stack.session import Options, opened
from local_stack.stack import PROJECT, STACK_NAME, LocalStack
from local_stack.state_file import Announcement

_SAMPLE = PROJECT / "samples" / "documents" / "english_gbp_classic.pdf"
CLIENT = "local"


@dataclass(frozen=True)
class Serving:
    """How to serve. ``verbose`` tells every request.

    ``trusted_origins`` are those of this machine that a documentUrl may name; ``parameters`` are the template's.
    Without ``keep``, a folder, all is lost at the end.
    """

    port: int = 3030
    trusted_origins: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    verbose: bool = False
    keep: Path | None = None


def make_key(stack: LocalStack) -> str:
    """A key of the client ``local``, which sees everything."""
    from invoice_capture.aws.clients import Clients
    from invoice_capture.aws.key_store import DynamoDBKeyStore
    from invoice_capture.aws.table import Table
    from invoice_capture.aws.usage_plans import ApiGatewayUsagePlans
    from invoice_capture.use_cases.client.manage_keys import ManageKeys

    clients = Clients()
    keys = ManageKeys(
        DynamoDBKeyStore(Table(clients, stack.table)),
        ApiGatewayUsagePlans(clients, stack.usage_plan_id),
        stack.clock,
    )
    return keys.create(CLIENT, {"all"}, "local stack")[1]


def run(options: Options, serving: Serving, announcement: Announcement) -> int:
    """Runs until Ctrl-C, exit status 130, or SIGTERM, which is how services are stopped: 0, or 1 when something could
    not be kept.

    Raises:
        UserError: what was asked for cannot be done.
    """
    with ExitStack() as exits:
        keeper = None
        if serving.keep is not None:
            folder = exits.enter_context(closing(KeepFolder(serving.keep)))
            keeper = Keeper(folder, _warn)
        try:
            _serve(options, serving, announcement, keeper)
        except KeyboardInterrupt as exc:
            _say(farewell(keeper))
            stopped = 0 if isinstance(exc, _Terminated) else STOPPED
        return 1 if keeper is not None and keeper.lost else stopped


def _serve(options: Options, serving: Serving, announcement: Announcement, keeper: Keeper | None) -> NoReturn:
    route = {"DefaultRoute": options.provider} if options.provider else {}
    wanted = replace(
        options,
        parameters={**route, **serving.parameters},
        api_port=serving.port,
        trusted_origins=tuple(serving.trusted_origins),
        on_request=_tell if serving.verbose else None,
        keeper=keeper,
    )
    with interrupts.raised(signal.SIGTERM, _Terminated), opened(wanted) as stack:
        key = (keeper.key() if keeper else None) or make_key(stack)
        about = {
            "url": str(stack.api_url),
            "key": key,
            "aws_endpoint": str(stack.aws_endpoint),
            "stack": STACK_NAME,
            "region": REGION,
            "simulated": ",".join(sorted(stack.simulated)),
        }
        try:
            announcement.ready(about)
            if keeper is not None:
                keeper.keep_key(key)
        except OSError as exc:
            raise UserError(f"{exc.filename} cannot be written: {exc.strerror}.") from exc
        _say(_welcome(stack, key) + fate(keeper))
        while True:
            threading.Event().wait()


class _Terminated(KeyboardInterrupt):
    """SIGTERM came, which does what Ctrl-C does."""


def _welcome(stack: LocalStack, key: str) -> str:
    """What a person needs next. The examples run as they are printed, in their order."""
    return f"""\
The stack runs at {stack.api_url} until you press Ctrl-C.
{stack.api_url}/docs captures a document in the browser.

This key opens everything in it:

  export KEY={key}
  JOBS={stack.api_url}/ocr-invoice-job

Capture a document, here a sample:

  JOB=$(curl -s $JOBS/documents -H "api-key: $KEY" \\
    -F 'file=@{_SAMPLE}' \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["_id"])')

List the jobs:

  curl -s "$JOBS?limit=10" -H "api-key: $KEY"

See what was read, as soon as the status of the job is completed:

  curl -s $JOBS/$JOB/results -H "api-key: $KEY"

Or, in another terminal and any folder:

  {command_line()} submit FILE --wait

"""


def _tell(method: str, path: str, status: int, milliseconds: float) -> None:
    sys.stderr.write(f"{method} {path} {status} {milliseconds:.0f} ms\n")
    sys.stderr.flush()


def _warn(sentence: str) -> None:
    sys.stderr.write(f"local_stack: {sentence}\n")
    sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
