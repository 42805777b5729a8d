"""ABBYY's answers in our words: statuses, failures, and the raw answer as an invoice. Pure.

The names of its fields are in ``fields``.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from invoice_capture.domain.errors import (
    CaptureFailed,
    CredentialsRefused,
    FormatRefused,
    NoCredit,
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    ResultUnusable,
    SubmissionUnknown,
    UnreadableDocument,
)
from invoice_capture.domain.invoice import Invoice
from invoice_capture.ports import PollState
from invoice_capture.providers import values
from invoice_capture.providers.abbyy import exports
from invoice_capture.providers.abbyy.fields import build_invoice, read_export
from invoice_capture.providers.abbyy.wire import Document, KeptAnswer, KeptFile

REGIONS = ("US", "AU", "EU", "CA")
VERIFICATION_TYPES = ("NoVerification", "Troubleshooting", "UserVerification")

STATUSES: Mapping[str, PollState] = MappingProxyType(
    {
        "Submitted": PollState.PENDING,
        "New": PollState.PENDING,
        "InProgress": PollState.PENDING,
        "WaitForAction": PollState.ACTION_REQUIRED,
        "Done": PollState.READY,
        "Failed": PollState.FAILED,
        "Canceled": PollState.FAILED,
    }
)
"""What is not here is looked up in ``providers.statuses``."""

FAILURES: Mapping[str, type[ProviderError]] = MappingProxyType({"Failed": CaptureFailed, "Canceled": CaptureFailed})

HTTP_STATUSES: Mapping[int, type[ProviderError]] = MappingProxyType({409: ProviderUnavailable})
"""Beside what holds for all providers: a conflict means that a result is not ready yet."""

STATUS_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "Failed": "ABBYY could not process the document: look at the task in its portal, or use another provider.",
        "Canceled": "The task was cancelled at ABBYY: upload the document again, or use another provider.",
    }
)

ADVICE: Mapping[type[ProviderError], str] = MappingProxyType(
    {
        CredentialsRefused: "Check application_id and application_token of provider 'abbyy', and that base_url is in "
        "the region of their account.",
        NoCredit: "Buy pages for the account at ABBYY.",
        RequestRefused: "Check region, export_format and verification_type of provider 'abbyy'.",
        SubmissionUnknown: "The task or its files were deleted at ABBYY, or belong to another application: check "
        "application_id and base_url of provider 'abbyy'.",
        FormatRefused: "Send the document as PDF or TIFF, or use another provider.",
        UnreadableDocument: "Split the document or scan it at a lower resolution, or use another provider.",
    }
)
"""What a person can do about a refusal."""


def to_invoice(raw: bytes) -> Invoice:
    """The canonical invoice of a task and its exported files.

    The documents' own data come first, the exported files after them: where they disagree, the files' values are
    candidates. One file was submitted, so one document is expected; when ABBYY made several of it, the first one that
    nobody removed is the invoice, and the others stay in the raw answer. So does everything whose name no table has.

    Raises:
        ResultUnusable: the answer cannot be read, or names no known field. Its message never quotes the answer.
    """
    try:
        answer = KeptAnswer.model_validate_json(raw)
    except ValidationError as exc:
        raise ResultUnusable("ABBYY's answer is no task with its exported files.") from exc
    document = next((document for document in answer.task.documents if not document.is_moved), None)
    if document is None:
        raise ResultUnusable("ABBYY's task has no document left: all were removed during verification.")
    found = [read_export(tree) for tree in _trees(document, answer)]
    try:
        invoice = build_invoice(found)
    except ValidationError as exc:
        raise ResultUnusable("A value of ABBYY's answer breaks the canonical form.") from exc
    if invoice == Invoice():
        raise ResultUnusable(
            "ABBYY's answer has no field that is known: set export_format of provider 'abbyy' to Json, Xml or Csv."
        )
    return invoice


def require_readable(name: str | None, export_format: str | None, content: bytes) -> None:
    """Refuse an exported file that is not what its name says: its download went wrong.

    Raises:
        ProviderUnavailable: downloading it again may help.
    """
    file_format = exports.format_of(name, export_format)
    if not content:
        raise ProviderUnavailable("An exported file of abbyy came empty.")
    if file_format is None:
        return
    try:
        exports.READERS[file_format](content)
    except exports.Unreadable as exc:
        raise ProviderUnavailable(f"An exported file of abbyy is no {file_format.upper()}, as its name says.") from exc


def corrected_values(invoice: Invoice) -> dict[str, str]:
    """The values of an invoice by flat name, as ``supplier.name`` and ``lines.0.quantity``; only those there are."""
    return dict(_flat_values("", invoice.to_json()))


def _flat_values(name: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        node = dict(enumerate(node))
    if "candidates" not in node:
        for key, child in node.items():
            yield from _flat_values(f"{name}.{key}".lstrip("."), child)
    elif node["value"] is not None:
        yield name, node["value"]


# --- reading the answer ----------------------------------------------------------------------------------------------


def _trees(document: Document, answer: KeptAnswer) -> Iterator[Any]:
    """The trees of names that tell of a document, the most trusted first.

    Raises:
        ResultUnusable: of the exported files of a known format none can be read.
    """
    yield _data_of(document)
    export_format = values.text(answer.task.properties.get("export_format"))
    targets = {link.id for role, link in document.files.items() if link and role.startswith("target")}
    unreadable = readable = 0
    for file in answer.files:
        file_format = exports.format_of(file.name, export_format)
        if file.id not in targets or file_format is None:
            continue
        try:
            tree = exports.READERS[file_format](_content_of(file))
        except exports.Unreadable:
            unreadable += 1
            continue
        readable += 1
        yield tree
    if unreadable and not readable:
        raise ResultUnusable("ABBYY's exported file is not of the format that its name says.")


def _data_of(document: Document) -> Any:
    """A document's data, which come as an object or as a text with one in it."""
    if not isinstance(document.data, str):
        return document.data
    try:
        return exports.read_json(document.data.encode())
    except exports.Unreadable:
        return None


def _content_of(file: KeptFile) -> bytes:
    if file.encoding == "utf-8":
        return file.content.encode()
    try:
        return b64decode(file.content)
    except ValueError:
        raise exports.Unreadable("no base64") from None
