"""A job as ``job.json`` has it: the items of the table as plain values, and which file has which object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from invoice_capture.aws.invoice_items import unpacked
from invoice_capture.aws.items import Item, job_key, to_attributes
from invoice_capture.aws.job_items import read_job
from invoice_capture.domain.document import DocumentPointer
from invoice_capture.domain.job import E_INVOICE_READER, Job, JobStatus
from invoice_capture.domain.submission import SubmissionState
from invoice_capture.domain.timestamps import timestamp

STOPPED = "StackStopped"
"""The error of a job that had not ended when the stack did."""

JOB_ID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")

# Attributes that hold JSON, packed; as text they are read by people, and by the stack as well.
_PACKED = frozenset({"invoice", "lines"})
# Attributes that hold JSON as text, in the table; people read them more easily without a second pair of quotes.
_TEXTS = ("order", "summary")
_JSON = frozenset({"invoice", "findings", "lines"})
_OF_EVERY_SUBMISSION = frozenset(
    {
        "number",
        "provider",
        "kind",
        "created_at",
        "deadline_at",
        "version",
        "attempts",
        "possible_double_charge",
    }
)
_LONGEST_NAME_BYTES = 200

Values = dict[str, Any]


def safe_name(key: str) -> str:
    """The last part of an object's key as the name of a file, whatever it was made of."""
    name = "".join(letter if letter.isprintable() and letter != "\\" else "_" for letter in key.rsplit("/", 1)[-1])
    name = name.encode(errors="replace")[:_LONGEST_NAME_BYTES].decode(errors="ignore")
    return name if name.strip(".") else "document"


