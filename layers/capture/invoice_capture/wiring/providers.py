"""Making providers of their settings."""

from __future__ import annotations

from collections.abc import Mapping

from invoice_capture.aws.clients import Clients
from invoice_capture.aws.messaging import SQSQueue
from invoice_capture.aws.provider_settings import SecretSettings
from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.job import provider_of
from invoice_capture.ports import Clock, DocumentStore, Provider
from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext


class ProviderFactory:
    """The port ``Providers``: one provider a name, made anew when its secret has changed.

    ``extractions`` is the queue of the embedded engine; None in functions that submit nothing.
    """

    def __init__(
        self, clients: Clients, secret_prefix: str, documents: DocumentStore, extractions: SQSQueue | None, clock: Clock
    ) -> None:
        self._secret_prefix = secret_prefix
        self._secrets = SecretSettings(clients, secret_prefix)
        self._documents = documents
        self._extractions = extractions
        self._clock = clock
        self._providers: dict[str, tuple[Mapping[str, str], Provider]] = {}

    def names(self) -> frozenset[str]:
        return registry.names()

    def get(self, name: str) -> Provider:
        if provider_of(name) not in registry.names():
            raise SettingMissing(f"There is no provider {name!r}; there are {', '.join(sorted(registry.names()))}.")
        provider_class = registry.provider_class(name)
        settings = self._secrets.of(name) if provider_class.needs_settings else {}
        known = self._providers.get(name)
        # A changed secret, with new credentials perhaps, makes a new provider.
        if known is None or known[0] != settings:
            known = self._providers[name] = (settings, provider_class(self._context(name, settings)))
        return known[1]

    def forget(self, name: str) -> None:
        self._secrets.forget(name)

    def _context(self, name: str, settings: Mapping[str, str]) -> ProviderContext:
        return ProviderContext(
            name=name,
            secret=self._secret_prefix + name,
            settings=settings,
            clock=self._clock,
            documents=self._documents,
            extractions=self._extractions,
        )
