"""ABBYY FlexiCapture for Invoices Cloud, REST API v2: files, tasks, data sets, training, and the verification page.

Where its pages are silent: export formats are Json, Xml, Csv and Xls in any case; files expire after 30 days; tasks and
files answer 404 once deleted; a task whose document cannot be read, or has too many pages, is Failed and not billed;
no credit is 402 when a task is to be started.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local_stack.simulators import abbyy_export, abbyy_page
from local_stack.simulators.abbyy_datasets import REGIONS, DataSets, Training
from local_stack.simulators.abbyy_files import ACCOUNT, File, Files, written_time
from local_stack.simulators.answers import Refused, json_body, json_response
from local_stack.simulators.documents import AcceptedDocument
from local_stack.simulators.script import Action, Latency
from local_stack.simulators.simulator import Route, Simulator

_TASK = "/v2/task/<task_id>"
_PAGE = "/verification/<verification_id>"
_FORMATS: Mapping[str, str] = MappingProxyType({name.lower(): name for name in abbyy_export.FORMATS})
_VERIFICATION_TYPES = ("NoVerification", "Troubleshooting", "UserVerification")
_PROPERTIES = ("region", "export_format", "verification_type")
# The share of its latency for which a task is Submitted.
_SUBMITTED_SHARE = 0.05
_PROGRESS: Mapping[str, float] = MappingProxyType({"Submitted": 0.0, "InProgress": 50.0, "WaitForAction": 90.0})
_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request",
        401: "invalid_client",
        402: "payment_required",
        404: "not_found",
        405: "method_not_allowed",
        429: "too_many_requests",
    }
)
_EMAIL = "somebody@simulator.example"


@dataclass
class _Document:
    """A document of a task; ``target`` is its exported file, once the task is done."""

    accepted: AcceptedDocument
    source: File
    target: File | None = None


@dataclass
class _Task:
    task_id: str
    number: int
    kind: str
    verification_id: str
    properties: Mapping[str, str]
    documents: Sequence[_Document]
    created_at: datetime
    ready_at: datetime
    verified_at: datetime | None = None

    @property
    def name(self) -> str:
        return ", ".join(document.source.name for document in self.documents)


class AbbyySimulator(Simulator):
    """Documents are accepted, by the name of their file, when a task is started with them.

    The setting ``documents_data`` says how ``documents[].data`` is written: ``string`` with JSON in it, or ``object``.
    """

    name: ClassVar[str] = "abbyy"
    default_latency: ClassVar[Latency] = Latency(median=20)
    default_settings: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "application_id": "simulated-application",
            "application_token": "simulated-application-token",
            "region": "EU",
            "export_format": "Json",
            "verification_type": "NoVerification",
        }
    )
    base_path: ClassVar[str] = "/v2"
    effects: ClassVar[frozenset[str]] = frozenset({"action", "another_id", "repeat_id"})

    def prepare(self) -> None:
        self._files = Files(self.clock, self.setting("application_id"))
        self._tasks: dict[str, _Task] = {}
        self._data_sets = DataSets()
        self._training = Training(lambda task_id: self._task(task_id).task_id)

    def routes(self) -> Sequence[Route]:
        return (
            *self._files.routes(),
            Route("POST", "/v2/task/capture/documents", "capture_documents", self._capture_documents),
            Route("POST", "/v2/task/capture/invoices", "capture_invoices", self._capture_invoices),
            Route("GET", _TASK, "task", self._show_task),
            Route("DELETE", _TASK, "delete_task", self._delete_task),
            *self._data_sets.routes(),
            *self._training.routes(),
            Route("GET", _PAGE, "verification_page", self._verification_page, needs_credentials=False),
            Route("POST", _PAGE, "verify", self._verify, needs_credentials=False),
        )

    def authenticate(self, request: Request) -> None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        wanted = f"{self.setting('application_id')}:{self.setting('application_token')}".encode()
        if not hmac.compare_digest(given, wanted):
            raise Refused(401, "The application id or its token is wrong.")

    def refusal(self, status: int, message: str) -> Response:
        error_id = str(uuid.uuid4())
        if status >= 500:
            body = {"id": error_id, "requestId": secrets.token_hex(8), "statusCode": status, "errorCode": "ServerError"}
            return json_response({**body, "message": message}, status)
        response = json_response({"id": error_id, "error": _ERRORS.get(status, "error"), "error_description": message})
        response.status_code = status
        if status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="simulator"'
        return response

    def finish_verification(self, task_id: str | None = None) -> int:
        """Do what a person does on the verification page: for one task, or for all. Returns how many were waiting."""
        with self._lock:
            tasks = list(self._tasks.values()) if task_id is None else [self._task(task_id)]
            waiting = [task for task in tasks if self._status(task) == "WaitForAction"]
            for task in waiting:
                task.verified_at = self.clock.now()
        return len(waiting)

    def about_another(self, operation: str, response: Response) -> Response:  # noqa: ARG002
        told: Any = response.get_json(silent=True)
        if not isinstance(told, dict) or "documents" not in told:
            return response
        other = next((task for task in self._tasks.values() if task.task_id != told["id"]), None)
        return json_response(self._described_task(other) if other else {**told, "id": str(uuid.uuid4())})

    def repeating(self, operation: str, response: Response) -> Response:
        told: Any = response.get_json(silent=True)
        before = list(self._tasks)[-2:-1]
        if operation not in ("capture_invoices", "capture_documents") or not before:
            return response
        return json_response({**told, "id": before[0]})

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _capture_documents(self, request: Request) -> Response:
        return self._capture(request, "dc")

    def _capture_invoices(self, request: Request) -> Response:
        return self._capture(request, "ic")

    def _capture(self, request: Request, kind: str) -> Response:
        body = json_body(request)
        if not isinstance(body, dict) or set(body) != {"files", "properties"}:
            raise Refused(400, "The body must be an object of files and properties.")
        properties = _checked_properties(body["properties"])
        with self._lock:
            files = self._files_of(body["files"])
            if not self.has_credit(len(files)):
                raise Refused(402, "The application has no pages left.")
            documents = [_Document(self.accept(file.name, file.content), file) for file in files]
            task = _Task(
                task_id=str(uuid.uuid4()),
                number=len(self._tasks) + 1,
                kind=kind,
                verification_id=secrets.token_urlsafe(16),
                properties=properties,
                documents=documents,
                created_at=self.clock.now(),
                ready_at=max(document.accepted.ready_at for document in documents),
            )
            self._tasks[task.task_id] = task
        return json_response(self._described_task(task))

    def _show_task(self, _request: Request, task_id: str) -> Response:
        task = self._task(task_id)
        if not all(self.is_shown(task_id, document.accepted) for document in task.documents):
            raise Refused(404, "There is no such task.")
        return json_response(self._described_task(task))

    def _delete_task(self, _request: Request, task_id: str) -> Response:
        with self._lock:
            del self._tasks[self._task(task_id).task_id]
        return json_response({})

    def _files_of(self, links: Any) -> list[File]:
        if not isinstance(links, list) or not links:
            raise Refused(400, "files must be a list with at least one file.")
        files = []
        for link in links:
            if not isinstance(link, dict) or not all(isinstance(link.get(key), str) for key in ("id", "token")):
                raise Refused(400, "Each of files needs an id and a token.")
            try:
                files.append(self._files.get(link["id"], link["token"]))
            except Refused:
                raise Refused(400, "One of files does not exist, or its token is wrong.") from None
        return files

    def _task(self, task_id: str) -> _Task:
        task = self._tasks.get(task_id)
        if task is None:
            raise Refused(404, "There is no such task.")
        return task

    def _status(self, task: _Task) -> str:
        now = self.clock.now()
        if not self.shows_finished(task.task_id, task.ready_at):
            is_new = now < task.created_at + (task.ready_at - task.created_at) * _SUBMITTED_SHARE
            return "Submitted" if is_new else "InProgress"
        if any(self.failure_of(document.accepted) for document in task.documents):
            return "Failed"
        return "Done" if self._done_at(task) else "WaitForAction"

    def _done_at(self, task: _Task) -> datetime | None:
        """When a task that is ready is done; None while it waits for a person."""
        action = self.script.action
        if action is None:
            if task.properties["verification_type"] != "UserVerification":
                return task.ready_at
            action = Action(until="told")
        if task.verified_at is not None or action.seconds is None:
            return task.verified_at
        done_at = task.ready_at + timedelta(seconds=action.seconds)
        return done_at if self.clock.now() >= done_at else None

    def _described_task(self, task: _Task) -> dict[str, Any]:
        status = self._status(task)
        done_at = self._done_at(task) if status == "Done" else None
        is_finished = status in ("Done", "Failed")
        had_action = status == "WaitForAction" or (done_at is not None and done_at > task.ready_at)
        return {
            "id": task.task_id,
            "number": str(task.number),
            "verification_id": task.verification_id,
            "type": task.kind,
            "properties": dict(task.properties),
            "email": _EMAIL,
            "account": ACCOUNT,
            "application": self.setting("application_id"),
            "batch_id": str(task.number),
            "created": written_time(task.created_at),
            "started": None if status == "Submitted" else written_time(task.created_at),
            "action_required": written_time(task.ready_at) if had_action else None,
            "billed": written_time(done_at) if done_at else None,
            "delivered": written_time(done_at) if done_at else None,
            "deleted": None,
            "progress": _PROGRESS.get(status, 100.0),
            "status": self.spoken(status, task.documents[0].accepted),
            "processing_priority": "Normal",
            "is_realtime_enabled": False,
            "is_deleted": False,
            "is_demo": False,
            "is_billed": done_at is not None,
            "is_extra_error": status == "Failed",
            "documents_count": len(task.documents) if is_finished else 0,
            "pages_count": sum(document.accepted.reading().pages for document in task.documents) if is_finished else 0,
            "documents": [self._described_document(task, document, status == "Done") for document in task.documents],
        }

    def _described_document(self, task: _Task, document: _Document, is_done: bool) -> dict[str, Any]:
        files = {"source": document.source.link()}
        data: Any = None
        if is_done:
            files["target0"] = self._target(task, document).link()
            data = abbyy_export.summary(document.accepted.reading().invoice) | dict(task.properties)
            if self._settings.get("documents_data", "string") != "object":
                data = json.dumps(data, ensure_ascii=False)
        return {"files": files, "data": data, "is_moved": False, "traininglayout_fileid": None}

    def _target(self, task: _Task, document: _Document) -> File:
        """The exported file, written when somebody looks at the finished task first."""
        with self._lock:
            if document.target is None:
                export_format = task.properties["export_format"]
                content = abbyy_export.exported(document.accepted.reading().invoice, export_format)
                document.target = self._files.store(f"{document.source.name}.{export_format.lower()}", content)
            return document.target

    # --- verification ------------------------------------------------------------------------------------------------

    def _verification_page(self, _request: Request, verification_id: str) -> Response:
        task = self._task_to_verify(verification_id)
        status = self._status(task)
        invoice = task.documents[0].accepted.reading().invoice
        return Response(abbyy_page.page(task.name, status, abbyy_export.summary(invoice)), mimetype="text/html")

    def _verify(self, request: Request, verification_id: str) -> Response:
        self.finish_verification(self._task_to_verify(verification_id).task_id)
        return redirect(request.path, 303)

    def _task_to_verify(self, verification_id: str) -> _Task:
        with self._lock:
            tasks = [task for task in self._tasks.values() if task.verification_id == verification_id]
        if not tasks:
            raise Refused(404, "There is nothing to verify here.")
        return tasks[0]


def _checked_properties(properties: Any) -> dict[str, str]:
    """The properties of a task. Raises Refused naming the one that is missing or has another value."""
    if not isinstance(properties, dict) or not all(isinstance(value, str) for value in properties.values()):
        raise Refused(400, "properties must be an object of strings.")
    for name in _PROPERTIES:
        if name not in properties:
            raise Refused(400, f"properties.{name} is required.")
    if properties["region"] not in REGIONS:
        raise Refused(400, f"properties.region must be one of {', '.join(REGIONS)}.")
    if properties["verification_type"] not in _VERIFICATION_TYPES:
        raise Refused(400, f"properties.verification_type must be one of {', '.join(_VERIFICATION_TYPES)}.")
    export_format = _FORMATS.get(properties["export_format"].lower())
    if export_format is None:
        raise Refused(400, f"properties.export_format must be one of {', '.join(_FORMATS.values())}.")
    return {**properties, "export_format": export_format}
