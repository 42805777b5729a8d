"""template.yaml made into resources: SAM to CloudFormation by samtranslator, the rest by moto.

Nothing is written a second time by hand: parameters, conditions, intrinsic functions, environment variables,
event sources, retry settings, schedules and the definitions of the state machines come from the template.
"""

from __future__ import annotations

import copy
import functools
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local_stack import moto_patches
from local_stack.bucket_cors import rules_of
from local_stack.circles import refuse_circles
from local_stack.errors import TemplateError
from local_stack.gateway.api import Api, read_apis
from local_stack.gateway.stand_ins import is_of_the_gateway, with_stand_ins
from local_stack.iam.policies import Role
from local_stack.iam.roles import read_roles
from local_stack.sources import EventSource, StreamSource, read_event_sources, read_streams
from local_stack.subscriptions import subscribe_queues

_CODE_BUCKET = "local-stack-code"
# What these do happens in the runtime of the local stack, or has no meaning in one process.
_NOT_CREATED = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


@dataclass(frozen=True)
class Function:
    """A function, its code and how it is invoked. Times are in seconds."""

    name: str
    logical_id: str
    folder: Path
    handler: str
    arn: str
    timeout: int
    memory_megabytes: int
    environment: Mapping[str, str]
    role_arn: str
    reserved_concurrency: int | None = None
    retry_attempts: int = 2
    maximum_event_age: int = 21600
    on_failure_arn: str | None = None


@dataclass(frozen=True)
class Schedule:
    function_name: str
    every_seconds: int


