"""What stands in CloudFormation for the resources of API Gateway, which moto's CloudFormation does not create.

Each becomes a parameter of the same name, so that whatever refers to it, an output or an environment, still gets an
id. Usage plans are created by API call, because keys must be enrolled in them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import boto3

_TYPE_PREFIX = "AWS::ApiGateway::"
_ATTRIBUTE = re.compile(r"\$\{([A-Za-z0-9]+)\.[A-Za-z0-9.]+\}")
_URL = (
    r"https://\$\{(?:%s)\}\.execute-api\.\$\{AWS::Region\}\.(?:\$\{AWS::URLSuffix\}|amazonaws\.com)/(?:\$\{\w+\}|\w+)"
)


def is_of_the_gateway(resource: Mapping[str, Any]) -> bool:
    return str(resource["Type"]).startswith(_TYPE_PREFIX)


def with_stand_ins(cloudformation: Mapping[str, Any], api_url: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The template with parameters beside the resources of API Gateway, and their ids by logical id.

    With ``api_url``, outputs that hold the URL of an API's stage hold that instead.
    """
    resources = cloudformation["Resources"]
    ids = {name: _id_of(name, resource) for name, resource in resources.items() if is_of_the_gateway(resource)}
    if not ids:
        return dict(cloudformation), {}
    outputs = cloudformation.get("Outputs", {})
    if api_url is not None:
        apis = [name for name, resource in resources.items() if resource["Type"] == f"{_TYPE_PREFIX}RestApi"]
        outputs = _with_url(outputs, re.compile(_URL % "|".join(apis)), api_url)
    parameters = {name: {"Type": "String", "Default": value} for name, value in ids.items()}
    return {
        **cloudformation,
        "Parameters": {**cloudformation.get("Parameters", {}), **parameters},
        "Resources": _by_id(resources, ids),
        "Outputs": _by_id(outputs, ids),
    }, ids


def _id_of(logical_id: str, resource: Mapping[str, Any]) -> str:
    kind, properties = str(resource["Type"]).removeprefix(_TYPE_PREFIX), resource.get("Properties", {})
    if kind == "UsagePlan":
        return str(boto3.client("apigateway").create_usage_plan(name=logical_id)["id"])
    if kind == "Stage" and isinstance(properties.get("StageName"), str):
        return str(properties["StageName"])
    return logical_id.lower()


def _by_id(part: Any, ids: Mapping[str, str]) -> Any:
    """A part of the template where attributes of what is not there are its id."""
    if isinstance(part, list):
        return [_by_id(item, ids) for item in part]
    if isinstance(part, str):
        return _ATTRIBUTE.sub(lambda found: f"${{{found[1]}}}" if found[1] in ids else found[0], part)
    if not isinstance(part, dict):
        return part
    attribute = part.get("Fn::GetAtt")
    if attribute is not None:
        name = attribute[0] if isinstance(attribute, list) else attribute.partition(".")[0]
        return {"Ref": name} if name in ids else part
    return {key: _by_id(item, ids) for key, item in part.items()}


def _with_url(part: Any, pattern: re.Pattern[str], url: str) -> Any:
    if isinstance(part, list):
        return [_with_url(item, pattern, url) for item in part]
    if isinstance(part, dict):
        return {key: _with_url(item, pattern, url) for key, item in part.items()}
    return pattern.sub(url, part) if isinstance(part, str) else part
