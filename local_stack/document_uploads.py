"""Uploads into the local stack by a presigned form, as boto3's ``generate_presigned_post`` makes it.

Everything that S3 checks is checked here, and refused with S3's own error codes: signature, expiry, every condition of
the policy, and that no field of the form is without one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request, Response

from local_stack.iam.actions import object_arn
from local_stack.iam.sessions import Session, Sessions
from local_stack.signatures import ALGORITHM, signing_key
from local_stack.simulators.server import HangUp

_MOST_FIELD_BYTES = 20 * 1024
_CHUNK_BYTES = 64 * 1024
# What a policy need not mention.
_FREE_FIELDS = frozenset({"policy", "x-amz-signature", "file"})
_METADATA = "x-amz-meta-"

Writer = Callable[[str, str, bytes, str, Mapping[str, str]], None]
"""Takes bucket, key, content, content type and metadata; raises LookupError when there is no such bucket."""


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, **details: object) -> None:
        self.status, self.code, self.message, self.details = status, code, message, details
        super().__init__(message)


@dataclass
class _Form:
    """The fields of a form by their names in lower case, and its file."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str = ""
    content: bytearray | None = None
    _name: str = ""
    _value: bytearray = field(default_factory=bytearray)
    _field_bytes: int = 0

    def take(self, event: Event) -> None:
        """The next piece of the form. Raises UnicodeDecodeError for a field that is no text."""
        if isinstance(event, (Field, File)):
            self._begin(event)
        elif isinstance(event, Data):
            self._value += event.data
            if self._name == "file":
                return
            self._field_bytes += len(event.data)
            if self._field_bytes > _MOST_FIELD_BYTES:
                message = "Your POST request fields preceding the upload file were too large."
                raise _Refused(400, "MaxPostPreDataLengthExceeded", message)
            if not event.more_data and self.content is None:
                self.fields[self._name] = self._value.decode()

    def _begin(self, event: Field | File) -> None:
        self._name, self._value = (event.name or "").lower(), bytearray()
        if self._name == "file":
            if self.content is not None:
                raise _Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")
            self.content, self.file_name = self._value, getattr(event, "filename", "")


