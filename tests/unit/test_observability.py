"""Every line names its job and provider, nothing leaks from one invocation into the next, and metrics are EMF."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from invoice_capture.domain.errors import EmptyDocument
from invoice_capture.observability import about, count, info, observed, write_logs_to


@pytest.fixture
def lines() -> Iterator[Any]:
    """What was logged so far, parsed."""
    stream = io.StringIO()
    write_logs_to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    write_logs_to(None)


def test_every_line_of_an_invocation_names_its_job_and_provider(lines: Any) -> None:
    @observed
    def handler(_event: dict[str, Any], _context: object) -> None:
        info("Working.", step=1)
        logging.getLogger("invoice_capture.use_cases.anything").warning("Careful.", extra={"code": "x"})
        count("Steps", 3)

    handler({"job_id": "J1", "provider": "paid"}, None)
    assert [(line["job_id"], line["provider"]) for line in lines()] == [("J1", "paid")] * 3
    assert lines()[1]["code"] == "x"


def test_an_event_without_a_job_says_so(lines: Any) -> None:
    observed(lambda _event, _context: info("Sweeping."))({}, None)
    assert [(line["job_id"], line["provider"]) for line in lines()] == [("-", "-")]


def test_keys_do_not_outlive_their_block(lines: Any) -> None:
    with about(job_id="J1", provider="a"):
        with about(job_id="J2"):
            info("inner")
        info("outer")
    info("after")
    assert [line.get("job_id") for line in lines()] == ["J2", "J1", None]
    assert lines()[0]["provider"] == "a"


def test_a_crash_is_logged_once_with_its_place_and_without_what_it_quotes(lines: Any) -> None:
    @observed
    def handler(_event: dict[str, Any], _context: object) -> None:
        try:
            date.fromisoformat("IBAN DE89")
        except ValueError as exc:
            raise KeyError("Erika Mustermann") from exc

    with pytest.raises(Exception, match=r"^$") as raised:
        handler({"job_id": "J1"}, None)
    # Step Functions goes by the name; the runtime prints all the rest, and what it came of.
    assert type(raised.value).__name__ == "KeyError"
    assert "Mustermann" not in "".join(traceback.format_exception(raised.value))
    counted, line = lines()
    assert (counted["FunctionCrashes"], counted["job_id"]) == ([1.0], "J1")
    assert (line["level"], line["error"], line["job_id"]) == ("ERROR", "KeyError", "J1")
    [place] = line["places"]
    assert place.startswith("handler, ")
    assert "Mustermann" not in json.dumps(line)
    assert "DE89" not in json.dumps(line)


def test_what_is_raised_by_design_is_no_crash(lines: Any) -> None:
    def refuse(_event: dict[str, Any], _context: object) -> None:
        raise EmptyDocument("empty.pdf is empty.")

    with pytest.raises(Exception, match=r"^$") as raised:
        observed(refuse)({"job_id": "J1"}, None)
    assert type(raised.value).__name__ == "EmptyDocument"
    assert "FunctionCrashes" not in json.dumps(lines())


def test_metrics_of_a_stack_are_its_own(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack-a")
    count("JobsEnded", outcome="CAPTURED")
    assert lines()[0]["service"] == "stack-a"


def test_metrics_are_emf_and_zero_is_silence(lines: Any) -> None:
    count("LoopsRestarted", 0)
    count("InvoicesCaptured", provider="paid")
    [line] = lines()
    assert line["InvoicesCaptured"] == [1.0]
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "InvoiceCapture"
    assert [sorted(names) for names in metrics["Dimensions"]] == [["service"], ["provider", "service"]]
