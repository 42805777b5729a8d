"""The page on which a person verifies a document of the simulated ABBYY."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

_LABELS: Mapping[str, str] = MappingProxyType(
    {"vendor_name": "Vendor", "invoice_date": "Invoice date", "total": "Total", "currency": "Currency"}
)
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "WaitForAction": "This document waits for you. Compare its values with the paper, then let it go on.",
        "Done": "Verification is finished. You can close this page.",
        "Failed": "This document could not be processed. There is nothing to verify.",
    }
)
_STILL_BUSY = "This document is still being processed. Load the page again in a moment."
_BUTTON = '<form method="post"><button type="submit">Finish verification</button></form>'
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Verify {name}</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; }}
  main {{ width: min(34rem, 100% - 4rem); padding: 2rem 0; }}
  small {{ letter-spacing: .06em; text-transform: uppercase; opacity: .65; }}
  h1 {{ font-size: 1.4rem; line-height: 1.3; margin: .25rem 0 1rem; overflow-wrap: anywhere; }}
  dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.5rem; margin: 1.5rem 0; }}
  dt {{ opacity: .65; }}
  dd {{ margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }}
  button {{ font: inherit; font-weight: 600; padding: .6rem 1.2rem; border: 0; border-radius: .4rem;
            color: #fff; background: #1f5fbf; cursor: pointer; }}
  button:hover {{ background: #174a96; }}
  button:focus-visible {{ outline: 3px solid #8db4ef; outline-offset: 2px; }}
</style>
<main>
  <small>Simulated verification station</small>
  <h1>{name}</h1>
  <p>{state}</p>
  <dl>{values}</dl>
  {button}
</main>
</html>
"""


def page(name: str, status: str, values: Mapping[str, str | None]) -> str:
    """The page of a task, with a button while it waits."""
    rows = "".join(f"<dt>{label}</dt><dd>{escape(values[key] or '–')}</dd>" for key, label in _LABELS.items())
    return _PAGE.format(
        name=escape(name),
        state=_STATES.get(status, _STILL_BUSY),
        values=rows if status in ("WaitForAction", "Done") else "",
        button=_BUTTON if status == "WaitForAction" else "",
    )
