"""The folder of ``serve --keep``: opened by one process, checked before anything in it is changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from local_stack.errors import UserError
from local_stack.keeping.files import PART, FolderLock, make_folder, sync_folder, write, write_json
from local_stack.keeping.kept_job import JOB_ID, KeptJob

_MARK = "stack.json"
_JOB = "job.json"
_INVOICE = "invoice.json"
_ERASED = ".erased"
_MOST_NAMED = 5


class KeptKey(BaseModel):
    """The item of a key, in which its text is only a digest."""

    model_config = ConfigDict(extra="forbid")

    PK: Literal["KEYS"]
    SK: str
    key_id: str
    client: str
    scopes: list[str]
    digest: str
    usage_identifier: str
    created_at: datetime
    revoked_at: datetime | None = None
    label: str | None = None


class StackFile(BaseModel):
    """``stack.json``: ``key`` is the text of the key that ``serve`` shows, ``keys`` are all that there are."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    made_by: Literal["python -m local_stack serve --keep"] = "python -m local_stack serve --keep"
    key: str | None = None
    keys: list[KeptKey] = []


class KeepFolder:
    """``jobs`` are what was found in it by id, ``incomplete`` the folders of jobs that were never wholly written.

    ``expired`` counts the jobs that were past their retention, and are removed.

    Raises:
        UserError: another process keeps its jobs there, it holds something else, something in it is damaged, or it
            cannot be written to. Then nothing in it was changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.jobs: dict[str, KeptJob] = {}
        self.incomplete: list[Path] = []
        try:
            self._require_ours()
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FolderLock(self.path)
            try:
                self._open()
            except BaseException:
                self._lock.close()
                raise
        except OSError as exc:
            place = exc.filename or self.path
            raise UserError(f"{self.path} cannot keep anything: {place}: {exc.strerror or exc}.") from exc

    def close(self) -> None:
        self._lock.close()

    # --- reading ------------------------------------------------------------------------------------------------------

    def content(self, job_id: str, file: str) -> bytes:
        """The bytes of a kept object. Raises OSError."""
        return (self.path / job_id / file).read_bytes()

    def documents_of_incomplete(self) -> Iterator[Path]:
        """The documents of jobs that were being taken in when the stack was killed."""
        for folder in self.incomplete:
            yield from sorted(file for file in (folder / "document").glob("*") if not file.name.endswith(PART))

    # --- writing ------------------------------------------------------------------------------------------------------

    def write_stack(self, stack: StackFile) -> None:
        """Raises OSError."""
        write_json(self.path / _MARK, stack.model_dump(mode="json", exclude_none=True))

    def write_object(self, job_id: str, file: str, content: bytes) -> None:
        """Raises OSError."""
        folder = self._folder(job_id)
        make_folder(folder)
        make_folder((folder / file).parent)
        write(folder / file, content)

    def write_job(self, job: KeptJob, invoice: Mapping[str, Any] | None) -> None:
        """Write a job whose objects are there. Raises OSError; then the job is kept as it was before."""
        folder = self._folder(job.job_id)
        make_folder(folder)
        if invoice is not None:
            write_json(folder / _INVOICE, invoice)
        else:
            (folder / _INVOICE).unlink(missing_ok=True)
        write_json(folder / _JOB, job.model_dump())
        for object_folder in ("document", "results"):
            used = {folder / kept.file for kept in job.objects}
            for file in (folder / object_folder).glob("*"):
                if file not in used:
                    file.unlink()
        sync_folder(self.path)

    def hide(self, job_id: str) -> None:
        """Take a job out of the folder at once; ``sweep`` removes what is left of it. Raises OSError."""
        with suppress(FileNotFoundError):
            self._folder(job_id).rename(self.path / f".{uuid.uuid4().hex}{_ERASED}")

    def sweep(self) -> None:
        """Remove what is hidden, and what a process left that was killed while it wrote. Raises OSError."""
        for hidden in self.path.glob(f".*{_ERASED}"):
            shutil.rmtree(hidden)
        for part in (*self.path.glob(f".*{PART}"), *self.path.glob(f"*/.*{PART}"), *self.path.glob(f"*/*/.*{PART}")):
            part.unlink()

    # --- parts --------------------------------------------------------------------------------------------------------

    def _folder(self, job_id: str) -> Path:
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"{job_id!r} is no id of a job")
        return self.path / job_id

    def _require_ours(self) -> None:
        """Raises UserError for a folder with anything in it that no ``--keep`` made."""
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"--keep needs a folder, and {self.path} is none.")
        if not self.path.exists() or (self.path / _MARK).exists():
            return
        if foreign := [entry.name for entry in self.path.iterdir() if entry.name != FolderLock.NAME]:
            raise UserError(
                f"{self.path} was not made by --keep, and has other files in it ({min(foreign)}). "
                "Name an empty folder, or one that does not exist yet."
            )

    def _open(self) -> None:
        damaged: list[str] = []
        self.stack = self._read_stack()
        for folder in sorted(entry for entry in self.path.iterdir() if JOB_ID.fullmatch(entry.name)):
            try:
                self._take(folder)
            except _Damaged as exc:
                damaged.append(str(exc))
        if damaged:
            more = f" And {len(damaged) - _MOST_NAMED} more." if len(damaged) > _MOST_NAMED else ""
            raise UserError(
                f"{self.path} is damaged, and nothing in it was changed. {' '.join(damaged[:_MOST_NAMED])}{more} "
                "Bring these files back from a backup, or move the folders of these jobs elsewhere."
            )
        self.expired = self._remove_expired(datetime.now(UTC))
        self.sweep()
        self.write_stack(self.stack)

    def _read_stack(self) -> StackFile:
        path = self.path / _MARK
        if not path.exists():
            return StackFile()
        try:
            return StackFile.model_validate(_json(path))
        except (_Damaged, ValidationError) as exc:
            raise UserError(
                f"{path} is damaged, or of a later version, and nothing in its folder was changed. "
                "Bring it back from a backup, or keep in another folder."
            ) from exc

    def _take(self, folder: Path) -> None:
        """Read the job of a folder. Raises _Damaged."""
        path = folder / _JOB
        if not path.exists():
            self.incomplete.append(folder)
            return
        try:
            job = KeptJob.model_validate(_json(path))
        except ValidationError as exc:
            problem = exc.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise _Damaged(f"{path}: {where + ': ' if where else ''}{problem['msg']}.") from exc
        if job.job_id != folder.name:
            raise _Damaged(f"{path} is the file of another job, {job.job_id}.")
        for kept in job.objects:
            _require_sound(folder / kept.file, kept.sha256)
        self.jobs[job.job_id] = job

    def _remove_expired(self, now: datetime) -> int:
        expired = [job_id for job_id, job in self.jobs.items() if job.is_expired(now)]
        for job_id in expired:
            self.hide(job_id)
            del self.jobs[job_id]
        return len(expired)


class _Damaged(Exception):
    """The message says which file, and what is wrong with it."""


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no JSON"
        raise _Damaged(f"{path} cannot be read: {reason}.") from exc


def _require_sound(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            is_sound = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as exc:
        raise _Damaged(f"{path} cannot be read: {exc.strerror}.") from exc
    if not is_sound:
        raise _Damaged(f"{path} was changed.")
