"""Settings and credentials of providers: one Secrets Manager secret each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

from invoice_capture.aws.clients import Clients, error_code
from invoice_capture.domain.errors import SettingMissing, StoreUnavailable

_CACHED_SECONDS = 300


class SecretSettings:
    """Reads the secret ``<prefix><provider>``, a JSON object of strings, and keeps it for five minutes."""

    def __init__(self, clients: Clients, prefix: str) -> None:
        self._clients = clients
        self._prefix = prefix
        self._forgotten: set[str] = set()

    def of(self, provider: str) -> Mapping[str, str]:
        """The settings, none when there is no secret: whoever needs one says which.

        Raises:
            SettingMissing: the secret is no JSON object.
        """
        from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

        name = self._prefix + provider
        try:
            secret = self._secrets.get(name, max_age=_CACHED_SECONDS, force_fetch=provider in self._forgotten)
            settings = json.loads(str(secret))
        except GetParameterError as exc:
            # Powertools raises this while handling botocore's error, which only the context still holds.
            if error_code(exc.__context__ or exc) == "ResourceNotFoundException":
                return {}
            raise StoreUnavailable(f"The secret {name!r} could not be read.") from exc
        except ValueError as exc:
            raise SettingMissing(f"The secret {name!r} is not a JSON object.") from exc
        self._forgotten.discard(provider)
        if not isinstance(settings, dict):
            raise SettingMissing(f"The secret {name!r} is not a JSON object.")
        # People write a setting that is JSON, such as user_infos, as a text or as it is.
        return {
            str(key): value if isinstance(value, str) else json.dumps(value)
            for key, value in settings.items()
            if value is not None
        }

    def forget(self, provider: str) -> None:
        """Have the next ``of`` read the secret again, however young it is."""
        self._forgotten.add(provider)

    @cached_property
    def _secrets(self) -> SecretsProvider:
        from aws_lambda_powertools.utilities.parameters import SecretsProvider

        return SecretsProvider(boto3_client=self._clients.secretsmanager)
