"""Data sets and training of the simulated ABBYY: kept, and given back.

The pages name keys and routes, but neither bodies nor answers. Entries come as one object or an array of them and are
answered as an array; each has ``region`` and ``external_id``. Training takes any JSON and answers with it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Request, Response

from local_stack.simulators.answers import Refused, json_body, json_response, query_number
from local_stack.simulators.simulator import Route

REGIONS = ("US", "AU", "EU", "CA")
_UNIT_KEYS = ("name", "street", "city", "state", "zip", "vat")
_VENDOR_KEYS = (*_UNIT_KEYS, "national_vat", "iban", "bank_account", "bank_code", "gl_code")
_ROUTES: Mapping[str, tuple[str, str, tuple[str, ...]]] = MappingProxyType(
    {
        # Each by its path: the operations' name for many and for one, and the keys that are arrays of variants.
        "businessunits": ("business_units", "business_unit", _UNIT_KEYS),
        "vendors": ("vendors", "vendor", _VENDOR_KEYS),
    }
)
# Only this route of one business unit is in the singular.
_ONE: Mapping[str, str] = MappingProxyType({"businessunits": "businessunit", "vendors": "vendors"})
_PAGE_SIZE = 100

Entry = dict[str, Any]


class DataSets:
    """Business units and vendors by region and external id."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[tuple[str, str], Entry]] = {path: {} for path in _ROUTES}
        self._lock = threading.Lock()

    def routes(self) -> Sequence[Route]:
        return [route for path in _ROUTES for route in self._routes_of(path)]

    def _routes_of(self, path: str) -> Sequence[Route]:
        many, one, keys = _ROUTES[path]
        entries = self._entries[path]

        def add(request: Request) -> Response:
            given = _checked(json_body(request), keys)
            with self._lock:
                known = [key for key in given if key in entries]
                if known:
                    raise Refused(400, f"external_id {known[0][1][:50]!r} exists already.")
                entries.update(given)
            return json_response(list(given.values()))

        def update(request: Request) -> Response:
            given = _checked(json_body(request), keys)
            with self._lock:
                _known(entries, given)
                for key, entry in given.items():
                    entries[key] = entries[key] | entry
            return json_response([entries[key] for key in given])

        def show(request: Request, region: str) -> Response:
            skip, take = query_number(request, "skip", 0, 0), query_number(request, "take", _PAGE_SIZE, 1)
            wanted, external_id = _region(region), request.args.get("externalId")
            with self._lock:
                found = [
                    entry
                    for (place, identifier), entry in entries.items()
                    if place == wanted and external_id in (None, identifier)
                ]
            return json_response(found[skip : skip + take])

        def delete_all(_request: Request, region: str) -> Response:
            wanted = _region(region)
            with self._lock:
                for key in [key for key in entries if key[0] == wanted]:
                    del entries[key]
            return json_response({})

        def delete_one(_request: Request, region: str, external_id: str) -> Response:
            with self._lock:
                _known(entries, [(_region(region), external_id)])
                del entries[region, external_id]
            return json_response({})

        return (
            Route("POST", f"/v2/dataset/{path}", f"add_{many}", add),
            Route("PUT", f"/v2/dataset/{path}", f"update_{many}", update),
            Route("GET", f"/v2/dataset/{path}/<region>", many, show),
            Route("DELETE", f"/v2/dataset/{path}/<region>", f"delete_{many}", delete_all),
            Route("DELETE", f"/v2/dataset/{_ONE[path]}/<region>/<external_id>", f"delete_{one}", delete_one),
        )


def _region(region: str) -> str:
    if region not in REGIONS:
        raise Refused(400, f"The region must be one of {', '.join(REGIONS)}.")
    return region


def _known(entries: Mapping[tuple[str, str], Entry], keys: Any) -> None:
    for key in keys:
        if key not in entries:
            raise Refused(404, f"There is no external_id {key[1][:50]!r}.")


def _checked(body: Any, keys: Sequence[str]) -> dict[tuple[str, str], Entry]:
    """The entries of a request by region and external id. Raises Refused naming the key that breaks its form."""
    entries = body if isinstance(body, list) else [body]
    checked: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise Refused(400, "Each entry must be an object.")
        external_id = entry.get("external_id")
        if not isinstance(external_id, str) or not external_id:
            raise Refused(400, "external_id is required.")
        for key in keys:
            variants = entry.get(key, [])
            if not isinstance(variants, list) or not all(isinstance(variant, str) for variant in variants):
                raise Refused(400, f"{key} must be an array of variants.")
        unknown = set(entry) - {"region", "external_id", *keys}
        if unknown:
            raise Refused(400, f"There is no key {min(unknown)[:50]!r}.")
        checked[_region(entry.get("region", "")), external_id] = entry
    if not checked:
        raise Refused(400, "There is no entry in the body.")
    return checked


class Training:
    """The six routes of training. ``task_of`` raises Refused for a task that does not exist."""

    def __init__(self, task_of: Callable[[str], str]) -> None:
        self._task_of = task_of
        self._trainings: dict[str, Any] = {}
        self._stations: dict[str, Any] = {}

    def routes(self) -> Sequence[Route]:
        station = "/v2/training/station/<task_id>"
        return (
            Route("POST", "/v2/training", "start_training", self._start),
            Route("PUT", "/v2/training", "update_training", self._update),
            Route("GET", "/v2/training/layout/<task_id>/<file_id>", "training_layout", self._layout),
            Route("POST", station, "open_training_station", self._open_station),
            Route("PUT", station, "update_training_station", self._update_station),
            # The page has no slash before the region.
            Route("GET", "/v2/training/batch<region>", "training_batch", self._batch),
        )

    def _start(self, request: Request) -> Response:
        body = json_body(request)
        training_id = str(uuid.uuid4())
        self._trainings[training_id] = {**body, "id": training_id} if isinstance(body, dict) else body
        return json_response(self._trainings[training_id])

    def _update(self, request: Request) -> Response:
        body = json_body(request)
        training_id = body.get("id") if isinstance(body, dict) else None
        if training_id not in self._trainings:
            raise Refused(404, "There is no such training.")
        self._trainings[training_id] = body
        return json_response(body)

    def _layout(self, _request: Request, task_id: str, file_id: str) -> Response:
        return json_response({"taskId": self._task_of(task_id), "fileId": file_id, "fields": []})

    def _open_station(self, request: Request, task_id: str) -> Response:
        self._stations[self._task_of(task_id)] = json_body(request)
        return json_response(self._stations[task_id])

    def _update_station(self, request: Request, task_id: str) -> Response:
        if self._task_of(task_id) not in self._stations:
            raise Refused(404, "The training station of this task is not open.")
        return self._open_station(request, task_id)

    def _batch(self, _request: Request, region: str) -> Response:
        trainings = list(self._trainings.values())
        return json_response({"region": _region(region), "trainings": trainings, "stations": dict(self._stations)})
