"""The environment of a function, read when it is needed and checked where it is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from invoice_capture.domain.client_limits import ClientLimits, parse_limits
from invoice_capture.domain.errors import SettingMissing
from invoice_capture.domain.spending import Prices, parse_prices, to_micros


class Settings:
    """Environment variables by name; template.yaml says which function has which."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def text(self, name: str) -> str:
        """Raises SettingMissing with the variable's name."""
        value = self._environment.get(name)
        if not value:
            raise SettingMissing(f"The environment variable {name} is not set.")
        return value

    def optional_text(self, name: str) -> str | None:
        return self._environment.get(name) or None

    def number(self, name: str) -> float:
        """A positive number. Raises SettingMissing with the variable's name."""
        text = self.text(name)
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise SettingMissing(f"The environment variable {name} must be a positive number, not {text!r}.")
        return value

    def choice(self, name: str, known: Collection[str]) -> str:
        """One of the words in ``known``. Raises SettingMissing with the variable's name."""
        text = self.text(name)
        if text not in known:
            raise SettingMissing(f"The environment variable {name} must be one of {', '.join(known)}, not {text!r}.")
        return text

    def names(self, name: str) -> tuple[str, ...]:
        """A list with commas between its entries."""
        return tuple(entry.strip() for entry in self.text(name).split(",") if entry.strip())

    def optional_names(self, name: str) -> frozenset[str]:
        """A list with commas between its entries; empty when it is not set."""
        return frozenset(self.names(name)) if self.optional_text(name) else frozenset()

    def routes(self, name: str) -> dict[str, tuple[str, ...]]:
        """Routes by what chooses them: ``60f7b1b3=abbyy?,embedded; receipts=extract_api``; empty when it is not set.

        Raises SettingMissing with the variable's name.
        """
        routes: dict[str, tuple[str, ...]] = {}
        for entry in filter(str.strip, (self.optional_text(name) or "").split(";")):
            chooser, sign, route = entry.partition("=")
            providers = tuple(provider.strip() for provider in route.split(",") if provider.strip())
            if not sign or not chooser.strip() or not providers:
                raise SettingMissing(f"The environment variable {name} has {entry.strip()!r} where NAME=ROUTE belongs.")
            routes[chooser.strip()] = providers
        return routes

    @property
    def step(self) -> str | None:
        """``SubmitDocument`` in ``invoice-capture-SubmitDocumentFunction-1A2B3C``; another name whole; None outside."""
        name = self.optional_text("AWS_LAMBDA_FUNCTION_NAME") or ""
        part = next((part for part in name.split("-") if part.endswith("Function")), name)
        return part.removesuffix("Function") or None

    @property
    def prices(self) -> Prices:
        """What providers charge; nothing is known of those that it does not name."""
        try:
            return parse_prices(self.optional_text("PROVIDER_PRICES") or "{}")
        except ValueError as exc:
            raise SettingMissing(f"The environment variable PROVIDER_PRICES is wrong: {exc}.") from exc

    @property
    def monthly_budget(self) -> int | None:
        """What a month may cost at providers, in millionths of a dollar; None for any amount."""
        try:
            return to_micros(self.optional_text("MONTHLY_BUDGET") or "0") or None
        except ValueError as exc:
            raise SettingMissing(f"The environment variable MONTHLY_BUDGET is wrong: {exc}.") from exc

    @property
    def client_limits(self) -> ClientLimits:
        """What clients may have that were given nothing of their own."""
        try:
            return parse_limits(self.optional_text("CLIENT_LIMITS") or "")
        except ValueError as exc:
            raise SettingMissing(f"The environment variable CLIENT_LIMITS is wrong: {exc}.") from exc

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.number("RETENTION_DAYS"))

    @property
    def deadline(self) -> timedelta:
        return timedelta(hours=self.number("JOB_DEADLINE_HOURS"))

    @property
    def allows_http(self) -> bool:
        """Whether documents may be fetched without encryption."""
        return self.optional_text("ALLOW_HTTP_DOCUMENTS") == "true"

    @property
    def trusted_origins(self) -> frozenset[str]:
        """Where documents may be fetched from and messages sent to, whatever the address, and without encryption."""
        return self.optional_names("TRUSTED_ORIGINS")

    @property
    def accepts_http_urls(self) -> bool:
        """Whether an order may name a document by http: what is trusted is, and looked at when it is fetched."""
        return self.allows_http or bool(self.trusted_origins)

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Whose pages may use the API in a browser."""
        return self.optional_names("ALLOWED_ORIGINS")

    @property
    def bucket(self) -> str:
        return self.text("DOCUMENTS_BUCKET")

    @property
    def default_route(self) -> tuple[str, ...]:
        return self.names("DEFAULT_ROUTE")

    @property
    def template_routes(self) -> Mapping[str, tuple[str, ...]]:
        return self.routes("TEMPLATE_ROUTES")

    @property
    def routed_providers(self) -> frozenset[str]:
        """The names in all routes of the stack."""
        routes = (self.default_route, *self.template_routes.values())
        return frozenset(name.removesuffix("?") for route in routes for name in route)

    @property
    def erase_job_function(self) -> str:
        return self.text("ERASE_JOB_FUNCTION")

    @property
    def confirm_invoice_function(self) -> str:
        return self.text("CONFIRM_INVOICE_FUNCTION")

    @property
    def ocr_pages_per_second(self) -> float:
        """What the account may have of Textract."""
        return self.number("TEXTRACT_PAGES_PER_SECOND")

    @property
    def maximum_bytes(self) -> int:
        return int(self.number("MAXIMUM_DOCUMENT_MEGABYTES") * 1024**2)
