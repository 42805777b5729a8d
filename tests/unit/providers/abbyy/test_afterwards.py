"""What becomes of ABBYY's copies, and of values that were corrected."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import (
    ProviderUnavailable,
)
from invoice_capture.providers.abbyy.adapter import AbbyyProvider
from tests.unit.providers.abbyy.answers import EXPORT, HEADER, LINES, TAXES, as_json, kept
from tests.unit.providers.abbyy.conftest import provider_with


def test_confirming_opens_the_training_station_with_the_values(provider: AbbyyProvider, server: Any) -> None:
    server.on("POST /v2/training/station/task-1", {"url": "ignored"})
    raw = kept(("a.json", as_json(EXPORT)))
    provider.confirm("task-1", raw, provider.normalise(raw))
    assert server.requests[0].json == HEADER | TAXES | LINES


def test_discarding_deletes_every_file_and_then_the_task(provider: AbbyyProvider, server: Any) -> None:
    routes = ["DELETE /v2/file/f-source/t-source", "DELETE /v2/file/f0/t0", "DELETE /v2/task/task-1"]
    for route in routes:
        server.on(route)
    provider.discard("task-1", kept(("a.json", "{}")))
    assert server.routes == routes


def test_discarding_what_is_gone_already_is_fine(provider: AbbyyProvider, server: Any) -> None:
    provider.discard("task-1", kept(("a.json", "{}")))
    assert server.routes[-1] == "DELETE /v2/task/task-1"


def test_the_task_is_deleted_even_when_the_raw_answer_is_no_answer(provider: AbbyyProvider, server: Any) -> None:
    provider.discard("task-1", b"junk")
    assert server.routes == ["DELETE /v2/task/task-1"]


def test_discarding_during_an_outage_says_so(provider: AbbyyProvider, server: Any) -> None:
    server.on("DELETE /v2/task/task-1", b"", 503)
    with pytest.raises(ProviderUnavailable):
        provider.discard("task-1", b"junk")


# --- the provider as such --------------------------------------------------------------------------------------------


def test_an_answer_is_normalised_without_any_setting() -> None:
    assert provider_with().normalise(kept(("a.json", as_json(EXPORT)))).invoice_number.value == "2026-0107"


def test_its_capabilities_and_defaults_are_what_the_contract_allows() -> None:
    provider = provider_with()
    capabilities = provider.capabilities
    assert capabilities.is_paid
    assert capabilities.accepts_corrections
    assert capabilities.deletes_copies
    assert not capabilities.finds_submissions
    assert not capabilities.pushes_results
    assert capabilities.batch_size == 1
    assert set(DocumentKind) - capabilities.formats == {DocumentKind.E_INVOICE}
    assert (provider.typical_latency_seconds, provider.requests_per_second, provider.max_concurrency) == (20, 20, 8)


def test_the_adapter_is_imported_without_anything_heavy() -> None:
    program = "import sys, invoice_capture.providers.abbyy.adapter; print(*{n.partition('.')[0] for n in sys.modules})"
    finished_process = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert {"requests", "urllib3", "pydantic", "pydantic_core"} & set(finished_process.stdout.split()) == set()
