"""Signature Version 4, as far as links and forms need it."""

from __future__ import annotations

import hashlib
import hmac

ALGORITHM = "AWS4-HMAC-SHA256"


def signing_key(secret_key: str, day: str, region: str) -> bytes:
    """The key for what is signed on a day, as ``20260131``, for S3."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
