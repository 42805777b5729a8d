"""What comes in, by the contract's names; the OpenAPI document is made of these and of the answers.

What a model does not name is refused, but not what a job shows besides its order: a program may send back what it got.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from invoice_capture.api.models import JOB_FIELDS, DocumentType, Priority

UploadType = Literal["pdf", "png", "jpg", "jpeg", "tiff", "bmp", "xml"]

_MOST_METADATA_BYTES = 16 * 1024
_DEEPEST_METADATA = 10
_MOST_VALUES = 2000
_LONGEST_PATH = 100


def _depth(value: Any) -> int:
    """How many objects and lists lie in each other, at most one more than may."""
    depth, level = 0, [value]
    while level and depth <= _DEEPEST_METADATA:
        level = [each for each in level if isinstance(each, dict | list)]
        depth += bool(level)
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
    return depth


def _bounded(metadata: dict[str, Any]) -> dict[str, Any]:
    if _depth(metadata) > _DEEPEST_METADATA:
        raise PydanticCustomError("too_deep", f"Nest at most {_DEEPEST_METADATA} objects and lists")
    if len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()) > _MOST_METADATA_BYTES:
        raise PydanticCustomError("too_long", f"Metadata have at most {_MOST_METADATA_BYTES // 1024} KB as JSON")
    return metadata


# None where a field was left out. Null itself is of no field's type, so it is refused, as by the contract's schema.
_ABSENT: Any = None


class _Input(BaseModel):
    # What a client sends belongs in no error message: messages are logged.
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)


JobNumber = Annotated[
    str, Field(min_length=1, max_length=200, description="Unique among your jobs", examples=["OCR-2026-001"])
]
DocumentName = Annotated[
    str, Field(min_length=1, max_length=255, description="Name of the document", examples=["invoice_2026_001.pdf"])
]
DocumentUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2048,
        description="Where the document is: an https link that it is fetched from, or the documentUrl of POST /uploads",
        examples=["https://storage.example.com/invoices/invoice_2026_001.pdf"],
        json_schema_extra={"format": "uri"},
    ),
]
Template = Annotated[
    str,
    Field(
        max_length=200,
        description="Chooses the route: a template that is set up, or the providers themselves such as "
        "`abbyy?,embedded`; any other takes the default route",
        examples=["embedded"],
    ),
]
Kind = Annotated[DocumentType, Field(description="Type of the document; its bytes decide in the end", examples=["pdf"])]
Group = Annotated[str, Field(max_length=200, description="What the job belongs to, for lists", examples=["march"])]
Urgency = Annotated[Priority, Field(description="Kept, and listable")]
Creator = Annotated[str, Field(max_length=200, description="Who ordered it", examples=["ada@example.com"])]
Metadata = Annotated[
    dict[str, Any],
    AfterValidator(_bounded),
    Field(
        description=f"Whatever you want to find again with the job: at most {_MOST_METADATA_BYTES // 1024} KB as JSON, "
        f"nested at most {_DEEPEST_METADATA} deep",
        examples=[{"costCentre": "4711"}],
    ),
]


class OcrInvoiceJobInput(_Input):
    """An order to read one document. What a job shows besides may be sent back with it, and changes nothing."""

    job_number: JobNumber
    document_name: DocumentName
    document_url: DocumentUrl
    template: Template
    document_type: Kind = _ABSENT
    group: Group = _ABSENT
    priority: Urgency = "medium"
    created_by: Creator = _ABSENT
    metadata: Metadata = _ABSENT

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_a_job_shows(cls, given: Any) -> Any:
        ordered = {to_camel(name) for name in cls.model_fields}
        if not isinstance(given, dict):
            return given
        return {name: part for name, part in given.items() if name in ordered or name not in JOB_FIELDS}


class DocumentInput(_Input):
    """A document with its order, as the fields of a form. What is left empty counts as left out."""

    file: Annotated[
        str,
        Field(
            description="The document: PDF, PNG, JPEG, TIFF, BMP or an e-invoice in XML",
            json_schema_extra={"format": "binary"},
        ),
    ]
    job_number: Annotated[JobNumber, Field(description="Unique among your jobs; the id of the job when left out")] = (
        _ABSENT
    )
    document_name: Annotated[DocumentName, Field(description="Else the name of the file")] = _ABSENT
    template: Template = "default"
    document_type: Kind = _ABSENT
    group: Group = _ABSENT
    priority: Urgency = "medium"
    created_by: Creator = _ABSENT
    metadata: Annotated[Metadata, Field(description="As JSON: whatever you want to find again with the job")] = _ABSENT


class UploadInput(_Input):
    """A document that is to be uploaded."""

    document_name: DocumentName
    document_type: UploadType = Field(
        default=_ABSENT, description="Needed where the name's extension does not say it", examples=["pdf"]
    )


def _short_paths(values: dict[str, Any]) -> dict[str, Any]:
    if len(values) > _MOST_VALUES or any(len(path) > _LONGEST_PATH for path in values):
        raise PydanticCustomError(
            "too_long", f"At most {_MOST_VALUES} values, with paths of at most {_LONGEST_PATH} characters"
        )
    return values


class Confirmation(_Input):
    """What a person says about a captured invoice."""

    values: Annotated[dict[str, Any], AfterValidator(_short_paths)] = Field(
        default_factory=dict,
        description="The right values by their paths in the canonical invoice, such as `total`, `supplier.name` or "
        "`lines.0.quantity`; `lines` and `taxes` take a whole table; null empties a field. What is not named is "
        "right as it was read.",
        examples=[{"total": "119.00", "supplier.name": "Example Ltd"}],
    )
