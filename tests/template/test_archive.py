"""The archive in the template: who hears of changes, what is locked, and what cannot be undone by accident."""

from __future__ import annotations

import json
from typing import Any

from local_stack.stream_source import _fits
from tools.choices import chosen


def _stream(cloudformation: dict[str, Any], **parameters: str) -> dict[str, Any] | None:
    mapping = chosen(cloudformation, **parameters)["Resources"].get("RecordChangesFunctionStream")
    return None if mapping is None else mapping["Properties"]


def _statements(cloudformation: dict[str, Any], **parameters: str) -> list[tuple[str, str]]:
    """Roles and actions that the policies about locks allow."""
    return [
        (role["Ref"], statement["Action"])
        for name, resource in chosen(cloudformation, **parameters)["Resources"].items()
        if name in {"LockArchivePolicy", "SeeLocksPolicy"}
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        for role in resource["Properties"]["Roles"]
    ]


def test_changes_come_in_their_order_and_none_is_lost_within_a_day(cloudformation: dict[str, Any]) -> None:
    stream = _stream(cloudformation)
    assert stream is not None
    # More than one run for each shard would keep the order of items, but not of jobs.
    assert stream.get("ParallelizationFactor", 1) == 1
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert (stream["BisectBatchOnFunctionError"], stream["MaximumRecordAgeInSeconds"]) == (True, 86400)
    assert stream["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["HistoryDeadLetterQueue", "Arn"]}


def test_only_items_that_auditors_ask_for_run_the_function(cloudformation: dict[str, Any]) -> None:
    stream = _stream(cloudformation)
    assert stream is not None
    patterns = [json.loads(entry["Pattern"]) for entry in stream["FilterCriteria"]["Filters"]]

    def runs(partition: str, sort_key: str) -> bool:
        return _fits({"dynamodb": {"Keys": {"PK": {"S": partition}, "SK": {"S": sort_key}}}}, patterns)

    told = ("JOB", "SUBMISSION#1", "INVOICE", "INVOICE#LINES#0002", "CONFIRMED", "CONFIRMED#LINES#0002")
    assert all(runs("JOB#1", sort_key) for sort_key in told)
    # The head of a history is written by the function itself: it would run for ever.
    assert not runs("JOB#1", "HISTORY")
    assert not any((runs("JOB#1", "EXTRACTION#1"), runs("PROVIDER#x#0", "LEASE"), runs("SHA256#1", "SHA256")))


def test_without_histories_there_is_no_stream(cloudformation: dict[str, Any]) -> None:
    table = chosen(cloudformation, History="false")["Resources"]["Table"]["Properties"]
    assert "StreamSpecification" not in table
    assert _stream(cloudformation, History="false") is None


def test_nothing_is_locked_unless_somebody_wants_it(cloudformation: dict[str, Any]) -> None:
    bucket = chosen(cloudformation)["Resources"]["DocumentsBucket"]["Properties"]
    assert "ObjectLockEnabled" not in bucket
    assert _statements(cloudformation) == []


def test_a_locked_archive_locks_single_versions_and_nobody_of_ours_may_unlock(cloudformation: dict[str, Any]) -> None:
    bucket = chosen(cloudformation, ArchiveLock="governance")["Resources"]["DocumentsBucket"]["Properties"]
    assert bucket["ObjectLockEnabled"] is True
    # A rule for the whole bucket would lock uploads that nobody ordered, and answers of providers.
    assert "ObjectLockConfiguration" not in bucket
    assert sorted(_statements(cloudformation, ArchiveLock="governance")) == [
        ("EraseJobFunctionRole", "s3:GetObjectRetention"),
        ("RecordChangesFunctionRole", "s3:PutObjectRetention"),
        ("RemoveJobsFunctionRole", "s3:GetObjectRetention"),
    ]
    assert "BypassGovernanceRetention" not in json.dumps(cloudformation)
