"""Errors as the services send them, so that boto3 reads them, and repeats requests, as it does with AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and the "Common errors" of
# the other services; what is not here is a 400.
_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "AccessDenied": 403,
        "InternalError": 500,
        "InternalFailure": 500,
        "InternalServerError": 500,
        "InternalServiceError": 500,
        "ServiceException": 500,
        "ServiceUnavailable": 503,
        "SlowDown": 503,
        "TooManyRequestsException": 429,
    }
)
_IN_XML = frozenset({"s3", "sns"})


class _Raw(BytesIO):
    """What botocore expects below a response."""

    def stream(self, **_options: Any) -> Any:
        if content := self.read():
            yield content


def error(service: str, request: Any, code: str, message: str = "") -> AWSResponse:
    """The answer of a service to a request for which it did nothing; that to a HEAD request has no body."""
    message = message or f"The local stack was told to answer {code}."
    status = _STATUS.get(code, 400)
    headers = {"x-amzn-RequestId": "00000000-0000-0000-0000-000000000000", "x-amzn-ErrorType": code}
    if service in _IN_XML:
        text = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        body = text if service == "s3" else f"<ErrorResponse>{text}<RequestId>0</RequestId></ErrorResponse>"
        headers["content-type"] = "application/xml"
    else:
        body = json.dumps({"__type": code, "message": message, "Message": message})
        headers["content-type"] = "application/x-amz-json-1.0"
    content = b"" if request.method == "HEAD" else body.encode()
    return AWSResponse(request.url, status, headers, _Raw(content))  # type: ignore[arg-type]
