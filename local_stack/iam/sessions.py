"""The credentials of roles: what they sign, a link to a document above all, is good for as long as their session.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html: "If you created a presigned URL using a
temporary token, then the URL expires when the token expires."
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from botocore.credentials import Credentials, ReadOnlyCredentials

from local_stack import callers
from local_stack.iam.permissions import Permissions
from local_stack.iam.policies import Role

# A request of the same session need not have a new one; in parts of its life.
_AS_GOOD_AS_NEW = 0.02


@dataclass(frozen=True)
class Session:
    """A role for a time, in seconds of the stack's clock."""

    role: Role
    access_key: str
    secret_key: str
    token: str
    began_at: float


class Sessions:
    """The sessions of the roles; each lives ``seconds()`` of stack time, which may change meanwhile."""

    def __init__(self, permissions: Permissions, elapsed: Callable[[], float], seconds: Callable[[], float]) -> None:
        self._permissions = permissions
        self._elapsed = elapsed
        self._seconds = seconds
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._latest: dict[str, Session] = {}
        self._all: dict[str, Session] = {}

    def of(self, role: Role) -> Session:
        """A session of a role that has nearly all of its life before it."""
        now = self._elapsed()
        with self._lock:
            latest = self._latest.get(role.arn)
            if latest is None or now - latest.began_at > _AS_GOOD_AS_NEW * self._seconds():
                access_key = f"ASIA{next(self._numbers):016d}"
                latest = Session(role, access_key, secrets.token_hex(20), secrets.token_hex(16), now)
                self._latest[role.arn] = self._all[access_key] = latest
            return latest

    def find(self, access_key: str) -> Session | None:
        return self._all.get(access_key)

    def is_over(self, session: Session) -> bool:
        return self._elapsed() - session.began_at >= self._seconds()

    def may(self, session: Session, action: str, resource: str) -> bool:
        return self._permissions.may(session.role, action, resource)

    def hides_absence(self, session: Session, bucket: str, version_id: str | None) -> bool:
        parameters = {"Bucket": bucket, "VersionId": version_id}
        return self._permissions.hides_absence(session.role, "GetObject", parameters)

    @contextmanager
    def signing(self) -> Iterator[None]:
        """Let everything that is signed inside be signed by the role that does it."""
        frozen = Credentials.get_frozen_credentials

        def of_caller(credentials: Credentials) -> ReadOnlyCredentials:
            caller = callers.current()
            if caller is None or caller.role is None:
                return frozen(credentials)
            session = self.of(caller.role)
            return ReadOnlyCredentials(session.access_key, session.secret_key, session.token)

        with patch.object(Credentials, "get_frozen_credentials", of_caller):
            yield
