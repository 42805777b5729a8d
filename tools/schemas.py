"""Write the JSON schemas of all messages into schemas/.

    python -m tools.schemas

The models here are what the messages are held to: by the tests of what is really sent, where a field that no model has
is an error, and by receivers, whose schemas let further fields pass, which a later release may add.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tools.stage import PROJECT

FOLDER = PROJECT / "schemas"
_TEST = "webhook.test"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="ISO 8601 in UTC with milliseconds: as text it sorts by time.",
    ),
]
Decimal = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", description="A decimal number as text, with a point.")]
JobId = Annotated[str, Field(min_length=1, description="The job, here and in the API.")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Document(_Strict):
    """Where the document lies, in one version. is_stored is false while it is behind the URL of its order."""

    bucket: str
    key: str
    version_id: str | None
    size: int = Field(ge=0, description="In bytes.")
    is_stored: bool = True


class Head(_Strict):
    """What people know an invoice by; null is what its document does not say. Texts are cut at 200 letters."""

    invoice_number: str | None
    issue_date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None
    type: Literal["invoice", "credit_note"] | None
    currency: str | None
    total: Decimal | None
    supplier: str | None


class Error(_Strict):
    """Why; docs/operations.md says what to do about each code. The message is for people."""

    code: str
    message: str


class _OfAJob(_Strict):
    job_id: JobId
    document: Document


class InvoiceCaptured(_OfAJob):
    """The invoice is stored. findings are the codes of what checks found."""

    event: Literal["invoice.captured"]
    status: Literal["CAPTURED"]
    ended_at: Moment
    provider: str
    invoice: Head
    findings: list[str]


class InvoiceFailed(_OfAJob):
    """No provider of the route captured it."""

    event: Literal["invoice.failed"]
    status: Literal["FAILED"]
    ended_at: Moment
    error: Error


class DocumentRejected(_OfAJob):
    """Empty, too large, no invoice format, or not to be fetched: no provider was asked."""

    event: Literal["document.rejected"]
    status: Literal["REJECTED"]
    ended_at: Moment
    error: Error


class DocumentDuplicate(_OfAJob):
    """The same bytes belong to the job duplicate_of."""

    event: Literal["document.duplicate"]
    status: Literal["DUPLICATE"]
    ended_at: Moment
    duplicate_of: JobId


class InvoiceActionRequired(_OfAJob):
    """A person must go on at action_url, where the provider tells one; the job continues by itself afterwards."""

    event: Literal["invoice.action_required"]
    status: Literal["ACTION_REQUIRED"]
    provider: str
    action_url: str | None


class JobCancelled(_OfAJob):
    """A client deleted a job that had not ended."""

    event: Literal["job.cancelled"]
    status: Literal["CANCELLED"]


class _Budget(_Strict):
    month: Annotated[str, Field(pattern=r"^\d{4}-\d\d$")]
    spent: Decimal
    limit: Decimal
    currency: Literal["USD"]
    percent: int


class BudgetWarning(_Budget):
    """The budget of the month is nearly spent."""

    event: Literal["budget.warning"]


class BudgetExceeded(_Budget):
    """The budget of the month is spent, and stops documents."""

    event: Literal["budget.exceeded"]


class WebhookTest(_Strict):
    """Somebody wants to see whether a webhook works. Only webhooks are sent this one."""

    event: Literal["webhook.test"]
    webhook: str
    sent_at: Moment


_Told = Annotated[
    InvoiceCaptured
    | InvoiceFailed
    | DocumentRejected
    | DocumentDuplicate
    | InvoiceActionRequired
    | JobCancelled
    | BudgetWarning
    | BudgetExceeded
    | WebhookTest,
    Field(discriminator="event"),
]


MESSAGES: dict[str, type[_Strict]] = {
    get_args(model.model_fields["event"].annotation)[0]: model for model in get_args(get_args(_Told)[0])
}
"""Of every message, by its event."""


class WebhookRequest(_Strict):
    """The body of a request to a webhook. data is the message as the topic has it, and type its event."""

    type: str
    timestamp: Moment
    data: _Told


def check(message: Any) -> None:
    """Raises pydantic.ValidationError when a message is not what it should be, or has a field that no model has."""
    TypeAdapter(_Told).validate_python(message)


def texts() -> dict[Path, str]:
    """The content of each file."""
    schemas = {name: _published(model.model_json_schema(), name) for name, model in MESSAGES.items()}
    request = WebhookRequest.model_json_schema()
    schemas["webhook"] = _published(request, "webhook")
    schemas["event"] = _published(_detail(request), "event")
    return {
        FOLDER / f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


def _detail(request: dict[str, Any]) -> dict[str, Any]:
    """Of the detail of an event on a bus."""
    told = {
        event: at for event, at in request["properties"]["data"]["discriminator"]["mapping"].items() if event != _TEST
    }
    return {
        "$defs": {name: part for name, part in request["$defs"].items() if name != WebhookTest.__name__},
        "title": "EventDetail",
        "description": "The message as the topic has it, and what it is known again by.",
        "type": "object",
        "properties": {"message_id": {"type": "string", "pattern": "^msg_[0-9a-f]{32}$"}},
        "required": ["message_id"],
        "oneOf": [{"$ref": at} for at in told.values()],
    }


def _published(schema: dict[str, Any], name: str) -> dict[str, Any]:
    return {"$schema": _DIALECT, "$id": f"urn:invoice-capture:{name}", **_open(schema)}


def _open(part: Any) -> Any:
    """Without what only the tests are strict about."""
    if isinstance(part, dict):
        return {name: _open(value) for name, value in part.items() if name != "additionalProperties"}
    return [_open(item) for item in part] if isinstance(part, list) else part


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    wanted = texts()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    for path in set(FOLDER.glob("*.json")) - set(wanted):
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
