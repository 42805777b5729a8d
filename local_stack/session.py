"""A stack as the commands open it."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from invoice_capture.domain.job import provider_of
from invoice_capture.providers import registry
from local_stack import scripted_provider, simulators
from local_stack.errors import TemplateError, UserError
from local_stack.gateway.server import Listener
from local_stack.keeping.keeper import Keeper
from local_stack.simulators.script import load
from local_stack.stack import LocalStack

# The deadline ends a job; the sweeper may need two rounds to see to it.
_AFTER_THE_DEADLINE_SECONDS = 900.0


@dataclass(frozen=True)
class Options:
    """What the commands take; ``settings`` are those of ``provider``, ``script`` is for its simulator.

    ``parameters`` are the template's; with ``api_port`` the HTTP API is served there, and ``keeper`` keeps the jobs.
    """

    provider: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    script: str | None = None
    time_scale: float = 1.0
    json: bool = False
    lines: bool = False
    json_file: str | None = None
    report: str | None = None
    log_file: str = ".state/local_stack.log"
    parameters: Mapping[str, str] = field(default_factory=dict)
    api_port: int | None = None
    trusted_origins: tuple[str, ...] = ()
    on_request: Listener | None = None
    keeper: Keeper | None = None


@contextmanager
def opened(options: Options) -> Iterator[LocalStack]:
    """A running stack with the provider's settings and its log.

    Raises:
        UserError: the provider is unknown, has settings or a script without being named or simulated, or the script,
            the log or the template cannot be used, or the port is taken.
    """
    known = registry.names() | {scripted_provider.NAME}
    provider = None if options.provider is None else provider_of(options.provider)
    if provider is not None and provider not in known:
        raise UserError(f"There is no provider {options.provider!r}; there are {', '.join(sorted(known))}.")
    if options.settings and options.provider is None:
        raise UserError("--setting belongs to a provider: name it with --provider.")
    if provider == scripted_provider.NAME:
        try:
            scripted_provider.script_of(options.settings)
        except ValueError as exc:
            raise UserError(f"--setting: {exc}.") from exc
    is_simulated = provider in simulators.NAMES and not options.settings.get("base_url")
    if options.script is not None and not is_simulated:
        raise UserError("--script belongs to a simulator: name its provider with --provider, and no base_url.")
    scripts = {str(options.provider): load(Path(options.script))} if options.script is not None else {}
    log_path = Path(options.log_file)
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        log = log_path.open("w", buffering=1, encoding="utf-8")
    except OSError as exc:
        raise UserError(f"The log {log_path} cannot be written: {exc.strerror}.") from exc
    settings = {options.provider: options.settings} if options.provider and (options.settings or is_simulated) else {}
    with ExitStack() as exits:
        exits.enter_context(log)
        try:
            stack = exits.enter_context(
                LocalStack(
                    time_scale=options.time_scale,
                    parameters=options.parameters,
                    provider_settings=settings,
                    simulator_scripts=scripts,
                    log=log,
                    api_port=options.api_port,
                    trusted_origins=options.trusted_origins,
                    on_request=options.on_request,
                    keeper=options.keeper,
                )
            )
        except TemplateError as exc:
            raise UserError(str(exc)) from exc
        except OSError as exc:
            if exc.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise UserError(
                f"Port {options.api_port} cannot be used: {str(exc.strerror).lower()}. "
                "Stop what listens there, or choose another one with --port."
            ) from exc
        yield stack


def longest_wait(stack: LocalStack) -> float:
    """How many stack seconds a document is waited for: what its deadline allows, and a little."""
    hours = float(stack.resources.function("ReceiveUploadFunction").environment["JOB_DEADLINE_HOURS"])
    return hours * 3600 + _AFTER_THE_DEADLINE_SECONDS
