"""Whether the roles of a stack may do what they do, and which of their permissions were ever used."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_stack.iam import actions
from local_stack.iam.policies import Permission, Role

_LOG = logging.getLogger(__name__)
_NO_LIST = {"GetObject", "HeadObject"}


@dataclass(frozen=True)
class Denial:
    """What a role was refused."""

    role: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role} is not authorized to perform {self.action} on {self.resource}"


class Permissions:
    """The roles by their ARNs. ``denied`` is what was refused, ``used`` how often each permission was needed."""

    def __init__(self, roles: Mapping[str, Role], region: str) -> None:
        self.roles = roles
        self.denied: list[Denial] = []
        self.used: Counter[Permission] = Counter()
        self._region = region
        self._lock = threading.Lock()
        self._decided: dict[tuple[str, str, str], Permission | None] = {}

    def may(self, role: Role, action: str, resource: str) -> bool:
        """Whether a role may do that, which counts as used when it may; a refusal is logged and kept."""
        permission = self._decide(role, action, resource)
        with self._lock:
            if permission is not None:
                self.used[permission] += 1
                return True
            denial = Denial(role.name, action, resource)
            self.denied.append(denial)
        _LOG.error("Access denied: %s", denial)
        return False

    def refusal(self, role: Role, service: str, operation: str, parameters: Mapping[str, Any]) -> Denial | None:
        """The first permission that a request lacks.

        Raises:
            UnknownRequest: nobody wrote down what it needs.
        """
        for action, resource in actions.needed(service, operation, parameters, self._region):
            if not self.may(role, action, resource):
                return Denial(role.name, action, resource)
        return None

    def hides_absence(self, role: Role, operation: str, parameters: Mapping[str, Any]) -> bool:
        """Whether S3 answers 403 instead of 404: who may not list what is there is not told what is not.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_Permissions
        """
        if operation not in _NO_LIST:
            return False
        listing = "s3:ListBucketVersions" if parameters.get("VersionId") else "s3:ListBucket"
        permission = self._decide(role, listing, actions.bucket_arn(parameters["Bucket"]))
        if permission is not None:
            with self._lock:
                self.used[permission] += 1
        return permission is None

    def unused(self) -> list[Permission]:
        """The permissions that the template gives and nobody used, in the order of the template."""
        return [
            grant.permission
            for role in self.roles.values()
            for grant in role.grants
            if grant.is_ours and grant.allows and not self.used[grant.permission]
        ]

    def clear(self) -> None:
        """Forget what was denied; what was used stays."""
        with self._lock:
            self.denied.clear()

    def _decide(self, role: Role, action: str, resource: str) -> Permission | None:
        # Objects and secrets have many ARNs, all others few.
        if action.startswith("s3:"):
            return role.decide(action, resource)
        known = (role.arn, action, resource)
        if known not in self._decided:
            self._decided[known] = role.decide(action, resource)
        return self._decided[known]
