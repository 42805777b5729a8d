"""What all providers share: how they are built, how they read their settings, and the flow that an adapter fills in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from invoice_capture.domain.invoice import Invoice

from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.submission import Submission
from invoice_capture.ports import Capabilities, Check, Clock, DocumentStore, FunctionInvoker


@dataclass(frozen=True)
class ProviderContext:
    """Everything a provider is built from. ``settings`` are the keys of its secret, all strings."""

    settings: Mapping[str, str]
    clock: Clock
    documents: DocumentStore
    invoker: FunctionInvoker
    extract_function: str | None


class BaseProvider(ABC):
    """Adapters differ in mapping, not in flow: a subclass says how to submit, check, fetch and normalise."""

    name: ClassVar[str]
    capabilities: Capabilities
    needs_settings: ClassVar[bool] = True
    """Whether the provider is useless without its secret."""
    default_typical_latency_seconds: ClassVar[float]

    def __init__(self, context: ProviderContext) -> None:
        self._context = context
        self.typical_latency_seconds = self.number("typical_latency_seconds", self.default_typical_latency_seconds)
        rate = self.number("requests_per_second", 0)
        self.requests_per_second = rate or None

    def setting(self, name: str) -> str:
        """A setting that must be there. Raises SettingMissing naming it."""
        value = self._context.settings.get(name)
        if not value:
            raise SettingMissing(f"The setting {name!r} of provider {self.name!r} is missing: add it to its secret.")
        return value

    def number(self, name: str, default: float) -> float:
        """A setting that is a positive number. Raises SettingMissing naming it when it is something else."""
        text = self._context.settings.get(name, "")
        try:
            value = float(text) if text else default
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise SettingMissing(f"The setting {name!r} of provider {self.name!r} must be a number, not {text!r}.")
        return value

    @abstractmethod
    def submit(self, submission: Submission, content: bytes) -> str: ...

    def find(self, submission: Submission) -> str | None:
        """Only asked of providers whose capabilities say that they find submissions."""
        raise NotImplementedError(f"{self.name} cannot look submissions up")

    def check(self, submissions: Sequence[Submission]) -> Mapping[str, Check]:
        """One request per submission, for providers without a batch call."""
        return {row.reference: self.check_one(row) for row in submissions if row.reference is not None}

    def check_one(self, submission: Submission) -> Check:
        raise NotImplementedError(f"{self.name} checks in batches")

    @abstractmethod
    def fetch(self, reference: str) -> bytes: ...

    @abstractmethod
    def normalise(self, raw: bytes) -> Invoice: ...
