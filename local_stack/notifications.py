"""What was published: a queue that is subscribed to the topic, and read on demand."""

from __future__ import annotations

import json
from typing import Any

import boto3

from local_stack.records import Notification

_QUEUE = "local-stack-notifications"


class Notifications:
    """All messages of a topic since this was made, in the order of delivery."""

    def __init__(self, sqs: Any, topic_arn: str) -> None:
        self._sqs = sqs
        self._received: list[Notification] = []
        self._url = sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        boto3.client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def all(self) -> list[Notification]:
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for received in messages:
                envelope = json.loads(received["Body"])
                attributes = {name: value["Value"] for name, value in envelope.get("MessageAttributes", {}).items()}
                message = json.loads(envelope["Message"])
                self._received.append(Notification(envelope.get("Subject", ""), message, attributes))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=received["ReceiptHandle"])
        return list(self._received)

    def clear(self) -> None:
        """Forget what has been published so far."""
        self.all()
        self._received.clear()
