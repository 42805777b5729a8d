"""The command line ``invoice-capture``: what there is to type. What it does is in the module of each command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from invoice_capture_cli import audit_commands
from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.running import Run, command, group
from invoice_capture_cli.stack_commands import stack_app
from invoice_capture_cli.webhook_commands import webhooks_app

_PRIORITIES = ("low", "medium", "high", "urgent")
_STATUSES = ("created", "queued", "processing", "completed", "failed", "cancelled")
_COST_KEYS = ("provider", "client", "day")
_DEFAULT_LIMIT = 20
_DEFAULT_MISSES = 200

_COST_WORDS = f"Summed by {', '.join(_COST_KEYS[:-1])} or {_COST_KEYS[-1]}"
_STATUS_WORDS = f"{', '.join(_STATUSES[:-1])} or {_STATUSES[-1]}"

app = typer.Typer(
    name="invoice-capture",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="[bold]Exit status[/]\n"
    "    0  all well\n"
    "    1  some document was not captured, or some action failed\n"
    "    2  wrong usage, or a file or an id that is not there\n"
    "    3  the API or the stack cannot be reached, or lets nobody in\n"
    "  130  stopped with Ctrl-C; jobs go on by themselves",
)
keys_app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
app.add_typer(keys_app, name="keys")
app.add_typer(stack_app, name="stack")
app.add_typer(webhooks_app, name="webhooks")

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="Ids of jobs, as list shows them.", show_default=False)
]
RequiredIds = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of jobs, as list shows them.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Created since a date, a time, or 12h, 7d, 2w ago.")
]


def _show_version(wanted: bool) -> None:
    if wanted:
        from invoice_capture.version import __version__

        typer.echo(f"invoice-capture {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)]


@group(app, version=Version)
def main() -> None:
    """Submit invoices, follow them, and take what was captured away.

    Without --url or --stack, commands go to the local stack that runs on this machine.
    """


@group(keys_app)
def keys() -> None:
    """Create, list and revoke keys of the API, and limit what their clients may cost."""


@command(
    app,
    "submit",
    "invoice-capture submit samples/documents/english_gbp_classic.pdf",
    "invoice-capture submit samples/documents/cii_germany.xml --wait",
    "invoice-capture submit samples/documents --wait --group month-end --json",
)
def submit(
    run: Run,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files, or folders with all files below them.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the invoices, and show them.")] = False,
    template: Annotated[
        str | None, typer.Option("--template", metavar="T", help="A template, or a route such as abbyy?,embedded.")
    ] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="G", help="A group to list the jobs by.")] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="P", help=f"One of {', '.join(_PRIORITIES)}.")
    ] = None,
    number: Annotated[
        str | None,
        typer.Option("--number", metavar="N", help="The job number of one file, instead of one made of its name."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Wait at most so long for all of them."),
    ] = None,
) -> int:
    """Capture documents."""
    from invoice_capture_cli.submit import submit as run_submit
    from invoice_capture_cli.submitting import SubmitOptions

    _require_one_of("--priority", priority, _PRIORITIES)
    if timeout is not None and not wait:
        raise UsageError("--timeout is for --wait: add it.")
    return run_submit(run, files, SubmitOptions(template, group, priority, number), wait=wait, timeout=timeout)


@command(app, "watch", "invoice-capture watch", "invoice-capture watch ID ID", "invoice-capture watch --json")
def watch(run: Run, ids: Ids = None) -> int:
    """Follow jobs until they end: these, or all that are under way."""
    from invoice_capture_cli.watch import watch as run_watch

    return run_watch(run, ids or [])


@command(
    app,
    "list",
    "invoice-capture list",
    "invoice-capture list --status failed --since 7d",
    "invoice-capture list --search quillmere --json",
    "invoice-capture list --sort documentName --order asc --all",
)
def list_jobs(
    run: Run,
    *,
    status: Annotated[str | None, typer.Option("--status", metavar="S", help=f"{_STATUS_WORDS}.")] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="G", help="Of this group.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="With this in a name, number, error or supplier.")
    ] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = _DEFAULT_LIMIT,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="FIELD", help="By this field; by createdAt without.")
    ] = None,
    order: Annotated[str | None, typer.Option("--order", metavar="ORDER", help="asc or desc (default).")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All of them, whatever the limit.")] = False,
) -> int:
    """List jobs, the newest first."""
    from invoice_capture_cli.jobs import Wanted
    from invoice_capture_cli.listing import filters
    from invoice_capture_cli.listing import list_jobs as run_list

    _require_one_of("--status", status, _STATUSES)
    _require_one_of("--order", order, ("asc", "desc"))
    filter_ = filters(status=[status] if status else [], group=group, since_text=since)
    return run_list(run, Wanted(filter_, search, sort, order, None if all_ else limit))


@command(app, "show", "invoice-capture show ID", "invoice-capture show ID --json")
def show(run: Run, job_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a job.")]) -> int:
    """Show a job: its invoice, how sure each value is, findings, submissions, timeline."""
    from invoice_capture_cli.show import show as run_show

    return run_show(run, job_id)


@command(
    app,
    "export",
    "invoice-capture export --output invoices.json",
    "invoice-capture export --since 30d --output invoices.csv",
    "invoice-capture export --format csv --lines",
    "invoice-capture export ID ID --format json",
)
def export(
    run: Run,
    *,
    ids: Ids = None,
    since: Since = None,
    status: Annotated[
        str, typer.Option("--status", metavar="S", help="Of this status; only completed jobs have invoices.")
    ] = "completed",
    format_: Annotated[
        str | None, typer.Option("--format", metavar="F", help="json or csv; without, by the name of the output.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; without, to standard output.")
    ] = None,
    lines: Annotated[bool, typer.Option("--lines", help="In CSV: one row per line item, not per invoice.")] = False,
) -> int:
    """Write captured invoices as JSON or CSV: these, or all of them."""
    from invoice_capture_cli.export import choose_form
    from invoice_capture_cli.export import export as run_export
    from invoice_capture_cli.jobs import Wanted
    from invoice_capture_cli.listing import filters

    _require_one_of("--format", format_, ("json", "csv"))
    _require_one_of("--status", status, _STATUSES)
    if ids and since is not None:
        raise UsageError("--since chooses among all jobs: leave it out, or leave the ids out.")
    form = choose_form(format_, output, lines=lines, as_json=run.json)
    return run_export(run, ids or [], Wanted(filters(status=[status], since_text=since), order="asc"), form)


audit_commands.register(app)


@command(app, "retry", "invoice-capture retry ID", "invoice-capture retry ID ID --json")
def retry(run: Run, ids: RequiredIds) -> int:
    """Start failed jobs again. Their providers may charge again."""
    from invoice_capture_cli.listing import retry as run_retry

    return run_retry(run, ids)


@command(
    app,
    "redrive",
    "invoice-capture redrive --dry-run",
    "invoice-capture redrive",
)
def redrive(
    run: Run, dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False
) -> int:
    """Give dead letters and failed executions another chance. Needs the stack."""
    from invoice_capture_cli.redrive import redrive as run_redrive

    return run_redrive(run, dry_run=dry_run)


@command(
    app,
    "evaluate",
    "invoice-capture evaluate samples",
    "invoice-capture evaluate samples --kinds digital --page misses.html",
    "invoice-capture evaluate samples --groups --json",
    targeted=False,
)
def evaluate(
    run: Run,
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Documents, and their values in ground_truth.jsonl.")
    ],
    kinds: Annotated[
        str | None, typer.Option("--kinds", metavar="A,B", help="Only documents of these kinds; of all, without.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write an HTML page that shows every miss.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Show at most so many misses on the page.")
    ] = _DEFAULT_MISSES,
    processes: Annotated[
        int | None,
        typer.Option("--processes", metavar="N", min=1, help="Read so many documents at once."),
    ] = None,
    groups: Annotated[bool, typer.Option("--groups", help="Compare the layout groups, too.")] = False,
) -> int:
    """Measure the embedded engine on documents whose values are known. Needs no target."""
    from invoice_capture_cli.evaluate import EvaluationOptions
    from invoice_capture_cli.evaluate import evaluate as run_evaluate

    chosen = [] if kinds is None else [word for kind in kinds.split(",") if (word := kind.strip())]
    return run_evaluate(run, folder, EvaluationOptions(chosen, page, processes, groups, limit))


@command(
    keys_app,
    "create",
    "invoice-capture keys create --client accounting",
    "invoice-capture keys create --client auditors --all --label 'yearly audit'",
    path="keys",
)
def create_key(
    run: Run,
    client: Annotated[
        str, typer.Option("--client", metavar="NAME", help="Whose key; it sees the jobs of this client.")
    ],
    all_: Annotated[bool, typer.Option("--all", help="It sees the jobs of every client, and the bucket's.")] = False,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="What the key is for.")] = None,
) -> int:
    """Make a key; its text is shown this once. Needs the stack."""
    from invoice_capture_cli.keys import create

    return create(run, client, sees_all=all_, label=label)


@command(keys_app, "list", "invoice-capture keys list", "invoice-capture keys list --json", path="keys")
def list_keys(run: Run) -> int:
    """List keys, revoked ones included. Needs the stack."""
    from invoice_capture_cli.keys import list_keys as run_list

    return run_list(run)


@command(
    keys_app,
    "limits",
    "invoice-capture keys limits",
    "invoice-capture keys limits accounting --providers abbyy,embedded --documents-per-day 200",
    "invoice-capture keys limits accounting --pages-per-month 5000 --json",
    "invoice-capture keys limits accounting --clear",
    path="keys",
)
def limit_client(
    run: Run,
    *,
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="Whose limits; of all, without.", show_default=False)
    ] = None,
    providers: Annotated[
        str | None,
        typer.Option("--providers", metavar="A,B", help="It may use these and no others; * is any."),
    ] = None,
    documents_per_day: Annotated[
        int | None, typer.Option("--documents-per-day", metavar="N", min=0, help="So many may be started a day.")
    ] = None,
    documents_per_month: Annotated[
        int | None, typer.Option("--documents-per-month", metavar="N", min=0, help="So many a calendar month.")
    ] = None,
    pages_per_day: Annotated[
        int | None,
        typer.Option("--pages-per-day", metavar="N", min=0, help="None is started once providers had so many pages."),
    ] = None,
    pages_per_month: Annotated[
        int | None, typer.Option("--pages-per-month", metavar="N", min=0, help="So many a calendar month.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Take all limits of the client away.")] = False,
) -> int:
    """Show or change what clients may cost. Needs the stack."""
    from invoice_capture_cli.key_limits import limits

    given = {
        "providers": providers,
        "documents_a_day": documents_per_day,
        "documents_a_month": documents_per_month,
        "pages_a_day": pages_per_day,
        "pages_a_month": pages_per_month,
    }
    return limits(run, client, given, clear=clear)


@command(
    app,
    "costs",
    "invoice-capture costs",
    "invoice-capture costs --month 2026-11 --by client",
    "invoice-capture costs --by day --csv",
    "invoice-capture costs --json",
)
def costs(
    run: Run,
    *,
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="Of this month; of the present one, without.")
    ] = None,
    by: Annotated[str, typer.Option("--by", metavar="WORD", help=f"{_COST_WORDS}.")] = "provider",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> int:
    """Show what providers charge, as it is estimated. Needs the stack."""
    from invoice_capture_cli.costs import costs as run_costs
    from invoice_capture_cli.values import month_named

    _require_one_of("--by", by, _COST_KEYS)
    if as_csv and run.json:
        raise UsageError("--csv and --json are two forms: take one.")
    return run_costs(run, month_named(month), by, as_csv=as_csv)


@command(app, "dashboard", "invoice-capture dashboard", "invoice-capture dashboard --once --hours 24")
def dashboard(
    run: Run,
    *,
    hours: Annotated[float, typer.Option("--hours", metavar="N", min=0.1, max=336, help="So far back.")] = 3.0,
    every: Annotated[
        float | None, typer.Option("--every", metavar="SECONDS", min=1, help="Look again after so long.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
) -> int:
    """Draw the figures of CloudWatch's dashboard, live. Needs the stack."""
    from invoice_capture_cli.dashboard import dashboard as run_dashboard

    return run_dashboard(run, hours, every, once=once)


@command(keys_app, "revoke", "invoice-capture keys revoke KEY_ID", path="keys")
def revoke_key(
    run: Run, key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As keys list shows it.")]
) -> int:
    """Make a key useless from now on. Needs the stack."""
    from invoice_capture_cli.keys import revoke

    return revoke(run, key_id)


def _require_one_of(option: str, value: str | None, words: tuple[str, ...]) -> None:
    if value is not None and value not in words:
        raise UsageError(f"{option} is one of {', '.join(words)}; not {value!r}.")
