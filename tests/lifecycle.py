"""What S3 does to a bucket with versions by its lifecycle rules, as AWS documents it.

A day is counted from the next midnight in UTC. The present version is covered by a marker when it expires; a version
that is not the present one goes so many days after it ceased to be that; a marker goes when it is alone, by a rule of
its own. Where rules differ, the one that removes first counts. Sources:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any


@dataclass(frozen=True)
class Version:
    """A version of a key, or a marker of deletion, and when it was stored."""

    key: str
    version_id: str
    stored_at: datetime
    is_marker: bool = False


def after(versions: Sequence[Version], rules: Sequence[Mapping[str, Any]], now: datetime) -> list[Version]:
    """What is left at a moment of what is stored, the oldest first, if nobody but these rules does anything."""
    left = sorted(versions, key=lambda version: version.stored_at)
    while True:
        event = _next_event(left, rules)
        if event is None or event[0] > now:
            return left
        at, changed = event
        left = changed(at)


def _next_event(left: list[Version], rules: Sequence[Mapping[str, Any]]) -> Any:
    events: list[Any] = []
    for version in left:
        of_key = [other for other in left if other.key == version.key]
        place = of_key.index(version)
        for rule in rules:
            if rule["Status"] != "Enabled" or not version.key.startswith(rule["Prefix"]):
                continue
            if place + 1 < len(of_key) and "NoncurrentVersionExpiration" in rule:
                since = of_key[place + 1].stored_at
                events.append(
                    (_due(since, rule["NoncurrentVersionExpiration"]["NoncurrentDays"]), _removed(left, version))
                )
            elif place + 1 == len(of_key) and not version.is_marker and "ExpirationInDays" in rule:
                events.append((_due(version.stored_at, rule["ExpirationInDays"]), _covered(left, version)))
            elif len(of_key) == 1 and version.is_marker and rule.get("ExpiredObjectDeleteMarker"):
                events.append((_due(version.stored_at, 0), _removed(left, version)))
    return min(events, key=lambda event: event[0], default=None)


def _due(since: datetime, days: int) -> datetime:
    return datetime.combine(since + timedelta(days=int(days) + 1), time(), since.tzinfo)


def _removed(left: list[Version], version: Version) -> Any:
    return lambda _at: [other for other in left if other is not version]


def _covered(left: list[Version], version: Version) -> Any:
    return lambda at: [*left, Version(version.key, f"marker of {version.version_id}", at, is_marker=True)]
