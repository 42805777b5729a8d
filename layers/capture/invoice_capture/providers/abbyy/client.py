"""Every operation of ABBYY's REST API v2 as a method."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import BeforeValidator, Field
from pydantic_core import from_json

from invoice_capture.domain.errors import ProviderUnavailable, RequestRefused
from invoice_capture.providers.abbyy.wire import (
    BusinessUnit,
    CaptureProperties,
    CaptureTask,
    FileLink,
    StoredFile,
    Vendor,
)
from invoice_capture.providers.http import HttpClient

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "POST /v2/file": "upload_file",
        "GET /v2/file/{id}/{token}/info": "file_info",
        "GET /v2/file/{id}/{token}": "download_file",
        "DELETE /v2/file/{id}/{token}": "delete_file",
        "POST /v2/task/capture/documents": "capture_documents",
        "POST /v2/task/capture/invoices": "capture_invoices",
        "GET /v2/task/{id}": "task",
        "DELETE /v2/task/{id}": "delete_task",
        "POST /v2/dataset/businessunits": "add_business_units",
        "PUT /v2/dataset/businessunits": "update_business_units",
        "GET /v2/dataset/businessunits/{region}": "business_units",
        "DELETE /v2/dataset/businessunits/{region}": "delete_business_units",
        "DELETE /v2/dataset/businessunit/{region}/{externalId}": "delete_business_unit",
        "POST /v2/dataset/vendors": "add_vendors",
        "PUT /v2/dataset/vendors": "update_vendors",
        "GET /v2/dataset/vendors/{region}": "vendors",
        "DELETE /v2/dataset/vendors/{region}": "delete_vendors",
        "DELETE /v2/dataset/vendors/{region}/{externalId}": "delete_vendor",
        "POST /v2/training": "start_training",
        "PUT /v2/training": "update_training",
        "GET /v2/training/layout/{taskId}/{fileId}": "training_layout",
        "POST /v2/training/station/{taskId}": "open_training_station",
        "PUT /v2/training/station/{taskId}": "update_training_station",
        "GET /v2/training/batch{region}": "training_batch",
    }
)

_PAGE_SIZE = 100

Entry = TypeVar("Entry", bound=BusinessUnit)


def _as_list(value: Any) -> Any:
    """The pages leave open whether a single entry comes in an array."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


_Units = Annotated[list[BusinessUnit], BeforeValidator(_as_list)]
_Vendors = Annotated[list[Vendor], BeforeValidator(_as_list)]
# The page documents an object, the server answers an array.
_Uploaded = Annotated[list[StoredFile], BeforeValidator(_as_list), Field(min_length=1)]


