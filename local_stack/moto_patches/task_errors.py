"""How Step Functions names the errors of a task, where moto names them otherwise.

The integrations are built with the Java SDK: an error is named by its class, one that the service's model does not have
by the service's base class, and a request without an answer by the client's. Sources:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html,
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html, and for DynamoDB the classes of
https://docs.aws.amazon.com/AWSJavaSDK/latest/javadoc/com/amazonaws/services/dynamodbv2/model/package-summary.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sns import (
    StateTaskServiceSns,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local_stack.moto_patches.host import Patch

_UNKNOWN = "Lambda.Unknown"
# By the code that boto3 sees; any other code is the name of its class.
_DYNAMODB_CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "InternalServerError": "InternalServerErrorException",
        "RequestLimitExceeded": "RequestLimitExceededException",
        "ServiceUnavailable": "AmazonDynamoDBException",
        "ThrottlingException": "AmazonDynamoDBException",
        "ValidationException": "AmazonDynamoDBException",
    }
)


def patches() -> list[Patch]:
    services = (
        (StateTaskServiceDynamoDB, "DynamoDB"),
        (StateTaskServiceLambda, "Lambda"),
        (StateTaskServiceSfn, "StepFunctions"),
        (StateTaskServiceSns, "SNS"),
    )
    return [(service, "_from_error", _named(service._from_error, prefix)) for service, prefix in services]


def _named(as_moto_does: Any, prefix: str) -> Any:
    def from_error(task: Any, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, LambdaFunctionErrorException) and _error_type(ex.payload) is None:
            return _failure(task, env, _UNKNOWN, ex.payload)
        if isinstance(ex, HTTPClientError):
            return _failure(task, env, f"{prefix}.{_client_error(prefix, ex)}", str(ex))
        if isinstance(ex, ClientError):
            code = ex.response["Error"]["Code"]
            return _failure(task, env, f"{prefix}.{_class(prefix, code)}", _cause(ex, code))
        return as_moto_does(task, env=env, ex=ex)  # type: ignore[no-any-return]

    return from_error


def _client_error(prefix: str, error: HTTPClientError) -> str:
    """Only Lambda's client has a name of its own for an answer that does not come."""
    if prefix == "Lambda" and not isinstance(error, EndpointConnectionError):
        return "ClientExecutionTimeoutException"
    return "SdkClientException"


def _class(prefix: str, code: str) -> str:
    if prefix == "DynamoDB":
        return _DYNAMODB_CLASSES.get(code, code)
    return code if prefix == "Lambda" or code.endswith("Exception") else f"{code}Exception"


def _cause(error: ClientError, code: str) -> str:
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    status, request = metadata.get("HTTPStatusCode"), metadata.get("RequestId")
    return (
        f"{error.response['Error'].get('Message')} (Status Code: {status}; Error Code: {code}; Request ID: {request})"
    )


def _error_type(payload: str) -> str | None:
    said = json.loads(payload)
    return said.get("errorType") if isinstance(said, dict) else None


def _failure(task: Any, env: Any, error: str, cause: str) -> FailureEvent:
    details = TaskFailedEventDetails(
        error=error, cause=cause, resource=task._get_sfn_resource(), resourceType=task._get_sfn_resource_type()
    )
    return FailureEvent(
        env=env,
        error_name=CustomErrorName(error),
        event_type=HistoryEventType.TaskFailed,
        event_details=EventDetails(taskFailedEventDetails=details),  # type: ignore[typeddict-item]
    )
