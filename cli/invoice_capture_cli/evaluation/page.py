"""One HTML file that shows an evaluation: tables, how well confidences hold, and every miss on its page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from invoice_capture_cli.evaluation.misses import Shown
from invoice_capture_cli.evaluation.pictures import Pictures
from invoice_capture_cli.evaluation.results import Results

_PACKAGE = "invoice_capture_cli.evaluation"


def render(results: Results, shown: Shown, pictures: Pictures, about: Mapping[str, Any]) -> str:
    """The page. File names and values come from anywhere, so everything is escaped, and nothing else may run.

    ``about`` has ``folder``, ``version`` and ``made``, as texts.
    """
    return _template().render(results=results, shown=shown, pictures=pictures, **about)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": _percent, "confidence": _confidence}
    script = _text("page.js")
    # Only this very script runs, even if a value found a way into the markup.
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    style = _text("page.css")
    ours = {"style": Markup(style), "script": Markup(script), "fingerprint": fingerprint}  # noqa: S704 - our own files
    return environment.from_string(_text("page.html"), globals=ours)


def _text(name: str) -> str:
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _confidence(share: float | None) -> str:
    return "–" if share is None else f"{share:.2f}"
