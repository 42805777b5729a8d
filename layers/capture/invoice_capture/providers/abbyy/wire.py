"""What travels to and from ABBYY, as models. Unknown keys are kept: version 2 gained some after it was described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field


def _as_list(value: Any) -> Any:
    """One value stands for a list of one, and nothing for an empty list."""
    if value is None:
        return []
    return value if isinstance(value, list | tuple) else [value]


def _or_nothing(value: Any) -> Any:
    return {} if value is None else value


Id = Annotated[str, Field(min_length=1)]
# Version 1 had a text where version 2 has variants of it. Both are read, variants are sent.
Variants = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class _Model(BaseModel):
    # Version 1 wrote numbers where version 2 writes texts, as in a task's number.
    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class FileLink(_Model):
    """A file and the token that opens it."""

    id: Id
    token: Id
    name: str | None = None


class StoredFile(FileLink):
    """A file as the upload and the file's info describe it; ``expiring`` is when ABBYY removes it by itself."""

    application: str | None = None
    expiring: str | None = None


Files = Annotated[Mapping[str, FileLink | None], BeforeValidator(_or_nothing)]


class Document(_Model):
    """A document of a task. ``files`` are by role: ``source`` is the upload, roles from ``target`` on are exports.

    ``data`` is an object, or a text with an object in it. ``is_moved``: a person removed the document.
    """

    files: Files = Field(default_factory=dict)
    data: Any = None
    is_moved: bool | None = None
    traininglayout_fileid: str | None = None


class CaptureTask(_Model):
    """A task: its state in ABBYY's words, and its documents."""

    id: Id
    status: str = ""
    number: str | None = None
    verification_id: str | None = None
    type: str | None = None
    properties: Annotated[Mapping[str, Any], BeforeValidator(_or_nothing)] = Field(default_factory=dict)
    email: str | None = None
    account: str | None = None
    application: str | None = None
    batch_id: str | None = None
    created: str | None = None
    started: str | None = None
    action_required: str | None = None
    billed: str | None = None
    delivered: str | None = None
    deleted: str | None = None
    progress: float | None = None
    processing_priority: Any = None
    is_realtime_enabled: bool | None = None
    is_deleted: bool | None = None
    is_demo: bool | None = None
    is_billed: bool | None = None
    is_extra_error: bool | None = None
    documents_count: int | None = None
    pages_count: int | None = None
    documents: Annotated[tuple[Document, ...], BeforeValidator(_as_list)] = ()


class CaptureProperties(_Model):
    """How a task is to process its files."""

    region: str
    export_format: str
    verification_type: str


class BusinessUnit(_Model):
    """A company that invoices are addressed to. The pages name no key for the identifier that their routes take."""

    region: str | None = None
    external_id: str | None = Field(
        default=None, validation_alias=AliasChoices("external_id", "externalId"), serialization_alias="external_id"
    )
    name: Variants = ()
    street: Variants = ()
    city: Variants = ()
    state: Variants = ()
    zip: Variants = ()
    vat: Variants = ()


class Vendor(BusinessUnit):
    """A company that invoices come from."""

    national_vat: Variants = ()
    iban: Variants = ()
    bank_account: Variants = ()
    bank_code: Variants = ()
    gl_code: Variants = ()


class KeptFile(_Model):
    """An exported file beside the task that it belongs to, as it was downloaded."""

    role: str
    id: str
    name: str | None
    encoding: Literal["utf-8", "base64"]
    content: str


class KeptAnswer(_Model):
    """The raw answer that is kept of a job: the task as it was answered, and its exported files."""

    task: CaptureTask
    files: tuple[KeptFile, ...]
