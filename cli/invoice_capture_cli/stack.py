"""A deployed stack, by its outputs, with the rights of whoever types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from invoice_capture.aws.clients import Clients, error_code
from invoice_capture.domain.errors import SettingMissing, StoreUnavailable
from invoice_capture_cli.errors import Unreachable

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})


class Stack:
    """``endpoint`` is where the local stack emulates AWS; None is AWS itself.

    Its methods raise Unreachable when AWS cannot be asked.
    """

    def __init__(
        self, name: str, *, region: str | None = None, profile: str | None = None, endpoint: str | None = None
    ) -> None:
        self.name = name
        self._region = region
        self._profile = profile
        self._endpoint = endpoint

    @cached_property
    def session(self) -> Any:
        import boto3

        with calling_aws(self.name):
            if self._endpoint is not None:
                # The local stack asks nobody who they are, but a request without credentials cannot be signed.
                return boto3.Session(
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106
                    region_name=self._region,
                )
            return boto3.Session(profile_name=self._profile, region_name=self._region)

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of a service."""
        from botocore.config import Config

        config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 5}, **options)
        with calling_aws(self.name):
            return self.session.client(service, config=config, endpoint_url=self._endpoint)

    @cached_property
    def clients(self) -> Clients:
        """The clients that our own adapters take."""
        return _SessionClients(self)

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        with calling_aws(self.name):
            try:
                [stack] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
            except Exception as exc:
                if error_code(exc) == "ValidationError":
                    region = self.session.region_name
                    raise Unreachable(
                        f"There is no stack {self.name!r} in {region}. Name the right one with --stack, and its region "
                        "with --region."
                    ) from exc
                raise
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}

    def output(self, name: str) -> str:
        """Raises Unreachable when the stack has no such output."""
        value = self.outputs.get(name)
        if value is None:
            raise Unreachable(
                f"The stack {self.name!r} has no output {name}. Is it invoice-capture, and deployed with this version?"
            )
        return value


class _SessionClients(Clients):
    """The clients of a stack's session instead of the process's."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def _client(self, service: str, endpoint: str | None = None, **options: Any) -> Any:  # noqa: ARG002
        return self._stack.client(service, **options)


@contextmanager
def calling_aws(stack: str) -> Iterator[None]:
    """Turn every failure of AWS into Unreachable, with what to do about it."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        ProfileNotFound,
    )

    try:
        yield
    except NoRegionError as exc:
        raise Unreachable(f"In which region is {stack!r}? Say it with --region or AWS_REGION.") from exc
    except ProfileNotFound as exc:
        raise Unreachable(f"{exc}. Name one of your AWS configuration with --profile.") from exc
    except NoCredentialsError as exc:
        raise Unreachable(
            f"There are no AWS credentials to ask {stack!r} with. Sign in, or choose a --profile."
        ) from exc
    except ClientError as exc:
        raise Unreachable(_refusal(stack, exc)) from exc
    except BotoCoreError as exc:
        raise Unreachable(f"AWS could not be asked about {stack!r}: {str(exc).rstrip('.')}.") from exc
    except (StoreUnavailable, SettingMissing) as exc:
        raise Unreachable(str(exc)) from exc


def _refusal(stack: str, error: Exception) -> str:
    code = error_code(error)
    operation = getattr(error, "operation_name", "a request")
    if code in _EXPIRED:
        return f"Your AWS credentials are unknown or expired ({code}). Sign in again."
    if code in _DENIED:
        return f"Your AWS identity may not do {operation} for {stack!r}. Use one that may, with --profile."
    return f"AWS refused {operation} for {stack!r}: {code}. {error.response['Error'].get('Message', '')}"  # type: ignore[attr-defined]
