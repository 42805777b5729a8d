"""A hook of MkDocs, for `make docs`: pages may link to schemas and samples, which the site then has as well."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
_OUTSIDE = re.compile(r"\]\(\.\./((?:schemas|samples)/[^)#]+)\)")


def on_files(files: Any, config: Any) -> Any:
    """Add what a page links to in the folders beside docs/."""
    from mkdocs.structure.files import File

    linked = {name for page in (PROJECT / "docs").glob("*.md") for name in _OUTSIDE.findall(page.read_text("utf-8"))}
    for name in sorted(linked):
        files.append(File.generated(config, name, abs_src_path=str(PROJECT / name)))
    return files


def on_page_markdown(markdown: str, **_page: Any) -> str:
    """Such files stand below the site's root, and not beside it."""
    return _OUTSIDE.sub(r"](\1)", markdown)
