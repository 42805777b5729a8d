"""Where a command goes: an API by its URL, a deployed stack by its name, or the local stack that runs here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.local_stacks import LOOPBACK, find, how_to_start, wait_until_ready

if TYPE_CHECKING:
    from invoice_capture_cli.api import Api
    from invoice_capture_cli.stack import Stack

_HANGS = "The local stack has just ended, or hangs: look at its terminal."


@dataclass(frozen=True)
class TargetOptions:
    """The options of the command line that choose a target, as they were given."""

    url: str | None = None
    key: str | None = None
    stack: str | None = None
    region: str | None = None
    profile: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Sequence[str]]) -> TargetOptions:
        """What was given before and after the command, by option. Raises UsageError for two values of one option."""
        for option, values in given.items():
            if len(set(values)) > 1:
                raise UsageError(f"--{option} is given more than once, with different values: give one.")
        return cls(**{option: values[0] for option, values in given.items() if values})


@dataclass(frozen=True)
class Target:
    """``url`` and ``key`` for the API over HTTP; ``stack`` for what needs AWS. Either may be None, never both.

    ``endpoint`` is where the local stack emulates AWS; ``simulated`` are the providers that it simulates.
    """

    url: str | None
    key: str | None
    stack_name: str | None
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    simulated: frozenset[str] = frozenset()

    def api(self) -> Api:
        """Nothing is asked before the first request."""
        if self.url is not None:
            from invoice_capture_cli.http_api import HttpApi

            return HttpApi(self.url, self.key or "", hint=_HANGS if self.endpoint else "")
        from invoice_capture_cli.stack_api import StackApi

        return StackApi(self.stack("the API"))

    def stack(self, purpose: str) -> Stack:
        """Raises UsageError for an API by its URL, of which nothing else is known."""
        if self.stack_name is None:
            raise UsageError(f"{purpose} needs the stack itself, not only its API: name it with --stack.")
        from invoice_capture_cli.stack import Stack

        return Stack(self.stack_name, region=self.region, profile=self.profile, endpoint=self.endpoint)

    @property
    def sends_key_in_clear(self) -> bool:
        parts = urlsplit(self.url or "")
        return parts.scheme == "http" and parts.hostname not in LOOPBACK


def choose(options: TargetOptions, environment: Mapping[str, str], folder: Path, say: Callable[[str], None]) -> Target:
    """The target that the options name, else the environment, else the local stack of this machine.

    A local stack that is starting is waited for, and ``say`` told so.

    Raises:
        UsageError: they contradict each other, something is missing, or nothing runs here.
        Unreachable: the local stack does not start.
    """
    url, stack = options.url, options.stack
    if url is None and stack is None:
        url = environment.get("INVOICE_CAPTURE_URL") or None
        stack = environment.get("INVOICE_CAPTURE_STACK") or None
        if url and stack:
            raise UsageError("INVOICE_CAPTURE_URL and INVOICE_CAPTURE_STACK are both set: unset one of them.")
    if url is not None and stack is not None:
        raise UsageError("--url and --stack are two targets: give one of them.")
    if stack is not None:
        if options.key is not None:
            raise UsageError("--stack needs no --key: your AWS credentials are what counts.")
        return Target(None, None, stack, options.region, options.profile)
    if options.region is not None or options.profile is not None:
        raise UsageError("--region and --profile belong to --stack: name the stack.")
    if url is not None:
        return _api(url, options.key or environment.get("INVOICE_CAPTURE_KEY") or "")
    if options.key is not None:
        raise UsageError("--key belongs to --url: give the URL of the API as well.")
    return _local(environment, folder, say)


def _api(url: str, key: str) -> Target:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.query or parts.fragment or parts.username is not None:
        raise UsageError(
            "--url is the base URL of the API, such as https://abc.execute-api.eu-central-1.amazonaws.com/v1."
        )
    if not key:
        raise UsageError("Which key opens this API? Give it with INVOICE_CAPTURE_KEY (or --key, which others can see).")
    if not (key.isascii() and key.isprintable()):
        raise UsageError("This key has characters that no key has: copy it once more.")
    return Target(url, key, None)


def _local(environment: Mapping[str, str], folder: Path, say: Callable[[str], None]) -> Target:
    stack = find(environment, folder)
    if stack is None:
        raise UsageError(
            f"No local stack runs. Start one in another terminal:\n\n  {how_to_start()}\n\n"
            "Or say what to ask with --url or --stack."
        )
    about = wait_until_ready(stack, say).about
    return Target(
        about["url"],
        about["key"],
        about["stack"],
        about["region"],
        endpoint=about["aws_endpoint"],
        simulated=frozenset(about.get("simulated", "").split(",")) - {""},
    )
