"""How much may be asked: of a stage by everybody together, and by each client what its usage plan allows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

import boto3

from local_stack.gateway.api import EVERYWHERE, Throttle, UsagePlan
from local_stack.gateway.responses import Refused


class StageLimits:
    """The throttles of a stage, which everybody shares, with a key or without; kept by ``monotonic``, in seconds."""

    def __init__(self, throttles: Mapping[tuple[str, str], Throttle], monotonic: Callable[[], float]) -> None:
        self._throttles = throttles
        self._tokens = _Tokens(monotonic)
        self._lock = threading.Lock()

    def take(self, resource: str, http_method: str) -> None:
        """Count one request. Raises Refused when its method, or all that have no throttle of their own, had enough."""
        where = (resource, http_method) if (resource, http_method) in self._throttles else EVERYWHERE
        throttle = self._throttles.get(where)
        if throttle is not None:
            with self._lock:
                self._tokens.take("/".join(where), throttle.rate, throttle.burst)


class _Tokens:
    """Buckets of tokens by name, which fill up with time."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str, rate: float, burst: float) -> None:
        """Raises Refused when there is none."""
        now = self._monotonic()
        left, since = self._left.get(name, (burst, now))
        left = min(burst, left + (now - since) * rate)
        self._left[name] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise Refused("THROTTLED")


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
        self._now = now
        self._lock = threading.Lock()
        self._tokens = _Tokens(monotonic)
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
        if plan.rate is not None:
            self._tokens.take(key, plan.rate, max(1, plan.burst if plan.burst is not None else plan.rate))

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
