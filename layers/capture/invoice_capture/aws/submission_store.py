"""Submissions in DynamoDB: items ``SUBMISSION#<n>`` beside their job, and the sparse due index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from invoice_capture.aws.items import (
    Item,
    due_shard,
    from_attributes,
    moment,
    optional_moment,
    reference_key,
    removal,
    submission_key,
    to_attributes,
)
from invoice_capture.aws.table import ConditionFailed, Table
from invoice_capture.aws.transition import Transition
from invoice_capture.domain.document import DocumentKind, DocumentPointer
from invoice_capture.domain.errors import JobClosed
from invoice_capture.domain.job import JobStatus, sources_of
from invoice_capture.domain.submission import Outcome, Submission, SubmissionState
from invoice_capture.ports import StaleWrite

# Attributes as rows of 0.1.0 call them, and as they are called now.
_FORMER_NAMES = {
    "checks": "polls",
    "checked_at": "polled_at",
    "unclear_checks": "unclear_polls",
    "moves_on": "skip_if_unavailable",
}
_STATES_BEFORE_A_SUBMISSION = sources_of(JobStatus.SUBMITTED) | {JobStatus.SUBMITTED}


class DynamoDBSubmissionStore:
    def __init__(self, table: Table, retention: timedelta) -> None:
        self._table = table
        self._retention = retention

    def begin(self, submission: Submission) -> bool:
        changes = {"provider": submission.provider, "submission": submission.number}
        submitted = Transition(
            submission.job_id,
            _STATES_BEFORE_A_SUBMISSION,
            JobStatus.SUBMITTED,
            submission.created_at,
            changes,
        )
        put = {"Item": self._item(submission), "ConditionExpression": "attribute_not_exists(PK)"}
        try:
            self._table.transact([{"Put": put}, {"Update": submitted.update}])
        except ConditionFailed as exc:
            if 0 in exc.places:
                return False
            raise JobClosed(f"Job {submission.job_id} has ended.") from exc
        return True

    def get(self, key: tuple[str, int]) -> Submission | None:
        item = self._table.get(submission_key(key))
        return None if item is None else _submission(from_attributes(item))

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Sequence[Submission]:
        items = self._table.get_many([submission_key(key) for key in keys])
        return [_submission(from_attributes(item)) for item in items]

    def of_job(self, job_id: str) -> Sequence[Submission]:
        items = self._table.query(
            ConsistentRead=True,
            KeyConditionExpression="PK = :job AND begins_with(SK, :submission)",
            ExpressionAttributeValues=to_attributes({":job": f"JOB#{job_id}", ":submission": "SUBMISSION#"}),
        )
        return sorted((_submission(from_attributes(item)) for item in items), key=lambda row: row.number)

    def save(self, submission: Submission) -> Submission:
        following = replace(submission, version=submission.version + 1)
        item = self._item(following)
        if self._table.put(item, "version = :version", to_attributes({":version": submission.version})):
            return following
        # A write whose answer was lost is repeated by the client, and then finds itself.
        if self._table.get(submission_key(submission.key)) == item:
            return following
        raise StaleWrite

    def claim_reference(self, submission: Submission) -> Submission | None:
        key = reference_key(submission.provider, submission.reference or "")
        me: dict[str, Any] = {"job_id": submission.job_id, "number": submission.number}
        claim = key | to_attributes(me | {"ttl": removal(submission.created_at, self._retention)})
        replaced = me
        while True:
            # Free, ours already, or still held by the very submission that was seen to be closed.
            condition = (
                "attribute_not_exists(PK) OR (job_id = :me AND #number = :my_number) "
                "OR (job_id = :replaced AND #number = :number)"
            )
            values = {
                ":me": submission.job_id,
                ":my_number": submission.number,
                ":replaced": replaced["job_id"],
                ":number": replaced["number"],
            }
            if self._table.put(claim, condition, to_attributes(values), {"#number": "number"}):
                return None
            item = self._table.get(key)
            if item is None:
                continue
            replaced = from_attributes(item)
            other = self.get((replaced["job_id"], replaced["number"]))
            if other is not None and other.job_id != submission.job_id and not other.state.is_closed:
                return other

    def close(
        self,
        key: tuple[str, int],
        task_token: str,
        outcome: Outcome,
        now: datetime,
        *,
        next_check_at: datetime | None = None,
    ) -> bool:
        changes = {
            "next_check_at": next_check_at,
            "due_shard": due_shard(outcome.provider) if next_check_at is not None else None,
            "state": outcome.state,
            "finished_at": now,
            "reference": outcome.reference,
            "result_key": outcome.result_key,
            "error_code": outcome.error_code,
            "error_message": outcome.error_message,
        }
        changes = {name: value for name, value in changes.items() if value is not None}
        removed = "task_token, former_token" + ("" if next_check_at is not None else ", due_shard, next_check_at")
        return self._table.update(
            submission_key(key),
            # A row of an earlier release has its TTL already, and no moment that was kept for it.
            f"SET {', '.join(f'#{name} = :{name}' for name in changes)}, #ttl = if_not_exists(removed_at, #ttl) "
            f"REMOVE {removed} ADD version :one",
            "attribute_exists(PK) AND (task_token = :task_token "
            "OR (attribute_not_exists(task_token) AND attribute_not_exists(finished_at)))",
            to_attributes(
                {f":{name}": value for name, value in changes.items()} | {":task_token": task_token, ":one": 1}
            ),
            {f"#{name}": name for name in (*changes, "ttl")},
        )

    def due(self, provider: str, until: datetime, limit: int) -> Sequence[tuple[str, int]]:
        items = self._table.query(
            limit=limit,
            IndexName="due-index",
            KeyConditionExpression="due_shard = :shard AND next_check_at <= :until",
            ExpressionAttributeValues=to_attributes({":shard": due_shard(provider), ":until": until}),
        )
        return [_key(item) for item in items]

    def next_due(self, provider: str, besides: Sequence[tuple[str, int]]) -> datetime | None:
        known = set(besides)
        items = self._table.query(
            limit=len(known) + 1,
            IndexName="due-index",
            KeyConditionExpression="due_shard = :shard",
            ExpressionAttributeValues=to_attributes({":shard": due_shard(provider)}),
        )
        return next((moment(item["next_check_at"]["S"]) for item in items if _key(item) not in known), None)

    def _item(self, row: Submission) -> Item:
        values = {
            "job_id": row.job_id,
            "number": row.number,
            "provider": row.provider,
            "state": row.state,
            "document": row.document.to_json(),
            "kind": row.kind,
            "task_token": row.task_token,
            "former_token": row.former_token,
            "created_at": row.created_at,
            "deadline_at": row.deadline_at,
            "version": row.version,
            "attempts": row.attempts,
            "counted": row.counted or None,
            "attempt_id": row.attempt_id,
            "reference": row.reference,
            "submitted_at": row.submitted_at,
            "next_check_at": row.next_check_at,
            "polled_at": row.polled_at,
            "polls": row.polls,
            "unclear_polls": row.unclear_polls or None,
            "unclear_since": row.unclear_since,
            "refused_since": row.refused_since,
            "skip_if_unavailable": row.skip_if_unavailable or None,
            "possible_double_charge": row.possible_double_charge,
            "action_url": row.action_url,
            "result_key": row.result_key,
            "finished_at": row.finished_at,
            "error_code": row.error_code,
            "error_message": row.error_message,
            # Only what somebody is to look at stands in the index.
            "due_shard": due_shard(row.provider) if row.next_check_at is not None else None,
            # Retention begins when it is closed.
            "ttl" if row.state.is_closed else "removed_at": removal(row.created_at, self._retention),
        }
        return submission_key(row.key) | to_attributes(values)


def _key(item: Mapping[str, Any]) -> tuple[str, int]:
    return item["PK"]["S"].removeprefix("JOB#"), int(item["SK"]["S"].removeprefix("SUBMISSION#"))


def _submission(item: Mapping[str, Any]) -> Submission:
    values = {name: item[former] for former, name in _FORMER_NAMES.items() if former in item} | dict(item)
    return Submission(
        job_id=values["job_id"],
        number=values["number"],
        provider=values["provider"],
        state=SubmissionState(values["state"]),
        document=DocumentPointer.from_json(values["document"]),
        kind=DocumentKind(values["kind"]),
        task_token=values.get("task_token"),
        former_token=values.get("former_token"),
        created_at=moment(values["created_at"]),
        deadline_at=moment(values["deadline_at"]),
        version=values["version"],
        attempts=values["attempts"],
        counted=values.get("counted", 0),
        attempt_id=values.get("attempt_id"),
        reference=values.get("reference"),
        submitted_at=optional_moment(values.get("submitted_at")),
        next_check_at=optional_moment(values.get("next_check_at")),
        polled_at=optional_moment(values.get("polled_at")),
        polls=values.get("polls", 0),
        unclear_polls=values.get("unclear_polls", 0),
        unclear_since=optional_moment(values.get("unclear_since")),
        refused_since=optional_moment(values.get("refused_since")),
        skip_if_unavailable=values.get("skip_if_unavailable", False),
        possible_double_charge=values["possible_double_charge"],
        action_url=values.get("action_url"),
        result_key=values.get("result_key"),
        finished_at=optional_moment(values.get("finished_at")),
        error_code=values.get("error_code"),
        error_message=values.get("error_message"),
    )
