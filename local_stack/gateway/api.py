"""The REST API of a template as plain values, read from what SAM made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_stack.errors import TemplateError

ANY = "ANY"
EVERYWHERE = ("/*", "*")
"""The setting of a stage for all methods that have none of their own."""
_ANY_METHOD = "x-amazon-apigateway-any-method"
_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options", _ANY_METHOD})
_FUNCTION = re.compile(r"/functions/arn:[^:]+:lambda:[^:]*:[^:]*:function:([^:/]+)(?::[^/]+)?/invocations$")


@dataclass(frozen=True)
class Authorizer:
    """A function that is asked whether a request may go on.

    ``identity_sources`` are what a request must carry before it is asked, as ``method.request.header.NAME``.
    """

    function_name: str
    identity_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Method:
    function_name: str
    authorizer: Authorizer | None = None
    needs_key: bool = False


@dataclass(frozen=True)
class GatewayResponse:
    """How a refusal looks: None is the usual status; ``templates`` by content type, ``headers`` by name."""

    status: int | None
    headers: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Throttle:
    """``rate`` is in requests a second, ``burst`` how many may come at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class UsagePlan:
    """``rate`` is in requests a second; None is no limit. ``period`` is DAY, WEEK or MONTH."""

    id: str
    rate: float | None = None
    burst: int | None = None
    quota: int | None = None
    period: str = "DAY"


@dataclass(frozen=True)
class Api:
    """``methods`` by resource path and HTTP method, ``ANY`` for all; ``responses`` by type of refusal.

    ``throttles`` are those of the stage, by resource path and HTTP method; ``EVERYWHERE`` for what has none of its own.
    """

    logical_id: str
    id: str
    stage: str
    methods: Mapping[str, Mapping[str, Method]]
    responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    binary_types: frozenset[str] = frozenset()
    key_from_authorizer: bool = False
    plan: UsagePlan | None = None
    throttles: Mapping[tuple[str, str], Throttle] = field(default_factory=dict)

    @property
    def function_names(self) -> frozenset[str]:
        """The functions that answer requests."""
        return frozenset(method.function_name for methods in self.methods.values() for method in methods.values())


def read_apis(ids: Mapping[str, str], resolved: Mapping[str, Any]) -> Iterator[Api]:
    """The REST APIs among resolved CloudFormation resources, each with its stage and usage plan.

    Raises:
        TemplateError: an API uses what the local stack does not serve.
    """
    for logical_id, resource in resolved.items():
        if resource["Type"] != "AWS::ApiGateway::RestApi":
            continue
        properties = resource["Properties"]
        body, api_id = properties.get("Body", {}), ids[logical_id]
        stage, stage_properties = _stage(ids, resolved, logical_id)
        schemes = body.get("securityDefinitions") or body.get("components", {}).get("securitySchemes", {})
        binary_types = {
            *properties.get("BinaryMediaTypes", ()),
            *body.get("x-amazon-apigateway-binary-media-types", ()),
        }
        yield Api(
            logical_id=logical_id,
            id=api_id,
            stage=stage,
            methods=dict(_resources(logical_id, body, schemes)),
            responses=dict(_responses(logical_id, body)),
            stage_variables={key: str(value) for key, value in stage_properties.get("Variables", {}).items()},
            binary_types=frozenset(name.replace("~1", "/") for name in binary_types),
            key_from_authorizer=properties.get("ApiKeySourceType") == "AUTHORIZER",
            plan=_plan(ids, resolved, api_id, stage),
            throttles=dict(_throttles(stage_properties)),
        )


def _stage(ids: Mapping[str, str], resolved: Mapping[str, Any], logical_id: str) -> tuple[str, Mapping[str, Any]]:
    """Name and properties of the stage of an API."""
    for name, resource in resolved.items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::ApiGateway::Stage" and properties["RestApiId"] == ids[logical_id]:
            return ids[name], properties
    raise TemplateError(f"{logical_id} has no stage, so nobody could call it.")


