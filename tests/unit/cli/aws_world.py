"""A deployed stack on moto, as far as the command line looks at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import yaml

from invoice_capture.aws.items import to_attributes
from invoice_capture.aws.job_items import job_item
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import Job, JobStatus
from invoice_capture_cli.stack import Stack
from tools.stage import PROJECT

REGION = "eu-central-1"
STACK = "prod"
NOW = datetime(2026, 1, 14, 9, 30, tzinfo=UTC)
_FAILS = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "X"}}}


class _Loader(yaml.SafeLoader):
    pass


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


@cache
def _session() -> Any:
    """Making one reads the descriptions of all services, which takes a second."""
    return boto3.Session(region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


def a_stack(name: str = STACK) -> Stack:
    stack = Stack(name)
    stack.session = _session()
    return stack


class World:
    """The resources of a stack, made through ``stack``'s own clients."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.sqs = stack.client("sqs")
        self.stepfunctions = stack.client("stepfunctions")
        self.dynamodb = stack.client("dynamodb")
        self.queues = {
            name: self.sqs.create_queue(QueueName=name)["QueueUrl"]
            for name in (
                "uploads",
                "uploads-dead",
                "extractions",
                "extractions-dead",
                "calls-dead",
                "deliveries",
                "deliveries-dead",
            )
        }
        role = stack.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}", Path="/")["Role"]["Arn"]
        self.machine = self.stepfunctions.create_state_machine(
            name="capture-invoice", definition=json.dumps(_FAILS), roleArn=role
        )["stateMachineArn"]
        self._make_table()
        stack.client("cloudwatch").put_dashboard(DashboardName="prod-dashboard", DashboardBody='{"widgets": []}')
        plan = stack.client("apigateway").create_usage_plan(name="clients")["id"]
        self.function = self._make_function(role)
        self._deploy(
            {
                "TableName": "table",
                "DocumentsBucketName": "archive",
                "UsagePlanId": plan,
                "DashboardName": "prod-dashboard",
                "JobsApiFunctionName": self.function,
                "CaptureInvoiceStateMachineArn": self.machine,
                "UploadQueueUrl": self.queues["uploads"],
                "UploadDeadLetterQueueUrl": self.queues["uploads-dead"],
                "ExtractionQueueUrl": self.queues["extractions"],
                "ExtractionDeadLetterQueueUrl": self.queues["extractions-dead"],
                "RequestDeadLetterQueueUrl": self.queues["calls-dead"],
                "DeliveryQueueUrl": self.queues["deliveries"],
                "DeliveryDeadLetterQueueUrl": self.queues["deliveries-dead"],
                "WebhookSecretPrefix": "prod/webhooks/",
            }
        )

    def put_job(self, job_id: str, status: JobStatus, error_code: str | None = None, retries: int = 0) -> Job:
        job = replace(_job(job_id), status=status, retries=retries)
        finished_at = None if status.is_open else NOW
        more: dict[str, Any] = {"error_code": error_code, "retries": retries or None, "finished_at": finished_at}
        item = job_item(job, timedelta(days=400)) | to_attributes(more)
        self.dynamodb.put_item(TableName="table", Item=item)
        return job

    def fail_execution(self, name: str, status: str = "FAILED") -> str:
        """An execution of this name that ended so."""
        arn = self.stepfunctions.start_execution(stateMachineArn=self.machine, name=name, input=f'{{"name": "{name}"}}')
        self.end_execution(arn["executionArn"], status)
        return str(arn["executionArn"])

    def end_execution(self, arn: str, status: str) -> None:
        """moto only ever aborts."""
        from moto.stepfunctions.models import stepfunctions_backends

        for machine in stepfunctions_backends["123456789012"][REGION].state_machines:
            for execution in machine.executions:
                if execution.execution_arn == arn:
                    execution.status = status
                    execution.stop_date = datetime.now(UTC)

    def executions(self) -> dict[str, str]:
        found = self.stepfunctions.list_executions(stateMachineArn=self.machine)["executions"]
        return {execution["name"]: execution["status"] for execution in found}

    def messages(self, queue: str) -> list[str]:
        """The bodies of a queue's messages that can be seen."""
        bodies = []
        while found := self.sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in found]
        return bodies

    def _make_table(self) -> None:
        text = (PROJECT / "template.yaml").read_text()
        table = yaml.load(text, _Loader)["Resources"]["Table"]["Properties"]
        names = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        self.dynamodb.create_table(TableName="table", **{name: table[name] for name in names})

    def _make_function(self, role: str) -> str:
        variables = {
            "TABLE_NAME": "table",
            "DOCUMENTS_BUCKET": "documents",
            "RETENTION_DAYS": "400",
            "PROVIDER_SECRET_PREFIX": "prod/providers/",
            "DEFAULT_ROUTE": "embedded",
            "JOB_DEADLINE_HOURS": "72",
            "MAXIMUM_DOCUMENT_MEGABYTES": "25",
            "CAPTURE_INVOICE_STATE_MACHINE_ARN": self.machine,
            "ERASE_JOB_FUNCTION": "erase",
            "CONFIRM_INVOICE_FUNCTION": "confirm",
        }
        answer = self.stack.client("lambda").create_function(
            FunctionName="jobs-api",
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": b"PK\x05\x06" + b"\0" * 18},
            Environment={"Variables": variables},
        )
        return str(answer["FunctionName"])

    def _deploy(self, outputs: Mapping[str, str]) -> None:
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        self.stack.client("cloudformation").create_stack(StackName=self.stack.name, TemplateBody=json.dumps(template))


def a_whole_stack(world: World, name: str = "whole") -> str:
    """A stack whose resources are there, as far as its removal looks at them; returns its name."""
    keyed = {
        "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    resources: dict[str, Any] = {
        "DocumentsBucket": ("AWS::S3::Bucket", {"BucketName": "documents", **versioned}),
        "AccessLogsBucket": ("AWS::S3::Bucket", {"BucketName": "access-logs"}),
        "Table": ("AWS::DynamoDB::Table", {"TableName": "jobs", **keyed}),
        "CaptureInvoiceStateMachine": ("AWS::SNS::Topic", {}),
    }
    template = {
        "Resources": {
            logical_id: {"Type": kind, "DeletionPolicy": "Retain", "Properties": properties}
            for logical_id, (kind, properties) in resources.items()
        }
    }
    world.stack.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    world.stack.client("s3").put_bucket_versioning(Bucket="documents", **versioned)
    return name


def _job(job_id: str) -> Job:
    return Job(
        job_id=job_id,
        document=DocumentPointer("documents", "incoming/a.pdf", "v1", 8),
        route=("embedded",),
        status=JobStatus.RECEIVED,
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW + timedelta(hours=72),
    )
