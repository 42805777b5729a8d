"""A tiny API of its own: an authorizer, a function that echoes its event, and one that answers what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import requests

from local_stack.gateway.limits import EnrolledKeys
from local_stack.gateway.server import ApiServer, Gateway
from tests.unit.local_stack.conftest import MiniStack, starting
from tests.waiting import PATIENCE_SECONDS

TEMPLATE = """
    AWSTemplateFormatVersion: "2010-09-09"
    Transform: AWS::Serverless-2016-10-31
    Parameters:
      Rate: {Type: Number, Default: 1000}
      Burst: {Type: Number, Default: 1000}
    Globals:
      Function: {Handler: app.handler, Runtime: python3.13}
    Resources:
      Api:
        Type: AWS::Serverless::Api
        Properties:
          StageName: v1
          ApiKeySourceType: AUTHORIZER
          Variables: {colour: blue}
          BinaryMediaTypes: [application~1pdf, image~1*]
          Auth:
            DefaultAuthorizer: Keys
            ApiKeyRequired: true
            Authorizers:
              Keys:
                FunctionArn: !GetAtt Authorize.Arn
                FunctionPayloadType: REQUEST
                Identity: {ReauthorizeEvery: 0}
          GatewayResponses:
            UNAUTHORIZED:
              ResponseTemplates: {application/json: '{"success":false,"message":$context.error.messageString}'}
              ResponseParameters: {Headers: {WWW-Authenticate: "'api-key'"}}
            THROTTLED:
              StatusCode: 429
              ResponseTemplates: {application/json: '{"slow":"$context.error.message, $context.error.responseType"}'}
            DEFAULT_5XX:
              ResponseTemplates:
                text/plain: "oops $context.error.validationErrorString$context.httpMethod $stageVariables.colour"
      Plan:
        Type: AWS::ApiGateway::UsagePlan
        DependsOn: Apiv1Stage
        Properties:
          ApiStages: [{ApiId: !Ref Api, Stage: !Ref Api.Stage}]
          Throttle: {RateLimit: !Ref Rate, BurstLimit: !Ref Burst}
          Quota: {Limit: 5000, Period: DAY}
      Authorize:
        Type: AWS::Serverless::Function
        Properties: {CodeUri: authorize}
      Echo:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: echo
          Events:
            Any: {Type: Api, Properties: {RestApiId: !Ref Api, Path: "/{proxy+}", Method: ANY}}
            One: {Type: Api, Properties: {RestApiId: !Ref Api, Path: "/things/{id}", Method: ANY}}
            Parts: {Type: Api, Properties: {RestApiId: !Ref Api, Path: "/things/{id}/parts/{rest+}", Method: ANY}}
            Open: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /open, Method: GET,
                                           Auth: {Authorizer: NONE, ApiKeyRequired: false}}}
      Say:
        Type: AWS::Serverless::Function
        Properties:
          CodeUri: say
          Events:
            Say: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /say, Method: ANY,
                                          Auth: {Authorizer: NONE, ApiKeyRequired: false}}}
    Outputs:
      Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1"}
      Docs: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/${Api.Stage}/docs"}
      Plan: {Value: !Ref Plan}
      Root: {Value: !GetAtt Api.RootResourceId}
      Ids: {Value: !Sub "${Plan} ${Api.RootResourceId} ${AWS::Region}"}
"""

AUTHORIZE = """
    def handler(event, context):
        key = {name.lower(): value for name, value in event["headers"].items()}.get("api-key", "")
        if key in {"", "wrong"}:
            raise Exception("Unauthorized")
        if key == "broken":
            raise KeyError("Unauthorized")
        if key == "odd":
            return {"principalId": "anna"}
        arn = event["methodArn"]
        api_and_stage = "/".join(arn.split("/")[:2])
        resource = {"other": arn + "x", "get": api_and_stage + "/GET/*", "one": arn}.get(key, api_and_stage + "/*")
        statements = [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}]
        if key == "denied":
            statements.append({"Effect": "Deny", "Action": ["execute-api:*"], "Resource": ["*"]})
        about = {"client": "anna", "number": 3, "all": True, "none": None, "arn": arn, "body": "body" in event}
        return {
            "principalId": "anna",
            "policyDocument": {"Version": "2012-10-17", "Statement": statements},
            "context": {"list": []} if key == "deep" else about,
            "usageIdentifierKey": event["headers"].get("usage", "key-of-the-usage-plan"),
        }
"""

ECHO = """
    import json

    def handler(event, context):
        return {"statusCode": 200, "body": json.dumps(event)}
"""

SAY = """
    import json, pathlib, time

    BUSY = []

    def handler(event, context):
        BUSY.append(1)
        assert len(BUSY) == 1, "two requests at once"
        try:
            said = json.loads(event["body"] or "{}")
            while "until" in said and not pathlib.Path(said["until"]).exists():
                time.sleep(0.01)
            if "error" in said:
                raise RuntimeError(said["error"])
            answer = said.get("answer")
            if "bytes" in said:
                answer["body"] = "x" * said["bytes"]
            return answer
        finally:
            BUSY.pop()
"""

FILES = {"authorize/app.py": AUTHORIZE, "echo/app.py": ECHO, "say/app.py": SAY}
GOOD = {"api-key": "good"}


@dataclass
class Served:
    """A stack with its API; ``seconds`` is the time by which its rates are kept, ``invoked`` names the functions."""

    stack: MiniStack
    server: ApiServer
    seen: list[tuple[str, str, int, float]]
    seconds: float = 1000.0
    invoked: list[str] = field(default_factory=list)

    def invoke(self, function_name: str, payload: bytes) -> tuple[bytes, bool]:
        self.invoked.append(function_name)
        return self.stack.runtime.invoke(function_name, payload)

    def enroll(self, name: str, value: str) -> None:
        client = boto3.client("apigateway")
        key = client.create_api_key(name=name, value=value, enabled=True)
        client.create_usage_plan_key(usagePlanId=self.stack.resources.ids["Plan"], keyId=key["id"], keyType="API_KEY")

    def call(self, path: str, method: str = "GET", **options: Any) -> Any:
        return requests.request(method, self.server.url + path, timeout=PATIENCE_SECONDS, **options)

    def event(self, path: str, method: str = "GET", **options: Any) -> Any:
        answer = self.call(path, method, headers=GOOD | options.pop("headers", {}), **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, answer: Any, headers: Any = None, **more: Any) -> Any:
        return self.call("/say", "POST", json={"answer": answer, **more}, headers=headers)


Serve = Callable[..., Served]


@contextmanager
def serving(folder: Path) -> Iterator[Serve]:
    """Serve stacks of the template, or of another one, until the end of the block; parameters are keywords."""
    servers: list[ApiServer] = []

    def serve(template: str = TEMPLATE, *, seconds: float = 29.0, **parameters: str) -> Served:
        stack = start(template, FILES, **parameters)
        seen: list[tuple[str, str, int, float]] = []
        servers.append(ApiServer(0, lambda *request: seen.append(request)))
        made = Served(stack, servers[-1], seen)
        made.enroll("anna", "key-of-the-usage-plan")
        gateway = Gateway(
            stack.resources.apis[0],
            made.invoke,
            EnrolledKeys(),
            stack.clock.now,
            monotonic=lambda: made.seconds,
            integration_seconds=seconds,
        )
        servers[-1].serve(gateway)
        return made

    with starting(folder) as start:
        yield serve
        for server in servers:
            server.close()