def _throttles(stage: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Throttle]]:
    for setting in stage.get("MethodSettings", ()):
        if "ThrottlingRateLimit" in setting:
            where = _path_of(setting["ResourcePath"]), setting["HttpMethod"]
            yield where, Throttle(float(setting["ThrottlingRateLimit"]), int(setting["ThrottlingBurstLimit"]))


def _path_of(encoded: str) -> str:
    """The resource that a setting is of: ``/`` and then its path, of which each slash is ``~1``."""
    return encoded.removeprefix("/").replace("~1", "/") if encoded.startswith("/~1") else encoded


def _resources(
    logical_id: str, body: Mapping[str, Any], schemes: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, Method]]]:
    for path, resource in body.get("paths", {}).items():
        methods = {}
        for name, operation in resource.items():
            if name not in _METHODS:
                continue
            where = f"{logical_id}: {path}"
            integration = operation.get("x-amazon-apigateway-integration", {})
            if integration.get("type") != "aws_proxy":
                raise TemplateError(f"{where}: the local stack serves functions, not {integration.get('type')}.")
            security = operation.get("security", body.get("security", []))
            used = [schemes.get(scheme, {}) for requirement in security for scheme in requirement]
            methods[ANY if name == _ANY_METHOD else name.upper()] = Method(
                function_name=_function_name(where, integration["uri"]),
                authorizer=next((_authorizer(where, scheme) for scheme in used if not _is_key(scheme)), None),
                needs_key=any(_is_key(scheme) for scheme in used),
            )
        yield path, methods


def _is_key(scheme: Mapping[str, Any]) -> bool:
    return scheme.get("type") == "apiKey" and "x-amazon-apigateway-authtype" not in scheme


def _authorizer(where: str, scheme: Mapping[str, Any]) -> Authorizer:
    definition = scheme.get("x-amazon-apigateway-authorizer", {})
    if definition.get("type") != "request":
        raise TemplateError(f"{where}: the local stack asks authorizers of the type REQUEST only.")
    sources = definition.get("identitySource") or ""
    return Authorizer(
        function_name=_function_name(where, definition["authorizerUri"]),
        identity_sources=tuple(source.strip() for source in sources.split(",") if source.strip()),
    )


def _function_name(where: str, uri: str) -> str:
    found = _FUNCTION.search(uri)
    if found is None:
        raise TemplateError(f"{where}: {uri} names no function.")
    return found[1]


def _responses(logical_id: str, body: Mapping[str, Any]) -> Iterator[tuple[str, GatewayResponse]]:
    for kind, definition in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        headers = {}
        for parameter, value in definition.get("responseParameters", {}).items():
            prefix, _, name = parameter.partition("gatewayresponse.header.")
            if prefix or not (value.startswith("'") and value.endswith("'")):
                raise TemplateError(f"{logical_id}, {kind}: the local stack does not understand {parameter}: {value}.")
            headers[name] = value[1:-1]
        status = definition.get("statusCode")
        yield (
            kind,
            GatewayResponse(
                status=None if status is None else int(status),
                headers=headers,
                templates=definition.get("responseTemplates", {}),
            ),
        )


def _plan(ids: Mapping[str, str], resolved: Mapping[str, Any], api_id: str, stage: str) -> UsagePlan | None:
    for logical_id, resource in resolved.items():
        if resource["Type"] != "AWS::ApiGateway::UsagePlan":
            continue
        properties = resource["Properties"]
        if {"ApiId": api_id, "Stage": stage} in [
            {"ApiId": place.get("ApiId"), "Stage": place.get("Stage")} for place in properties.get("ApiStages", ())
        ]:
            throttle, quota = properties.get("Throttle", {}), properties.get("Quota", {})
            return UsagePlan(
                id=ids[logical_id],
                rate=None if "RateLimit" not in throttle else float(throttle["RateLimit"]),
                burst=None if "BurstLimit" not in throttle else int(throttle["BurstLimit"]),
                quota=None if "Limit" not in quota else int(quota["Limit"]),
                period=quota.get("Period", "DAY"),
            )
    return None
