"""The Extract API behind the provider port: one credit per document, up to 100 documents per check."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice
    from invoice_capture.providers.extract_api.client import ExtractApiClient
    from invoice_capture.providers.extract_api.wire import DocumentResult, Outcome, UserInfos
    from invoice_capture.providers.http import HttpClient

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    ProviderError,
    ProviderUnavailable,
    RequestRefused,
    SettingMissing,
    SubmissionInDoubt,
)
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, PollResult, PollState
from invoice_capture.providers.base import BaseProvider, ProviderContext

_log = logging.getLogger(__name__)


class ExtractApiProvider(BaseProvider):
    """The reference of a submission is its document id; its raw answer is its own entry of the provider's answer."""

    name = "extract_api"
    capabilities: Capabilities = Capabilities(
        batch_size=100,
        accepts_corrections=True,
        formats=frozenset({DocumentKind.PDF, DocumentKind.PNG, DocumentKind.JPEG, DocumentKind.BMP}),
    )
    default_typical_latency_seconds: ClassVar[float] = 8.0
    default_requests_per_second: ClassVar[float] = 10.0

    def __init__(self, context: ProviderContext) -> None:
        super().__init__(context)
        self._logged_codes: set[int] = set()

    # --- the flow ----------------------------------------------------------------------------------------------------

    def submit(self, submission: Submission, content: bytes, begin: Callable[[], None]) -> str:
        from invoice_capture.providers.extract_api.mapping import CODES
        from invoice_capture.providers.extract_api.wire import ACCEPTED

        answer = self._client.parse(content, submission.document.name, before_sending=begin)
        if answer.status_code in ACCEPTED:
            return str(answer.document_id)
        if answer.status_code not in CODES:
            raise SubmissionInDoubt(
                f"extract_api took a document with status {answer.status_code}, which nobody knows."
            )
        raise self._failure(answer)

    def poll(self, submissions: Sequence[Submission]) -> Mapping[str, PollResult]:
        """One request for all. A document that the answer leaves out, or tells nonsense of, stays pending."""
        from invoice_capture.providers.extract_api.mapping import CODES

        ids = [int(row.reference) for row in submissions if row.reference is not None]
        if not ids:
            return {}
        answer = self._client.get_results(ids)
        entries = {document_id: answer.get(document_id) for document_id in ids}
        said = [entry for entry in entries.values() if entry is not None]
        if len(said) < sum(document_id in answer for document_id in ids):
            _log.warning("The provider's answer has entries that cannot be understood.", extra={"provider": self.name})
        # One document in maintenance waits; when all are, the service is down and its loop must slow down.
        if len(said) == len(ids) and all(CODES.get(entry.status_code) is ProviderUnavailable for entry in said):
            raise self._failure(said[0])
        return {str(document_id): self._result_of(entry) for document_id, entry in entries.items() if entry is not None}

    def fetch(self, reference: str) -> bytes:
        result = self._result_of(self._client.get_result(int(reference)))
        if result.error is not None:
            raise result.error
        if result.raw is None:
            raise ProviderUnavailable(f"extract_api has not finished document {reference}. It is asked again later.")
        return result.raw

    def normalise(self, raw: bytes) -> Invoice:
        from invoice_capture.providers.extract_api.mapping import to_invoice

        return to_invoice(raw)

    def confirm(self, reference: str, raw: bytes, invoice: Invoice) -> None:  # noqa: ARG002
        """Validate with every value that the invoice has. The provider takes this once per document."""
        from invoice_capture.providers.extract_api.mapping import BAD_VALIDATION, CODES
        from invoice_capture.providers.extract_api.validation import to_values
        from invoice_capture.providers.extract_api.wire import SUCCESS

        answer = self._client.validate(int(reference), to_values(invoice))
        if answer.status_code == SUCCESS:
            return
        if answer.status_code in CODES and answer.status_code != BAD_VALIDATION:
            raise self._failure(answer)
        raise RequestRefused(f"extract_api answered status {answer.status_code} to corrected values.")

    # --- answers -----------------------------------------------------------------------------------------------------

    def _result_of(self, entry: DocumentResult) -> PollResult:
        from invoice_capture.providers.extract_api.mapping import CODES, FINAL_CODES, STATUSES

        code = entry.status_code
        state = STATUSES.get(code)
        if state is PollState.READY:
            return PollResult(state, raw=entry.model_dump_json(exclude_unset=True).encode())
        if state is not None:
            return PollResult(state)
        if code in CODES:
            return PollResult(
                PollState.FAILED if code in FINAL_CODES else PollState.REFUSED, error=self._failure(entry)
            )
        if code not in self._logged_codes:
            self._logged_codes.add(code)
            _log.warning(
                "The provider answered a status that its contract does not have.",
                extra={"provider": self.name, "status_code": code},
            )
        return PollResult(PollState.UNKNOWN, said=f"status code {code}")

    def _failure(self, answer: Outcome) -> ProviderError:
        from invoice_capture.providers.extract_api.mapping import failure

        return failure(answer.status_code, self._http.redact(answer.status_msg or ""))

    # --- the client --------------------------------------------------------------------------------------------------

    @cached_property
    def _http(self) -> HttpClient:
        from invoice_capture.providers.extract_api.client import free_request
        from invoice_capture.providers.extract_api.mapping import HTTP_STATUSES

        return self.http_client({}, (self.setting("account_token"),), HTTP_STATUSES, free_request=free_request())

    @cached_property
    def _client(self) -> ExtractApiClient:
        from invoice_capture.providers.extract_api.client import VERSION, ExtractApiClient

        return ExtractApiClient(
            self._http,
            self.setting("account_token"),
            version=int(self.number("version", VERSION)),
            user_infos=self._user_infos(),
            dbuuid=self.optional_setting("dbuuid"),
        )

    def _user_infos(self) -> UserInfos:
        from pydantic import ValidationError

        from invoice_capture.providers.extract_api.wire import UserInfos

        text = self.optional_setting("user_infos")
        try:
            return UserInfos() if text is None else UserInfos.model_validate_json(text)
        except ValidationError:
            raise SettingMissing(
                f"The setting 'user_infos' of provider {self.name!r} must be a JSON object of texts, such as "
                '{"user_company_name": "…", "user_lang": "en_US"}.'
            ) from None
