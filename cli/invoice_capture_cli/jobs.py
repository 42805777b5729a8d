"""The operations of the API, one method each."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from invoice_capture_cli.api import IDEMPOTENCY_KEY, Api, envelope
from invoice_capture_cli.errors import ApiRefused
from invoice_capture_cli.simulated import marked

Job = Mapping[str, Any]

ENDED = frozenset({"completed", "failed", "cancelled"})
UNFINISHED = ("queued", "processing")

_ROOT = "/ocr-invoice-job"
_PER_PAGE = 100
# Ids of a filter stand in the URL, and a URL is to stay below 8 KB.
_IDS_PER_PAGE = 50


def is_ended(job: Job) -> bool:
    return job.get("status") in ENDED


@dataclass(frozen=True)
class Wanted:
    """What to list. ``limit`` is None for everything."""

    filters: Mapping[str, Any]
    search: str | None = None
    sort: str | None = None
    order: str | None = None
    limit: int | None = None


@dataclass(frozen=True)
class JobPage:
    """``total`` counts all jobs that fit; where there are ``more`` than one request may read, those found so far."""

    jobs: list[Job]
    total: int
    more: bool


class Jobs:
    """All methods raise Unreachable and ApiRefused. Jobs of the ``simulated`` providers are marked as such."""

    def __init__(self, api: Api, simulated: Collection[str] = ()) -> None:
        self._api = api
        self._simulated = simulated

    @property
    def api_name(self) -> str:
        return self._api.name

    def offer_upload(self, name: str, document_type: str | None, key: str) -> dict[str, Any]:
        """``url``, ``fields``, ``documentUrl``, ``maximumBytes``."""
        body = {"documentName": name} | ({"documentType": document_type} if document_type else {})
        return self._data("POST", "/uploads", body=body, key=key)

    def create(self, order: Mapping[str, Any], key: str) -> dict[str, Any]:
        return dict(marked(self._data("POST", _ROOT, body=order, key=key), self._simulated))

    def process(self, job_id: str, key: str) -> dict[str, Any]:
        return self._data("POST", f"{_path(job_id)}/process", key=key)

    def retry(self, job_id: str) -> dict[str, Any]:
        return self._data("POST", f"{_path(job_id)}/retry")

    def get(self, job_id: str) -> dict[str, Any]:
        return dict(marked(self._data("GET", _path(job_id)), self._simulated))

    def invoice(self, job_id: str) -> dict[str, Any] | None:
        """``invoice``, ``findings``, ``confirmed``, ``storedAt``; None while there is none."""
        try:
            found = self._data("GET", f"{_path(job_id)}/invoice")
        except ApiRefused as exc:
            if exc.status == 404:
                return None
            raise
        # Of some thousands of lines an answer has as many as fit.
        while (next_line := found.pop("nextLine", None)) is not None:
            part = self._data("GET", f"{_path(job_id)}/invoice", params={"fromLine": str(next_line)})
            found["invoice"]["lines"] += part["invoice"]["lines"]
            found |= {"nextLine": part["nextLine"]} if "nextLine" in part else {}
        return found

    def submissions(self, job_id: str) -> list[dict[str, Any]]:
        answer = self._envelope("GET", f"{_path(job_id)}/submissions")
        return list(answer["data"])

    def listed(self, ids: Sequence[str]) -> dict[str, Job]:
        """The jobs of these ids that exist, by id."""
        found: dict[str, Job] = {}
        for start in range(0, len(ids), _IDS_PER_PAGE):
            some = list(ids[start : start + _IDS_PER_PAGE])
            rows, _ = self._page({"filter": json.dumps({"_id": {"$in": some}}), "limit": str(_IDS_PER_PAGE)})
            found |= {row["_id"]: row for row in rows}
        return found

    def pages(self, wanted: Wanted) -> Iterator[JobPage]:
        """Pages, of which any may be empty; the first comes always."""
        params = {
            "filter": json.dumps(wanted.filters) if wanted.filters else None,
            "search": wanted.search,
            "sort": wanted.sort,
            "order": wanted.order,
        }
        given = {name: value for name, value in params.items() if value is not None}
        left = wanted.limit
        token: str | None = None
        while True:
            size = _PER_PAGE if left is None else min(left, _PER_PAGE)
            rows, answer = self._page(given | {"limit": str(size)} | ({"nextToken": token} if token else {}))
            yield JobPage(rows, int(answer.get("total", len(rows))), bool(answer.get("moreToRead")))
            token = answer.get("nextToken")
            left = None if left is None else left - len(rows)
            if not token or left == 0:
                return

    def _page(self, params: Mapping[str, str]) -> tuple[list[Job], dict[str, Any]]:
        answer = self._envelope("GET", _ROOT, params=params)
        return [marked(job, self._simulated) for job in answer["data"]], answer

    def _data(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        return dict(self._envelope(method, path, params=params, body=body, key=key)["data"])

    def _envelope(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        headers = {IDEMPOTENCY_KEY: key} if key is not None else None
        return envelope(self._api, self._api.request(method, path, params=params, body=body, headers=headers))


def _path(job_id: str) -> str:
    return f"{_ROOT}/{quote(job_id, safe='')}"
