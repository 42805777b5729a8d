"""Files of the simulated ABBYY: uploads, and exports that are downloaded."""

from __future__ import annotations

import hmac
import secrets
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from local_stack.simulators.answers import Refused, json_response
from local_stack.simulators.simulator import Clock, Route

ACCOUNT = "simulated-account"
_FILE = "/v2/file/<file_id>/<token>"
_EXPIRES_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class File:
    file_id: str
    token: str
    name: str
    content: bytes
    stored_at: datetime

    def link(self) -> dict[str, str]:
        """The file as tasks name it."""
        return {"id": self.file_id, "token": self.token, "name": self.name}


class Files:
    """Files by id; each opens with its token until it is deleted or expires."""

    def __init__(self, clock: Clock, application: str) -> None:
        self._clock = clock
        self._application = application
        self._files: dict[str, File] = {}
        self._lock = threading.Lock()

    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/v2/file", "upload_file", self._upload),
            Route("GET", f"{_FILE}/info", "file_info", self._info),
            Route("GET", _FILE, "download_file", self._download),
            Route("DELETE", _FILE, "delete_file", self._delete),
        )

    def store(self, name: str, content: bytes) -> File:
        file = File(str(uuid.uuid4()), secrets.token_hex(16), name, content, self._clock.now())
        with self._lock:
            self._files[file.file_id] = file
        return file

    def get(self, file_id: str, token: str) -> File:
        """Raises Refused when there is no such file, or not any more."""
        file = self._files.get(file_id)
        if (
            file is None
            or not hmac.compare_digest(file.token.encode(), token.encode())
            or self._clock.now() >= file.stored_at + _EXPIRES_AFTER
        ):
            raise Refused(404, "There is no such file.")
        return file

    def _upload(self, request: Request) -> Response:
        if request.mimetype != "multipart/form-data":
            raise Refused(400, "The body must be multipart/form-data.")
        uploads = [(upload.filename, upload.read()) for upload in request.files.getlist("file")]
        if not uploads:
            raise Refused(400, "The body has no file in a field named file.")
        if not all(name and content for name, content in uploads):
            raise Refused(400, "The file has no name, or is empty.")
        return json_response([self._described(self.store(name or "", content)) for name, content in uploads])

    def _info(self, _request: Request, file_id: str, token: str) -> Response:
        return json_response(self._described(self.get(file_id, token)))

    def _download(self, _request: Request, file_id: str, token: str) -> Response:
        return Response(self.get(file_id, token).content, mimetype="application/octet-stream")

    def _delete(self, _request: Request, file_id: str, token: str) -> Response:
        self.get(file_id, token)
        with self._lock:
            self._files.pop(file_id, None)
        return json_response({})

    def _described(self, file: File) -> dict[str, Any]:
        return {
            **file.link(),
            "size": len(file.content),
            "account": ACCOUNT,
            "application": self._application,
            "created": written_time(file.stored_at),
            "expiring": written_time(file.stored_at + _EXPIRES_AFTER),
        }


def written_time(moment: datetime) -> str:
    """A time as ABBYY writes it: without its zone, which is UTC."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
