"""What delivers messages costs nothing until it is wanted, and keeps them for longer than it tries."""

from typing import Any

import pytest

from invoice_capture.domain.webhook import GIVEN_UP_AFTER, pause_after
from invoice_capture.links import poster
from tools.choices import chosen

LONGEST_HIDDEN_SECONDS = 12 * 3600
# What AWS bills by the hour, by the month, or for asking whether there is work.
COSTS = ("AWS::SNS::Subscription", "AWS::Lambda::EventSourceMapping", "AWS::CloudWatch::Alarm")


def _of_deliveries(cloudformation: dict[str, Any], **parameters: str) -> set[str]:
    resources = chosen(cloudformation, **parameters)["Resources"]
    return {name for name, resource in resources.items() if name.startswith("Deliver") and resource["Type"] in COSTS}


def test_without_the_parameters_there_is_nothing_that_costs(cloudformation):
    assert _of_deliveries(cloudformation) == set()


@pytest.mark.parametrize("parameters", [{"Webhooks": "true"}, {"EventBusName": "invoices"}])
def test_each_of_the_parameters_has_messages_delivered(cloudformation, parameters):
    assert _of_deliveries(cloudformation, **parameters) == {
        "DeliveryQueueSubscription",
        "DeliverMessagesFunctionMessage",
        "DeliveriesGivenUpAlarm",
        "DeliveryErrorsAlarm",
        "DeliveryThrottlesAlarm",
    }


def test_only_the_topic_fills_the_queue_and_as_it_says_it(cloudformation):
    resources = chosen(cloudformation, Webhooks="true")["Resources"]
    subscription = resources["DeliveryQueueSubscription"]["Properties"]
    assert (subscription["Protocol"], subscription["RawMessageDelivery"]) == ("sqs", True)
    [allowed] = [
        statement
        for statement in resources["DeliveryQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "NotificationsTopic"}}}


def test_a_message_outlives_the_day_in_which_it_is_tried(cloudformation):
    resources = cloudformation["Resources"]
    queue, function = resources["DeliveryQueue"]["Properties"], resources["DeliverMessagesFunction"]["Properties"]
    day = GIVEN_UP_AFTER.total_seconds()
    assert queue["MessageRetentionPeriod"] > 2 * day
    # A day of being throttled, and as long as AWS advises: six times the function's timeout.
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] >= day
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    # A receiver may take its time without the function's running out.
    assert function["Timeout"] > 2 * poster._SECONDS
    pauses = [pause_after(share * GIVEN_UP_AFTER, GIVEN_UP_AFTER, 1.0) for share in (0, 0.1, 0.25, 0.5, 0.99)]
    assert all(pause is not None and pause.total_seconds() <= LONGEST_HIDDEN_SECONDS for pause in pauses)


def test_no_message_waits_for_its_neighbour(cloudformation):
    mapping = cloudformation["Resources"]["DeliverMessagesFunctionMessage"]["Properties"]
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 5


def test_events_are_put_on_the_bus_that_was_named_and_on_no_other(cloudformation):
    assert "PutEventsPolicy" not in chosen(cloudformation, Webhooks="true")["Resources"]
    policy = chosen(cloudformation, EventBusName="invoices")["Resources"]["PutEventsPolicy"]["Properties"]
    assert policy["Roles"] == [{"Ref": "DeliverMessagesFunctionRole"}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "events:PutEvents"
    assert statement["Resource"] == {
        "Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}"
    }
