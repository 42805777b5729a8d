"""Which permissions a request needs: actions, and the ARNs of what they are done to.

From the service authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/, and for
S3 https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html. A request that is not
in the tables is refused: whoever adds it to the product adds it here, with its source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias
from urllib.parse import unquote

from local_stack.iam import task_tokens

ACCOUNT = "123456789012"
"""moto's account."""

Need: TypeAlias = tuple[str, str]
"""An action and the ARN of a resource."""

Parameters: TypeAlias = Mapping[str, Any]
_TRANSACTION_ACTIONS = MappingProxyType(
    {
        "Put": "dynamodb:PutItem",
        "Update": "dynamodb:UpdateItem",
        "Delete": "dynamodb:DeleteItem",
        "ConditionCheck": "dynamodb:ConditionCheckItem",
        "Get": "dynamodb:GetItem",
    }
)


class UnknownRequest(Exception):
    """Nobody has written down what this request needs."""


def needed(service: str, operation: str, parameters: Parameters, region: str) -> Iterator[Need]:
    """The permissions for a request, by its service as in ``dynamodb``, ``states``, and its operation.

    Raises:
        UnknownRequest: the tables below do not have it.
    """
    find = _BY_OPERATION.get(f"{service}:{operation}") or _BY_SERVICE.get(service)
    if find is None:
        raise UnknownRequest(f"Which permissions {service}:{operation} needs is not known; see {__name__}.")
    yield from find(f"{service}:{operation}", parameters, region)


def _table(action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    table = _table_arn(parameters["TableName"], region)
    yield action, f"{table}/index/{parameters['IndexName']}" if "IndexName" in parameters else table


def _tables(action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    for name in parameters["RequestItems"]:
        yield action, _table_arn(name, region)


def _transaction(_action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    """Transactions have no action of their own: every item needs that of the single request."""
    for item in parameters["TransactItems"]:
        for kind, request in item.items():
            yield _TRANSACTION_ACTIONS[kind], _table_arn(request["TableName"], region)


def _object(action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    """A request that names a version needs the version's action instead of the object's."""
    yield (
        action + ("Version" if parameters.get("VersionId") else ""),
        object_arn(parameters["Bucket"], parameters["Key"]),
    )


def _head(_action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    yield from _object("s3:GetObject", parameters, region)


def _written(_action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    yield "s3:PutObject", object_arn(parameters["Bucket"], parameters["Key"])


def _put(action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    yield from _written(action, parameters, region)
    if "ObjectLockMode" in parameters:
        yield from _unversioned("s3:PutObjectRetention", parameters, region)


def _unversioned(action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    """Locks have no actions of their own for versions."""
    yield action, object_arn(parameters["Bucket"], parameters["Key"])


def _copied(_action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    # boto3 makes this header of it before anybody else sees the request.
    path, _, version = str(parameters["CopySource"]).partition("?versionId=")
    bucket, _, key = unquote(path).partition("/")
    yield from _object("s3:GetObject", {"Bucket": bucket, "Key": key, "VersionId": version}, region)
    yield from _written("s3:PutObject", parameters, region)


def _listing(action: str) -> Callable[[str, Parameters, str], Iterator[Need]]:
    def find(_action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
        yield action, bucket_arn(parameters["Bucket"])

    return find


def _function(_action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    name = parameters["FunctionName"]
    yield "lambda:InvokeFunction", name if name.startswith("arn:") else _arn("lambda", region, f"function:{name}")


def _machine(action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    yield action, parameters["stateMachineArn"]


def _token(action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    """A token belongs to a state machine; of one that is no token, Step Functions says just that."""
    if arn := task_tokens.machine_of(parameters["taskToken"]):
        yield action, arn


def _topic(action: str, parameters: Parameters, _region: str) -> Iterator[Need]:
    yield action, parameters.get("TopicArn") or parameters["TargetArn"]


def _queue(action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    name = parameters.get("QueueName") or parameters["QueueUrl"].rpartition("/")[2]
    yield action.removesuffix("Batch"), _arn("sqs", region, name)


def _secret(action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    """A secret's ARN ends in six letters that nobody knows beforehand."""
    name = parameters["SecretId"]
    yield action, name if name.startswith("arn:") else _arn("secretsmanager", region, f"secret:{name}-AbCdEf")


def _bus(_action: str, parameters: Parameters, region: str) -> Iterator[Need]:
    for entry in parameters["Entries"]:
        name = entry.get("EventBusName", "default")
        yield "events:PutEvents", name if name.startswith("arn:") else _arn("events", region, f"event-bus/{name}")


def _anything(action: str, _parameters: Parameters, _region: str) -> Iterator[Need]:
    yield action, "*"


def bucket_arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def object_arn(bucket: str, key: str) -> str:
    return f"arn:aws:s3:::{bucket}/{key}"


def _table_arn(name: str, region: str) -> str:
    return name if name.startswith("arn:") else _arn("dynamodb", region, f"table/{name}")


def _arn(service: str, region: str, resource: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


_Find: TypeAlias = Callable[[str, Parameters, str], Iterator[Need]]
_BY_OPERATION: Mapping[str, _Find] = MappingProxyType(
    {
        "dynamodb:BatchGetItem": _tables,
        "dynamodb:BatchWriteItem": _tables,
        "dynamodb:TransactWriteItems": _transaction,
        "dynamodb:TransactGetItems": _transaction,
        "s3:GetObject": _object,
        "s3:DeleteObject": _object,
        "s3:HeadObject": _head,
        "s3:PutObject": _put,
        "s3:PutObjectRetention": _unversioned,
        "s3:CopyObject": _copied,
        "s3:CreateMultipartUpload": _written,
        "s3:UploadPart": _written,
        "s3:CompleteMultipartUpload": _written,
        "s3:HeadBucket": _listing("s3:ListBucket"),
        "s3:ListObjectsV2": _listing("s3:ListBucket"),
        "s3:ListObjectVersions": _listing("s3:ListBucketVersions"),
        "lambda:Invoke": _function,
        "states:StartExecution": _machine,
        "states:SendTaskSuccess": _token,
        "states:SendTaskFailure": _token,
        "states:SendTaskHeartbeat": _token,
        "sns:Publish": _topic,
        "events:PutEvents": _bus,
        "secretsmanager:GetSecretValue": _secret,
        "textract:DetectDocumentText": _anything,
    }
)
# Services of which every other operation is an action of the same name on one resource.
_BY_SERVICE: Mapping[str, _Find] = MappingProxyType({"dynamodb": _table, "sqs": _queue})
