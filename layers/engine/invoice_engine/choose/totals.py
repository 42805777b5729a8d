"""Choose subtotal, tax and total together, so that they add up where the document lets them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from invoice_engine.choose.rank import choose, ranked
from invoice_engine.fields.money import Amount, TaxRow
from invoice_engine.model import Candidate, Field, Tax

ROUNDING = Decimal("0.02")
MAX_READINGS = 8
# What a reading is worth when it was labelled as something else that often means the same.
NET_AS_TOTAL, DUE_AS_TOTAL = 0.5, 0.7
FROM_TAX_ROWS = 0.6
UNLABELLED = 0.2
# What agreement and contradiction add to the sum of the three certainties; an omitted one costs nothing.
ADDS_UP, ADDS_UP_WITHOUT_TAX, RATE_FITS, CONTRADICTS = 1.2, 0.4, 0.4, -1.2
# Part of an invoice adds up as well as the whole; the whole is larger.
WHOLE = 2.5
WORTH_SAYING = 0.25
ROW_OF_TAX, RATE_OF_TOTALS = 0.9, 0.85


@dataclass(frozen=True, slots=True)
class TotalsEvidence:
    """What the document says about its totals: labelled amounts, tax rows, printed rates, and any amount at all."""

    subtotal: list[Candidate]
    tax_total: list[Candidate]
    total: list[Candidate]
    amount_due: list[Candidate]
    rows: list[TaxRow]
    rates: dict[Decimal, Amount]
    amounts: list[Amount]


@dataclass(slots=True)
class Totals:
    subtotal: Field
    tax_total: Field
    total: Field
    amount_due: Field
    taxes: list[Tax]


Reading = Candidate | None
Triple = tuple[Reading, Reading, Reading]


def choose_totals(evidence: TotalsEvidence) -> Totals:
    subtotals, taxes, totals = _readings(evidence)
    triples = [(s, t, g) for s in (None, *subtotals) for t in (None, *taxes) for g in (None, *totals)]
    triples += _from_rates(totals, evidence)
    largest = max((abs(_decimal(total)) for total in totals), default=Decimal(0))
    best = max(triples, key=lambda triple: _worth(triple, evidence.rates, largest))
    agrees = _adds_up(best)
    return Totals(
        subtotal=_field(best[0], subtotals, agrees=agrees),
        tax_total=_field(best[1], taxes, agrees=agrees),
        total=_field(best[2], totals, agrees=agrees),
        amount_due=choose(evidence.amount_due),
        taxes=_breakdown(best, evidence),
    )


def _readings(evidence: TotalsEvidence) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    rows = _consistent(evidence.rows)
    bases = _sum_of([row.base for row in rows])
    amounts = _sum_of([row.amount for row in rows])
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


def _sum_of(amounts: list[Amount]) -> list[Candidate]:
    if not amounts:
        return []
    if len(amounts) == 1:
        return [amounts[0].candidate(FROM_TAX_ROWS)]
    total = sum((amount.value for amount in amounts), Decimal(0))
    return [Candidate(total, FROM_TAX_ROWS, source="derived")]


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


def _worth(triple: Triple, rates: Collection[Decimal], largest: Decimal) -> float:
    """How much a choice of subtotal, tax and total is worth; `largest` is the largest total there is to choose."""
    worth = sum(one.confidence - WORTH_SAYING for one in triple if one)
    subtotal, tax, total = triple
    if subtotal and tax and total:
        if not _adds_up(triple):
            return worth + CONTRADICTS
        if not _decimal(tax):
            return worth + ADDS_UP_WITHOUT_TAX
        share = float(abs(_decimal(total)) / largest) if largest else 0.0
        return worth + ADDS_UP + WHOLE * share + (RATE_FITS if _fits_rate(subtotal, tax, rates) else 0.0)
    if subtotal and total and abs(_decimal(subtotal)) > abs(_decimal(total)):
        return worth + CONTRADICTS
    if tax and total and abs(_decimal(tax)) * 2 > abs(_decimal(total)) and _decimal(tax):
        return worth + CONTRADICTS
    return worth


def _adds_up(triple: Triple) -> bool:
    subtotal, tax, total = triple
    if not (subtotal and tax and total):
        return False
    # A tax of a cent or two would add up with anything that is nearly equal.
    tolerance = min(ROUNDING, abs(_decimal(tax)) / 10)
    return abs(_decimal(subtotal) + _decimal(tax) - _decimal(total)) <= tolerance


def _fits_rate(subtotal: Candidate, tax: Candidate, rates: Collection[Decimal]) -> bool:
    return any(abs(_decimal(subtotal) * rate / 100 - _decimal(tax)) <= ROUNDING for rate in rates)


def _decimal(candidate: Candidate) -> Decimal:
    return Decimal(str(candidate.value))


def _field(reading: Reading, readings: list[Candidate], *, agrees: bool) -> Field:
    if reading is None:
        return Field(None, tuple(readings))
    others = [one for one in readings if one.value != reading.value]
    if not agrees:
        return choose([reading, *(one for one in others if one.confidence < reading.confidence)])
    sure = 1 - (1 - min(reading.confidence, 0.9)) * 0.3
    chosen = Candidate(reading.value, sure, reading.page, reading.box, reading.source)
    return Field(chosen, (chosen, *others))


def _breakdown(best: Triple, evidence: TotalsEvidence) -> list[Tax]:
    """The printed tax rows, when together they make the chosen tax; else one row from the totals and their rate."""
    subtotal, tax, _ = best
    rows = _consistent(evidence.rows)
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
