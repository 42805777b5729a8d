"""Keeps every job of a running stack in a folder: a job that changes is written anew, one that is deleted goes.

A thread of its own writes, so that nobody waits for the disk. What cannot be written is told at once and tried again,
and told once more at the end. Deleting waits for the disk: what the API has deleted must not come back.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from invoice_capture.aws.clients import Clients, error_code
from invoice_capture.aws.items import from_attributes, number_key
from invoice_capture.aws.job_store import DynamoDBJobStore
from invoice_capture.aws.key_store import DynamoDBKeyStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.api_key import matches, parse
from invoice_capture.domain.document import client_of_key
from invoice_capture.domain.job import Job, JobStatus
from local_stack.keeping.folder import KeepFolder, KeptKey
from local_stack.keeping.kept_job import JOB_ID, KeptJob, KeptObject, Values, safe_name
from local_stack.keeping.restoring import restore
from local_stack.moto_patches import TableCall

if TYPE_CHECKING:
    from local_stack.stack import LocalStack

_RETRY_SECONDS = 5.0
_KEYS = "KEYS"
_MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_LOG = logging.getLogger(__name__)


class Keeper:
    """``begin`` starts it, ``close`` writes what is left and ends it; ``tell`` gets a sentence for people.

    ``jobs`` are those that are kept, by id; ``interrupted`` those that the former stack had not finished. ``lost`` is
    what could not be written, by job, with the reason.
    """

    def __init__(self, folder: KeepFolder, tell: Callable[[str], None]) -> None:
        self.folder = folder
        self.jobs: dict[str, KeptJob] = {}
        self.interrupted: list[KeptJob] = []
        self.lost: dict[str, str] = {}
        self._tell = tell
        self._stack: LocalStack | None = None
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._ending = False
        self._files = threading.Lock()
        self._deleted: set[str] = set()
        self._names: dict[str, str] = {_KEYS: "The keys"}
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    @property
    def unfinished(self) -> list[KeptJob]:
        """The jobs that have not ended, the oldest first."""
        return [job for _, job in sorted(self.jobs.items()) if job.is_interrupted]

    def name_of(self, lost: str) -> str:
        """What people know something by that could not be written."""
        return self._names.get(lost, f"Job {lost}")

    def begin(self, stack: LocalStack) -> None:
        """Give a stack that does not work yet what is kept, and keep what it holds from now on."""
        self.interrupted = [job for _, job in sorted(self.folder.jobs.items()) if job.is_interrupted]
        self.jobs = {job.job_id: job for job in restore(stack, self.folder)}
        self._stack = stack
        for job in self.interrupted:
            self.keep(job.job_id)
        self._thread.start()

    def close(self) -> None:
        """Write what was not written yet; nothing may change the jobs any more."""
        if self._thread.is_alive():
            with self._changed:
                self._ending = True
                self._changed.notify_all()
            self._thread.join()

    def key(self) -> str | None:
        """The key that people were shown before, as long as it opens anything."""
        text = self.folder.stack.key
        if text is None:
            return None
        stored = DynamoDBKeyStore(Table(Clients(), self._require_stack().table)).get(parse(text) or "")
        is_valid = stored is not None and stored.revoked_at is None and matches(text, stored.digest)
        return text if is_valid else None

    def keep_key(self, text: str) -> None:
        """Keep the key that people are shown. Raises OSError."""
        with self._files:
            self.folder.stack.key = text
            self.folder.write_stack(self.folder.stack)

    def keep(self, job_id: str) -> None:
        """Write a job soon."""
        with self._changed:
            self._waiting.add(job_id)
            self._changed.notify_all()

    def table_called(self, call: TableCall) -> None:
        """Learn of a request to the table, before it is answered."""
        if self._stack is None:
            return
        for before, after in zip(call.before, call.after, strict=True):
            if before == after:
                continue
            if _is_job(before) and (after is None or after.get("status") == {"S": JobStatus.CANCELLED}):
                self._delete(str(_subject(before)))
                continue
            # A fingerprint passes from one job to another.
            for name in filter(None, {_subject(before), _subject(after)}):
                self.keep(name)

    def _delete(self, job_id: str) -> None:
        with self._files:
            self._deleted.add(job_id)
            self.jobs.pop(job_id, None)
            if JOB_ID.fullmatch(job_id):
                try:
                    self.folder.hide(job_id)
                except OSError as exc:
                    self._failed(job_id, exc)
        self.keep(job_id)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._ending:
                    self._changed.wait(_RETRY_SECONDS if self.lost else None)
                waiting = sorted(self._waiting | set(self.lost))
                self._waiting.clear()
                is_last = self._ending and not self._waiting
            for name in waiting:
                self._write(name)
            if is_last:
                return

    def _write(self, name: str) -> None:
        try:
            if name == _KEYS:
                self._write_keys()
            elif name in self._deleted:
                self._sweep(name)
            else:
                self._write_job(name)
        except Exception as exc:
            self._failed(name, exc)
            return
        with self._changed:
            was_lost = self.lost.pop(name, None) is not None
            is_whole = not self.lost
        if was_lost and is_whole:
            self._tell(f"{self.folder.path} can be written to again: everything is kept.")

    def _failed(self, name: str, error: Exception) -> None:
        """Say that something is not kept: at once, but not again as long as that does not change."""
        reason = str(error.strerror) if isinstance(error, OSError) and error.strerror else type(error).__name__
        if not isinstance(error, OSError):
            _LOG.error("%s could not be kept.", name, exc_info=error)
            reason += ", which the log explains"
        with self._changed:
            is_news = self.lost.get(name) != reason
            self.lost[name] = reason
        if is_news:
            done = "deleted from" if name in self._deleted else "kept in"
            self._tell(
                f"{self.name_of(name)} could not be {done} {self.folder.path}: {reason}. "
                f"This is tried again every {_RETRY_SECONDS:g} seconds."
            )

    def _write_keys(self) -> None:
        stack = self._require_stack()
        keys = [KeptKey.model_validate(values) for values in stack.rows(_KEYS).values()]
        with self._files:
            self.folder.stack.keys = keys
            self.folder.write_stack(self.folder.stack)

    def _sweep(self, job_id: str) -> None:
        with self._files:
            if JOB_ID.fullmatch(job_id):
                self.folder.hide(job_id)
            self.folder.sweep()

    def _write_job(self, job_id: str) -> None:
        """Read first, write then: whoever deletes waits for the files with the table in his hands."""
        stack = self._require_stack()
        rows = stack.rows(f"JOB#{job_id}")
        if "JOB" not in rows:
            return
        bare = KeptJob.of(job_id, stack.bucket, list(rows.values()), [])
        self._names[job_id] = f"Job {job_id} ({bare.name})"
        objects, contents = self._objects(stack, bare)
        further = _further(stack, bare.read(), objects[0].sha256 if objects else None)
        job = KeptJob.of(job_id, stack.bucket, [*rows.values(), *further], objects)
        invoice = _invoice(stack, job.read())
        with self._files:
            if job_id in self._deleted:
                return
            for file, content in contents.items():
                self.folder.write_object(job_id, file, content)
            self.folder.write_job(job, invoice)
            self.jobs[job_id] = job

    def _objects(self, stack: LocalStack, job: KeptJob) -> tuple[list[KeptObject], dict[str, bytes]]:
        """The objects of a job, its document first, and the contents of those that are not kept yet, by file."""
        former = self.jobs.get(job.job_id)
        known = {kept.place: kept for kept in former.objects if kept.version_id} if former else {}
        objects, contents = [], {}
        for key, version_id, file in _places(job):
            kept = known.get((key, version_id))
            if kept is None:
                found = _read(stack, key, version_id)
                if found is None:
                    continue
                contents[file] = content = found["Body"].read()
                kept = KeptObject(
                    key=key,
                    version_id=version_id,
                    content_type=found["ContentType"],
                    metadata=found["Metadata"],
                    file=file,
                    sha256=hashlib.sha256(content).hexdigest(),
                )
            objects.append(kept)
        return objects, contents

    def _require_stack(self) -> LocalStack:
        if self._stack is None:
            raise RuntimeError("The keeper has not begun.")
        return self._stack


def _is_job(item: Mapping[str, Any] | None) -> bool:
    return item is not None and item.get("SK") == {"S": "JOB"} and (_subject(item) not in {None, _KEYS})


def _subject(item: Mapping[str, Any] | None) -> str | None:
    """The id of the job that an item belongs to, ``KEYS`` for a key, None for anything else."""
    if item is None:
        return None
    # Whoever uses the AWS API of the stack may have tables of his own.
    partition = str(item.get("PK", {}).get("S", ""))
    if partition == _KEYS:
        return _KEYS
    if partition.startswith("JOB#"):
        return partition.removeprefix("JOB#")
    return str(item["job_id"]["S"]) if partition.startswith(("SHA256#", "CLIENT#")) and "job_id" in item else None


def _places(job: KeptJob) -> Iterator[tuple[str, str | None, str]]:
    """Key, version and file of the document, or of the upload that it is still to be made of, and of the answers."""
    read = job.read()
    document, order = read.document, read.order
    if not document.is_stored and order is not None and order.scheme == "s3":
        yield order.object_key, None, f"document/{safe_name(order.object_key)}"
    else:
        yield document.key, document.version_id, f"document/{safe_name(document.key)}"
    for row in job.submissions:
        if key := row.get("result_key"):
            yield key, None, f"results/{safe_name(key)}"


def _read(stack: LocalStack, key: str, version_id: str | None) -> Mapping[str, Any] | None:
    """S3's answer, or None when there is no such object: it is still to be fetched, or somebody removed it."""
    version: Any = {"VersionId": version_id} if version_id else {}
    try:
        return dict(stack.s3.get_object(Bucket=stack.bucket, Key=key, **version))
    except Exception as exc:
        if error_code(exc) in _MISSING:
            return None
        raise


