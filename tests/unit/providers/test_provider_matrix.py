"""docs/provider_matrix.md says what the code does, cell by cell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest

from invoice_capture.domain import errors
from invoice_capture.domain.document import DocumentKind
from invoice_capture.domain.errors import CaptureFailed, ProviderError, SubmissionInDoubt
from invoice_capture.domain.submission import Submission, SubmissionState
from invoice_capture.ports import PollState
from invoice_capture.providers import registry
from invoice_capture.providers.base import ProviderContext
from invoice_capture.providers.statuses import KNOWN_ELSEWHERE
from local_stack import simulators
from local_stack.simulators import Simulator
from tests.contract.simulated_contracts import HANG_SECONDS, LinkedDocumentStore
from tests.fakes.attempts import begin
from tests.fakes.world import ManualClock
from tests.unit.providers.matrix_page import (
    PAGE,
    Row,
    code,
    common_settings,
    consequence,
    settings_of,
    state_cell,
    tables,
)

REMOTE = ("abbyy", "extract_api", "ocr_job")
SPENDING: Mapping[str, str] = MappingProxyType(
    {"abbyy": "capture_invoices", "extract_api": "parse", "ocr_job": "process_job"}
)
FAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "no answer in time": {"hang_seconds": HANG_SECONDS},
        "a reset connection": {"reset": True},
        "an answer that cannot be read": {"body": "html"},
        **{
            f"HTTP {status}": {"status": status}
            for status in (400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504)
        },
        "HTTP 503 with Retry-After": {"status": 503, "retry_after": 5},
        **{f"HTTP {status} with a page": {"page": status} for status in (200, 302, 403, 404, 503)},
        "any other 4xx": {"status": 418},
        "any other 5xx": {"status": 520},
    }
)
CONTENT = Path("samples/documents/dutch_eur_labels_below.pdf").read_bytes()

# The operations of the contracts, as their pages list them.
CONTRACTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "abbyy": frozenset(
            {
                "POST /v2/file",
                "GET /v2/file/{id}/{token}/info",
                "GET /v2/file/{id}/{token}",
                "DELETE /v2/file/{id}/{token}",
                "POST /v2/task/capture/documents",
                "POST /v2/task/capture/invoices",
                "GET /v2/task/{id}",
                "DELETE /v2/task/{id}",
                "POST /v2/dataset/businessunits",
                "PUT /v2/dataset/businessunits",
                "GET /v2/dataset/businessunits/{region}",
                "DELETE /v2/dataset/businessunits/{region}",
                "DELETE /v2/dataset/businessunit/{region}/{externalId}",
                "POST /v2/dataset/vendors",
                "PUT /v2/dataset/vendors",
                "GET /v2/dataset/vendors/{region}",
                "DELETE /v2/dataset/vendors/{region}",
                "DELETE /v2/dataset/vendors/{region}/{externalId}",
                "POST /v2/training",
                "PUT /v2/training",
                "GET /v2/training/layout/{taskId}/{fileId}",
                "POST /v2/training/station/{taskId}",
                "PUT /v2/training/station/{taskId}",
                "GET /v2/training/batch{region}",
            }
        ),
        "extract_api": frozenset(
            {
                "POST /iap/invoice_extract/parse",
                "POST /iap/invoice_extract/get_results",
                "POST /iap/invoice_extract/get_result",
                "POST /iap/invoice_extract/validate",
            }
        ),
        "ocr_job": frozenset(
            {
                "GET /ocr-invoice-job",
                "POST /ocr-invoice-job",
                "GET /ocr-invoice-job/{id}",
                "PUT /ocr-invoice-job/{id}",
                "DELETE /ocr-invoice-job/{id}",
                "POST /ocr-invoice-job/{id}/process",
                "GET /ocr-invoice-job/{id}/results",
            }
        ),
    }
)


# --- capabilities ----------------------------------------------------------------------------------------------------


def capabilities_row(name: str) -> Row:
    provider = registry.provider_class(name)
    can = provider.capabilities
    rate = provider.default_requests_per_second
    return (
        f"`{name}`",
        " ".join(kind.name for kind in DocumentKind if kind in can.formats),
        str(can.batch_size),
        *(
            "yes" if able else "no"
            for able in (
                can.finds_submissions,
                can.is_paid,
                can.accepts_corrections,
                can.deletes_copies,
                can.pushes_results,
            )
        ),
        " ".join(str(count) for count in (can.requests.submit, can.requests.find, can.requests.fetch))
        + f" {can.requests.discard}",
        f"{provider.default_typical_latency_seconds:g} s",
        f"{rate:g} / s" if rate else "no limit",
    )


def test_capabilities_are_those_of_the_providers() -> None:
    # The local stack registers a provider of its own, which is not for deployment.
    names = sorted(registry.names() - {"scripted"})
    assert tables()["What they can do"] == [capabilities_row(name) for name in names]


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", REMOTE)
def test_settings_are_those_that_the_adapter_reads(provider: str) -> None:
    rows = {code(name): default for name, default, _ in tables()[f"Settings of `{provider}`"]}
    read = settings_of(provider)
    assert set(rows) == {*read, "base_url"}
    assert {name: default.strip("`") for name, default in rows.items() if read.get(name, "?") != "?"} == {
        name: default for name, default in read.items() if default != "?"
    }


def test_settings_of_all_providers_are_those_that_are_read_for_all() -> None:
    rows = {code(name): default for name, default, _ in tables()["Settings of all three"]}
    read = {name: default for name, default in common_settings().items() if name != "base_url"}
    assert set(rows) == set(read)
    assert all(rows[name].strip("`") == default for name, default in read.items() if default != "?")


@pytest.mark.parametrize("provider", REMOTE)
def test_the_secret_that_is_shown_has_all_needed_settings(provider: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    [text] = re.findall(rf"--name <stack>/providers/{provider} --secret-string \\\n +'(.*)'", page)
    secret = json.loads(text)
    rows = {code(name): default for name, default, _ in tables()[f"Settings of `{provider}`"]}
    assert set(secret) == {name for name, default in rows.items() if default == "needed"}
    assert urlsplit(secret["base_url"]).scheme == "https"


# --- operations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", REMOTE)
def test_every_operation_of_the_contract_is_a_method_of_the_client(provider: str) -> None:
    rows = {code(operation): code(method) for operation, method in tables()[f"Operations of `{provider}`"]}
    module = import_module(f"invoice_capture.providers.{provider}.client")
    [client] = [cls for name, cls in vars(module).items() if re.fullmatch(r"(?!Http)\w+Client", name)]
    assert set(rows) == CONTRACTS[provider]
    assert rows == dict(module.OPERATIONS)
    assert all(callable(getattr(client, method)) for method in rows.values())


# --- errors ----------------------------------------------------------------------------------------------------------


def test_documents_are_rejected_for_what_the_state_machine_rejects_them_for() -> None:
    [(named, _)] = [row for row in tables()["What an error does"] if "REJECTED" in row[1]]
    text = Path("statemachines/capture_invoice.asl.yaml").read_text(encoding="utf-8")
    [rejected, _of_fetching] = re.findall(r"ErrorEquals: \[(.*)\]\n.*'status': 'REJECTED'", text)
    assert re.findall(r"`(\w+)`", named) == rejected.split(", ")


def test_every_error_that_is_named_is_one() -> None:
    page = PAGE.read_text(encoding="utf-8").split("## What an error does")[1].split("## Operations")[0]
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", page)) - {"CopiesLeft", "DefaultRoute"}
    statuses = {code(status) for status, _ in tables()["Failures of `abbyy` 2"][:-1]}
    assert all(issubclass(getattr(errors, name), errors.CaptureError) for name in named - statuses)
    assert {"ProviderUnavailable", "SubmissionInDoubt"} <= named


# --- failures --------------------------------------------------------------------------------------------------------


class World:
    """A provider with its simulator."""

    def __init__(self, name: str) -> None:
        self.clock = ManualClock()
        self.documents = LinkedDocumentStore()
        self.simulator: Simulator = simulators.start(name, clock=self.clock)
        self.provider = self._provider(self.simulator.settings)
        self.impatient = self._provider({**self.simulator.settings, "timeout_seconds": str(HANG_SECONDS / 3)})
        pointer = self.documents.put("incoming/invoice.pdf", CONTENT)
        now = self.clock.now()
        self.submission = Submission(
            job_id="job",
            number=1,
            provider=name,
            state=SubmissionState.SUBMITTING,
            document=pointer,
            kind=DocumentKind.PDF,
            task_token="token",
            created_at=now,
            deadline_at=now + timedelta(hours=1),
        )
        self.numbers = iter(range(1000))

    def _provider(self, settings: Mapping[str, str]) -> Any:
        context = ProviderContext(settings, self.clock, self.documents)
        return registry.provider_class(self.simulator.name)(context)

    def close(self) -> None:
        self.simulator.close()
        self.documents.server.close()

    def submitting(self, fault: Mapping[str, Any]) -> str:
        """What a cell says of a fault of the request that is charged."""
        self.simulator.recover()
        self.simulator.fail(on=SPENDING[self.simulator.name], **fault)
        return self._submitted_with(self.impatient if "hang_seconds" in fault else self.provider)

    def checking(self, fault: Mapping[str, Any]) -> str:
        """What a cell says of a fault of every request of a poll."""
        self.simulator.recover()
        row = replace(self._new(), state=SubmissionState.PENDING)
        row = replace(row, reference=self.provider.submit(row, CONTENT, begin))
        self.simulator.fail(on="*", times="forever", **fault)
        return self._polled_with(self.impatient if "hang_seconds" in fault else self.provider, row)

    def without_connection(self) -> tuple[str, str]:
        self.simulator.close()
        row = replace(self.submission, reference="1", state=SubmissionState.PENDING)
        return self._submitted_with(self.provider), self._polled_with(self.provider, row)

    def _new(self) -> Submission:
        return replace(self.submission, job_id=f"job-{next(self.numbers)}")

    def _submitted_with(self, provider: Any) -> str:
        with pytest.raises(ProviderError) as caught:
            provider.submit(self._new(), CONTENT, begin)
        return consequence(caught.value, provider.capabilities.finds_submissions)

    def _polled_with(self, provider: Any, row: Submission) -> str:
        try:
            result = provider.poll([row])[row.reference]
        except ProviderError as exc:
            return consequence(exc, refused=True)
        assert result.state is PollState.REFUSED
        return consequence(result.error, refused=True)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world = World(request.param)
    yield world
    world.close()


def expanded(rows: list[Row]) -> dict[str, tuple[str, str]]:
    """The rows with one for each HTTP status."""
    found: dict[str, tuple[str, str]] = {}
    for said, submitting, checking in rows:
        statuses = re.findall(r"\d{3}", said) if said.startswith("HTTP") else []
        suffix = said.partition(" with ")
        for label in [f"HTTP {status}{''.join(suffix[1:])}" for status in statuses] or [said]:
            assert label not in found
            found[label] = (submitting, checking)
    return found


@pytest.mark.parametrize("world", REMOTE, indirect=True)
def test_failures_over_http_are_what_the_adapter_makes_of_them(world: World) -> None:
    documented = expanded(tables()[f"Failures of `{world.simulator.name}`"])
    seen = {label: (world.submitting(fault), world.checking(fault)) for label, fault in FAULTS.items()}
    seen["no connection"] = world.without_connection()
    assert documented == seen


def test_task_statuses_of_abbyy_are_those_of_its_tables() -> None:
    from invoice_capture.providers.abbyy.mapping import FAILURES, STATUSES

    *rows, other = tables()["Failures of `abbyy` 2"]
    assert {code(status): cell for status, cell in rows} == {
        status: state_cell(state, FAILURES.get(status)) for status, state in STATUSES.items()
    }
    assert other == ("any other", state_cell(PollState.UNKNOWN))


def test_endings_of_the_field_are_those_of_the_shared_table() -> None:
    rows = {state: set(re.findall(r"`([^`]+)`", words)) for words, state in tables()["Statuses of none of them"]}
    listed = {
        word: state
        for cell, state in (
            ("captured", PollState.READY),
            (consequence(CaptureFailed), PollState.FAILED),
            ("asked again, said on the job", PollState.PENDING),
        )
        for word in rows[cell]
    }
    assert listed == dict(KNOWN_ELSEWHERE)


def test_status_codes_of_extract_api_are_those_of_its_tables() -> None:
    from invoice_capture.providers.extract_api.mapping import CODES, FINAL_CODES, MESSAGES, STATUSES
    from invoice_capture.providers.extract_api.wire import ACCEPTED

    *rows, other = tables()["Failures of `extract_api` 2"]
    assert set(CODES) == set(MESSAGES)
    assert {int(re.match(r"\d+", said)[0]): cells for said, *cells in rows} == {
        number: [
            "accepted" if number in ACCEPTED else consequence(CODES[number]),
            state_cell(STATUSES[number])
            if number in STATUSES
            else consequence(CODES[number], refused=number not in FINAL_CODES),
        ]
        for number in sorted(CODES.keys() | STATUSES.keys())
    }
    assert other == ("any other", consequence(SubmissionInDoubt), state_cell(PollState.UNKNOWN))


def test_job_statuses_of_ocr_job_are_those_of_its_tables() -> None:
    from invoice_capture.providers.ocr_job.mapping import FAILURES, STATUSES

    *rows, other = tables()["Failures of `ocr_job` 2"]
    assert {code(status): cell for status, cell in rows} == {
        status: state_cell(state, FAILURES.get(status)) for status, state in STATUSES.items()
    }
    assert other == ("any other", state_cell(PollState.UNKNOWN))


def test_failures_of_the_engine_are_those_of_its_table() -> None:
    from invoice_capture.providers.embedded.mapping import ERRORS

    *rows, last = tables()["Failures of `embedded`"]
    assert {code(said): cell for said, cell in rows} == {name: consequence(error) for name, error in ERRORS.items()}
    assert last == ("nothing in three runs: no time, no memory", consequence(CaptureFailed))
