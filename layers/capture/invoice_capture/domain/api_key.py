"""API keys: how one is made, taken apart and verified. Nothing here remembers the text of a key.

A key is ``ick_<key id>_<secret>``: the id finds the stored item, the secret proves the right to use it. Only the
SHA-256 of the whole text is stored. A plain hash is right here, where it would be wrong for a password: the secret is
256 random bits, so there is nothing to guess that a slow or salted hash would protect, and a slow one would be paid
with every request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime

from invoice_capture.domain.client import Principal

RANDOM_BYTES = 40
"""What ``compose`` needs: 8 bytes for the id, 32 for the secret."""

NO_DIGEST = "0" * 64
"""What a key is compared with when there is none of its id, so that an answer takes as long either way."""

_KEY = re.compile(r"ick_([a-z2-7]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; all times are aware UTC.

    ``digest`` is the SHA-256 of the key's text in hexadecimal, and ``usage_identifier`` what API Gateway's usage plan
    knows the client by. Neither belongs in a log, so neither is printed.
    """

    key_id: str
    client: str
    scopes: frozenset[str]
    digest: str = field(repr=False)
    usage_identifier: str = field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None
    label: str | None = None

    @property
    def principal(self) -> Principal:
        return Principal(self.client, self.scopes)


def compose(randomness: bytes) -> tuple[str, str]:
    """Id and text of a key made of ``RANDOM_BYTES`` random bytes."""
    if len(randomness) != RANDOM_BYTES:
        raise ValueError(f"a key is made of {RANDOM_BYTES} bytes, not of {len(randomness)}")
    key_id = base64.b32encode(randomness[:8]).decode().lower()[:12]
    secret = base64.urlsafe_b64encode(randomness[8:]).decode().rstrip("=")
    return key_id, f"ick_{key_id}_{secret}"


def parse(text: object) -> str | None:
    """The key id of a well-formed key; None for anything else, whatever it is."""
    match = _KEY.fullmatch(text) if isinstance(text, str) else None
    return None if match is None else match[1]


def digest_of(text: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def matches(text: str, digest: str) -> bool:
    """Whether this is the key of that digest, in a time that says nothing about how nearly it is."""
    return hmac.compare_digest(digest_of(text), digest)
