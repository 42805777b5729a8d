from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.dates import find_dates, order_of

DAYS = st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 12, 31))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("02.03.2026", date(2026, 3, 2)),
        ("2/3/2026", date(2026, 3, 2)),
        ("2-3-26", date(2026, 3, 2)),
        ("2026-03-02", date(2026, 3, 2)),
        ("2026/03/02", date(2026, 3, 2)),
        ("March 2, 2026", date(2026, 3, 2)),
        ("Mar. 2 2026", date(2026, 3, 2)),
        ("2nd of March 2026", date(2026, 3, 2)),
        ("02-Mar-2026", date(2026, 3, 2)),
        ("2. März 2026", date(2026, 3, 2)),
        ("2 mars 2026", date(2026, 3, 2)),
        ("1er juillet 2026", date(2026, 7, 1)),
        ("2 maart 2026", date(2026, 3, 2)),
        ("2 de marzo de 2026", date(2026, 3, 2)),
        ("2 marzo 2026", date(2026, 3, 2)),
        ("03/17/2026", date(2026, 3, 17)),
    ],
)
def test_a_date_is_read_in_every_common_notation(text: str, day: date) -> None:
    assert [one.value for one in find_dates(f"issued {text}")] == [day]


@pytest.mark.parametrize(
    "text", ["31.02.2026", "1.2.3", "12.34", "00/00/2026", "2 blau 2026", "13.13.2026", "1.1.1800"]
)
def test_what_is_no_date_is_not_read_as_one(text: str) -> None:
    assert find_dates(text) == []


def test_the_order_of_day_and_month_decides_ambiguous_dates() -> None:
    assert find_dates("03/04/2026", "dmy")[0].value == date(2026, 4, 3)
    assert find_dates("03/04/2026", "mdy")[0].value == date(2026, 3, 4)


def test_the_order_is_that_of_the_unambiguous_dates() -> None:
    assert order_of(["03/04/2026", "12/31/2026"]) == "mdy"
    assert order_of(["03/04/2026", "31/12/2026"]) == "dmy"
    assert order_of(["03/04/2026", "April 3, 2026"]) == "mdy"
    assert order_of([]) == "dmy"


def test_dates_are_found_from_left_to_right_with_their_place() -> None:
    text = "from 01.05.2026 to June 3, 2026"
    found = find_dates(text)
    assert [text[one.start : one.end] for one in found] == ["01.05.2026", "June 3, 2026"]


@given(DAYS, st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y"]))
def test_a_written_date_is_read_back(day: date, notation: str) -> None:
    assert [one.value for one in find_dates(day.strftime(notation), "dmy")] == [day]


@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    assert all(1990 <= one.value.year <= 2100 for one in find_dates(text) if isinstance(one.value, date))


@given(st.text(alphabet="0123456789./- maijunst"))
def test_no_run_of_digits_and_months_makes_the_reader_fail(text: str) -> None:
    assert all(0 <= one.start < one.end <= len(text) for one in find_dates(text))
