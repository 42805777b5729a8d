"""Choose subtotal, tax and total together, so that they add up where the document lets them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, product, repeat

from invoice_engine.choose.rank import choose, ranked
from invoice_engine.evidence import MOST_SUMS, Evidence, Sum
from invoice_engine.fields.money import Amount, TaxRow
from invoice_engine.model import Candidate, Field, Tax

ROUNDING = Decimal("0.02")
MAX_READINGS = 8
PAIR = 2
# What a reading is worth when it was labelled as something else that often means the same.
NET_AS_TOTAL, DUE_AS_TOTAL = 0.5, 0.7
FROM_TAX_ROWS, FROM_SOME_ROWS = 0.6, 0.3
FEWEST_TO_DOUBT = 2  # rows of tax, of which none is left out
# What follows from two labelled amounts of an OCR page and a printed rate, where the third was misread.
COMPLETED, CERTAIN_ENOUGH = 0.4, 0.5
UNLABELLED = 0.2
# What agreement and contradiction add to the sum of the three certainties; an omitted one costs nothing.
ADDS_UP_WITH_CHARGE = 1.0
ADDS_UP, ADDS_UP_WITHOUT_TAX, RATE_FITS, CONTRADICTS = 1.2, 0.4, 0.4, -1.2
# Part of an invoice adds up as well as the whole; the whole is larger.
WHOLE = 2.5
WORTH_SAYING = 0.25
# What it adds that the lines make the subtotal or the total, where these do not add up with a tax.
ITEMS_ADD_UP = 0.3
# An amount that OCR read and no sum proves.
UNPROVEN_BY_OCR = 0.85
ROW_OF_TAX, RATE_OF_TOTALS = 0.9, 0.85


@dataclass(frozen=True, slots=True)
class TotalsEvidence:
    """What the document says about its totals: labelled amounts, tax rows, printed rates, and any amount at all.

    `by_ocr` says that an amount may have been misread. `charges` are labelled amounts, such as shipping, a discount or
    a tax withheld, that may stand between subtotal plus tax and total. `sums_of_items` are what the printed lines make.
    """

    subtotal: list[Candidate]
    tax_total: list[Candidate]
    total: list[Candidate]
    amount_due: list[Candidate]
    rows: list[TaxRow]
    rates: dict[Decimal, Amount]
    amounts: list[Amount]
    by_ocr: bool = False
    charges: frozenset[Decimal] = frozenset()
    sums_of_items: frozenset[Decimal] = frozenset()


@dataclass(slots=True)
class Totals:
    subtotal: Field
    tax_total: Field
    total: Field
    amount_due: Field
    taxes: list[Tax]


Reading = Candidate | None
Triple = tuple[Reading, Reading, Reading]


def choose_totals(evidence: TotalsEvidence, asked: Evidence | None = None) -> Totals:
    """The best choice; what it was chosen from is told to whoever `asked`."""
    subtotals, taxes, totals = _readings(evidence)
    triples = [(s, t, g) for s in (None, *subtotals) for t in (None, *taxes) for g in (None, *totals)]
    triples += _from_rates(totals, evidence)
    if evidence.by_ocr:
        triples += _completed(ranked(evidence.subtotal), taxes, ranked(evidence.total), evidence.rates)
    largest = max((abs(_decimal(total)) for total in totals), default=Decimal(0))
    best = max(triples, key=lambda triple: _worth(triple, evidence, largest))
    if asked is not None:
        worths = sorted(((_worth(triple, evidence, largest), triple) for triple in triples), key=lambda one: -one[0])
        asked.sums = [_sum(triple, worth, evidence) for worth, triple in worths[:MOST_SUMS]]
    agrees = _adds_up(best) or _adds_up_with_charge(best, evidence.charges)
    proof = 1.0 if agrees or not evidence.by_ocr else UNPROVEN_BY_OCR
    return Totals(
        subtotal=_field(best[0], _scaled(subtotals, proof), agrees=agrees),
        tax_total=_field(best[1], _scaled(taxes, proof), agrees=agrees),
        total=_field(best[2], _scaled(totals, proof), agrees=agrees),
        amount_due=choose(evidence.amount_due),
        taxes=_breakdown(best, evidence),
    )


def _readings(evidence: TotalsEvidence) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    bases, amounts = [], []
    for share, rows in zip(chain((FROM_TAX_ROWS,), repeat(FROM_SOME_ROWS)), _row_sets(evidence.rows), strict=False):
        bases += _sum_of([row.base for row in rows], share)
        amounts += _sum_of([row.amount for row in rows], share)
    subtotals = [*evidence.subtotal, *_scaled(evidence.total, NET_AS_TOTAL), *bases]
    totals = [*evidence.total, *_scaled(evidence.amount_due, DUE_AS_TOTAL), *_scaled(evidence.subtotal, NET_AS_TOTAL)]
    return (
        ranked(subtotals)[:MAX_READINGS],
        ranked([*evidence.tax_total, *amounts])[:MAX_READINGS],
        ranked(totals)[:MAX_READINGS],
    )


def _consistent(rows: list[TaxRow]) -> list[TaxRow]:
    """One row per rate: items with a printed tax look like rows too, and the last row of a rate sums them up."""
    return list({row.rate.value: row for row in rows}.values())


def _row_sets(rows: list[TaxRow]) -> list[list[TaxRow]]:
    """The rows that may make up the tax: all of them, or all but one, which may be that of a discount."""
    every = _consistent(rows)
    fewer = [[other for other in every if other is not row] for row in every] if len(every) > FEWEST_TO_DOUBT else []
    return [every, *fewer[:MAX_READINGS]]


def _sum_of(amounts: list[Amount], certainty: float) -> list[Candidate]:
    if not amounts:
        return []
    if len(amounts) == 1:
        return [amounts[0].candidate(certainty)]
    total = sum((amount.value for amount in amounts), Decimal(0))
    return [Candidate(total, certainty, source="derived")]


def _scaled(candidates: Iterable[Candidate], factor: float) -> list[Candidate]:
    return [Candidate(one.value, one.confidence * factor, one.page, one.box, one.source) for one in candidates]


def _from_rates(totals: list[Candidate], evidence: TotalsEvidence) -> list[Triple]:
    """Unlabelled amounts that a printed rate ties to a labelled total."""
    by_value = {amount.value: amount for amount in evidence.amounts}
    found: list[Triple] = []
    for total in totals:
        for rate in evidence.rates:
            if not 0 < rate < 50:
                continue
            gross = _decimal(total)
            net = (gross / (1 + rate / 100)).quantize(Decimal("0.01"))
            for near in (net, net - Decimal("0.01"), net + Decimal("0.01")):
                if near in by_value and gross - near in by_value:
                    pair = by_value[near].candidate(UNLABELLED), by_value[gross - near].candidate(UNLABELLED)
                    found.append((*pair, total))
    return found


def _completed(
    subtotals: list[Candidate], taxes: list[Candidate], totals: list[Candidate], rates: Collection[Decimal]
) -> list[Triple]:
    """Two amounts that are sure enough, with the third that none is for, if one of `rates` ties them together."""
    sure = [
        [one for one in some[:MAX_READINGS] if one.confidence >= CERTAIN_ENOUGH] for some in (subtotals, taxes, totals)
    ]
    if sum(map(bool, sure)) != PAIR:
        return []
    found: list[Triple] = []
    choices: list[list[Reading]] = [[*some] or [None] for some in sure]
    for subtotal, tax, total in product(*choices):
        net = subtotal or _derived(_decimal(total) - _decimal(tax))
        due = tax or _derived(_decimal(total) - _decimal(net))
        if abs(_decimal(due)) >= 1 and _fits_rate(net, due, rates):
            found.append((net, due, total or _derived(_decimal(net) + _decimal(due))))
    return found


def _derived(value: Decimal) -> Candidate:
    return Candidate(value, COMPLETED, source="derived")


def _worth(triple: Triple, evidence: TotalsEvidence, largest: Decimal) -> float:
    """How much a choice of subtotal, tax and total is worth; `largest` is the largest total there is to choose."""
    worth = sum(one.confidence - WORTH_SAYING for one in triple if one)
    subtotal, tax, total = triple
    if subtotal and tax and total:
        if _decimal(tax) and abs(_decimal(tax)) >= abs(_decimal(subtotal)):
            return worth + CONTRADICTS  # no tax is as large as what it is on
        if not _adds_up(triple):
            return worth + (ADDS_UP_WITH_CHARGE if _adds_up_with_charge(triple, evidence.charges) else CONTRADICTS)
        if not _decimal(tax):
            return worth + ADDS_UP_WITHOUT_TAX
        share = float(abs(_decimal(total)) / largest) if largest else 0.0
        return worth + ADDS_UP + WHOLE * share + (RATE_FITS if _fits_rate(subtotal, tax, evidence.rates) else 0.0)
    if subtotal and total and abs(_decimal(subtotal)) > abs(_decimal(total)):
        return worth + CONTRADICTS
    if tax and total and abs(_decimal(tax)) * 2 > abs(_decimal(total)) and _decimal(tax):
        return worth + CONTRADICTS
    items_add_up = any(one and _decimal(one) in evidence.sums_of_items for one in (subtotal, total))
    return worth + (ITEMS_ADD_UP if items_add_up else 0.0)


def _sum(triple: Triple, worth: float, evidence: TotalsEvidence) -> Sum:
    """A choice with the reasons that `_worth` has for it, in words."""
    subtotal, tax, total = triple
    reasons = [
        f"{name} {one.confidence:.2f}" for name, one in zip(("subtotal", "tax", "total"), triple, strict=True) if one
    ]
    if _adds_up(triple):
        reasons.append("adds up" if _decimal(tax) else "adds up without a tax")
    elif _adds_up_with_charge(triple, evidence.charges):
        reasons.append("adds up with a charge")
    elif subtotal and tax and total:
        reasons.append("does not add up")
    if subtotal and tax and _decimal(tax) and _adds_up(triple) and _fits_rate(subtotal, tax, evidence.rates):
        reasons.append("a printed rate fits")
    if any(one and _decimal(one) in evidence.sums_of_items for one in (subtotal, total)):
        reasons.append("the lines make it")
    amounts = [None if one is None else _decimal(one) for one in triple]
    return Sum(amounts[0], amounts[1], amounts[2], worth, tuple(reasons))


def _adds_up(triple: Triple) -> bool:
    subtotal, tax, total = triple
    if not (subtotal and tax and total):
        return False
    # A tax of a cent or two would add up with anything that is nearly equal.
    tolerance = min(ROUNDING, abs(_decimal(tax)) / 10)
    return abs(_decimal(subtotal) + _decimal(tax) - _decimal(total)) <= tolerance


def _adds_up_with_charge(triple: Triple, charges: Collection[Decimal]) -> bool:
    """Whether subtotal, tax and total do not add up without one of the charges, and do with it."""
    subtotal, tax, total = triple
    if not (subtotal and tax and total) or _adds_up(triple) or not _decimal(tax):
        return False
    return abs(_decimal(total) - _decimal(subtotal) - _decimal(tax)) in charges


def _fits_rate(subtotal: Candidate, tax: Candidate, rates: Collection[Decimal]) -> bool:
    return any(abs(_decimal(subtotal) * rate / 100 - _decimal(tax)) <= ROUNDING for rate in rates)


def _decimal(candidate: Reading) -> Decimal:
    value = candidate.value if candidate else Decimal(0)
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _field(reading: Reading, readings: list[Candidate], *, agrees: bool) -> Field:
    if reading is None:
        return Field(None, tuple(readings))
    others = [one for one in readings if one.value != reading.value]
    if not agrees:
        reading = next((one for one in readings if one.value == reading.value), reading)
        return choose([reading, *(one for one in others if one.confidence < reading.confidence)])
    sure = 1 - (1 - min(reading.confidence, 0.9)) * 0.3
    chosen = Candidate(reading.value, sure, reading.page, reading.box, reading.source)
    return Field(chosen, (chosen, *others))


def _breakdown(best: Triple, evidence: TotalsEvidence) -> list[Tax]:
    """The printed tax rows, when together they make the chosen tax; else one row from the totals and their rate."""
    subtotal, tax, _ = best
    for rows in _row_sets(evidence.rows):
        if tax and rows and abs(sum((row.amount.value for row in rows), Decimal(0)) - _decimal(tax)) <= ROUNDING:
            return [_tax_of_row(row) for row in rows]
    if not (subtotal and tax and _adds_up(best) and _decimal(tax)):
        return []
    for rate in sorted(evidence.rates):
        if abs(_decimal(subtotal) * rate / 100 - _decimal(tax)) <= ROUNDING:
            return [Tax(_leaf(evidence.rates[rate].candidate(RATE_OF_TOTALS)), _leaf(subtotal), _leaf(tax))]
    return []


def _tax_of_row(row: TaxRow) -> Tax:
    rate, base, amount = (_leaf(one.candidate(ROW_OF_TAX)) for one in (row.rate, row.base, row.amount))
    return Tax(rate, base, amount)


def _leaf(candidate: Candidate) -> Field:
    return Field(candidate, (candidate,))
