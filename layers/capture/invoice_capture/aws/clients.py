"""boto3 clients, made when first used, and their failures as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from invoice_capture.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

_TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class Clients:
    """One client per service and container. boto3 takes longer to import than most steps take to run."""

    def __init__(self) -> None:
        self._s3_links: S3Client | None = None

    @cached_property
    def s3(self) -> S3Client:
        return self._client("s3")  # type: ignore[no-any-return]

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._client("dynamodb")  # type: ignore[no-any-return]

    @cached_property
    def stepfunctions(self) -> SFNClient:
        return self._client("stepfunctions")  # type: ignore[no-any-return]

    @cached_property
    def functions(self) -> LambdaClient:
        return self._client("lambda")  # type: ignore[no-any-return]

    @cached_property
    def sns(self) -> SNSClient:
        # Whoever cannot announce now leaves it to the sweeper, instead of waiting past the end of its function.
        return self._client("sns", read_timeout=10, total_max_attempts=2)  # type: ignore[no-any-return]

    @cached_property
    def sqs(self) -> SQSClient:
        return self._client("sqs")  # type: ignore[no-any-return]

    @cached_property
    def events(self) -> EventBridgeClient:
        return self._client("events")  # type: ignore[no-any-return]

    @cached_property
    def secretsmanager(self) -> SecretsManagerClient:
        return self._client("secretsmanager")  # type: ignore[no-any-return]

    @cached_property
    def apigateway(self) -> APIGatewayClient:
        return self._client("apigateway")  # type: ignore[no-any-return]

    def s3_links(self, endpoint: str | None) -> S3Client:
        """A client that only signs links. Without a region in the host they would break in new buckets elsewhere."""
        if self._s3_links is None:
            address = {"addressing_style": "path" if endpoint else "virtual"}
            self._s3_links = self._client("s3", endpoint, s3=address, signature_version="s3v4")
        return self._s3_links

    def _client(
        self,
        service: str,
        endpoint: str | None = None,
        *,
        read_timeout: int = 30,
        total_max_attempts: int = 6,
        **options: Any,
    ) -> Any:
        import boto3
        from botocore.config import Config

        retries = {"mode": "standard", "total_max_attempts": total_max_attempts}
        config = Config(connect_timeout=5, read_timeout=read_timeout, retries=retries, **options)  # type: ignore[arg-type]
        return boto3.client(service, config=config, endpoint_url=endpoint)  # type: ignore[call-overload]


def error_code(error: BaseException) -> str:
    """The service's error code of a botocore ClientError; empty for any other exception."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextmanager
def calling(service: str) -> Iterator[None]:
    """Turn throttling, outages and lost connections into StoreUnavailable; any other error is for the caller."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as exc:
        if error_code(exc) in _TRANSIENT:
            raise StoreUnavailable(f"{service} did not answer in time ({error_code(exc)}).") from exc
        raise
    except BotoCoreError as exc:
        raise StoreUnavailable(f"{service} could not be reached ({type(exc).__name__}).") from exc
