"""``costs`` and ``keys limits``: read from the table and written to it, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from invoice_capture.aws.client_store import DynamoDBClientStore
from invoice_capture.aws.spending_store import DynamoDBSpendingStore
from invoice_capture.aws.table import Table
from invoice_capture.domain.client_limits import ClientLimits
from invoice_capture.domain.spending import Spent
from tests.unit.cli.aws_world import World
from tests.unit.cli.conftest import Cli

STACK = ("--stack", "prod")


@pytest.fixture
def spent(world: World) -> None:
    store = DynamoDBSpendingStore(Table(world.stack.clients, "table"))
    for entry in [
        Spent(date(2026, 11, 3), "abbyy-us", "acme", 2, 6, 300_000),
        Spent(date(2026, 11, 4), "abbyy-us", None, 1, 1, 50_000),
        Spent(date(2026, 11, 4), "textract", "acme", 3, 1_200, 1_800_000),
        Spent(date(2026, 10, 31), "textract", "acme", 1, 1, 1_500),
    ]:
        store.add(entry)


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("provider", [("textract", 3, 1200, "1.80"), ("abbyy-us", 3, 7, "0.35")]),
        ("client", [("acme", 5, 1206, "2.10"), (None, 1, 1, "0.05")]),
        ("day", [("2026-11-03", 2, 6, "0.30"), ("2026-11-04", 4, 1201, "1.85")]),
    ],
)
def test_costs_add_up(bare: Cli, by: str, rows: list[tuple[str | None, int, int, str]]) -> None:
    told = json.loads(bare("costs", *STACK, "--month", "2026-11", "--by", by, "--json").stdout)
    assert [tuple(row.values()) for row in told["rows"]] == rows
    assert told["total"] == {"documents": 6, "pages": 1207, "cost": "2.15"}
    assert (told["month"], told["currency"], told["by"]) == ("2026-11", "USD", by)
    printed = bare("costs", *STACK, "--month", "2026-11", "--by", by, "--csv").stdout
    head, *lines = csv.reader(io.StringIO(printed))
    assert head == [by, "documents", "pages", "cost", "currency"]
    assert [(line[1], line[3], line[4]) for line in lines] == [(str(row[1]), row[3], "USD") for row in rows]


@pytest.mark.usefixtures("spent")
def test_people_see_totals(bare: Cli) -> None:
    shown = bare("costs", *STACK, "--month", "2026-11").stdout
    assert "Costs of 2026-11, by provider" in shown
    for words in (["textract", "3", "1,200", "1.80"], ["in", "all", "6", "1,207", "2.15"]):
        assert words in [line.split() for line in shown.splitlines()]
    nothing = bare("costs", *STACK, "--month", "2025-01")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "in 2025-01" in nothing.stderr


@pytest.mark.parametrize("month", ["2026", "2026-13", "11-2026", "2026-11-01", "#"])
def test_what_is_no_month_is_refused(bare: Cli, month: str) -> None:
    result = bare("costs", *STACK, "--month", month)
    assert result.exit_code == 2
    assert "2026-11" in result.stderr


def test_wrong_words_are_refused(bare: Cli) -> None:
    for words in (["--by", "hour"], ["--csv", "--json"]):
        assert bare("costs", *STACK, *words).exit_code == 2


def _limits(world: World) -> dict[str, ClientLimits]:
    return DynamoDBClientStore(Table(world.stack.clients, "table")).all_limits()


def test_limits_are_given_changed_shown_and_taken_away(bare: Cli, world: World) -> None:
    given = ["--providers", "abbyy-us, embedded", "--documents-per-day", "200"]
    assert bare("keys", "limits", *STACK, "acme", *given).exit_code == 0
    assert _limits(world) == {"acme": ClientLimits(frozenset({"abbyy-us", "embedded"}), documents_a_day=200)}
    bare("keys", "limits", *STACK, "acme", "--documents-per-day", "0", "--pages-per-month", "5000")
    bare("keys", "limits", *STACK, "other", "--providers", "*")
    changed = ClientLimits(frozenset({"abbyy-us", "embedded"}), documents_a_day=0, pages_a_month=5000)
    assert _limits(world) == {"acme": changed, "other": ClientLimits(frozenset({"*"}))}
    shown = bare("keys", "limits", *STACK).stdout
    assert "abbyy-us, embedded" in shown
    assert "5,000" in shown
    told = json.loads(bare("keys", "limits", *STACK, "acme", "--json").stdout)["limits"]
    assert told == [
        {
            "client": "acme",
            "providers": ["abbyy-us", "embedded"],
            "documentsPerDay": 0,
            "documentsPerMonth": None,
            "pagesPerDay": None,
            "pagesPerMonth": 5000,
        }
    ]
    bare("keys", "limits", *STACK, "acme", "--clear")
    assert list(_limits(world)) == ["other"]
    assert "acme has no limits of its own" in bare("keys", "limits", *STACK, "acme").stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["acme", "--providers", "nobody"], "There is no provider 'nobody'"),
        (["acme", "--providers", "embedded-us"], "There is no provider 'embedded-us'"),
        (["Not a client", "--clear"], "cannot be the name of a client"),
        (["--clear"], "Name the client"),
        (["--documents-per-day", "3"], "Name the client"),
        (["acme", "--clear", "--pages-per-day", "3"], "leave the others out"),
        (["acme", "--pages-per-day", "-1"], "--pages-per-day"),
    ],
)
def test_what_cannot_be_given_is_refused(bare: Cli, world: World, words: list[str], sentence: str) -> None:
    result = bare("keys", "limits", *STACK, *words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert _limits(world) == {}
