"""Every queue, machine and function has somebody who is told of trouble; and the dashboard shows what is written."""

import json
import re
from typing import Any

import pytest

from invoice_capture.domain import errors
from invoice_capture.domain.errors import OF_THE_DOCUMENT
from tests.template.definitions import leaves
from tests.template.steps import STEPS, pascal
from tools.stage import PROJECT

# What they raise ends a job as refused or failed: others tell of what is wrong.
RAISE_BY_DESIGN = {"submit_document", "fetch_document", "store_invoice"}
MOST_METRICS_OF_AN_ALARM = 10


def _alarms(cloudformation: dict[str, Any]) -> dict[str, Any]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in cloudformation["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def _watched(alarm: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Namespace, name and owner of the metrics of an alarm."""
    metrics = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query] or [alarm]
    owners = [next(iter(metric["Dimensions"][0]["Value"].values())) for metric in metrics]
    return [
        (metric["Namespace"], metric["MetricName"], owner if isinstance(owner, str) else owner[0])
        for metric, owner in zip(metrics, owners, strict=True)
    ]


def _written_metrics() -> set[str]:
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("layers/capture", "functions")
        for path in (PROJECT / folder).rglob("*.py")
    ]
    counted = r'count\("([A-Z]\w+)"|^            "([A-Z]\w+)": self\.'
    return {name for text in texts for names in re.findall(counted, text, re.MULTILINE) for name in names if name}


def test_every_alarm_tells_somebody_and_takes_silence_for_health(cloudformation):
    alarms = _alarms(cloudformation)
    assert len(alarms) >= 16
    for logical_id, alarm in alarms.items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmsTopic"}], logical_id
        assert alarm["TreatMissingData"] == "notBreaching", logical_id
        assert len(_watched(alarm)) <= MOST_METRICS_OF_AN_ALARM, logical_id


def test_every_alarm_says_where_to_read_on(cloudformation):
    headings = re.findall(r"^#+ (.+)$", (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8"), re.MULTILINE)
    for logical_id, alarm in _alarms(cloudformation).items():
        _, _, heading = alarm["AlarmDescription"].partition("; see docs/operations.md, ")
        assert heading in headings, logical_id


def test_every_dead_letter_queue_has_an_alarm(cloudformation):
    queues = {name for name in cloudformation["Resources"] if name.endswith("DeadLetterQueue")}
    watched = [
        owner for alarm in _alarms(cloudformation).values() for space, _, owner in _watched(alarm) if space == "AWS/SQS"
    ]
    assert sorted(watched) == sorted(queues)


@pytest.mark.parametrize("step", STEPS)
def test_every_function_has_its_alarms(cloudformation, step):
    watched = [metric for alarm in _alarms(cloudformation).values() for metric in _watched(alarm)]
    function = f"{pascal(step)}Function"
    assert watched.count(("AWS/Lambda", "Throttles", function)) == 1
    assert watched.count(("AWS/Lambda", "Errors", function)) == (step not in RAISE_BY_DESIGN)


def test_every_way_an_execution_breaks_off_rings_and_a_refusal_does_not(cloudformation):
    watched = {metric for alarm in _alarms(cloudformation).values() for metric in _watched(alarm)}
    for machine in ("CaptureInvoiceStateMachine", "PollProviderStateMachine"):
        for way in ("ExecutionsTimedOut", "ExecutionsAborted"):
            assert ("AWS/States", way, machine) in watched
    assert ("AWS/States", "ExecutionsFailed", "PollProviderStateMachine") in watched
    # A refused document ends like this as well.
    assert ("AWS/States", "ExecutionsFailed", "CaptureInvoiceStateMachine") not in watched


def test_refusals_are_errors_of_the_domain():
    assert leaves(errors.DocumentError) <= OF_THE_DOCUMENT <= leaves(errors.CaptureError)


def test_alarms_and_dashboard_look_at_metrics_that_somebody_writes(cloudformation):
    watched = {
        name
        for alarm in _alarms(cloudformation).values()
        for space, name, _ in _watched(alarm)
        if space == "InvoiceCapture"
    }
    body = cloudformation["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = set(re.findall(r'MetricName=\\"(\w+)\\"', body)) | set(re.findall(r'"InvoiceCapture", "(\w+)"', body))
    assert len(shown) >= 7
    assert watched | shown <= _written_metrics()


def test_the_dashboard_is_json_and_every_stack_has_its_own(cloudformation):
    properties = cloudformation["Resources"]["Dashboard"]["Properties"]
    body = json.loads(properties["DashboardBody"]["Fn::Sub"])
    for widget in body["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        assert "${AWS::StackName}" in json.dumps(widget) or "Queue.QueueName}" in json.dumps(widget)
    assert "${Prefix}" in properties["DashboardName"]["Fn::Sub"][0]


def test_the_topic_of_alarms_can_be_used_by_cloudwatch(cloudformation):
    resources = cloudformation["Resources"]
    assert resources["AlarmsTopic"]["Properties"]["KmsMasterKeyId"] == {
        "Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AlarmsKey"}]
    }
    for name, policy in (("AlarmsKey", "KeyPolicy"), ("AlarmsTopicPolicy", "PolicyDocument")):
        allowed = [
            statement
            for statement in resources[name]["Properties"][policy]["Statement"]
            if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        ]
        assert [statement["Effect"] for statement in allowed] == ["Allow"]
    assert resources["AlarmEmailSubscription"]["Condition"] == "HasAlarmEmail"
