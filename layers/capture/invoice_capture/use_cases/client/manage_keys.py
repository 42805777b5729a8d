"""Manage Keys: create, list and revoke the keys of the HTTP API."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from invoice_capture.domain.api_key import RANDOM_BYTES, ApiKey, compose, digest_of, parse
from invoice_capture.domain.client import KeyRefused, require_client
from invoice_capture.ports import Clock, KeyStore, UsagePlans

_LABEL_LENGTH = 100


@dataclass(frozen=True)
class ManageKeys:
    """What an operator does with keys. ``entropy`` gives so many random bytes."""

    keys: KeyStore
    usage_plans: UsagePlans
    clock: Clock
    entropy: Callable[[int], bytes] = secrets.token_bytes

    def create(self, client: str, scopes: Collection[str] = (), label: str | None = None) -> tuple[ApiKey, str]:
        """A new key of a client, and its text: this is the only time that anybody sees it.

        Raises:
            KeyRefused: the client's name, a scope or the label cannot be.
        """
        principal = require_client(client, scopes)
        if label is not None and not (label.isprintable() and 0 < len(label) <= _LABEL_LENGTH):
            raise KeyRefused(f"A label is one line of 1 to {_LABEL_LENGTH} printable characters.")
        usage_identifier = self.usage_plans.enroll(client)
        while True:
            key_id, text = compose(self.entropy(RANDOM_BYTES))
            key = ApiKey(
                key_id=key_id,
                client=principal.client,
                scopes=principal.scopes,
                digest=digest_of(text),
                usage_identifier=usage_identifier,
                created_at=self.clock.now(),
                label=label,
            )
            # Another key of the same id is next to impossible; it would be made anew, not replaced.
            if self.keys.add(key):
                return key, text

    def list(self) -> Sequence[ApiKey]:
        """All keys, the oldest first, revoked ones included."""
        return sorted(self.keys.all(), key=lambda key: (key.created_at, key.key_id))

    def revoke(self, key_id: str) -> None:
        """Make a key useless from now on; one that is revoked already keeps its time. Takes a whole key as well.

        Raises:
            KeyRefused: there is no such key.
        """
        # The message quotes nothing: what was given may be a key with a slip in it.
        if not self.keys.revoke(parse(key_id) or key_id, self.clock.now()):
            raise KeyRefused("There is no key of this id: list the keys, and give the id of one.")
