"""Answers that are given once for each key that a client names, however often it asks: Powertools on our table.

Items: ``PK`` is IDEMPOTENCY, ``SK`` is the hash of client and key; they leave by TTL after a day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from invoice_capture.aws.clients import Clients, calling
from invoice_capture.domain.api_errors import InvalidRequest, WrongStatus
from invoice_capture.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

_SECONDS_KEPT = 24 * 60 * 60
_HEADER = "Idempotency-Key"


class DynamoDBIdempotency:
    """Nothing is loaded before the first key: most requests bring none."""

    def __init__(self, clients: Clients, table_name: str) -> None:
        self._clients = clients
        self._table_name = table_name

    def once(
        self, client: str, key: str, payload: Mapping[str, Any], act: Callable[[], dict[str, Any]], context: object
    ) -> dict[str, Any]:
        """The JSON object that ``act`` returned when this client first sent this key; only then is it called.

        What ``act`` raises is raised, and leaves the key free. ``context`` is Lambda's: when the time of this
        invocation is over without an answer, the key is free again.

        Raises:
            InvalidRequest: the key came with another payload before.
            WrongStatus: the first request with this key has not been answered yet.
        """
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, exceptions, idempotent_function

        config = IdempotencyConfig(
            event_key_jmespath="[client, key]",
            payload_validation_jmespath="payload",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=_SECONDS_KEPT,
            hash_function="sha256",
        )
        if hasattr(context, "get_remaining_time_in_millis"):
            config.register_lambda_context(context)  # type: ignore[arg-type]

        def answer(*, request: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
            return act()

        once = idempotent_function(
            answer,
            data_keyword_argument="request",
            persistence_store=self._persistence_layer,
            config=config,
            key_prefix="create",
        )
        try:
            answered: dict[str, Any] = once(request={"client": client, "key": key, "payload": dict(payload)})
        except exceptions.IdempotencyValidationError as exc:
            raise InvalidRequest(
                f"This {_HEADER} came with another request before. Take a new one for every new job.", _HEADER
            ) from exc
        except exceptions.IdempotencyAlreadyInProgressError as exc:
            raise WrongStatus(
                f"The first request with this {_HEADER} is still being answered. Try again in a moment.", _HEADER
            ) from exc
        except exceptions.IdempotencyInconsistentStateError as exc:
            raise StoreUnavailable(f"The record of an {_HEADER} changed while it was read.") from exc
        except exceptions.IdempotencyPersistenceLayerError as exc:
            # What boto3 raised is behind it, and may be an outage.
            with calling("DynamoDB"):
                raise exc.__cause__ or exc from None
        return answered

    @cached_property
    def _persistence_layer(self) -> DynamoDBPersistenceLayer:
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

        return DynamoDBPersistenceLayer(
            table_name=self._table_name,
            key_attr="PK",
            sort_key_attr="SK",
            static_pk_value="IDEMPOTENCY",
            expiry_attr="ttl",
            boto3_client=self._clients.dynamodb,
        )
