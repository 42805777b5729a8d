"""How a command runs: the options that all have, its target, its output, and what becomes of its errors."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoice_capture_cli.errors import STOPPED, CommandError, UsageError
from invoice_capture_cli.targets import Target, TargetOptions, choose

if TYPE_CHECKING:
    from rich.console import Console

    from invoice_capture_cli.jobs import Jobs

_PANEL = "Target, before or after the command; without one, the local stack"

EXAMPLES: dict[str, tuple[str, ...]] = {}
"""The examples of every command's help, by its name."""


@dataclass
class Run:
    """One run of a command. Results go to standard output, everything else to standard error."""

    options: TargetOptions
    json: bool
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    folder: Path = field(default_factory=Path.cwd)

    @cached_property
    def target(self) -> Target:
        target = choose(self.options, self.environment, self.folder, self.say)
        if target.sends_key_in_clear:
            self.say(f"Warning: {target.url} is no https, so the key and the documents travel in the clear.")
        return target

    @cached_property
    def jobs(self) -> Jobs:
        from invoice_capture_cli.jobs import Jobs

        return Jobs(self.target.api(), self.target.simulated)

    @cached_property
    def out(self) -> Console:
        from invoice_capture_cli.tables import console

        return console()

    @cached_property
    def err(self) -> Console:
        from invoice_capture_cli.tables import console

        return console(stderr=True)

    def emit(self, document: object, *, indent: int | None = 2) -> None:
        """Print JSON for another program."""
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=indent) + "\n")
        sys.stdout.flush()

    def line(self, document: object) -> None:
        """Print one JSON object as a line."""
        self.emit(document, indent=None)

    def say(self, message: str) -> None:
        """Tell the person something that is no result."""
        typer.echo(message, err=True)

    def watch_command(self, ids: list[str]) -> str:
        """The command that follows these jobs at the same target."""
        given = {"--url": self.options.url, "--stack": self.options.stack, "--region": self.options.region}
        given["--profile"] = self.options.profile
        words = [word for name, value in given.items() if value for word in (name, value)]
        return " ".join(["invoice-capture", "watch", *words, *ids])


Url = Annotated[
    list[str] | None,
    typer.Option(
        "--url", metavar="URL", help="Base URL of an API. [dim](INVOICE_CAPTURE_URL)[/]", rich_help_panel=_PANEL
    ),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="KEY", help="The key for --url. [dim](INVOICE_CAPTURE_KEY)[/]", rich_help_panel=_PANEL
    ),
]
StackName = Annotated[
    list[str] | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="A deployed stack, with your AWS credentials instead of a key. [dim](INVOICE_CAPTURE_STACK)[/]",
        rich_help_panel=_PANEL,
    ),
]
Region = Annotated[
    list[str] | None, typer.Option("--region", metavar="REGION", help="The region of --stack.", rich_help_panel=_PANEL)
]
Profile = Annotated[
    list[str] | None,
    typer.Option("--profile", metavar="NAME", help="The AWS profile for --stack.", rich_help_panel=_PANEL),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]

_TARGET: dict[str, Any] = {"url": Url, "key": Key, "stack": StackName, "region": Region, "profile": Profile}
_JSON: dict[str, Any] = {"json_": AsJson}
_DEFAULTS = {"json_": False, "version": False}


@dataclass(frozen=True)
class _Given:
    """The options that all commands have, as they were given so far; ``target`` has every value of each."""

    target: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    json: bool = False

    def and_then(self, arguments: dict[str, Any]) -> _Given:
        """With those of a command or a group, which are taken out of its arguments."""
        target = {name: (*self.target.get(name, ()), *(arguments.pop(name, None) or ())) for name in _TARGET}
        return _Given(target, arguments.pop("json_") or self.json)

    def run(self, *, targeted: bool) -> Run:
        """Raises UsageError."""
        chosen = TargetOptions.of(self.target)
        if not targeted and chosen != TargetOptions():
            raise UsageError("This command works on this machine alone: leave the options of a target out.")
        return Run(chosen, self.json)


def group(app: typer.Typer, **further: Any) -> Callable[[Callable[[], None]], None]:
    """Let ``app`` take the options that all commands have before the command; its help is that of the function.

    ``further`` are annotations of options that act by themselves.
    """

    def register(function: Callable[[], None]) -> None:
        def take(context: typer.Context, **arguments: Any) -> None:
            context.obj = (context.obj or _Given()).and_then(arguments)

        _declare(take, function, list(_options(further | _TARGET | _JSON)))
        app.callback()(take)

    return register


def command(
    app: typer.Typer, name: str, *examples: str, path: str = "", targeted: bool = True
) -> Callable[[Callable[..., int]], None]:
    """Make a function the command ``name``; its first argument is the Run, it returns the exit status.

    ``path`` is what comes before the name, for a command of a group. What is not ``targeted`` works on this machine
    alone, so it has no options for a target.
    """

    def register(function: Callable[..., int]) -> None:
        def run(context: typer.Context, **arguments: Any) -> None:
            given = (context.obj or _Given()).and_then(arguments)
            raise typer.Exit(_guarded(lambda: function(given.run(targeted=targeted), **arguments)))

        _, *own = inspect.signature(function, eval_str=True).parameters.values()
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        _declare(run, function, [*own, *_options(_TARGET | _JSON if targeted else _JSON)])
        EXAMPLES[f"{path} {name}".strip()] = examples
        app.command(name, epilog=_epilog(examples))(run)

    return register


def _options(annotations: Mapping[str, Any]) -> Iterator[inspect.Parameter]:
    for name, annotation in annotations.items():
        default = _DEFAULTS.get(name)
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _declare(run: Any, function: Callable[..., Any], parameters: list[inspect.Parameter]) -> None:
    """Show typer these parameters behind the context, and the words of the function."""
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__signature__ = inspect.Signature([context, *parameters], return_annotation=None)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (context, *parameters)}
    run.__doc__ = function.__doc__


def _guarded(act: Callable[[], int]) -> int:
    try:
        return act()
    except CommandError as exc:
        typer.echo(f"invoice-capture: {exc}", err=True)
        return exc.exit_status
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        return STOPPED
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is left in the buffer must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _epilog(examples: tuple[str, ...]) -> str:
    # Square brackets are markup; importing rich just to say that they are none would slow every start.
    return "\n".join(["[bold]Examples[/]", *("  [dim]$[/] " + example.replace("[", r"\[") for example in examples)])
