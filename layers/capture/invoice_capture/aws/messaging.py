"""SNS notifications, asynchronous Lambda invocations, SQS messages and events of EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from invoice_capture.aws.clients import Clients, calling
from invoice_capture.domain.errors import StoreUnavailable
from invoice_capture.domain.webhook import Delivery

SOURCE = "invoice-capture"
"""What events on a bus come from."""


class SNSNotifier:
    def __init__(self, clients: Clients, topic_arn: str) -> None:
        self._clients = clients
        self._topic_arn = topic_arn

    def publish(self, subject: str, message: Mapping[str, Any]) -> None:
        with calling("SNS"):
            self._clients.sns.publish(
                TopicArn=self._topic_arn,
                Subject=subject,
                Message=json.dumps(message),
                # What a subscription may filter by.
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(message[name])}
                    for name in ("status", "provider")
                    if message.get(name)
                },
            )


class LambdaInvoker:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke_later(self, function: str, payload: Mapping[str, Any]) -> None:
        with calling("Lambda"):
            self._clients.functions.invoke(
                FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
            )


class SQSQueue:
    def __init__(self, clients: Clients, url: str) -> None:
        self._clients = clients
        self._url = url

    def send(self, message: Mapping[str, Any], delay_seconds: int = 0) -> None:
        self._send(json.dumps(message), delay_seconds)

    def put_aside(self, body: str) -> None:
        """Send what came as a message, as it came."""
        self._send(body, 0)

    def _send(self, body: str, delay_seconds: int) -> None:
        with calling("SQS"):
            self._clients.sqs.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay_seconds)


class SQSDeliveryQueue:
    """``given_up`` is the URL of the queue of those that nobody took."""

    def __init__(self, clients: Clients, url: str, given_up: str) -> None:
        self._clients = clients
        self._url = url
        self._queue = SQSQueue(clients, url)
        self._given_up = SQSQueue(clients, given_up)

    def add(self, delivery: Delivery) -> None:
        self._queue.send(delivery.to_json())

    def leave(self, receipt: str, pause: timedelta) -> None:
        with calling("SQS"):
            self._clients.sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=ceil(pause.total_seconds())
            )

    def give_up(self, delivery: Delivery) -> None:
        self._given_up.send(delivery.to_json())


class EventBridgeBus:
    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def put(self, event: str, detail: Mapping[str, Any]) -> None:
        content = json.dumps(detail)
        with calling("EventBridge"):
            answer = self._clients.events.put_events(
                Entries=[{"EventBusName": self._name, "Source": SOURCE, "DetailType": event, "Detail": content}]
            )
        # A request succeeds although its entries do not.
        for refused in answer["Entries"]:
            if code := refused.get("ErrorCode"):
                raise StoreUnavailable(f"EventBridge did not take an event ({code}).")
