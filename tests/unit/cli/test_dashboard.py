"""``dashboard``: the template's own widgets, drawn of what CloudWatch knows."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from rich.console import Console

from invoice_capture_cli import dashboard as drawing
from invoice_capture_cli.dashboard_figures import Dashboard, Search
from invoice_capture_cli.errors import Aborted, Unreachable
from invoice_capture_cli.running import Run
from invoice_capture_cli.targets import TargetOptions
from local_stack.template import translate
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli
from tools.stage import PROJECT

STACK = ("--stack", "prod")


@cache
def body() -> str:
    """The dashboard of the template, as CloudFormation resolves it."""
    dashboard = translate(PROJECT / "template.yaml").cloudformation["Resources"]["Dashboard"]
    text = str(dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    for name, value in {
        "AWS::StackName": "prod",
        "AWS::Region": "eu-central-1",
        "UploadQueue.QueueName": "uploads",
        "ExtractionQueue.QueueName": "extractions",
    }.items():
        text = text.replace(f"${{{name}}}", value)
    return text.replace("${!", "${")


@pytest.fixture
def cloudwatch(world: World) -> Any:
    client = world.stack.client("cloudwatch")
    client.put_dashboard(DashboardName="prod-dashboard", DashboardBody=body())
    return client


def put(cloudwatch: Any, namespace: str, name: str, value: float, minutes_ago: float = 10, **dimensions: str) -> None:
    datum = {
        "MetricName": name,
        "Value": value,
        "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes_ago),
        "Dimensions": [{"Name": key, "Value": content} for key, content in dimensions.items()],
    }
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[datum])


def count(cloudwatch: Any, name: str, value: float = 1, minutes_ago: float = 10, **dimensions: str) -> None:
    put(cloudwatch, "InvoiceCapture", name, value, minutes_ago, service="prod", **dimensions)


def run_on(console: Console) -> Run:
    run = Run(TargetOptions(stack="prod"), json=False)
    run.out = console
    return run


def figures(result: Any) -> dict[str, dict[str, float]]:
    widgets = json.loads(result.stdout)["widgets"]
    return {widget["title"]: {series["label"]: series["figure"] for series in widget["series"]} for widget in widgets}


@pytest.mark.usefixtures("cloudwatch")
def test_every_widget_of_the_template_is_understood(bare: Cli) -> None:
    declared = [widget["properties"]["title"] for widget in json.loads(body())["widgets"]]
    assert list(figures(bare("dashboard", *STACK, "--json"))) == declared
    assert len(declared) >= 7


def test_what_is_counted_is_added_up_and_what_is_measured_is_the_last(cloudwatch: Any, bare: Cli) -> None:
    for minutes, outcome in ((150, "CAPTURED"), (20, "CAPTURED"), (5, "FAILED")):
        count(cloudwatch, "JobsEnded", 1, minutes, outcome=outcome)
        count(cloudwatch, "JobsEnded", 1, minutes)
    count(cloudwatch, "JobsEnded", 1, 24 * 60, outcome="CAPTURED")
    put(cloudwatch, "InvoiceCapture", "JobsEnded", 9, service="another", outcome="CAPTURED")
    put(cloudwatch, "AWS/SQS", "ApproximateAgeOfOldestMessage", 900, 90, QueueName="uploads")
    put(cloudwatch, "AWS/SQS", "ApproximateAgeOfOldestMessage", 30, 5, QueueName="uploads")
    seen = figures(bare("dashboard", *STACK, "--json"))
    assert seen["Jobs by outcome"] == {"CAPTURED": 2, "FAILED": 1}
    assert seen["Age of the oldest message, in seconds"] == {"uploads": 30}
    assert seen["Findings by code"] == {}
    assert figures(bare("dashboard", *STACK, "--json", "--hours", "48"))["Jobs by outcome"]["CAPTURED"] == 3


def test_people_see_each_figure_once_and_what_has_none(cloudwatch: Any, bare: Cli) -> None:
    for _ in range(3):
        count(cloudwatch, "Findings", 2, code="iban_invalid")
    shown = bare("dashboard", *STACK)
    assert shown.exit_code == 0
    [row] = [line.split() for line in shown.stdout.splitlines() if "iban_invalid" in line]
    assert row[-1] == "6"
    assert "Budget used, in percent  nothing yet" in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.usefixtures("cloudwatch")
def test_a_stack_that_measured_nothing_says_so(bare: Cli) -> None:
    shown = bare("dashboard", *STACK, "--once")
    assert (shown.exit_code, "Nothing was measured in the last 3 h." in shown.stdout) == (0, True)


def test_a_stack_without_a_dashboard_says_what_is_wrong(world: World, bare: Cli) -> None:
    world.stack.client("cloudwatch").delete_dashboards(DashboardNames=["prod-dashboard"])
    result = bare("dashboard", *STACK)
    assert result.exit_code == 3
    assert "GetDashboard" in result.stderr
    assert world.stack.name in result.stderr


def test_ctrl_c_ends_it_with_one_line(cloudwatch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    count(cloudwatch, "BudgetUsed", 80)
    looks: list[int] = []

    class Stopped:
        @staticmethod
        def sleep(_seconds: float) -> None:
            looks.append(1)
            if len(looks) == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "time", Stopped)
    run = run_on(Console(force_terminal=True, file=io.StringIO()))
    with pytest.raises(Aborted, match="Stopped looking") as stopped:
        drawing.dashboard(run, 3.0, 0.01, once=False)
    assert (stopped.value.exit_status, len(looks)) == (130, 2)


@pytest.mark.parametrize(("width", "columns"), [(80, 1), (140, 2)])
def test_it_fits_into_the_terminal(cloudwatch: Any, width: int, columns: int) -> None:
    count(cloudwatch, "JobsEnded", 12_345, outcome="CAPTURED")
    count(cloudwatch, "PollsToCapture", 3, provider="extract_api-somebodys_second_account")
    put(cloudwatch, "AWS/SQS", "ApproximateAgeOfOldestMessage", 1.5, QueueName="extractions")
    file = io.StringIO()
    drawing.dashboard(run_on(Console(width=width, file=file, color_system=None)), 3.0, None, once=True)
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    titles = ("Jobs by outcome", "Seconds to an answer, by provider")
    assert max(sum(title in line for title in titles) for line in lines) == columns
    assert "12,345" in file.getvalue()
    assert "1.5" in file.getvalue()


@pytest.mark.parametrize(
    ("values", "bars"),
    [([0.0, 0.0], "▁▁"), ([1.0, None, 8.0], "▂ █"), ([None], " "), ([5.0], "█")],
)
def test_bars_are_as_high_as_their_share_of_the_largest(values: list[float | None], bars: str) -> None:
    assert drawing._bars(values).lstrip() == bars.lstrip()
    assert len(drawing._bars(values)) == drawing._COLUMNS


def test_a_metric_with_further_dimensions_is_another_one() -> None:
    search = Search("${PROP('Dim.code')}", "N", "M", frozenset({"service", "code"}), {"service": "prod"}, "Sum")
    metrics = [
        {"Dimensions": [{"Name": "service", "Value": service}, {"Name": "code", "Value": code}, *more]}
        for service, code, more in [
            ("prod", "a", []),
            ("prod", "a", []),
            ("other", "b", []),
            ("prod", "c", [{"Name": "x", "Value": "y"}]),
        ]
    ]
    assert [series.label for series in search.found(metrics)] == ["a"]


def test_an_expression_that_is_not_understood_is_named(world: World) -> None:
    widget = {"title": "T", "stat": "Sum", "period": 60, "metrics": [[{"expression": "m1 / m2", "label": "x"}]]}
    body = json.dumps({"widgets": [{"type": "metric", "properties": widget}]})
    world.stack.client("cloudwatch").put_dashboard(DashboardName="prod-dashboard", DashboardBody=body)
    with pytest.raises(Unreachable, match="m1 / m2"):
        Dashboard(world.stack).widgets()
