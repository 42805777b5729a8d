"""Throttling per client: API Gateway's usage plan, to which every client belongs with one API key of API Gateway."""

from __future__ import annotations

import secrets

from invoice_capture.aws.clients import Clients, calling, error_code
from invoice_capture.domain.errors import SettingMissing


class ApiGatewayUsagePlans:
    """One usage plan, which throttles each of its clients by itself.

    API Gateway's own keys only tell clients apart: the authorizer names them, and what they are opens nothing.
    """

    def __init__(self, clients: Clients, usage_plan_id: str) -> None:
        self._clients = clients
        self._plan = usage_plan_id

    def enroll(self, client: str) -> str:
        # Names are not unique at API Gateway, and stacks share the account: the plan's id keeps them apart.
        name = f"invoice-capture-{self._plan}-{client}"
        with calling("API Gateway"):
            key_id, value = self._find(name) or self._create(name)
            self._attach(key_id)
        return value

    def _find(self, name: str) -> tuple[str, str] | None:
        """Id and value of the key of this name: the oldest, if two were made at the same moment."""
        pages = self._clients.apigateway.get_paginator("get_api_keys").paginate(nameQuery=name, includeValues=True)
        # The query finds what begins like this, other clients too.
        found = [key for page in pages for key in page["items"] if key["name"] == name]
        if not found:
            return None
        oldest = min(found, key=lambda key: (key["createdDate"], key["id"]))
        return oldest["id"], oldest["value"]

    def _create(self, name: str) -> tuple[str, str]:
        key = self._clients.apigateway.create_api_key(name=name, value=secrets.token_hex(20), enabled=True)
        return key["id"], key["value"]

    def _attach(self, key_id: str) -> None:
        try:
            self._clients.apigateway.create_usage_plan_key(usagePlanId=self._plan, keyId=key_id, keyType="API_KEY")
        except Exception as exc:
            if error_code(exc) == "NotFoundException":
                raise SettingMissing(
                    f"There is no usage plan {self._plan!r} in this account and region: take the one of the stack."
                ) from exc
            if error_code(exc) != "ConflictException":
                raise
            # Attached already, which is what was wanted; any other conflict leaves it unattached and is an error.
            self._clients.apigateway.get_usage_plan_key(usagePlanId=self._plan, keyId=key_id)