class AbbyyClient:
    """The API behind an HttpClient whose base URL ends with the version.

    Every method raises ProviderError as the table of ``invoice_capture.providers.http`` has it.
    """

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    # --- files -------------------------------------------------------------------------------------------------------

    def upload_file(self, name: str, content: bytes, media_type: str) -> StoredFile:
        """Store a file. Nothing is charged yet, and ABBYY removes files that no task uses by itself."""
        parts = {"file": (name, content, media_type)}
        return self._http.call("POST", "/file", _Uploaded, files=parts)[0]

    def file_info(self, file: FileLink) -> StoredFile:
        return self._http.call("GET", f"{_file(file)}/info", StoredFile)

    def download_file(self, file: FileLink) -> bytes:
        return self._http.send("GET", _file(file))

    def delete_file(self, file: FileLink) -> None:
        self._http.send("DELETE", _file(file))

    # --- tasks -------------------------------------------------------------------------------------------------------

    def capture_invoices(
        self,
        files: Sequence[FileLink],
        properties: CaptureProperties,
        before_sending: Callable[[], None] = lambda: None,
    ) -> CaptureTask:
        """Start reading files as invoices, one document each. Charged. For ``before_sending`` see HttpClient.call."""
        return self._capture("/task/capture/invoices", files, properties, before_sending)

    def capture_documents(
        self,
        files: Sequence[FileLink],
        properties: CaptureProperties,
        before_sending: Callable[[], None] = lambda: None,
    ) -> CaptureTask:
        """Start reading files as documents of any kind, one document each. Charged."""
        return self._capture("/task/capture/documents", files, properties, before_sending)

    def task(self, task_id: str) -> CaptureTask:
        return self._http.call("GET", f"/task/{_segment(task_id)}", CaptureTask)

    def delete_task(self, task_id: str) -> None:
        self._http.send("DELETE", f"/task/{_segment(task_id)}")

    def _capture(
        self, path: str, files: Sequence[FileLink], properties: CaptureProperties, before_sending: Callable[[], None]
    ) -> CaptureTask:
        body = {
            "files": [{"id": file.id, "token": file.token} for file in files],
            "properties": properties.model_dump(mode="json"),
        }
        return self._http.call("POST", path, CaptureTask, billable=True, before_sending=before_sending, json=body)

    # --- data sets: business units -----------------------------------------------------------------------------------

    def add_business_units(self, units: Sequence[BusinessUnit]) -> list[BusinessUnit]:
        return self._http.call("POST", "/dataset/businessunits", _Units, json=_entries(units))

    def update_business_units(self, units: Sequence[BusinessUnit]) -> list[BusinessUnit]:
        return self._http.call("PUT", "/dataset/businessunits", _Units, json=_entries(units))

    def business_units(
        self, region: str, external_id: str | None = None, skip: int | None = None, take: int | None = None
    ) -> list[BusinessUnit]:
        """One page of a region's business units, or the one of this identifier. See ``every_entry`` for all."""
        path = f"/dataset/businessunits/{_segment(region)}"
        return self._http.call("GET", path, _Units, params=_page(external_id, skip, take))

    def delete_business_units(self, region: str) -> None:
        """Delete all business units of a region."""
        self._http.send("DELETE", f"/dataset/businessunits/{_segment(region)}")

    def delete_business_unit(self, region: str, external_id: str) -> None:
        # The only route of the data sets in the singular.
        self._http.send("DELETE", f"/dataset/businessunit/{_segment(region)}/{_segment(external_id)}")

    # --- data sets: vendors ------------------------------------------------------------------------------------------

    def add_vendors(self, vendors: Sequence[Vendor]) -> list[Vendor]:
        return self._http.call("POST", "/dataset/vendors", _Vendors, json=_entries(vendors))

    def update_vendors(self, vendors: Sequence[Vendor]) -> list[Vendor]:
        return self._http.call("PUT", "/dataset/vendors", _Vendors, json=_entries(vendors))

    def vendors(
        self, region: str, external_id: str | None = None, skip: int | None = None, take: int | None = None
    ) -> list[Vendor]:
        """One page of a region's vendors, or the one of this identifier. See ``every_entry`` for all."""
        path = f"/dataset/vendors/{_segment(region)}"
        return self._http.call("GET", path, _Vendors, params=_page(external_id, skip, take))

    def delete_vendors(self, region: str) -> None:
        """Delete all vendors of a region."""
        self._http.send("DELETE", f"/dataset/vendors/{_segment(region)}")

    def delete_vendor(self, region: str, external_id: str) -> None:
        self._http.send("DELETE", f"/dataset/vendors/{_segment(region)}/{_segment(external_id)}")

    # --- training: the pages give no bodies, so JSON is passed through -----------------------------------------------

    def start_training(self, body: Any) -> Any:
        return self._pass_through("POST", "/training", body)

    def update_training(self, body: Any) -> Any:
        return self._pass_through("PUT", "/training", body)

    def training_layout(self, task_id: str, file_id: str) -> Any:
        return self._pass_through("GET", f"/training/layout/{_segment(task_id)}/{_segment(file_id)}")

    def open_training_station(self, task_id: str, body: Any) -> Any:
        return self._pass_through("POST", f"/training/station/{_segment(task_id)}", body)

    def update_training_station(self, task_id: str, body: Any) -> Any:
        return self._pass_through("PUT", f"/training/station/{_segment(task_id)}", body)

    def training_batch(self, region: str) -> Any:
        # The page has no slash before the region.
        return self._pass_through("GET", f"/training/batch{_segment(region)}")

    def _pass_through(self, method: str, path: str, body: Any = None) -> Any:
        """Send JSON and return the decoded answer; None when the answer is empty."""
        parts = {} if body is None else {"json": body}
        content = self._http.send(method, path, **parts)
        if not content.strip():
            return None
        try:
            return from_json(content)
        except ValueError as exc:
            raise ProviderUnavailable(f"abbyy answered {method} {path} with something that is no JSON.") from exc


def every_entry(list_page: Callable[..., list[Entry]], region: str) -> Iterator[Entry]:
    """All entries of a region, page by page; ``list_page`` is a client's ``vendors`` or ``business_units``.

    A page may hold fewer entries than were asked for, so only an empty one is the last. A server that does not know
    ``skip`` answers the same page again, which is the last one too.
    """
    seen = 0
    last: list[Entry] = []
    while True:
        page = list_page(region, skip=seen, take=_PAGE_SIZE)
        if not page or page == last:
            return
        yield from page
        seen += len(page)
        last = page


def _entries(entries: Sequence[BusinessUnit]) -> list[dict[str, Any]]:
    """Only what the caller has set, so that an update invents no empty values."""
    return [entry.model_dump(mode="json", by_alias=True, exclude_unset=True) for entry in entries]


def _page(external_id: str | None, skip: int | None, take: int | None) -> dict[str, str | int]:
    wanted = {"externalId": external_id, "skip": skip, "take": take}
    return {name: value for name, value in wanted.items() if value is not None}


def _file(file: FileLink) -> str:
    return f"/file/{_segment(file.id)}/{_segment(file.token)}"


def _segment(identifier: str) -> str:
    """An identifier as one segment of a path.

    Raises:
        RequestRefused: it is empty or made of dots, which would make it another path: that of all vendors, perhaps.
    """
    if not identifier.strip("."):
        raise RequestRefused("abbyy was to be asked about something without an identifier: name it.")
    return quote(identifier, safe="")
