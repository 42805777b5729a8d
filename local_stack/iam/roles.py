"""The roles of a template with all of their policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import boto3

from local_stack.errors import TemplateError
from local_stack.iam.policies import Grant, Role, grants_of

_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
# What AWS's own policies allow, which SAM adds to the roles of functions:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html and its neighbours.
_OF_AWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": _LOGS,
        "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole": (
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            *_LOGS,
        ),
        "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess": (
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ),
    }
)


def read_roles(ids: Mapping[str, str], resolved: Mapping[str, Any]) -> Iterator[Role]:
    """The roles among resolved resources, which have been created; ``ids`` are everybody's physical ids.

    Raises:
        TemplateError: a policy is unknown here, or has a part that is not understood.
    """
    iam = boto3.client("iam")
    managed = _of_type(resolved, "AWS::IAM::ManagedPolicy")
    attached = _of_type(resolved, "AWS::IAM::Policy")
    for name, properties in _of_type(resolved, "AWS::IAM::Role").items():
        grants: list[Grant] = []
        for policy in properties.get("Policies", ()):
            grants += grants_of(name, policy["PolicyName"], policy["PolicyDocument"])
        for reference in properties.get("ManagedPolicyArns", ()):
            grants += _managed_grants(name, reference, ids, managed)
        for logical_id, policy in attached.items():
            if ids[name] in policy.get("Roles", ()):
                grants += grants_of(name, logical_id, policy["PolicyDocument"])
        yield Role(name, iam.get_role(RoleName=ids[name])["Role"]["Arn"], tuple(grants))


def _managed_grants(role: str, arn: str, ids: Mapping[str, str], managed: Mapping[str, Any]) -> Iterator[Grant]:
    for logical_id, properties in managed.items():
        if ids[logical_id] == arn:
            yield from grants_of(role, logical_id, properties["PolicyDocument"])
            return
    if arn not in _OF_AWS:
        raise TemplateError(f"{role}: the local stack does not know what {arn} allows. Add it to {__name__}.")
    document = {"Statement": {"Effect": "Allow", "Action": list(_OF_AWS[arn]), "Resource": "*"}}
    yield from grants_of(role, arn.rpartition("/")[2], document, is_ours=False)


def _of_type(resolved: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource["Properties"] for name, resource in resolved.items() if resource["Type"] == kind}