class DocumentUploads:
    """Answers ``POST /{bucket}``. Expiry is judged by the real time, by which forms are signed.

    A form that one of the ``sessions`` signed stores what its role may store, until the session is over.
    """

    def __init__(
        self, write: Writer, access_key: str, secret_key: str, region: str, sessions: Sessions | None = None
    ) -> None:
        self._write = write
        self._sessions = sessions
        self._access_key = access_key
        self._secret_key = secret_key
        self._region = region

    def answer(self, request: Request, bucket: str) -> Response:
        """Store the file of a form, or say in XML why not.

        Raises:
            HangUp: the client left before it had sent the form.
        """
        try:
            return self._store(request, bucket)
        except _Refused as exc:
            details = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in exc.details.items())
            text = f"<Error><Code>{exc.code}</Code><Message>{escape(exc.message)}</Message>{details}</Error>"
            return Response(text, exc.status, mimetype="application/xml")

    def _store(self, request: Request, bucket: str) -> Response:
        form = _read(request)
        if form.content is None:
            raise _Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")
        if "key" not in form.fields:
            raise _Refused(400, "InvalidArgument", "Bucket POST must contain a field named 'key' before the file.")
        # Browsers may send the whole path of a file; its last part is the name.
        file_name = form.file_name.rpartition("/")[2]
        form.fields["key"] = key = form.fields["key"].replace("${filename}", file_name)
        session = self._session_of(form)
        _check(self._conditions_of(form, session), form, bucket)
        if session is not None and self._sessions is not None:
            if self._sessions.is_over(session):
                raise _Refused(400, "ExpiredToken", "The provided token has expired.")
            if not self._sessions.may(session, "s3:PutObject", object_arn(bucket, key)):
                raise _Refused(403, "AccessDenied", "Access Denied")
        if not key or len(key.encode()) > 1024:
            raise _Refused(400, "KeyTooLongError" if key else "InvalidArgument", "A key has 1 to 1024 bytes.")
        content = bytes(form.content)
        content_type = form.fields.get("content-type") or "binary/octet-stream"
        metadata = {
            name.removeprefix(_METADATA): value for name, value in form.fields.items() if name.startswith(_METADATA)
        }
        try:
            self._write(bucket, key, content, content_type, metadata)
        except LookupError as exc:
            raise _Refused(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=bucket) from exc
        return _stored(request, bucket, key, content, form.fields.get("success_action_status", ""))

    def _session_of(self, form: _Form) -> Session | None:
        access_key = form.fields.get("x-amz-credential", "").partition("/")[0]
        session = self._sessions.find(access_key) if self._sessions else None
        token = form.fields.get("x-amz-security-token")
        return session if session is not None and session.token == token else None

    def _conditions_of(self, form: _Form, session: Session | None) -> list[Any]:
        """The conditions of the policy, when it is signed and has not expired."""
        fields = form.fields
        needed = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
        if missing := [name for name in needed if not fields.get(name)]:
            raise _Refused(403, "AccessDenied", f"The form is not signed: it has no {', '.join(missing)}.")
        day = fields["x-amz-date"][:8]
        access_key, _, scope = fields["x-amz-credential"].partition("/")
        if access_key != (session.access_key if session else self._access_key):
            raise _Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.")
        if fields["x-amz-algorithm"] != ALGORITHM or scope != f"{day}/{self._region}/s3/aws4_request":
            raise _Refused(400, "InvalidArgument", f"The form must be signed with {ALGORITHM} for {self._region}.")
        key = signing_key(session.secret_key if session else self._secret_key, day, self._region)
        signature = hmac.new(key, fields["policy"].encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(signature.encode(), fields["x-amz-signature"].encode()):
            raise _Refused(403, "SignatureDoesNotMatch", "The signature does not fit the policy.")
        try:
            policy = json.loads(base64.b64decode(fields["policy"], validate=True))
            expires_at = datetime.fromisoformat(policy["expiration"])
            conditions = policy["conditions"]
        except (binascii.Error, ValueError, KeyError, TypeError) as exc:
            raise _Refused(400, "InvalidPolicyDocument", "Invalid Policy: it is no JSON of a policy.") from exc
        if expires_at.tzinfo is None or not isinstance(conditions, list):
            raise _Refused(400, "InvalidPolicyDocument", "Invalid Policy: expiration or conditions are malformed.")
        if datetime.now(UTC) >= expires_at:
            raise _Refused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        return conditions


def _read(request: Request) -> _Form:
    """The form of a request; whatever comes after the file does not count."""
    kind, options = parse_options_header(request.headers.get("Content-Type"))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise _Refused(412, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data.")
    form = _Form()
    try:
        decoder = MultipartDecoder(options["boundary"].encode("latin-1"), 4 * _CHUNK_BYTES, max_parts=100)
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                decoder.receive_data(request.stream.read(_CHUNK_BYTES) or None)
            else:
                form.take(event)
    except ClientDisconnected as exc:
        raise HangUp from exc
    except (ValueError, KeyError, RequestEntityTooLarge) as exc:
        message = "The body of your POST request is not well-formed multipart/form-data."
        raise _Refused(400, "MalformedPOSTRequest", message) from exc
    return form


def _check(conditions: list[Any], form: _Form, bucket: str) -> None:
    """Every condition must hold, and every field must be the subject of one."""
    given, mentioned = {**form.fields, "bucket": bucket}, {"bucket"}
    size = len(form.content or b"")
    for kind, name, value in _conditions(conditions):
        if kind == "content-length-range":
            if size > int(value):
                raise _Refused(
                    400,
                    "EntityTooLarge",
                    "Your proposed upload exceeds the maximum allowed size",
                    ProposedSize=size,
                    MaxSizeAllowed=value,
                )
            if size < int(name):
                raise _Refused(
                    400,
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    ProposedSize=size,
                    MinSizeAllowed=name,
                )
            continue
        mentioned.add(name)
        actual = given.get(name, "")
        if not (actual.startswith(value) if kind == "starts-with" else actual == value):
            failed = json.dumps([kind, f"${name}", value])
            raise _Refused(403, "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {failed}")
    extra = [name for name in given if name not in mentioned | _FREE_FIELDS and not name.startswith("x-ignore-")]
    if extra:
        raise _Refused(403, "AccessDenied", f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")


def _conditions(conditions: list[Any]) -> list[tuple[str, str, str]]:
    """Kind, field and value; of a content-length-range its two numbers as text."""
    found: list[tuple[str, str, str]] = []
    for condition in conditions:
        if isinstance(condition, dict) and condition:
            found += [("eq", str(name).lower(), str(value)) for name, value in condition.items()]
        elif isinstance(condition, list) and len(condition) == 3:
            kind, name, value = str(condition[0]).lower(), str(condition[1]), str(condition[2])
            if kind == "content-length-range" and re.fullmatch("[0-9]{1,18} [0-9]{1,18}", f"{name} {value}"):
                found.append((kind, name, value))
            elif kind in {"eq", "starts-with"} and name.startswith("$"):
                found.append((kind, name[1:].lower(), value))
            else:
                raise _Refused(400, "InvalidPolicyDocument", f"Invalid Policy: Invalid condition {condition}.")
        else:
            raise _Refused(400, "InvalidPolicyDocument", f"Invalid Policy: Invalid condition {condition}.")
    return found


def _stored(request: Request, bucket: str, key: str, content: bytes, status: str) -> Response:
    tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    location = f"{request.host_url}{bucket}/{key}"
    headers = {"ETag": tag}
    if status == "201":
        text = (
            f"<PostResponse><Location>{escape(location)}</Location><Bucket>{escape(bucket)}</Bucket>"
            f"<Key>{escape(key)}</Key><ETag>{escape(tag)}</ETag></PostResponse>"
        )
        return Response(text, 201, headers, mimetype="application/xml")
    return Response(b"", 200 if status == "200" else 204, headers)
