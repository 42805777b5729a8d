"""One small interface to the API, whichever way it is reached, and the reading of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from invoice_capture_cli.errors import ApiRefused, Unreachable

IDEMPOTENCY_KEY = "Idempotency-Key"


@dataclass(frozen=True)
class Answer:
    """``data`` is the JSON of the body, or None where there is none; ``location`` is where a redirect leads."""

    status: int
    data: Any
    location: str | None = None


class Api(Protocol):
    @property
    def name(self) -> str:
        """What people call it: its URL, or its stack."""
        ...

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer, whatever its status. ``path`` begins with a slash and is percent-encoded.

        Raises:
            AnswerLost: it was sent, and may have been carried out.
            Unreachable: it was certainly not carried out.
        """
        ...


def envelope(api: Api, answer: Answer) -> dict[str, Any]:
    """The envelope of a successful answer.

    Raises:
        ApiRefused: the API says no.
        Unreachable: this is no answer of the API.
    """
    data = answer.data if isinstance(answer.data, dict) else {}
    if 200 <= answer.status < 300 and data.get("success") is True and "data" in data:
        return data
    if answer.location is not None:
        raise Unreachable(f"{api.name} redirects to {answer.location}: give the URL of the API itself with --url.")
    if answer.status in {401, 403}:
        raise ApiRefused(
            answer.status,
            f"{api.name} does not accept this key. Ask for one, or make one with: invoice-capture keys create",
        )
    if "message" not in data or answer.status < 400:
        raise Unreachable(f"{api.name} does not answer as the API does (status {answer.status}). Is this its base URL?")
    errors = [error for error in data.get("errors") or () if isinstance(error, dict)]
    raise ApiRefused(answer.status, _message(str(data["message"]), errors), errors)


def _message(message: str, errors: list[dict[str, Any]]) -> str:
    """One sentence with the fields that are at fault, unless it names them already."""
    details = [
        f"{error['field']}: {error.get('message', '')}".strip(": ")
        for error in errors
        if error.get("field") and error.get("message") != message
    ]
    return f"{message} ({'; '.join(details)})" if details else message
