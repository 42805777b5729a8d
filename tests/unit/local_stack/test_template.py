"""Resources come from the template, with everything that is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from local_stack import template
from local_stack.sources import EventSource
from local_stack.template import Schedule, TemplateError
from tests.unit.local_stack.conftest import MiniStack

Start = Callable[..., MiniStack]

HEAD = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
"""
INTAKE = (
    HEAD
    + """
    Parameters:
      Greeting: {Type: String, Default: hello}
      Batches: {Type: Number, Default: 3}
      WithExtra: {Type: String, Default: "no"}
    Conditions:
      HasExtra: !Equals [!Ref WithExtra, "yes"]
    Resources:
      Bucket:
        Type: AWS::S3::Bucket
        Properties:
          VersioningConfiguration: {Status: Enabled}
          NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
      Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 77}}
      Lost: {Type: AWS::SQS::Queue}
      Extra: {Type: AWS::SQS::Queue, Condition: HasExtra}
      Work:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: work
          Handler: app.handler
          Runtime: python3.13
          Timeout: 42
          MemorySize: 256
          Environment:
            Variables:
              GREETING: !Sub "${Greeting}, ${AWS::StackName}"
              QUEUE_ARN: !GetAtt Queue.Arn
              EXTRA: !If [HasExtra, "yes", "none"]
          EventInvokeConfig:
            MaximumRetryAttempts: 1
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Lost.Arn}}
          Events:
            Batch:
              Type: SQS
              Properties:
                Queue: !GetAtt Queue.Arn
                BatchSize: 7
                FunctionResponseTypes: [ReportBatchItemFailures]
                ScalingConfig: {MaximumConcurrency: !Ref Batches}
            Tick: {Type: Schedule, Properties: {Schedule: rate(2 hours)}}
"""
)
HANDLER = {"work/app.py": "def handler(event, context): return None"}


def test_parameters_conditions_and_functions_of_the_template_hold(start: Start) -> None:
    stack = start(INTAKE, HANDLER, Greeting="good day", WithExtra="yes")
    work = stack.resources.function("Work")
    queue_arn = work.environment["QUEUE_ARN"]
    assert work.environment == {"GREETING": "good day, mini", "QUEUE_ARN": queue_arn, "EXTRA": "yes"}
    assert (work.timeout, work.memory_megabytes, work.retry_attempts) == (42, 256, 1)
    assert str(work.on_failure_arn).startswith("arn:aws:sqs:us-east-1:")
    assert stack.resources.event_sources == (EventSource(queue_arn, work.name, 7, 3, True),)
    assert stack.resources.schedules == (Schedule(work.name, 7200),)
    assert "Extra" in stack.resources.ids


def test_defaults_and_false_conditions_hold_too(start: Start) -> None:
    stack = start(INTAKE, HANDLER)
    environment = stack.resources.function("Work").environment
    assert (environment["GREETING"], environment["EXTRA"]) == ("hello, mini", "none")
    assert "Extra" not in stack.resources.ids
    s3, bucket = boto3.client("s3"), stack.resources.ids["Bucket"]
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_an_unknown_parameter_is_named(start: Start) -> None:
    with pytest.raises(TemplateError, match="no parameter Gretting"):
        start(INTAKE, HANDLER, Gretting="x")


def test_a_circle_is_refused_as_cloudformation_would(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(
        HEAD
        + """
    Resources:
      One: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "x-${Two.QueueName}"}}
      Two: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Three.QueueName}}
      Three: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref One}}
    """
    )
    with pytest.raises(TemplateError, match="One -> Two -> Three -> One"):
        template.translate(path)


def test_a_missing_a_malformed_and_an_invalid_template_are_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read"):
        template.translate(tmp_path / "none.yaml")
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {")
    with pytest.raises(TemplateError, match="is no YAML"):
        template.translate(path)
    path.write_text(HEAD + "    Resources: {Work: {Type: AWS::Serverless::Function, Properties: {CodeUri: x}}}")
    with pytest.raises(TemplateError, match="no valid SAM template"):
        template.translate(path)


def test_a_definition_is_substituted_in_its_text(tmp_path: Path) -> None:
    path = tmp_path / "machine.asl.yaml"
    path.write_text('TimeoutSeconds: ${Seconds}\nComment: "{% ${Seconds} * 2 %}"\n')
    assert template.definition_of(path, {"Seconds": 5}) == '{"TimeoutSeconds": 5, "Comment": "{% 5 * 2 %}"}'
    with pytest.raises(TemplateError, match=r"machine.asl.yaml uses \$\{Seconds\}"):
        template.definition_of(path, {})


def test_a_schedule_that_is_no_rate_is_refused(start: Start) -> None:
    with pytest.raises(TemplateError, match=r"understands rate\(\), not cron"):
        start(INTAKE.replace("rate(2 hours)", "'cron(0 12 * * ? *)'"), HANDLER)


def test_the_template_of_the_project_has_no_circle() -> None:
    translation = template.translate(Path("template.yaml"))
    assert set(translation.definitions) == {"CaptureInvoiceStateMachine", "PollProviderStateMachine"}
    assert all((folder / "app.py").is_file() for folder in translation.code.values())
