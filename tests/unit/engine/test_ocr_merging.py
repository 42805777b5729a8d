"""Two readings of a page become one, line by line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_engine.read.ocr.merging import certainty, merged
from invoice_engine.read.ocr.tsv import Read, ReadPage


def line(number: int, top: float, *words: tuple[str, float], left: float = 10) -> list[Read]:
    """Words of a height of 20, each 80 wide."""
    return [
        Read(text, (str(number),), left + 100 * at, top, left + 100 * at + 80, top + 20, confidence)
        for at, (text, confidence) in enumerate(words)
    ]


def page(*lines: list[Read], scale: float = 1) -> ReadPage:
    words = [
        replace(
            word,
            left=scale * word.left,
            top=scale * word.top,
            right=scale * word.right,
            bottom=scale * word.bottom,
        )
        for words in lines
        for word in words
    ]
    return ReadPage(600 * scale, 900 * scale, tuple(words))


def texts(read: ReadPage) -> list[str]:
    return [word.text for word in sorted(read.words, key=lambda word: (word.top, word.left))]


def test_of_each_line_the_more_certain_reading_stays() -> None:
    first = page(line(1, 10, ("TQTAL", 55), ("12.50", 90)), line(2, 50, ("CASH", 95)), line(3, 90, ("GHANGE", 40)))
    second = page(line(1, 12, ("TOTAL", 95), ("12.50", 95)), line(2, 50, ("GASH", 50)), line(3, 88, ("CHANGE", 90)))
    assert texts(merged(first, second)) == ["TOTAL", "12.50", "CASH", "CHANGE"]


def test_what_only_one_reading_has_is_kept_unless_it_is_garbage() -> None:
    first = page(line(1, 10, ("Bakery", 90)))
    second = page(line(1, 10, ("Bakery", 85)), line(2, 50, ("Total", 80)), line(3, 90, ("rn;x", 12)))
    assert texts(merged(first, second)) == ["Bakery", "Total"]


def test_a_reading_with_more_of_the_line_is_better_than_a_surer_one_with_less() -> None:
    first = page(line(1, 10, ("Total", 96)))
    second = page(line(1, 10, ("Total", 90), ("12.50", 90)))
    assert texts(merged(first, second)) == ["Total", "12.50"]


def test_a_little_more_certainty_does_not_replace_the_first_reading() -> None:
    assert texts(merged(page(line(1, 10, ("Date", 90))), page(line(1, 10, ("Dale", 91))))) == ["Date"]


def test_a_line_in_two_columns_is_compared_with_both() -> None:
    whole = page(line(1, 10, ("Total", 60), ("l2.5O", 55)))
    columns = page(line(1, 10, ("Total", 95)), line(2, 10, ("12.50", 95), left=110))
    assert texts(merged(whole, columns)) == ["Total", "12.50"]
    assert texts(merged(columns, whole)) == ["Total", "12.50"]


def test_lines_side_by_side_are_not_the_same() -> None:
    left, right = page(line(1, 10, ("Cashier", 90))), page(line(1, 10, ("Till", 90), left=300))
    assert texts(merged(left, right)) == ["Cashier", "Till"]


def test_the_second_reading_may_be_of_another_size() -> None:
    first = page(line(1, 10, ("Tofal", 40)))
    second = page(line(1, 10, ("Total", 95)), scale=2)
    read = merged(first, second)
    assert (read.width, read.height) == (600, 900)
    (word,) = read.words
    assert (word.left, word.top, word.right, word.bottom) == (10, 10, 90, 30)


def test_lines_of_both_readings_stay_apart_by_name() -> None:
    read = merged(page(line(1, 10, ("one", 90))), page(line(1, 50, ("two", 90))))
    assert len({word.line for word in read.words}) == 2


def test_certainty_counts_letters_and_digits() -> None:
    assert certainty(line(1, 0, ("a", 20), ("total", 90), ("--", 0))) == pytest.approx((20 + 5 * 90) / 6)
    assert certainty([]) == 0
    assert certainty(line(1, 0, ("--", 90))) == 0


words = st.builds(
    lambda text, number, left, top, across, down, confidence: Read(
        text, (str(number),), left, top, left + across, top + down, confidence
    ),
    st.text("aB1.", min_size=1, max_size=9),
    st.integers(0, 4),
    st.floats(0, 500),
    st.floats(0, 800),
    st.floats(1, 100),
    st.floats(1, 100),
    st.floats(0, 100),
)
pages = st.lists(words, max_size=12).map(lambda some: ReadPage(600, 900, tuple(some)))


@given(pages, pages)
def test_no_word_is_made_up_or_doubled(first: ReadPage, second: ReadPage) -> None:
    read = merged(first, second)
    left = [word.text for page in (first, second) for word in page.words]
    for word in read.words:
        left.remove(word.text)


@given(pages)
def test_a_page_merged_with_itself_stays_as_it_is(read: ReadPage) -> None:
    assert sorted(map(repr, merged(read, read).words)) == sorted(map(repr, read.words))


@given(pages)
def test_merging_with_a_page_that_could_not_be_read_keeps_what_is_no_garbage(read: ReadPage) -> None:
    sure = [word for word in read.words if word.confidence >= 50]
    assert set(sure) <= set(merged(ReadPage(600, 900, tuple(sure)), ReadPage(600, 900, ())).words)