@dataclass(frozen=True)
class Resources:
    """What was created. ``ids`` maps logical to physical ids, ``functions`` is keyed by physical name.

    ``apis`` are the REST APIs, which somebody else has to serve. ``roles`` are keyed by their ARNs, and
    ``machine_roles`` has the ARN of each state machine's role by that of the machine.
    """

    ids: Mapping[str, str]
    functions: Mapping[str, Function]
    event_sources: tuple[EventSource, ...]
    schedules: tuple[Schedule, ...]
    streams: tuple[StreamSource, ...] = ()
    state_machines: Mapping[str, str] = field(default_factory=dict)
    apis: tuple[Api, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    machine_roles: Mapping[str, str] = field(default_factory=dict)

    def function(self, logical_id: str) -> Function:
        return self.functions[self.ids[logical_id]]

    @property
    def api(self) -> Api:
        """The REST API that is served. Raises TemplateError where there is none, or another one."""
        if len(self.apis) != 1:
            raise TemplateError(f"template.yaml has {len(self.apis)} REST APIs; the local stack serves one.")
        return self.apis[0]


@dataclass(frozen=True)
class Translation:
    """The CloudFormation template, and by logical id where code and definitions lie on this machine."""

    cloudformation: dict[str, Any]
    code: Mapping[str, Path]
    definitions: Mapping[str, Path]


def translate(path: Path) -> Translation:
    """Translate the SAM template at ``path``.

    Raises:
        TemplateError: it is missing, malformed, or its resources depend on each other in a circle.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise TemplateError(f"{path} cannot be read: {exc.strerror}.") from exc
    # Who gets it may change it.
    return copy.deepcopy(_translated(path, text))


@functools.cache
def _translated(path: Path, text: str) -> Translation:
    try:
        template = yaml_parse(text)
    except yaml.YAMLError as exc:
        raise TemplateError(f"{path} is no YAML: {exc}") from exc
    code: dict[str, Path] = {}
    definitions: dict[str, Path] = {}
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        uploaded = {"Bucket": _CODE_BUCKET, "Key": logical_id}
        if resource["Type"] == "AWS::Serverless::Function":
            code[logical_id] = path.parent / properties["CodeUri"]
            properties["CodeUri"] = uploaded
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            properties["ContentUri"] = uploaded
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            definitions[logical_id] = path.parent / properties["DefinitionUri"]
            properties["DefinitionUri"] = uploaded
    defaults = {name: parameter.get("Default", "") for name, parameter in template.get("Parameters", {}).items()}
    translator = Translator(
        managed_policy_map={}, sam_parser=Parser(), boto_session=boto3.Session(region_name="us-east-1")
    )
    try:
        cloudformation = translator.translate(template, parameter_values=defaults)
    except InvalidDocumentException as exc:
        causes = " ".join(cause.message for cause in exc.causes)
        raise TemplateError(f"{path} is no valid SAM template: {exc.message} {causes}") from exc
    refuse_circles(cloudformation["Resources"])
    return Translation(cloudformation=cloudformation, code=code, definitions=definitions)


def create(
    translation: Translation, stack_name: str, parameters: Mapping[str, str], api_url: str | None = None
) -> Resources:
    """Create the resources in moto, which must be running. ``api_url`` is where the REST API will be served.

    Raises:
        TemplateError: a parameter is unknown, or a definition, a schedule or an API is not understood.
    """
    declared = translation.cloudformation.get("Parameters", {})
    if unknown := sorted(set(parameters) - set(declared)):
        raise TemplateError(f"template.yaml has no parameter {', '.join(unknown)}.")
    cloudformation, stand_ins = with_stand_ins(translation.cloudformation, api_url)
    resources = cloudformation["Resources"]
    _upload_code(resources)
    boto3.client("cloudformation").create_stack(
        StackName=stack_name,
        TemplateBody=json.dumps(_creatable(cloudformation)),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    # moto resolves references and conditions for the resources it does not create as well.
    resolved = {
        logical_id: {"Type": resource["Type"], **moto_patches.resolve(stack_name, resource)}
        for logical_id, resource in resources.items()
        if moto_patches.condition_holds(stack_name, resource)
    }
    ids = {**moto_patches.physical_ids(stack_name), **stand_ins}
    _configure_buckets(ids, resolved)
    subscribe_queues(resolved)
    machines = dict(_create_state_machines(ids, resolved, translation.definitions))
    return Resources(
        ids=ids,
        functions=dict(_functions(ids, resolved, translation.code)),
        event_sources=tuple(read_event_sources(resolved)),
        streams=tuple(read_streams(resolved)),
        schedules=tuple(_schedules(resolved)),
        state_machines=machines,
        apis=tuple(read_apis(ids, resolved)),
        roles={role.arn: role for role in read_roles(ids, resolved)},
        machine_roles={arn: resolved[name]["Properties"]["RoleArn"] for name, arn in machines.items()},
    )


def _creatable(cloudformation: dict[str, Any]) -> dict[str, Any]:
    """The part that moto's CloudFormation creates."""
    kept: dict[str, Any] = {}
    for logical_id, resource in cloudformation["Resources"].items():
        if resource["Type"] in _NOT_CREATED or is_of_the_gateway(resource):
            continue
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            # CloudFormation puts machines on the back end that does not execute; this one only lends its ARN.
            properties = {**resource["Properties"], "DefinitionString": "{}"}
            properties.pop("DefinitionS3Location", None)
            properties.pop("DefinitionSubstitutions", None)
            kept[logical_id] = {**resource, "Properties": properties}
        else:
            kept[logical_id] = resource
    left_out = [
        {"Ref": name} for name, resource in cloudformation["Resources"].items() if resource["Type"] in _NOT_CREATED
    ]
    outputs = {name: told for name, told in cloudformation.get("Outputs", {}).items() if told["Value"] not in left_out}
    return {**cloudformation, "Resources": kept, "Outputs": outputs}


def _upload_code(resources: Mapping[str, Any]) -> None:
    """moto wants an archive for every function and layer; the real code is imported from its folder."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app.py", "")
    s3 = boto3.client("s3")
    region = s3.meta.region_name
    placement = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=_CODE_BUCKET, **placement)  # type: ignore[arg-type]
    for resource in resources.values():
        properties = resource.get("Properties", {})
        for place in (properties.get("Code"), properties.get("Content")):
            if place:
                s3.put_object(Bucket=_CODE_BUCKET, Key=place["S3Key"], Body=archive.getvalue())


def _configure_buckets(ids: Mapping[str, str], resolved: Mapping[str, Any]) -> None:
    """moto's CloudFormation makes bare buckets: versions, locks, events and rules for other origins are set here."""
    s3 = boto3.client("s3")
    for logical_id, resource in resolved.items():
        if resource["Type"] != "AWS::S3::Bucket":
            continue
        bucket, properties = ids[logical_id], resource["Properties"]
        if versioning := properties.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioning)
        if properties.get("ObjectLockEnabled"):
            locks = {"ObjectLockEnabled": "Enabled"}
            s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=locks)  # type: ignore[arg-type]
        if rules := rules_of(properties.get("CorsConfiguration", {})):
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})  # type: ignore[typeddict-item]
        event_bridge = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
        if event_bridge.get("EventBridgeEnabled"):
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )


