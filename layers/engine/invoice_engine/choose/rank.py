"""Rank the readings of a field, and decide whether the best of them is good enough."""

from collections.abc import Iterable

from invoice_engine.model import MAX_CANDIDATES, Candidate, Field, Value

CERTAINTY = 0.98  # text is never read with full certainty
THRESHOLD = 0.4  # below this a field stays empty: a wrong value costs more than a missing one
# A rival that is nearly as good takes away this share of the winner's lead.
DOUBT = 0.25


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One candidate per value, best first: independent sightings of one value support each other."""
    best: dict[Value, Candidate] = {}
    doubt: dict[Value, float] = {}
    for candidate in candidates:
        value = candidate.value
        doubt[value] = doubt.get(value, 1.0) * (1 - min(candidate.confidence, CERTAINTY))
        if value not in best or candidate.confidence > best[value].confidence:
            best[value] = candidate
    merged = [
        Candidate(one.value, min(CERTAINTY, 1 - doubt[value]), one.page, one.box, one.source)
        for value, one in best.items()
    ]
    return sorted(merged, key=lambda one: -one.confidence)


def choose(candidates: Iterable[Candidate], threshold: float = THRESHOLD) -> Field:
    """The field made of `candidates`: the best one, or no value when none is good enough."""
    order = ranked(candidates)
    if not order:
        return Field()
    best = order[0]
    if best.confidence < threshold:
        return Field(None, tuple(order[:MAX_CANDIDATES]))
    if len(order) > 1:
        lead = 1 - order[1].confidence / best.confidence
        sure = best.confidence * (1 - DOUBT * (1 - min(1.0, 2 * lead)))
        best = Candidate(best.value, sure, best.page, best.box, best.source)
    return Field(best, (best, *order[1:MAX_CANDIDATES]))
