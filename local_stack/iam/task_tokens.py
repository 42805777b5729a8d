"""Task tokens as long as those of Step Functions, which name the state machine that they belong to.

A token of AWS has some 600 to 1,000 characters of base64 (its limit is 2,048); a short one would make the rows, and so
the costs, of a job smaller than they are. https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
"""

from __future__ import annotations

import base64
import binascii
import secrets

LENGTH = 1000
"""Characters."""

_BEGINNING = "AQC"
_END_OF_ARN = b"\n"


def new(machine_arn: str) -> str:
    """A token of a state machine."""
    # Three bytes become four characters.
    size = LENGTH * 3 // 4
    arn = machine_arn.encode() + _END_OF_ARN
    token = base64.b64encode(arn + secrets.token_bytes(size - len(arn))).decode()
    return _BEGINNING + token[: LENGTH - len(_BEGINNING)]


def machine_of(token: str) -> str | None:
    """The ARN of the state machine of a token; None for what is no token."""
    text = token.removeprefix(_BEGINNING)
    try:
        content = base64.b64decode(text[: len(text) // 4 * 4], validate=True)
        arn, end, _ = content.partition(_END_OF_ARN)
        return arn.decode() if end and arn.startswith(b"arn:") else None
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
