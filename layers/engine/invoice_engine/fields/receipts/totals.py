"""The total of a receipt: by its words, by the money given and returned, and by what adds up to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product
from math import prod

from invoice_engine.fields.found import Found
from invoice_engine.fields.receipts.amounts import REPAIRED
from invoice_engine.fields.receipts.rows import Role, Row, with_role
from invoice_engine.model import Box, Candidate

# How surely the words of its row make an amount the total.
BY_WORDS: dict[Role, float] = {"payable": 0.75, "total": 0.65, "part": 0.25, "net": 0.1, "tender": 0.45}
SAID_AGAIN = 0.45  # by another row
GIVEN_WITH_CHANGE = 0.3  # the money given is the total where none is returned
IN_SUMMARY = 0.4  # below the money given and returned, where receipts sum up their taxes
SEVERAL_AMOUNTS = 0.6
GIVEN_MINUS_RETURNED, GIVEN_EXACTLY = 0.85, 0.45
UNEXPECTED = 0.4  # what nothing but the difference of two readings gives
ROUNDED, OTHER_SIGN, ADDS_UP, BASE_AND_TAX, SUM_OF_ITEMS = 0.6, 0.7, 0.4, 0.4, 0.6
# What contradicts an amount leaves it this share of its certainty.
ROUNDED_FROM, ROUNDING_UNREAD, NOT_WHAT_WAS_PAID, PAID_IS_UNKNOWN, MORE_THAN_WAS_GIVEN = 0.3, 0.6, 0.5, 0.85, 0.4
ONLY_A_PART, LESS_THAN_A_PART, LESS_THAN_AN_ITEM, UNLIKE_THE_WORDS = 0.4, 0.3, 0.4, 0.5
FAR_MORE, MORE_THAN_ITEMS = 3, 0.6
PROOFS = frozenset({"rounded", "adds up"})
LARGEST_ROUNDING = Decimal("0.99")
MAX_SUMS, MAX_READINGS, MAX_ADDENDS = 60, 12, 6
MIN_ITEMS = 2
SUMS: tuple[Role, ...] = ("payable", "total", "part", "net", "tax", "rounding", "tender")


@dataclass(frozen=True, slots=True)
class _Evidence:
    value: Decimal
    strength: float
    kind: str


def receipt_totals(rows: list[Row]) -> list[Candidate]:
    """Candidates for the total, one per value, with all that speaks for and against it in their confidence."""
    printed = {_value(one, row) for row in rows for one in (*row.amounts, *row.whole, *row.blurred)}
    by_arithmetic = list(_by_arithmetic(rows, printed))
    # The printed total may be unreadable; what the rows before it make is as good.
    expected = printed | {one.value for one in by_arithmetic if one.kind in {"rounded", "items"}}
    evidence = [*_by_words(rows), *_paid(rows, expected), *by_arithmetic]
    by_value: dict[Decimal, list[_Evidence]] = {}
    for one in evidence:
        by_value.setdefault(one.value, []).append(one)
    found = []
    for value, mine in by_value.items():
        if value > 0 and (value in printed or any(one.kind == "paid" for one in mine)):
            page, box = _place(rows, value)
            certainty = _together(mine) * _doubt(value, rows, evidence)
            found.append(Candidate(value, certainty, page, box, "text" if box else "derived"))
    return found


def _together(evidence: list[_Evidence]) -> float:
    """The certainty that independent pieces of evidence give; those of one kind count once."""
    strongest: dict[str, float] = {}
    for one in evidence:
        strongest[one.kind] = max(one.strength, strongest.get(one.kind, 0.0))
    return 1 - prod(1 - strength for strength in strongest.values())


def _by_words(rows: list[Row]) -> Iterator[_Evidence]:
    settled = _first(rows, "tender", "change")
    has_change = bool(with_role(rows, "change"))
    seen: set[Decimal] = set()
    sums = [(index, row, row.role) for index, row in enumerate(rows) if row.role is not None and row.role in BY_WORDS]
    for index, row, role in sums[:MAX_SUMS]:
        amounts = row.amounts or row.whole[-1:]
        strength = BY_WORDS[role]
        if role == "tender":
            strength *= GIVEN_WITH_CHANGE if has_change else 1.0
        elif index > settled:
            strength *= IN_SUMMARY
        elif len(amounts) > 1:
            strength *= SEVERAL_AMOUNTS
        for amount in amounts:
            value = _value(amount, row)
            again = value in seen and role in {"payable", "total"}
            yield _Evidence(value, (SAID_AGAIN if again else strength) * amount.quality, "again" if again else role)
        if role in {"payable", "total"}:
            seen.update(_value(amount, row) for amount in amounts)


def _paid(rows: list[Row], expected: set[Decimal]) -> list[_Evidence]:
    """Money given less money returned; `expected` are the amounts that may be the total."""
    found = []
    given, returned = (_readings(with_role(rows, role))[:MAX_READINGS] for role in ("tender", "change"))
    for (paid, paid_quality), (back, back_quality) in product(given, returned):
        if paid > back >= 0:
            strength = (GIVEN_MINUS_RETURNED if back else GIVEN_EXACTLY) * min(paid_quality, back_quality)
            found.append(_Evidence(paid - back, strength * (1 if paid - back in expected else UNEXPECTED), "paid"))
    return found


def _by_arithmetic(rows: list[Row], printed: set[Decimal]) -> Iterator[_Evidence]:
    roundings = _roundings(rows)
    parts = {value for value, _ in _readings(with_role(rows, "part", "net", "total", "payable"))}
    for (rounding, quality), part in product(roundings, parts):
        if not rounding:
            continue
        # Some tills print how much they took off, without a sign.
        yield _Evidence(part + rounding, ROUNDED * quality, "rounded")
        yield _Evidence(part - rounding, ROUNDED * quality * OTHER_SIGN, "rounded")
    yield from (_Evidence(value, ADDS_UP, "adds up") for value in printed & _sums(rows, roundings))
    for row in rows:
        values = [_value(amount, row) for amount in row.amounts]
        if len(values) in {2, 3} and row.role in {None, "total", "tax"} and 0 < values[1] * 3 < values[0]:
            yield _Evidence(values[0] + values[1], BASE_AND_TAX, "adds up")
    items = _items(rows)
    if len(items) >= MIN_ITEMS:
        yield _Evidence(sum(items, Decimal(0)), SUM_OF_ITEMS, "items")


def _sums(rows: list[Row], readings_of_rounding: list[tuple[Decimal, float]]) -> set[Decimal]:
    """What a part of the total makes with taxes, discounts, charges and rounding."""
    nets, taxes, others = (
        [value for value, _ in _readings(with_role(rows, *roles)) if value][-MAX_ADDENDS:]
        for roles in (("part", "net"), ("tax",), ("other",))
    )
    roundings = [value for value, _ in readings_of_rounding[-MAX_ADDENDS:]]
    # The sums of the tax rates are parts, too, and are all there is to the total.
    by_rate = {part + other for part, other in combinations(nets, 2) if part != other}
    return by_rate | {
        net + tax + other + rounding
        for net in nets
        for tax in {Decimal(0), *taxes, sum(taxes, Decimal(0))}
        for other in {Decimal(0), *others, *(-one for one in others), sum(others, Decimal(0))}
        for rounding in (Decimal(0), *roundings)
        if (tax or other) and 0 <= tax * 3 < net and abs(other) < net
    }


def _doubt(value: Decimal, rows: list[Row], evidence: list[_Evidence]) -> float:
    """What contradictions leave of the certainty that `value` is the total."""
    left = 1.0
    strongest = {kind: {one.value for one in evidence if one.kind == kind} for kind in ("payable", "total", "paid")}
    labelled = strongest["payable"] | strongest["total"]
    paid = {one.value for one in evidence if one.kind == "paid" and one.strength >= GIVEN_EXACTLY}
    for rounding, quality in _roundings(rows):
        if quality >= REPAIRED and rounding and value not in paid and value + rounding in labelled | paid:
            left *= ROUNDED_FROM
    if value not in paid and with_role(rows, "rounding") and not _roundings(rows):
        left *= ROUNDING_UNREAD
    if paid and value not in paid:
        left *= NOT_WHAT_WAS_PAID
    elif strongest["paid"] and value not in strongest["paid"]:
        left *= PAID_IS_UNKNOWN
    proven = any(one.value == value and one.kind in PROOFS for one in evidence)
    parts = [amount for amount, quality in _readings(with_role(rows, "part", "net")) if quality >= REPAIRED]
    taxed = any(amount > 0 for amount, _ in _readings(with_role(rows, "tax")))
    if labelled and value not in labelled and not proven:
        left *= UNLIKE_THE_WORDS if value in paid else ONLY_A_PART
    elif value in parts and taxed and value not in labelled | paid:
        left *= ONLY_A_PART
    if parts and value * 2 < max(parts):
        left *= LESS_THAN_A_PART
    items = _items(rows)
    if value < max(items, default=value) and not with_role(rows, "other"):
        left *= LESS_THAN_AN_ITEM
    if 0 < sum(items) * FAR_MORE < value and value not in paid and not proven:
        left *= MORE_THAN_ITEMS
    given = sum((amount for amount, quality in _readings(with_role(rows, "tender")) if quality >= REPAIRED), Decimal(0))
    return left * (MORE_THAN_WAS_GIVEN if 0 < given < value else 1.0)


def _roundings(rows: list[Row]) -> list[tuple[Decimal, float]]:
    """What the total was rounded by, zero included, with the quality of the reading."""
    return [
        (_value(one, row), one.quality)
        for row in with_role(rows, "rounding")[:MAX_READINGS]
        for one in row.amounts[-1:] or row.blurred[-1:]
        if abs(_value(one, row)) <= LARGEST_ROUNDING
    ]


def _readings(rows: list[Row]) -> list[tuple[Decimal, float]]:
    """The last amount of each row with its quality; of rows without a clear one, what may be one."""
    found: list[tuple[Decimal, float]] = []
    for row in rows[:MAX_READINGS]:
        clear = row.amounts[-1:] or row.blurred[-1:] or row.whole[-1:]
        found.extend((_value(one, row), one.quality) for one in (*clear, *row.whole[-1:]))
    return found


def _items(rows: list[Row]) -> list[Decimal]:
    """The amounts of the items: those of the rows above all sums."""
    above = rows[: _first(rows, *SUMS)]
    return [_value(row.amounts[-1], row) for row in above if row.role in {None, "count"} and row.amounts]


def _first(rows: list[Row], *roles: Role) -> int:
    """The index of the first row with one of `roles` and an amount; the number of rows if there is none."""
    return next((index for index, row in enumerate(rows) if row.role in roles and row.amounts), len(rows))


def _place(rows: list[Row], value: Decimal) -> tuple[int | None, Box | None]:
    """Where `value` is printed: in a row for sums, or else in the last row that has it."""
    places = [
        (row.role in {"payable", "total"}, row.cell.page, row.cell.box_of_span(one.start, one.end))
        for row in reversed(rows)
        for one in (*row.amounts, *row.whole, *row.blurred)
        if _value(one, row) == value
    ]
    if not places:
        return None, None
    _, page, box = max(places, key=lambda place: place[0])
    return page, box


def _value(amount: Found, row: Row) -> Decimal:
    """The amount as a number; tills print money given with a minus that means nothing."""
    number = Decimal(str(amount.value))
    return abs(number) if row.role in {"tender", "change"} else number