def _further(stack: LocalStack, job: Job, sha256: str | None) -> Iterator[Values]:
    """The number and the fingerprint of a job, where they are its own."""
    owner = client_of_key(job.document.key)
    keys = [] if job.order is None else [number_key(job.order.client, job.order.job_number)]
    if sha256 is not None:
        claim = f"{owner}/{sha256}" if owner else sha256
        keys.append({"PK": {"S": f"SHA256#{claim}"}, "SK": {"S": "SHA256"}})
    for key in keys:
        item = stack.dynamodb.get_item(TableName=stack.table, Key=key, ConsistentRead=True).get("Item")
        if item is not None and item["job_id"] == {"S": job.job_id}:
            yield from_attributes(item)


def _invoice(stack: LocalStack, job: Job) -> dict[str, Any] | None:
    """The invoice as the API answers it; None while there is none."""
    days = float(stack.resources.function("StoreInvoiceFunction").environment["RETENTION_DAYS"])
    jobs = DynamoDBJobStore(Table(Clients(), stack.table), timedelta(days=days))
    confirmed = jobs.confirmed_invoice(job.job_id) if job.confirmed_at else None
    stored = confirmed or jobs.invoice(job.job_id)
    if stored is None:
        return None
    return {
        "invoice": stored.invoice,
        "findings": list(stored.findings),
        "confirmed": confirmed is not None,
        "storedAt": stored.stored_at.isoformat(),
    }
