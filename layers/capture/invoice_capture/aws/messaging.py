"""SNS notifications, asynchronous Lambda invocations and SQS messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from invoice_capture.aws.clients import Clients, calling


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