def _functions(
    ids: Mapping[str, str], resolved: Mapping[str, Any], code: Mapping[str, Path]
) -> Iterator[tuple[str, Function]]:
    invocation: dict[str, Any] = {
        resource["Properties"]["FunctionName"]: resource["Properties"]
        for resource in resolved.values()
        if resource["Type"] == "AWS::Lambda::EventInvokeConfig"
    }
    lambdas = boto3.client("lambda")
    for logical_id, resource in resolved.items():
        if resource["Type"] != "AWS::Lambda::Function":
            continue
        name, properties = ids[logical_id], resource["Properties"]
        variables = properties.get("Environment", {}).get("Variables", {})
        config = invocation.get(name, {})
        yield (
            name,
            Function(
                name=name,
                logical_id=logical_id,
                folder=code[logical_id],
                handler=properties["Handler"],
                arn=lambdas.get_function(FunctionName=name)["Configuration"]["FunctionArn"],
                timeout=int(properties.get("Timeout", 3)),
                memory_megabytes=int(properties.get("MemorySize", 128)),
                environment={key: str(value) for key, value in variables.items()},
                role_arn=properties["Role"],
                reserved_concurrency=properties.get("ReservedConcurrentExecutions"),
                retry_attempts=int(config.get("MaximumRetryAttempts", 2)),
                maximum_event_age=int(config.get("MaximumEventAgeInSeconds", 21600)),
                on_failure_arn=config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
            ),
        )


def _schedules(resolved: Mapping[str, Any]) -> Iterator[Schedule]:
    for logical_id, resource in resolved.items():
        expression = resource.get("Properties", {}).get("ScheduleExpression")
        if resource["Type"] != "AWS::Events::Rule" or not expression:
            continue
        rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        if rate is None:
            raise TemplateError(f"{logical_id}: the local stack understands rate(), not {expression}.")
        for target in resource["Properties"]["Targets"]:
            yield Schedule(
                function_name=target["Arn"].rsplit(":", 1)[1],
                every_seconds=int(rate[1]) * _UNIT_SECONDS[rate[2]],
            )


def _create_state_machines(
    ids: Mapping[str, str], resolved: Mapping[str, Any], definitions: Mapping[str, Path]
) -> Iterator[tuple[str, str]]:
    states = boto3.client("stepfunctions")
    for logical_id, path in definitions.items():
        properties = resolved[logical_id]["Properties"]
        created = states.create_state_machine(
            name=ids[logical_id].rsplit(":", 1)[1],
            definition=definition_of(path, properties.get("DefinitionSubstitutions", {})),
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
        )
        yield logical_id, created["stateMachineArn"]


def definition_of(path: Path, substitutions: Mapping[str, Any]) -> str:
    """The state machine at ``path`` as JSON; every ``${Name}`` is replaced in the text, as on AWS.

    Raises:
        TemplateError: a name has no substitution.
    """
    text = path.read_text(encoding="utf-8")
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", str(value))
    if left := re.search(r"\$\{[A-Za-z0-9]+\}", text):
        raise TemplateError(f"{path.name} uses {left[0]}, which template.yaml does not substitute.")
    return json.dumps(_parsed(text))


@functools.cache
def _parsed(text: str) -> Any:
    return yaml.safe_load(text)
