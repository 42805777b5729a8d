"""How much a client may ask: the rate, the burst and the quota of a usage plan, for each of its keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import boto3

from local_stack.gateway.api import UsagePlan
from local_stack.gateway.responses import Refused


class Limits:
    """The counts of a usage plan. ``is_enrolled`` says whether a key's value belongs to the plan.

    The rate is kept by ``monotonic``, in real seconds, because those are what clients live in; the quota by ``now``.
    """

    def __init__(
        self,
        plan: UsagePlan | None,
        is_enrolled: Callable[[UsagePlan, str], bool],
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._plan = plan
        self._is_enrolled = is_enrolled
        self._monotonic = monotonic
        self._now = now
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, float]] = {}
        self._used: dict[str, tuple[tuple[int, ...], int]] = {}

    def take(self, key: str | None) -> None:
        """Count one request of a key.

        Raises:
            Refused: the key is not of the plan, or has used up its rate or its quota.
        """
        if key is None or self._plan is None or not self._is_enrolled(self._plan, key):
            raise Refused("INVALID_API_KEY")
        with self._lock:
            self._take_token(self._plan, key)
            self._take_from_quota(self._plan, key)

    def _take_token(self, plan: UsagePlan, key: str) -> None:
        if plan.rate is None:
            return
        most = float(max(1, plan.burst if plan.burst is not None else plan.rate))
        now = self._monotonic()
        left, since = self._tokens.get(key, (most, now))
        left = min(most, left + (now - since) * plan.rate)
        self._tokens[key] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Refused("THROTTLED")

    def _take_from_quota(self, plan: UsagePlan, key: str) -> None:
        if plan.quota is None:
            return
        period = _period(plan.period, self._now())
        counted_in, used = self._used.get(key, (period, 0))
        used = used if counted_in == period else 0
        if used >= plan.quota:
            raise Refused("QUOTA_EXCEEDED")
        self._used[key] = (period, used + 1)


def _period(name: str, now: datetime) -> tuple[int, ...]:
    if name == "MONTH":
        return now.year, now.month
    if name == "WEEK":
        return tuple(now.isocalendar())[:2]
    return now.year, now.month, now.day


class EnrolledKeys:
    """Which values are keys of a usage plan, as API Gateway's own API tells. What was found once is not asked again."""

    def __init__(self) -> None:
        self._client = boto3.client("apigateway")
        self._known: set[tuple[str, str]] = set()

    def __call__(self, plan: UsagePlan, value: str) -> bool:
        if (plan.id, value) not in self._known:
            pages = self._client.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan.id)
            self._known |= {(plan.id, key["value"]) for page in pages for key in page["items"]}
        return (plan.id, value) in self._known
