"""Every command at 80 columns, with the longest values: what a person needs stands whole on a line."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from invoice_capture.domain.job import JobStatus
from invoice_capture_cli.heads import Head
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_api import FakeApi, an_invoice
from tests.unit.cli.labelled import a_row, write
from tests.unit.cli.labelled import an_invoice as a_document

NUMBER = "8400" + "7" * 24
SUPPLIER = "Verband der vereinigten Feinmechanikerinnen und Instrumentenbauer zu Oberfabelhausen eG"
NAME = "scan_of_the_invoice_that_came_by_post_on_the_second_monday_of_march_2026_final.pdf"
IBAN = "MT84MALT011000012345MTLCAST001S"
AMOUNT = "98765432109876543210987.65"
SHOWN = "98,765,432,109,876,543,210,987.65"
# A sign before these words says nothing of what is left out.
_GOES_ON = re.compile(r"… (queued|processing|\d+ under way)")


def an_extreme_invoice(kind: str = "invoice") -> dict[str, Any]:
    invoice = an_invoice(NUMBER, SUPPLIER).to_json()
    invoice["type"]["value"] = kind
    invoice["supplier"]["iban"]["value"] = IBAN
    for name in ("subtotal", "tax_total", "total"):
        invoice[name]["value"] = AMOUNT
    invoice["taxes"][0]["base"]["value"] = invoice["taxes"][0]["amount"]["value"] = AMOUNT
    for name in ("quantity", "unit_price", "subtotal", "total"):
        invoice["lines"][0][name]["value"] = AMOUNT
    return invoice


@pytest.fixture
def extreme(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setenv("COLUMNS", "80")
    # The contract's amounts are JSON numbers.
    amounts = {"total": 123_456_789_012.34, "currency": "GBP"}
    api.makes = {
        "_invoice": an_extreme_invoice("credit_note"),
        "_head": {"number": NUMBER, "supplier": {"name": SUPPLIER}, "amounts": amounts},
        "invoiceType": "credit_note",
        "group": "month-end",
    }
    return api


def require(text: str, *values: str) -> None:
    assert max(map(len, text.splitlines())) <= 80
    for value in values:
        assert value in text, value
    assert "…" not in _GOES_ON.sub("", text)


def test_list_and_watch(cli: Cli, extreme: FakeApi) -> None:
    ids = [extreme.add(status="completed", documentName=f"{number}{NAME}") for number in range(3)]
    extreme.add(status="processing")
    for command in (["list"], ["watch", *ids]):
        require(cli(*command).stdout, *ids, NUMBER, "-123,456,789,012.34 GBP", "credit note")


def test_show(cli: Cli, extreme: FakeApi) -> None:
    submission = {"number": 1, "provider": "abbyy", "state": "FAILED", "attempts": 1, "errorCode": "X" * 36}
    job_id = extreme.add(status="completed", documentName=NAME, _submissions=[submission])
    amounts = (f"-{SHOWN}", SHOWN)
    require(cli("show", job_id).stdout, job_id, NUMBER, IBAN, "2026-01-14", "Credit note", "X" * 36, *amounts)


@pytest.mark.parametrize("options", [[], ["--wait"]])
def test_submit(options: list[str], cli: Cli, extreme: FakeApi, files: Any) -> None:
    text = cli("submit", *files(NAME, f"bad-{NAME}", "twice.pdf"), *options).stdout
    require(text, *extreme.jobs)
    if options:
        require(text, NUMBER, "2026-01-14", f"-{SHOWN} GBP", "credit note", "40 %")


def test_retry(cli: Cli, extreme: FakeApi) -> None:
    failed, running = extreme.add(status="failed"), extreme.add(status="processing")
    require(cli("retry", failed, running).stdout, failed, running)


def test_keys(bare: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    target = ("--stack", world.stack.name)
    text = bare("keys", "create", *target, "--client", "c" * 60, "--label", SUPPLIER).stdout.strip()
    bare("keys", "create", *target, "--client", "acme", "--all")
    key_id = text.removeprefix("ick_").partition("_")[0]
    bare("keys", "revoke", *target, key_id)
    today = datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:")
    require(bare("keys", "list", *target).stdout, key_id, today, "everything", "its own jobs")


def test_redrive(bare: Cli, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    queue = world.queues["calls-dead"]
    sent = [world.sqs.send_message(QueueUrl=queue, MessageBody="no call") for _ in range(3)]
    world.put_job("01KN1W7MG0AYEVZ1JH1T0R8VT6", JobStatus.FAILED)
    text = bare("redrive", "--stack", world.stack.name, "--dry-run").stdout
    require(text, *(message["MessageId"] for message in sent))


def test_evaluate(bare: Cli, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    group = "letters of the house " * 5
    folder = write(tmp_path / "labelled", a_row("right.pdf", group=group), right=a_document())
    require(bare("evaluate", folder, "--groups").stdout, "100.0 %", "Calibration error", "invoice_id")


def test_process_and_its_watch() -> None:
    # Imported here: the rest of the file needs nothing of the local stack.
    from local_stack import table
    from local_stack.outcome import Outcome
    from local_stack.records import Notification

    job_id = "01KN1W7MG0AYEVZ1JH1T0R8VT6"
    invoice = an_extreme_invoice("credit_note")
    about = {"job_id": job_id, "provider": "abbyy", "simulated": True, "seconds": 1234.5, "notifications": 1}
    about |= {"submissions": 1, "possible_double_charge": False, "status": "CAPTURED", "error": None}
    findings = ({"code": "arithmetic_of_the_lines"}, {"code": "iban_invalid"})
    outcomes = [
        Outcome(file=f"documents/{NAME}", invoice=invoice, findings=findings, **about),
        Outcome(file=NAME, invoice=None, findings=(), **{**about, "status": "DUPLICATE"}),
    ]
    published = [Notification("Invoice captured", {"event": "invoice.captured", "job_id": job_id}, {})]
    console = Console(file=io.StringIO(), width=80)
    table.show(console, outcomes, published, 2.0, with_lines=True)
    console.print(table.line(outcomes[0]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    total = f"-{SHOWN} GBP"
    require(text, NUMBER, total, SHOWN, "2026-01-14", "credit note", job_id)
    assert text.count("abbyy (simulated)") >= 5
    assert text.splitlines()[-1].endswith("1234.5 s")


@pytest.mark.parametrize(
    ("kind", "total", "shown"),
    [
        ("invoice", "629.76", "629.76 GBP"),
        ("credit_note", "629.76", "-629.76 GBP"),
        # Some print what they give back as negative themselves.
        ("credit_note", "-629.76", "-629.76 GBP"),
        ("credit_note", "0", "0.00 GBP"),
        ("credit_note", None, ""),
    ],
)
def test_a_credit_note_counts_against_invoices(kind: str, total: str | None, shown: str) -> None:
    invoice = an_invoice().to_json()
    invoice["type"]["value"], invoice["total"]["value"] = kind, total
    head = Head.of_invoice(invoice)
    assert (head.total, head.kind) == (shown, "credit note" if kind == "credit_note" else "")
    amounts = {} if total is None else {"total": float(total), "currency": "GBP"}
    assert Head.of_job({"invoiceType": kind, "extractedData": {"invoice": {"amounts": amounts}}}).total == shown
