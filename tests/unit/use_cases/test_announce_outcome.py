"""An end is announced once, by whoever comes first, in words that only its row decides."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from moto import mock_aws

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.messaging import SNSNotifier
from invoice_capture.domain.announcement import EVENTS, announcement_of
from invoice_capture.domain.errors import CaptureError, CaptureFailed, PasswordProtected, StoreUnavailable
from invoice_capture.domain.job import Job, JobStatus
from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def failed(world: World) -> Job:
    job = world.receive()
    world.jobs.fail(job.job_id, CaptureFailed("1.pdf is illegible."), world.clock.now())
    return world.jobs.jobs[job.job_id]


def test_a_failure_is_told_with_its_reason_and_once(world: World, failed: Job) -> None:
    world.announce(failed.job_id)
    world.announce(failed.job_id)
    assert world.messages.published == [
        {
            "subject": "Invoice capture failed",
            "event": "invoice.failed",
            "job_id": failed.job_id,
            "status": "FAILED",
            "ended_at": "2026-03-31T12:00:00.000Z",
            "document": failed.document.to_json(),
            "error": {"code": "CaptureFailed", "message": "1.pdf is illegible."},
        }
    ]


def test_a_job_that_is_open_told_or_gone_is_owed_nothing(world: World) -> None:
    world.announce(world.receive().job_id)
    world.announce("nobody")
    assert world.messages.published == []
    assert not world.announce.pay("nobody")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (JobStatus.REJECTED, {"event": "document.rejected", "error": {"code": "EmptyDocument", "message": "empty"}}),
        (JobStatus.DUPLICATE, {"event": "document.duplicate", "duplicate_of": "first"}),
        (JobStatus.CAPTURED, {"event": "invoice.captured", "provider": "paid", "findings": ["missing"]}),
    ],
)
def test_every_end_says_what_belongs_to_it(failed: Job, status: JobStatus, told: dict) -> None:
    job = replace(
        failed,
        status=status,
        announcement=EVENTS[status],
        provider="paid",
        error_code="EmptyDocument",
        error_message="empty",
        duplicate_of="first",
        summary={"total": "1.00", "confidence": 0.5, "findings": ["missing"]},
    )
    announcement = announcement_of(job)
    assert announcement is not None
    message = dict(announcement.message)
    assert told.items() <= message.items()
    assert message["status"] == status.value
    details = {"error", "duplicate_of", "provider", "findings", "invoice"} & message.keys()
    assert details == (told.keys() - {"event"}) | ({"invoice"} if status is JobStatus.CAPTURED else set())


def test_a_job_that_was_cancelled_is_announced_by_who_erases_it(failed: Job) -> None:
    assert announcement_of(replace(failed, status=JobStatus.CANCELLED)) is None


def test_what_cannot_be_told_now_is_left_to_the_sweeper_and_nothing_fails(world: World, failed: Job) -> None:
    world.messages.faults = [StoreUnavailable("SNS did not answer")]
    world.clock.forward(5)
    world.announce(failed.job_id)
    assert world.jobs.owed(world.clock.now(), 10) == [failed.job_id]
    assert world.metrics.counts["AnnouncementsPutOff"] == 1


def test_a_message_says_what_a_subscription_may_filter_by(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        clients = Clients()
        topic = clients.sns.create_topic(Name="topic")["TopicArn"]
        queue = clients.sqs.create_queue(QueueName="queue")["QueueUrl"]
        arn = clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        notifier = SNSNotifier(clients, topic)
        notifier.publish("Invoice captured", {"status": "CAPTURED", "provider": "paid"})
        notifier.publish("Document refused", {"status": "REJECTED"})
        received = clients.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        attributes = [json.loads(message["Body"])["MessageAttributes"] for message in received]
        assert [{name: each["Value"] for name, each in one.items()} for one in attributes] == [
            {"status": "CAPTURED", "provider": "paid"},
            {"status": "REJECTED"},
        ]


@pytest.mark.parametrize(
    ("error", "is_to_be_mended"),
    [(CaptureFailed("given up"), True), (PasswordProtected("locked"), False)],
)
def test_ends_are_counted_once_and_those_to_mend_apart(
    world: World, error: CaptureError, is_to_be_mended: bool
) -> None:
    job = world.receive()
    world.jobs.fail(job.job_id, error, world.clock.now())
    world.announce(job.job_id)
    world.announce(job.job_id)
    assert world.metrics.counts["JobsEnded"] == 1
    assert world.metrics.counts["FailuresToMend"] == is_to_be_mended
