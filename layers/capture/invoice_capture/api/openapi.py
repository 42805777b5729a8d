"""The OpenAPI document of the API, made from its routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, Tag

from invoice_capture.api.openapi_examples import JOBS_TAG, MORE_TAG
from invoice_capture.api.services import Resolver

_TITLE = "OCR Invoice Job API"
_VERSION = "1.0.0"
_DESCRIPTION = """\
Orders the reading of invoices and answers with what was read.

Send your key in the header `api-key` (or `x-api-key`). Upload a document with `POST /ocr-invoice-job/documents`, which
starts its job, or create a job with a link to its document and start it with `POST /ocr-invoice-job/{id}/process`. Look
at its `status` until it is `completed` or `failed`, and fetch the results. A client sees its own jobs; those of others
answer 404.
"""
# Powertools documents its own answer to an invalid request; ours is 400, and every operation has it in its own words.
_NOT_OURS = frozenset({"HTTPValidationError", "ResponseValidationError", "ValidationError"})


def document(app: Resolver) -> dict[str, Any]:
    """The document without the server's address. Takes long: make it once."""
    schema = app.get_openapi_schema(
        title=_TITLE,
        version=_VERSION,
        description=_DESCRIPTION,
        tags=[
            Tag(name=JOBS_TAG, description="Operations related to individual OCR invoice job management"),
            Tag(name=MORE_TAG, description="What this API does besides the contract"),
        ],
        security_schemes={"ApiKeyAuth": APIKey(name="api-key", in_=APIKeyIn.header)},
        security=[{"ApiKeyAuth": []}],
    )
    return tidied(schema.model_dump(by_alias=True, exclude_none=True, mode="json"))


def tidied(generated: Mapping[str, Any]) -> dict[str, Any]:
    """A generated document without what is not true of this API, its paths in an order to read."""
    told: dict[str, Any] = json.loads(json.dumps(generated))
    # The list of jobs before a job, that before what is done with it, and everything else behind.
    told["paths"] = dict(sorted(told["paths"].items(), key=lambda entry: entry[0].replace("{", " ")))
    for operations in told["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for response in operation["responses"].values():
                if not response.get("content"):
                    response.pop("content", None)
    for name in _NOT_OURS:
        told["components"]["schemas"].pop(name, None)
    _clean(told)
    return told


def _clean(part: Any) -> None:
    """Take out of schemas what generators add and what tells nobody anything, or something wrong."""
    if isinstance(part, dict):
        # Absent is not null: a field that may be left out may not be null.
        if "default" in part and (part["default"] is None or isinstance(part["default"], dict)):
            del part["default"]
        # A title that is the name again. The one of the document stands beside its version.
        if isinstance(part.get("title"), str) and "version" not in part:
            del part["title"]
        # The only pattern is pydantic's for decimals, which knows no exponents.
        if isinstance(part.get("pattern"), str):
            del part["pattern"]
        for content in part.values():
            _clean(content)
    elif isinstance(part, list):
        for content in part:
            _clean(content)
