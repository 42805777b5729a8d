"""Subscriptions of queues to topics, which moto's CloudFormation does not make. Letters reach nobody here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3


def subscribe_queues(resolved: Mapping[str, Any]) -> None:
    """Make the subscriptions among resolved resources."""
    for resource in resolved.values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::SNS::Subscription" and properties["Protocol"] == "sqs":
            is_raw = str(properties.get("RawMessageDelivery", False)).lower()
            boto3.client("sns").subscribe(
                TopicArn=properties["TopicArn"],
                Protocol="sqs",
                Endpoint=properties["Endpoint"],
                # For moto "false" is true.
                Attributes={"RawMessageDelivery": is_raw} if is_raw == "true" else {},
            )
