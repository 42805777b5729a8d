"""The rules of the bucket, by a model of S3: what no job knows of goes, and nothing that an open job needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lifecycle import Version, after

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
# JobDeadlineHours is at most 336; the sweeper may take a day more.
LONGEST_OPEN = timedelta(hours=336) + timedelta(days=1)
RETENTIONS = [1, 3, 8, 9, 16, 17, 30, 400, 3650]


def rules_of(cloudformation: dict[str, Any], retention_days: int) -> list[dict[str, Any]]:
    """The template's own rules for a retention."""
    rules = cloudformation["Resources"]["DocumentsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    return [_resolved(rule, cloudformation["Conditions"], retention_days) for rule in rules]


def _resolved(value: Any, conditions: dict[str, Any], days: int) -> Any:
    if isinstance(value, list):
        return [_resolved(entry, conditions, days) for entry in value]
    if not isinstance(value, dict):
        return value
    if value == {"Ref": "RetentionDays"}:
        return days
    if "Fn::If" in value:
        name, yes, no = value["Fn::If"]
        return _resolved(yes if _holds(conditions[name], days) else no, conditions, days)
    return {name: _resolved(entry, conditions, days) for name, entry in value.items()}


def _holds(condition: Any, days: int) -> bool:
    if "Fn::Or" in condition:
        assert 2 <= len(condition["Fn::Or"]) <= 10, "CloudFormation takes no others"
        return any(_holds(part, days) for part in condition["Fn::Or"])
    left, right = condition["Fn::Equals"]
    assert left == {"Ref": "RetentionDays"}
    return bool(right == days)


def _stored(key: str, version_id: str = "v1", hours: float = 0.0, *, is_marker: bool = False) -> Version:
    return Version(key, version_id, START + timedelta(hours=hours), is_marker)


def test_every_rule_is_one_that_s3_takes(cloudformation):
    rules = rules_of(cloudformation, 400)
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert {rule["Prefix"] for rule in rules} == {"incoming/", "documents/", "results/", "history/", "uploads/", ""}
    # S3 takes either, and acts on the marker without days.
    assert [rule for rule in rules if "ExpiredObjectDeleteMarker" in rule and "ExpirationInDays" in rule] == []
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if rule["Prefix"] == ""] == [
        {"DaysAfterInitiation": 7}
    ]


@pytest.mark.parametrize("retention_days", RETENTIONS)
@pytest.mark.parametrize("prefix", ["incoming", "documents", "results", "uploads"])
def test_in_the_end_nothing_is_left_of_what_no_job_knows(cloudformation, retention_days, prefix):
    stored = [_stored(f"{prefix}/a", "v1"), _stored(f"{prefix}/a", "v2", 1), _stored(f"{prefix}/b")]
    stored.append(_stored(f"{prefix}/c", "m", 1, is_marker=True))
    rules = rules_of(cloudformation, retention_days)
    longest = 5 if prefix == "uploads" else 2 * max(retention_days, 33) + 4
    assert after(stored, rules, START + timedelta(days=longest)) == []


@pytest.mark.parametrize("times", [1, 3])
def test_an_upload_that_no_job_was_started_for_is_gone_after_days_however_often_its_form_was_used(
    cloudformation, times
):
    rules = rules_of(cloudformation, 400)
    stored = [_stored("uploads/c/1/a.pdf", f"v{number}", number / 10) for number in range(times)]
    assert after(stored, rules, START + timedelta(days=1)) == stored, "there is a day to start a job in"
    visible = [version for version in after(stored, rules, START + timedelta(days=2)) if version.version_id == "v2"]
    assert after(stored, rules, START + timedelta(days=2))[-1].is_marker, visible
    assert after(stored, rules, START + timedelta(days=5)) == []


@pytest.mark.parametrize("retention_days", RETENTIONS)
def test_what_an_open_job_needs_is_there_for_longer_than_it_may_be_open(cloudformation, retention_days):
    """Documents are read by version, also below a marker; answers of providers are not, and are as old as the run."""
    rules = rules_of(cloudformation, retention_days)
    # The last moment at which a job may be started again is the one in which it is removed.
    needed = START + timedelta(days=retention_days + 1) + LONGEST_OPEN
    for key in ("documents/c/1/a.pdf", "incoming/a.pdf"):
        assert _stored(key) in after([_stored(key)], rules, needed)
    results = after([_stored("results/J1/1-paid.json")], rules, START + LONGEST_OPEN)
    assert [version.is_marker for version in results] == [False]


@pytest.mark.parametrize("retention_days", RETENTIONS)
def test_a_dropped_document_that_was_overwritten_at_once_outlives_the_retention_of_its_job(
    cloudformation, retention_days
):
    """The next ``aws s3 cp invoice.pdf`` takes its place while its job still needs it."""
    first, second = _stored("incoming/invoice.pdf", "v1"), _stored("incoming/invoice.pdf", "v2", 0.1)
    end = START + timedelta(days=retention_days)
    assert first in after([first, second], rules_of(cloudformation, retention_days), end)
