"""The local stack draws the dashboard of the template, from what its functions print and its queues hold."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3

from invoice_capture_cli.dashboard_figures import Dashboard
from invoice_capture_cli.stack import Stack
from local_stack.moto_patches import metrics
from local_stack.stack import STACK_NAME, LocalStack
from tests.waiting import wait_until
from tools.stage import SAMPLES


def drawn() -> dict[str, dict[str, float | None]]:
    """The figures of each widget, by their labels."""
    stack = Stack(STACK_NAME)
    stack.session = boto3.Session()
    dashboard = Dashboard(stack)
    now = datetime.now(UTC)
    return {
        widget.title: {each.series.label: each.figure for each in dashboard.drawn(widget, now, 1.0, 36)}
        for widget in dashboard.widgets()
    }


def test_what_happens_is_drawn(stack: LocalStack) -> None:
    before = drawn()["Jobs by outcome"].get("CAPTURED") or 0
    for name in ("dutch_eur_labels_below.pdf", "peppol_ubl_belgium.xml"):
        stack.wait_for(stack.upload(f"incoming/{name}", (SAMPLES / name).read_bytes()))
    after = drawn()
    assert after["Jobs by outcome"]["CAPTURED"] == before + 2
    latency = after["Seconds to an answer, by provider"]
    assert (latency["embedded median"] or 0) <= (latency["embedded p90"] or 0)


def test_the_oldest_message_of_a_queue_is_drawn(stack: LocalStack) -> None:
    queue = stack.resources.ids["UploadDeadLetterQueue"]
    stack.sqs.send_message(QueueUrl=queue, MessageBody="{}")
    wait_until(lambda: metrics.oldest_message_seconds(queue.rsplit("/", 1)[1]) > 0)
    stack.sqs.purge_queue(QueueUrl=queue)
    assert metrics.oldest_message_seconds(queue.rsplit("/", 1)[1]) == 0


def test_percentiles_are_of_single_values(stack: LocalStack) -> None:
    assert stack.table
    now = datetime.now(UTC)
    for value in range(1, 11):
        metrics.take_in("Test", "Waited", value, {"of": "nobody"}, now)
    metric = {"Namespace": "Test", "MetricName": "Waited", "Dimensions": [{"Name": "of", "Value": "nobody"}]}
    begin = datetime.fromtimestamp(now.timestamp() // 3600 * 3600, UTC)
    end = datetime.fromtimestamp(begin.timestamp() + 3600, UTC)
    for stat, expected in (("p50", 5), ("p90", 9), ("Maximum", 10)):
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": stat}}
        answer = boto3.client("cloudwatch").get_metric_data(MetricDataQueries=[query], StartTime=begin, EndTime=end)
        assert answer["MetricDataResults"][0]["Values"] == [expected]
