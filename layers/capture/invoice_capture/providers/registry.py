"""Which providers there are. A class is imported when its provider is first used, never before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from invoice_capture.domain.job import provider_of

_CLASSES: dict[str, str] = {
    "abbyy": "invoice_capture.providers.abbyy.adapter:AbbyyProvider",
    "embedded": "invoice_capture.providers.embedded.adapter:EmbeddedProvider",
    "extract_api": "invoice_capture.providers.extract_api.adapter:ExtractApiProvider",
    "ocr_job": "invoice_capture.providers.ocr_job.adapter:OcrJobProvider",
}


def names() -> frozenset[str]:
    """The names that routes and keys below ``incoming/`` may use."""
    return frozenset(_CLASSES)


def register(name: str, path: str) -> None:
    """Add a provider, or replace one, by the ``module:Class`` that implements it."""
    _CLASSES[name] = path


def provider_class(name: str) -> Any:
    """The class of a provider, or of a named account of it. Raises KeyError when the name is unknown."""
    module, _, class_name = _CLASSES[provider_of(name)].partition(":")
    return getattr(import_module(module), class_name)
