from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.fields.dates import find_damaged_dates, find_dates, order_of

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
        ("02-MAR-26", date(2026, 3, 2)),
        ("2 Mar '26", date(2026, 3, 2)),
        ("02/03/26 17:04:11", date(2026, 3, 2)),
        ("02.03.2026 12.17.26 PM", date(2026, 3, 2)),
    ],
)
def test_a_date_is_read_in_every_common_notation(text: str, day: date) -> None:
    assert [one.value for one in find_dates(f"issued {text}")] == [day]


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2026",
        "1.2.3",
        "12.34",
        "00/00/2026",
        "2 blau 2026",
        "13.13.2026",
        "1.1.1800",
        "12.17.26 PM",
        "06.12.34.56.78",
        "10:15:44",
        "03-12345678",
    ],
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
    assert order_of(["03/04/2026", "Springfield, IL 62999"]) == "mdy"
    assert order_of(["13/04/2026", "Springfield, IL 62999"]) == "dmy"
    assert order_of(["03/04/2026", "12.17.26 PM"]) == "dmy"


@pytest.mark.parametrize(
    "text",
    [
        "O2/O3/2O26", "02/03/2O26", "0Z/03/2026", "02,03,2026", "02/032026", "0203/2026", "02/03/202610:15",
        "02-03-2610:15", "20260302", "date 20260302 10:15",
    ],
)  # fmt: skip
def test_a_damaged_date_is_put_right(text: str) -> None:
    assert find_dates(text) == []
    assert [one.value for one in find_damaged_dates(text)] == [date(2026, 3, 2)]
    assert all(one.quality < 1 for one in find_damaged_dates(text))


@pytest.mark.parametrize(
    "text",
    [
        "02/03/2026", "2026030212345", "99/99/2O26", "OO/OO/OOOO", "l/l/ll", "1,20,30", "06.12.34.56.78", "12.17.26 PM",
        "20261302", "Invoice 2019011740260837714", "10:15:44",
    ],
)  # fmt: skip
def test_what_needs_no_mending_or_is_no_date_is_left_alone(text: str) -> None:
    assert find_damaged_dates(text) == []


def test_a_year_far_away_makes_a_short_date_doubtful() -> None:
    assert find_dates("06/12/84")[0].quality < find_dates("06/12/24")[0].quality < find_dates("06/12/2024")[0].quality


def test_dates_are_found_from_left_to_right_with_their_place() -> None:
    text = "from 01.05.2026 to June 3, 2026"
    found = find_dates(text)
    assert [text[one.start : one.end] for one in found] == ["01.05.2026", "June 3, 2026"]


@given(DAYS, st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b %Y"]))
def test_a_written_date_is_read_back(day: date, notation: str) -> None:
    assert [one.value for one in find_dates(day.strftime(notation), "dmy")] == [day]


NEAR_DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2059, 12, 31))
NOTATIONS = ["%d.%m.%y", "%d/%m/%y", "%d-%m-%y", "%d-%b-%y", "%d %b '%y", "%Y-%m-%d", "%d/%m/%Y"]
TIMES = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p"]


@given(NEAR_DAYS, st.sampled_from(NOTATIONS), st.times(), st.sampled_from(TIMES))
def test_a_date_with_a_time_beside_it_is_read_back(day: date, notation: str, hour: time, clock: str) -> None:
    text = f"{day.strftime(notation)} {hour.strftime(clock)}"
    assert [one.value for one in find_dates(text, "dmy")] == [day]


@given(st.times(), st.sampled_from([*TIMES, "%I.%M.%S %p", "%I.%M.%S%p"]))
def test_a_time_is_never_a_date(hour: time, clock: str) -> None:
    text = hour.strftime(clock)
    assert find_dates(text) == []
    assert find_damaged_dates(text) == []


@given(st.lists(st.integers(0, 99), min_size=5, max_size=5), st.sampled_from(". "))
def test_a_telephone_number_in_pairs_is_never_a_date(pairs: list[int], mark: str) -> None:
    text = mark.join(f"{pair:02}" for pair in pairs)
    assert find_dates(text) == []
    assert find_damaged_dates(text) == []


@given(DAYS, st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"]), st.sampled_from(["0O", "1l", "5S", "8B"]))
def test_figures_read_as_letters_do_not_change_the_date(day: date, notation: str, mistake: str) -> None:
    text = day.strftime(notation).replace(*mistake)
    found = find_dates(text, "dmy") + find_damaged_dates(text, "dmy")
    assert {one.value for one in found} <= {day}


@given(st.text(alphabet="0123456789OolISB./-, :"))
def test_no_run_of_figures_makes_the_mending_fail(text: str) -> None:
    assert all(0 <= one.start < one.end <= len(text) for one in find_damaged_dates(text))


@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    assert all(1990 <= one.value.year <= 2100 for one in find_dates(text) if isinstance(one.value, date))


@given(st.text(alphabet="0123456789./- maijunst"))
def test_no_run_of_digits_and_months_makes_the_reader_fail(text: str) -> None:
    assert all(0 <= one.start < one.end <= len(text) for one in find_dates(text))
