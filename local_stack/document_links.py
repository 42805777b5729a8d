"""Presigned links and forms of the local stack, answered over loopback HTTP, where other processes can use them."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote, urlsplit

from werkzeug.wrappers import Request, Response

from local_stack.bucket_cors import Rules, cross_origin_headers, preflight
from local_stack.document_uploads import DocumentUploads, Writer
from local_stack.iam.actions import object_arn
from local_stack.iam.sessions import Session, Sessions
from local_stack.signatures import ALGORITHM, signing_key
from local_stack.simulators.server import LoopbackServer

_LONGEST_SECONDS = 7 * 24 * 3600
_CLOCK_SKEW = timedelta(minutes=15)
_PARAMETER = re.compile(r"([^=&]+)=([^&]*)")
_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)

# What a signed query may have said instead of what is stored, and the header it becomes.
_SAID_INSTEAD = {"response-content-type": "Content-Type", "response-content-disposition": "Content-Disposition"}

Reader = Callable[[str, str, str | None], tuple[bytes, str]]


class DocumentLinks:
    """A server that answers GET and HEAD of ``/{bucket}/{key}`` when the link is signed for it and has not expired.

    ``read`` takes bucket, key and version id, gives bytes and media type, and raises LookupError or OSError for what is
    not there. With ``write`` it also takes the forms that are posted to ``/{bucket}``. ``cors_rules`` are those of a
    bucket. Expiry is judged by the real time, by which clients sign.

    What one of the ``sessions`` signed is good for what its role may do, and until the session is over.
    """

    def __init__(
        self,
        read: Reader,
        access_key: str,
        secret_key: str,
        region: str,
        write: Writer | None = None,
        *,
        cors_rules: Callable[[str], Rules] = lambda _bucket: (),
        sessions: Sessions | None = None,
    ) -> None:
        self._read = read
        self._cors_rules = cors_rules
        self._sessions = sessions
        self._uploads = None if write is None else DocumentUploads(write, access_key, secret_key, region, sessions)
        self._access_key = access_key
        self._secret_key = secret_key
        self._region = region

    @property
    def endpoint(self) -> str:
        return self._server.origin

    def __enter__(self) -> DocumentLinks:
        self._server = LoopbackServer(self._answer)
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.close()

    def _answer(self, request: Request) -> Response:
        rules = self._cors_rules(request.path.strip("/").partition("/")[0]) if "Origin" in request.headers else ()
        if request.method == "OPTIONS":
            return preflight(rules, request) or _refusal(403, "AccessForbidden")
        response = self._answered(request)
        response.headers.extend(cross_origin_headers(rules, request))
        return response

    def _answered(self, request: Request) -> Response:
        bucket, _, key = request.path.strip("/").partition("/")
        if request.method == "POST" and not key and self._uploads is not None:
            return self._uploads.answer(request, bucket)
        if request.method not in ("GET", "HEAD"):
            return _refusal(405, "MethodNotAllowed")
        # As it was sent: decoding and encoding a path again need not give the same path.
        target = urlsplit(request.environ["RAW_URI"])
        parameters = dict(_PARAMETER.findall(target.query))
        session = self._session_of(parameters)
        if not self._is_signed(request.method, target.path, parameters, request.host, session):
            return _refusal(403, "AccessDenied")
        bucket, _, key = unquote(target.path).removeprefix("/").partition("/")
        version = unquote(parameters.get("versionId", "")) or None
        if refusal := self._refused(session, bucket, key, version):
            return refusal
        try:
            content, media_type = self._read(bucket, key, version)
        except (LookupError, OSError):
            if session is not None and self._sessions and self._sessions.hides_absence(session, bucket, version):
                return _refusal(403, "AccessDenied")
            return _refusal(404, "NoSuchKey")
        response = Response(content, content_type=media_type)
        for name, header in _SAID_INSTEAD.items():
            if said := unquote(parameters.get(name, "")):
                response.headers[header] = said
        return response

    def _session_of(self, parameters: dict[str, str]) -> Session | None:
        access_key = unquote(parameters.get("X-Amz-Credential", "")).partition("/")[0]
        session = self._sessions.find(access_key) if self._sessions else None
        token = unquote(parameters.get("X-Amz-Security-Token", ""))
        return session if session is not None and session.token == token else None

    def _refused(self, session: Session | None, bucket: str, key: str, version: str | None) -> Response | None:
        """What S3 says to a link of a role that it may not, or no longer, use."""
        if session is None or self._sessions is None:
            return None
        if self._sessions.is_over(session):
            return _refusal(400, "ExpiredToken")
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        return None if self._sessions.may(session, action, object_arn(bucket, key)) else _refusal(403, "AccessDenied")

    def _is_signed(
        self, method: str, path: str, parameters: dict[str, str], host: str, session: Session | None
    ) -> bool:
        """Whether the query carries a signature, by Signature Version 4, that is right and still valid."""
        if any(name not in parameters for name in _NEEDED):
            return False
        moment, lifetime = unquote(parameters["X-Amz-Date"]), parameters["X-Amz-Expires"]
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        access_key = session.access_key if session else self._access_key
        secret_key = session.secret_key if session else self._secret_key
        if (
            parameters["X-Amz-Algorithm"] != ALGORITHM
            or parameters["X-Amz-SignedHeaders"] != "host"
            or unquote(parameters["X-Amz-Credential"]) != f"{access_key}/{scope}"
            or not _is_valid_now(moment, lifetime)
        ):
            return False
        query = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()) if name != "X-Amz-Signature")
        canonical = "\n".join([method, quote(unquote(path)), query, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
        text = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = signing_key(secret_key, moment[:8], self._region)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.encode(), parameters["X-Amz-Signature"].encode())


def _is_valid_now(moment: str, lifetime: str) -> bool:
    try:
        signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    if not re.fullmatch("[0-9]{1,6}", lifetime) or not 1 <= int(lifetime) <= _LONGEST_SECONDS:
        return False
    now = datetime.now(UTC)
    return signed_at - _CLOCK_SKEW <= now < signed_at + timedelta(seconds=int(lifetime))


def _refusal(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{code}</Code></Error>", status, mimetype="application/xml")