def _is_below_the_job(file: str) -> str:
    folder, _, name = file.partition("/")
    if folder not in {"document", "results"} or name != safe_name(name):
        raise ValueError("it is no file of a job")
    return file


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptObject(_Model):
    """An object of the bucket. ``file`` is relative to the job's folder; ``version_id`` is None for the latest."""

    key: str
    version_id: str | None
    content_type: str
    metadata: dict[str, str] = {}
    file: Annotated[str, AfterValidator(_is_below_the_job)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

    @property
    def place(self) -> tuple[str, str | None]:
        return self.key, self.version_id


class KeptJob(_Model):
    """``further`` are the other items of the job: its invoices, its fingerprint and its number."""

    format: Literal[1] = 1
    job_id: Annotated[str, Field(pattern=f"^{JOB_ID.pattern}$")]
    bucket: str
    job: Values
    submissions: list[Values]
    further: list[Values]
    objects: list[KeptObject]

    @classmethod
    def of(cls, job_id: str, bucket: str, items: list[Values], objects: list[KeptObject]) -> KeptJob:
        """``items`` are the job's as plain values; the one of the job itself must be among them."""
        [job] = [values for values in items if _is_of(job_id, values) and values["SK"] == "JOB"]
        submissions = [values for values in items if values["SK"].startswith("SUBMISSION#")]
        return cls(
            job_id=job_id,
            bucket=bucket,
            job=job | {name: json.loads(job[name]) for name in _TEXTS if name in job},
            submissions=sorted(submissions, key=lambda values: int(values["number"])),
            further=[_as_text(values) for values in items if values is not job and values not in submissions],
            objects=objects,
        )

    @model_validator(mode="after")
    def _require_items_of_this_job(self) -> KeptJob:
        """Nothing but items of this job gets into a table from here."""
        if (self.job.get("PK"), self.job.get("SK")) != (f"JOB#{self.job_id}", "JOB"):
            raise ValueError("it is the file of another job")
        for values in (*self.submissions, *self.further):
            if not isinstance(values.get("SK"), str) or not _is_of(self.job_id, values):
                raise ValueError("an item belongs to another job")
        try:
            self._require_whole()
        except (KeyError, TypeError, ValueError) as exc:
            raise ValueError("something of the job is missing, or is not what it was") from exc
        return self

    def _require_whole(self) -> None:
        """Raises KeyError, TypeError or ValueError for what no stack would have written."""
        self.read()
        self._removed_at()
        for row in self.submissions:
            SubmissionState(row["state"])
            DocumentPointer.from_json(row["document"])
            if missing := _OF_EVERY_SUBMISSION - row.keys():
                raise KeyError(*missing)
        for values in self.further:
            for name in _JSON.intersection(values):
                json.loads(values[name])

    def read(self) -> Job:
        return read_job(_as_in_the_table(self.job))

    @property
    def name(self) -> str:
        """What people call the document."""
        job = self.read()
        return job.document.name if job.order is None else job.order.document_name

    @property
    def is_interrupted(self) -> bool:
        """Whether the stack stopped before the job ended."""
        return self.read().status.is_open

    @property
    def is_captured(self) -> bool:
        return self.read().status is JobStatus.CAPTURED

    def is_expired(self, now: datetime) -> bool:
        """Whether the table would have removed it by now."""
        return not self.is_interrupted and self._removed_at() <= now.timestamp()

    def _removed_at(self) -> int:
        """When its retention is over: kept apart from its TTL while it is open or untold."""
        return int(self.job["removed_at"] if "removed_at" in self.job else self.job["ttl"])

    def ended(self, now: datetime) -> KeptJob:
        """An interrupted job as a failed one: nobody works on it any more, and a retry starts it again."""
        rows = [row for row in self.submissions if not SubmissionState(row["state"]).is_closed]
        sent_to = [str(row["provider"]) for row in rows if row.get("attempts") and row["provider"] != E_INVOICE_READER]
        message = f"The local stack stopped before {self.name} was finished. Retry the job to start it again."
        if sent_to:
            message += f" Look first whether {sent_to[-1]} has it already, or it may charge twice."
        end = {"finished_at": timestamp(now), "error_message": message}
        job = _without_schedule(self.job) | end | {"status": JobStatus.FAILED.value, "error_code": STOPPED}
        job["ttl"] = self._removed_at()
        submissions = [_closed(row, end) if row in rows else row for row in self.submissions]
        return self.model_copy(update={"job": job | {"updated_at": timestamp(now)}, "submissions": submissions})

    def moved(self, bucket: str, versions: Mapping[tuple[str, str | None], str]) -> KeptJob:
        """The job in another bucket; ``versions`` are the new versions of its objects, by key and former version."""

        def located(values: Values) -> Values:
            document = values.get("document")
            if not isinstance(document, dict):
                return values
            place = (document["key"], document.get("version_id"))
            version = {"version_id": versions[place]} if place in versions and place[1] else {}
            return values | {"document": document | {"bucket": bucket} | version}

        job = located(self.job)
        if order := job.get("order"):
            url = str(order["document_url"])
            begin = f"s3://{self.bucket}/"
            if url.startswith(begin):
                job |= {"order": order | {"document_url": f"s3://{bucket}/{url.removeprefix(begin)}"}}
        objects = [
            kept.model_copy(update={"version_id": versions[kept.place]}) if kept.version_id else kept
            for kept in self.objects
        ]
        submissions = [located(row) for row in self.submissions]
        return self.model_copy(update={"bucket": bucket, "job": job, "submissions": submissions, "objects": objects})

    def items(self) -> Iterator[Item]:
        """What the table has of it."""
        for values in (_as_in_the_table(self.job), *self.submissions, *self.further):
            yield to_attributes(values)


def _is_of(job_id: str, values: Mapping[str, Any]) -> bool:
    partition = str(values.get("PK"))
    belongs = partition.startswith(("SHA256#", "CLIENT#")) and values.get("job_id") == job_id
    return belongs or partition == job_key(job_id)["PK"]["S"]


def _as_text(values: Values) -> Values:
    texts = {name: _text(unpacked(values[name])) for name in _PACKED.intersection(values)}
    return {**values, **texts}


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _as_in_the_table(job: Mapping[str, Any]) -> Values:
    texts = {name: _text(job[name]) for name in _TEXTS if name in job}
    return {**job, **texts}


def _without_schedule(values: Mapping[str, Any]) -> Values:
    return {name: value for name, value in values.items() if name not in {"due_shard", "next_check_at", "task_token"}}


def _closed(row: Values, end: Values) -> Values:
    in_doubt = row["state"] == SubmissionState.SUBMITTING and row.get("attempts")
    code = "SubmissionInDoubt" if in_doubt else STOPPED
    state = {"state": SubmissionState.FAILED.value, "error_code": code, "version": row["version"] + 1}
    return _without_schedule(row) | end | state
