"""The page that shows the API: our own markup, style and script around Swagger UI, which Powertools brings along.

Nothing of it comes from another origin, and what it loads is versioned by content, so that browsers keep it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from types import MappingProxyType

HTML = "text/html; charset=utf-8"
# The page holds a key: no script and no request but its own. Swagger UI draws its icons as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = MappingProxyType({"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})

_OURS = "invoice_capture.api"
_SWAGGER_UI = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
FILES: Mapping[str, str] = MappingProxyType(
    {
        "page.css": _OURS,
        "page.js": _OURS,
        "swagger-ui.min.css": _SWAGGER_UI,
        "swagger-ui-bundle.min.js": _SWAGGER_UI,
    }
)
"""What the page loads from below ``docs/``, and the package that each is in."""
_CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
)


@dataclass(frozen=True)
class PageFile:
    """A file that the page loads; ``version`` changes with its text."""

    content_type: str
    text: str
    version: str


@cache
def page_file(name: str) -> PageFile:
    """One of ``FILES``."""
    text = _text(FILES[name], name)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return PageFile(_CONTENT_TYPES[PurePath(name).suffix], text, version)


@cache
def markup() -> str:
    """The page, with the versions of its files in their addresses."""
    return re.sub(
        r'(?<=")docs/([^"]+)', lambda link: f"{link[0]}?v={page_file(link[1]).version}", _text(_OURS, "page.html")
    )


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")
