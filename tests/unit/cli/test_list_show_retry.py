"""``list``, ``show`` and ``retry``."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from invoice_capture_cli.errors import UsageError
from invoice_capture_cli.values import duration, money, percent, since, size
from tests.unit.cli.conftest import Cli, lines
from tests.unit.cli.fake_api import FakeApi, Fault
from tests.waiting import PATIENCE_SECONDS, child

LIST = "GET /ocr-invoice-job"


def test_the_newest_come_first_and_the_rest_is_counted(cli: Cli, api: FakeApi) -> None:
    ids = [api.add(documentName=f"{number}.pdf") for number in range(3)]
    result = cli("list", "--limit", "2")
    assert result.exit_code == 0
    assert result.stdout.index(ids[2]) < result.stdout.index(ids[1])
    assert ids[0] not in result.stdout
    assert "2 of 3 jobs; --all shows all of them" in result.stdout


def test_all_pages_are_read(cli: Cli, api: FakeApi) -> None:
    for _ in range(230):
        api.add()
    answer = json.loads(cli("list", "--all", "--json").stdout)
    assert (len(answer["jobs"]), answer["total"]) == (230, 230)
    assert len({job["_id"] for job in answer["jobs"]}) == 230
    assert api.requests[LIST] == 3
    assert len(json.loads(cli("list", "--limit", "150", "--json").stdout)["jobs"]) == 150


def test_a_page_without_jobs_is_not_the_end_of_a_long_list(cli: Cli, api: FakeApi) -> None:
    ids = [api.add() for _ in range(3)]
    api.empty_pages = 2
    answer = json.loads(cli("list", "--group", "march", "--json").stdout)
    assert (answer["jobs"], answer["total"], answer["moreToRead"]) == ([], 0, False)
    api.empty_pages = 2
    assert len(json.loads(cli("list", "--json").stdout)["jobs"]) == len(ids)


def test_an_invoice_that_comes_in_parts_is_shown_whole(cli: Cli, api: FakeApi) -> None:
    job_id = api.add(status="completed")
    whole = json.loads(cli("show", job_id, "--json").stdout)["invoice"]
    assert len(whole["lines"]) > 1
    api.lines_of_answer = 1
    assert json.loads(cli("show", job_id, "--json").stdout)["invoice"] == whole


def test_jobs_are_chosen_by_status_group_text_and_time(cli: Cli, api: FakeApi) -> None:
    wanted = api.add(status="failed", group="g", documentName="Quillmere.pdf")
    for other in ({"group": "g"}, {"status": "failed"}, {"status": "failed", "group": "g", "documentName": "x"}):
        api.add(**{"documentName": "quillmere", "status": "created"} | other)
    options = ["--status", "failed", "--group", "g", "--search", "quillmere", "--since", "2026-01-14"]
    answer = json.loads(cli("list", *options, "--json").stdout)
    assert [job["_id"] for job in answer["jobs"]] == [wanted]
    assert json.loads(cli("list", "--since", "2027-01-01", "--json").stdout)["jobs"] == []


def test_the_order_can_be_chosen(cli: Cli, api: FakeApi) -> None:
    for name in ("b", "c", "a"):
        api.add(documentName=name)
    answer = json.loads(cli("list", "--sort", "documentName", "--order", "asc", "--json").stdout)
    assert [job["documentName"] for job in answer["jobs"]] == ["a", "b", "c"]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_has_seen_enough_is_no_failure(options: list[str], cli: Cli, api: FakeApi) -> None:
    for _ in range(700):
        api.add()
    command = [sys.executable, "-m", "invoice_capture_cli", "list", "--all", *options]
    with child(command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_list_is_a_table_at_80_columns(cli: Cli, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    job_id = api.add(status="completed", documentName="english_gbp_classic.pdf")
    text = cli("list").stdout
    assert "───" in text
    [row] = [line for line in text.splitlines() if job_id in line]
    assert row.split()[1:] == ["✓", "completed", "english_gbp_classic.pdf", "2,096.40", "GBP"]


def test_nothing_to_list_is_said_on_standard_error(cli: Cli) -> None:
    assert cli("list").stderr == "There is no job yet.\n"
    result = cli("list", "--status", "failed")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There is no such job.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--status", "done"], "--status is one of created"),
        (["--order", "up"], "--order is one of asc, desc"),
        (["--since", "yesterday"], "--since is a date such as"),
    ],
)
def test_wrong_usage_asks_nobody(arguments: list[str], sentence: str, cli: Cli, api: FakeApi) -> None:
    result = cli("list", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not api.requests


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--limit", "x"], ["--nope"]])
def test_options_are_checked(arguments: list[str], cli: Cli) -> None:
    assert cli("list", *arguments).exit_code == 2


def test_what_the_api_calls_wrong_is_wrong_usage(cli: Cli, api: FakeApi) -> None:
    api.fail(LIST, Fault(400))
    result = cli("list", "--sort", "nonsense")
    assert (result.exit_code, result.stderr) == (2, "invoice-capture: fault 400\n")


def test_show_has_everything_about_a_job(cli: Cli, api: FakeApi) -> None:
    submissions = [
        {
            "number": 1,
            "provider": "abbyy",
            "state": "FAILED",
            "attempts": 1,
            "checks": 4,
            "submittedAt": "2026-01-14T09:30:01.200Z",
            "finishedAt": "2026-01-14T09:30:02.000Z",
            "errorCode": "NoCredit",
            "errorMessage": "The account is empty.",
        },
        {"number": 2, "provider": "embedded", "state": "DONE", "attempts": 1, "checks": 0},
    ]
    job_id = api.add(
        status="completed",
        _submissions=submissions,
        group="g",
        confirmedAt="2026-01-15T08:00:00.000Z",
        documentInfo={"size": 8408, "format": "pdf"},
        possibleDoubleCharge=True,
    )
    result = cli("show", job_id)
    assert result.exit_code == 0
    for text in (
        "✓ completed",
        "pdf · 8 KB",
        "QMI-26-00412",
        "2,096.40",
        "Torsion balance",
        "20 %",
        "iban_invalid",
        "The supplier's IBAN fails its check digits.",
        "NoCredit: The account is empty.",
        "sent to abbyy",
        "abbyy failed: NoCredit",
        "captured, after 2.5 s",
        "confirmed by a person",
        "paid twice",
    ):
        assert text in result.stdout, text
    # What is unsure is marked, and nothing else.
    marked = [line.split("!")[0].split()[:2] for line in result.stdout.splitlines() if "! " in line]
    assert marked == [["supplier", "name"], ["supplier", "iban"]]


def test_show_in_json(cli: Cli, api: FakeApi) -> None:
    answer = json.loads(cli("show", api.add(status="completed"), "--json").stdout)
    assert answer["invoice"]["total"]["value"] == "2096.40"
    assert answer["findings"][0]["code"] == "iban_invalid"
    assert set(answer) == {"job", "invoice", "findings", "confirmed", "submissions"}


def test_show_of_what_has_no_invoice(cli: Cli, api: FakeApi) -> None:
    failed = api.add(status="failed", errorLog="NoCredit: The account is empty.")
    assert "NoCredit: The account is empty." in cli("show", failed).stdout
    waiting = api.add(status="processing", actionUrl="https://verify.example.org/7")
    result = cli("show", waiting)
    assert "! your turn" in result.stdout
    assert "https://verify.example.org/7" in result.stdout
    assert api.requests["GET /ocr-invoice-job/ID/invoice"] == 0


@pytest.mark.parametrize("job_id", ["nope", "../uploads", "a b", "ä"])
def test_show_of_nothing_is_wrong_usage(job_id: str, cli: Cli) -> None:
    result = cli("show", job_id)
    assert result.exit_code == 2
    assert result.stderr.startswith("invoice-capture: OCR invoice job not found.")


def test_names_of_documents_are_no_markup(cli: Cli, api: FakeApi) -> None:
    job_id = api.add(documentName="[bold]x[/red] :smile:.pdf", group="[/]")
    assert "[bold]x[/red] :smile:.pdf" in cli("show", job_id).stdout
    assert "[bold]x[/red] :smile:.pdf" in cli("list").stdout


def test_each_job_is_retried_by_itself(cli: Cli, api: FakeApi) -> None:
    failed, done = api.add(status="failed"), api.add(status="completed")
    result = cli("retry", failed, done, failed)
    assert result.exit_code == 1
    assert api.jobs[failed]["status"] == "queued"
    assert f"✓ started again  {failed}" in result.stdout
    assert "cannot be retried while it is completed" in result.stdout
    assert f"invoice-capture watch {failed}\n" in result.stderr
    assert api.requests["POST /ocr-invoice-job/ID/retry"] == 2


def test_retry_in_json(cli: Cli, api: FakeApi) -> None:
    failed = api.add(status="failed")
    result = cli("retry", failed, "--json")
    assert lines(result) == [{"jobId": failed, "status": "queued", "problem": None}]
    assert result.exit_code == 0


def test_a_retry_whose_answer_is_lost_is_not_sent_again(cli: Cli, api: FakeApi) -> None:
    failed = api.add(status="failed")
    api.fail("POST /ocr-invoice-job/ID/retry", Fault(lost=True))
    assert cli("retry", failed).exit_code == 3
    assert api.requests["POST /ocr-invoice-job/ID/retry"] == 1


# --- values for people -----------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(("text", "ago"), [("12h", timedelta(hours=12)), ("7d", timedelta(7)), (" 2w ", timedelta(14))])
def test_since_may_be_relative(text: str, ago: timedelta) -> None:
    assert datetime.fromisoformat(since(text, NOW)) == NOW - ago


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T10:00", "2026-01-31 10:00+02:00", "20260131"])
def test_since_may_be_a_date_or_a_time(text: str) -> None:
    assert datetime.fromisoformat(since(text, NOW)) == datetime.fromisoformat(text).astimezone(UTC)
    assert since(text, NOW).endswith("Z")


@pytest.mark.parametrize("text", ["", "7", "d", "-7d", "7y", "99999d", "31.01.2026", "٧d"])
def test_since_is_nothing_else(text: str) -> None:
    with pytest.raises(UsageError, match="--since is a date"):
        since(text, NOW)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (2096.4, "2,096.40 GBP"),
        ("1747", "1,747.00 GBP"),
        ("0.125", "0.125 GBP"),
        ("-5", "-5.00 GBP"),
        (None, ""),
        ("?", "? GBP"),
        ("NaN", "NaN GBP"),
    ],
)
def test_money(amount: object, shown: str) -> None:
    assert money(amount, "GBP") == shown


def test_other_values() -> None:
    assert [percent(share) for share in (0.914, 1, None)] == ["91 %", "100 %", "–"]
    assert [duration(seconds) for seconds in (2.5, 300, 7300, 400_000, None)] == ["2.5 s", "5 min", "2 h", "5 days", ""]
    assert [size(count) for count in (8408, 26_214_400, 0, None)] == ["8 KB", "25 MB", "", ""]
