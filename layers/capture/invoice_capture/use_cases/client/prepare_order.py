"""What an order means: where its document is, and which providers are to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from invoice_capture.domain.api_errors import InvalidRequest
from invoice_capture.domain.client import Principal
from invoice_capture.domain.document import INCOMING, DocumentPointer, client_key, client_of_key
from invoice_capture.domain.job import Order, route_of_template
from invoice_capture.use_cases.client.guard_client import GuardClient

_LONGEST_KEY = 1024


@dataclass(frozen=True)
class PrepareOrder:
    """``template_routes`` are routes by template; ``provider_names`` are those that a template may be made of."""

    bucket: str
    default_route: tuple[str, ...]
    template_routes: Mapping[str, tuple[str, ...]]
    provider_names: frozenset[str]
    accepts_http_urls: bool
    guard: GuardClient

    def document(self, order: Order, principal: Principal, job_id: str) -> DocumentPointer:
        """Where the document of an order will lie. Nothing is fetched here: that is a step of the execution.

        Raises:
            InvalidRequest: the URL is of no kind that is fetched, or names an object that is not the client's.
        """
        if order.scheme == "s3":
            self._require_own(order, principal)
        elif order.scheme != "https" and not (order.scheme == "http" and self.accepts_http_urls):
            raise InvalidRequest(
                "documentUrl must begin with https:// or, for a document of POST /uploads, with s3://.", "documentUrl"
            )
        is_dropped = order.object_key.startswith(INCOMING)
        key = order.object_key if is_dropped else client_key(order.client, job_id, order.document_name)
        return DocumentPointer(self.bucket, key, None, 0, is_stored=False)

    def route(self, order: Order, principal: Principal) -> tuple[str, ...]:
        """The providers of an order's template; a template that is none of ours takes the default route.

        Raises:
            InvalidRequest: the template is a route that is too long, or names a provider twice.
            NotAllowed: it has a provider that the client may not use.
        """
        route = self.template_routes.get(order.template) or self._spelt_out(order.template) or self.default_route
        self.guard.require_providers(route, order.client, principal)
        return route

    def _spelt_out(self, template: str) -> tuple[str, ...] | None:
        try:
            return route_of_template(template, self.provider_names)
        except ValueError as exc:
            raise InvalidRequest(f"template: {exc}.", "template") from exc

    def _require_own(self, order: Order, principal: Principal) -> None:
        try:
            parts, key = urlsplit(order.document_url), order.object_key
        except ValueError:
            parts, key = urlsplit(""), ""
        # Another client's document would take that client's fingerprint, and its own job for it would be a duplicate.
        allowed = client_of_key(key) == order.client or (principal.sees_all and key.startswith(INCOMING))
        # To S3 a dot is a name like any other, to what stands between it and a reader of links perhaps not.
        is_plain = not {"", ".", ".."} & set(key.split("/")) and len(key.encode()) <= _LONGEST_KEY
        # A version, or anything else behind a question mark, would not be heeded.
        if parts.netloc != self.bucket or parts.query or parts.fragment or not allowed or not is_plain:
            raise InvalidRequest(
                "documentUrl names no document of yours. Upload it with POST /uploads, and use the documentUrl "
                "that this answers with.",
                "documentUrl",
            )
