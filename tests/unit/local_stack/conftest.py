"""A small stack of throwaway resources and functions, on the mechanics of the local stack alone."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local_stack import callers, moto_patches, template
from local_stack.callers import Caller
from local_stack.clock import ScaledClock
from local_stack.hostility import Faults
from local_stack.hostility.gate import Gate
from local_stack.iam import Permissions
from local_stack.moto_patches import Pump, TableCall
from local_stack.runtime import Runtime
from local_stack.template import Resources
from tests.waiting import wait_until


@dataclass
class MiniStack:
    """The host of the patched moto; keeps what it was told."""

    clock: ScaledClock
    faults: Faults = field(default_factory=Faults)
    gate: Gate | None = None
    permissions: Permissions = field(init=False)
    resources: Resources = field(init=False)
    runtime: Runtime = field(init=False)
    calls: list[TableCall] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    arrivals: list[str] = field(default_factory=list)

    def invoke(self, function_name: str, payload: bytes, invocation_type: str) -> tuple[bytes, bool]:
        return self.runtime.invoke(function_name, payload, invocation_type)

    def pump_of(self, queue_arn: str) -> Pump | None:
        self.arrivals.append(queue_arn)
        return self.runtime.pump_of(queue_arn) if hasattr(self, "runtime") else None

    def table_called(self, call: TableCall) -> None:
        self.calls.append(call)

    def execution_started(self, arn: str, machine_arn: str, execution_input: Any) -> None:
        pass

    def execution_ended(self, arn: str, execution_input: Any, events: list[dict[str, Any]]) -> None:
        self.ended.append(arn)

    def in_execution(self, machine_arn: str, execution_input: Any, run: Callable[[], None]) -> None:
        role = self.resources.roles[self.resources.machine_roles[machine_arn]]
        with callers.acting_as(Caller("Machine", role)):
            run()

    def end(self) -> None:
        self.runtime.stop()
        self.clock.close()
        wait_until(lambda: self.clock.at_work == 0, "The end of all work")


@contextmanager
def starting(folder: Path) -> Iterator[Callable[..., MiniStack]]:
    """Stacks of a template and its files, which are written to ``folder``, until the end of the block."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as exits:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")

        def start(
            text: str, files: dict[str, str] | None = None, time_scale: float = 1.0, **parameters: str
        ) -> MiniStack:
            (folder / "template.yaml").write_text(textwrap.dedent(text))
            for name, content in (files or {}).items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(textwrap.dedent(content))
            stack = MiniStack(ScaledClock(time_scale))
            exits.enter_context(mock_aws(config={"stepfunctions": {"execute_state_machine": True}}))
            exits.enter_context(moto_patches.applied(stack))
            stack.resources = template.create(template.translate(folder / "template.yaml"), "mini", parameters)
            stack.permissions = Permissions(stack.resources.roles, "us-east-1")
            stack.gate = Gate(stack.faults, stack.permissions, stack.clock)
            exits.enter_context(stack.gate.open())
            stack.runtime = Runtime(
                stack.resources, stack.clock, lambda _function: nullcontext, stack.faults, stack.gate
            )
            exits.callback(stack.end)
            stack.runtime.start()
            return stack

        yield start


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., MiniStack]]:
    """Start a stack from a SAM template and files beside it; ``time_scale`` and parameters are keywords."""
    with starting(tmp_path) as start:
        yield start


@dataclass
class Machine:
    """A state machine without functions around it."""

    stack: MiniStack
    arn: str
    states: Any

    def run(self, data: str = "{}", name: str = "run") -> dict[str, Any]:
        """The description of an execution that has ended."""
        arn = self.begin(data, name)
        self.wait_for_end(arn)
        return dict(self.states.describe_execution(executionArn=arn))

    def begin(self, data: str = "{}", name: str = "run") -> str:
        return str(self.states.start_execution(stateMachineArn=self.arn, name=name, input=data)["executionArn"])

    def wait_for_end(self, arn: str) -> None:
        wait_until(lambda: arn in self.stack.ended, f"The end of {arn}")

    def events(self, arn: str) -> list[str]:
        return [event["type"] for event in self.states.get_execution_history(executionArn=arn)["events"]]


MACHINE_TEMPLATE = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: []}
          Policies:
            - PolicyName: Machine
              PolicyDocument:
                Version: "2012-10-17"
                Statement:
                  - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Work.Arn}
                  - {Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt Table.Arn}
                  - {Effect: Allow, Action: states:StartExecution, Resource: "arn:aws:states:*:*:stateMachine:machine"}
      Machine:
        Type: AWS::Serverless::StateMachine
        Properties:
          Name: machine
          DefinitionUri: machine.asl.yaml
          DefinitionSubstitutions: {FunctionArn: !GetAtt Work.Arn, TableName: !Ref Table}
          Role: !GetAtt Role.Arn
      Work:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: work
          Handler: app.handler
          Runtime: python3.13
          # Longer than what is asked of it takes on a busy machine.
          Timeout: 30
          Policies:
            - Statement:
                - Effect: Allow
                  Action: [dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]
                  Resource: !GetAtt Table.Arn
                - {Effect: Allow, Action: "s3:*Object", Resource: !Sub "${Bucket.Arn}/open/*"}
                - {Effect: Deny, Action: "s3:*", Resource: !Sub "${Bucket.Arn}/open/secret*"}
      Bucket:
        Type: AWS::S3::Bucket
        Properties: {VersioningConfiguration: {Status: Enabled}}
      Table:
        Type: AWS::DynamoDB::Table
        Properties:
          BillingMode: PAY_PER_REQUEST
          AttributeDefinitions:
            - {AttributeName: PK, AttributeType: S}
            - {AttributeName: SK, AttributeType: S}
            - {AttributeName: due, AttributeType: S}
          KeySchema: [{AttributeName: PK, KeyType: HASH}, {AttributeName: SK, KeyType: RANGE}]
          GlobalSecondaryIndexes:
            - IndexName: due-index
              KeySchema: [{AttributeName: due, KeyType: HASH}, {AttributeName: SK, KeyType: RANGE}]
              Projection: {ProjectionType: KEYS_ONLY}
"""


@pytest.fixture
def machine(start: Callable[..., MiniStack]) -> Callable[..., Machine]:
    """A state machine from the text of its states, with a function ``Work`` and a table beside it."""

    def make(
        states: str, handler: str = "def handler(event, context): return event", time_scale: float = 1.0
    ) -> Machine:
        definition = "QueryLanguage: JSONata\nStartAt: First\nStates:\n" + textwrap.indent(
            textwrap.dedent(states), "  "
        )
        stack = start(MACHINE_TEMPLATE, {"machine.asl.yaml": definition, "work/app.py": handler}, time_scale=time_scale)
        return Machine(stack, stack.resources.state_machines["Machine"], boto3.client("stepfunctions"))

    return make
