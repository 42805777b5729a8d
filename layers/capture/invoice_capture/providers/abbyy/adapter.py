"""Uploads a document to ABBYY, starts a task with it, and brings the task back with its exported files."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.providers.abbyy.client import AbbyyClient
    from invoice_capture.providers.abbyy.wire import CaptureProperties, CaptureTask, FileLink
    from invoice_capture.providers.http import HttpClient

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    SubmissionInDoubt,
    SubmissionUnknown,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import ALL_KINDS, Capabilities, PollResult, PollState, RequestCounts
from invoice_capture.providers.base import BaseProvider, ProviderContext

_MOST_FILES = 10
_LONGEST_ID = 50

_log = logging.getLogger(__name__)


class AbbyyProvider(BaseProvider):
    """The reference of a submission is the id of its task.

    A task that was started and whose answer was lost cannot be looked up: the API lists no tasks.
    """

    name = "abbyy"
    capabilities: Capabilities = Capabilities(
        accepts_corrections=True,
        deletes_copies=True,
        formats=ALL_KINDS - {DocumentKind.E_INVOICE},
        requests=RequestCounts(submit=2, discard=3),
    )
    default_typical_latency_seconds: ClassVar[float] = 20.0
    # A document takes about eight requests.
    default_requests_per_second: ClassVar[float] = 20.0

    def __init__(self, context: ProviderContext) -> None:
        super().__init__(context)
        self._finished: dict[str, CaptureTask] = {}

    # --- the flow ----------------------------------------------------------------------------------------------------

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        """Upload the document, which costs nothing and may be repeated, then start the task, which is charged."""
        properties = self._properties()
        with self._advice():
            file = self._client.upload_file(submission.document.name, content, submission.kind.value)
            task = self._client.capture_invoices([file], properties, before_sending=begin)
        if not {source.id for source in _sources(task)} <= {file.id}:
            raise SubmissionInDoubt(
                f"ABBYY answered the start of a task with task {task.id}, which is of another file."
            )
        return task.id

    def poll_one(self, submission: Submission) -> PollResult:
        task = self._task(submission.reference or "")
        result = self._state_of(task)
        if result.state is PollState.READY:
            # Its answer is fetched next, which begins with the very same task.
            self._finished[task.id] = task
        return result

    def fetch(self, reference: str) -> bytes:
        """The task as it was answered, and every file that was exported of it, as one JSON document."""
        from invoice_capture.providers.abbyy.wire import KeptAnswer

        task = self._finished.pop(reference, None) or self._task_to_fetch(reference)
        with self._advice():
            result = self._state_of(task)
            if result.error is not None:
                raise result.error
            if result.state is not PollState.READY:
                raise ProviderUnavailable(f"ABBYY's task {reference} is not finished yet.")
            files = [self._kept(role, file, task) for role, file in _exported(task)]
        answer = KeptAnswer.model_validate({"task": task.model_dump(mode="json", exclude_unset=True), "files": files})
        return answer.model_dump_json(exclude_unset=True).encode()

    def normalise(self, raw: bytes) -> Invoice:
        from invoice_capture.providers.abbyy.mapping import to_invoice

        return to_invoice(raw)

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:  # noqa: ARG002
        """Open the training station of the task with the right values.

        The API's pages name this route and no body for it: the values go by their canonical names.
        """
        from invoice_capture.providers.abbyy.mapping import corrected_values

        with self._advice():
            self._client.open_training_station(reference, corrected_values(invoice))

    def discard(self, reference: str, raw: bytes) -> None:
        """Delete the upload and the exported files that ``raw`` names, then the task."""
        for file in _all_files(raw):
            with suppress(SubmissionUnknown):
                self._client.delete_file(file)
        with suppress(SubmissionUnknown):
            self._client.delete_task(reference)

    # --- the client --------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> HttpClient:
        from invoice_capture.providers.abbyy.mapping import HTTP_STATUSES
        from invoice_capture.providers.http import FreeRequest

        token = self.setting("application_token")
        credentials = b64encode(f"{self.setting('application_id')}:{token}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}"}
        # It answers with a vendor or with none.
        free_request = FreeRequest("GET", f"/dataset/vendors/{self._region()}", {"params": {"take": 1}})
        return self.http_client(headers, (token, credentials), HTTP_STATUSES, self._base_url(), free_request)

    @cached_property
    def _client(self) -> AbbyyClient:
        from invoice_capture.providers.abbyy.client import AbbyyClient

        return AbbyyClient(self._http)

    def _base_url(self) -> str:
        """The setting, with the version that the API's paths begin with where it has no path."""
        url = self.setting("base_url").rstrip("/")
        has_path = "/" in url.partition("://")[2]
        return url if has_path else f"{url}/v2"

    def _properties(self) -> CaptureProperties:
        """Raises SettingMissing naming a setting that is not one of its words."""
        from invoice_capture.providers.abbyy.mapping import VERIFICATION_TYPES
        from invoice_capture.providers.abbyy.wire import CaptureProperties

        return CaptureProperties(
            region=self._region(),
            export_format=self.optional_setting("export_format", "Json") or "",
            verification_type=self.choice("verification_type", VERIFICATION_TYPES, "NoVerification"),
        )

    def _region(self) -> str:
        from invoice_capture.providers.abbyy.mapping import REGIONS

        return self.choice("region", REGIONS, "EU")

    @contextmanager
    def _advice(self) -> Iterator[None]:
        """Add to a refusal what a person can do about it."""
        from invoice_capture.providers.abbyy.mapping import ADVICE

        try:
            yield
        except ProviderError as exc:
            advice = ADVICE.get(type(exc))
            if advice is None:
                raise
            raise type(exc)(f"{exc} {advice}") from exc

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _task(self, task_id: str) -> CaptureTask:
        """Raises RequestRefused when another task is answered."""
        with self._advice():
            task = self._client.task(task_id)
        if task.id != task_id:
            raise RequestRefused(f"ABBYY was asked for task {task_id}, and answered with {task.id[:_LONGEST_ID]}.")
        return task

    def _task_to_fetch(self, task_id: str) -> CaptureTask:
        try:
            return self._task(task_id)
        except RequestRefused as exc:
            raise ProviderUnavailable(str(exc)) from exc

    def _state_of(self, task: CaptureTask) -> PollResult:
        from invoice_capture.providers import statuses
        from invoice_capture.providers.abbyy.mapping import FAILURES, STATUS_MESSAGES, STATUSES

        status = statuses.read(self._http.redact(task.status), STATUSES, self.name)
        state = status.state
        if state is PollState.FAILED:
            if status.word is None:
                return PollResult(state, error=statuses.failure(status, f"ABBYY's task {task.id}"))
            return PollResult(state, error=FAILURES[status.word](STATUS_MESSAGES[status.word]))
        if state is PollState.ACTION_REQUIRED:
            return PollResult(state, action_url=self._verification_url(task))
        if state is PollState.READY and task.is_deleted:
            return PollResult(
                PollState.FAILED, error=SubmissionUnknown(f"ABBYY has deleted the data of task {task.id}.")
            )
        return PollResult(state, said=None if status.word else status.said)

    def _verification_url(self, task: CaptureTask) -> str | None:
        """Where a person verifies the task: at the region's host, which is the API's without its prefix."""
        if not task.verification_id:
            return None
        api = urlsplit(self._base_url())
        host = self.optional_setting("verification_host") or api.netloc.removeprefix("api-")
        origin = host if "://" in host else f"{api.scheme}://{host}"
        return f"{origin.rstrip('/')}/verification/{quote(task.verification_id, safe='')}"

    def _kept(self, role: str, file: FileLink, task: CaptureTask) -> dict[str, Any]:
        """An exported file, downloaded; as text where it is text.

        Raises:
            ProviderUnavailable: what came is not of the format that the file's name says.
        """
        from invoice_capture.providers.abbyy.mapping import require_readable

        content = self._client.download_file(file)
        export_format = task.properties.get("export_format")
        require_readable(file.name, export_format if isinstance(export_format, str) else None, content)
        try:
            text, encoding = content.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = b64encode(content).decode(), "base64"
        return {"role": role, "id": file.id, "name": file.name, "encoding": encoding, "content": text}


def _sources(task: CaptureTask) -> list[FileLink]:
    """The uploads that a task says it reads."""
    sources = (document.files.get("source") for document in task.documents)
    return [file for file in sources if file is not None]


def _exported(task: CaptureTask) -> list[tuple[str, FileLink]]:
    """The exported files of the documents that nobody removed, by role; ten at most."""
    files = [
        (role, file)
        for document in task.documents
        if not document.is_moved
        for role, file in document.files.items()
        if file is not None and role.startswith("target")
    ]
    if len(files) > _MOST_FILES:
        _log.warning("A task has more exported files than are kept.", extra={"provider": "abbyy", "files": len(files)})
    return files[:_MOST_FILES]


def _all_files(raw: bytes) -> list[FileLink]:
    """Every file that a raw answer names; none when it names none, or is no answer."""
    from pydantic import ValidationError

    from invoice_capture.providers.abbyy.wire import KeptAnswer

    try:
        task = KeptAnswer.model_validate_json(raw).task
    except ValidationError:
        return []
    return [file for document in task.documents for file in document.files.values() if file is not None]
