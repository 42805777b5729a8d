"""Phrases of the lexicon as OCR may read them: "lnvoice N0", "Rechnungsnurnmer", "Zahibetrag"."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from invoice_engine.lexicon import lexicon, match_key

SHORTEST = 5  # letters; shorter words differ from others by one letter
# Letters of a phrase -> how many of them may differ, beyond those that are drawn alike.
MAX_EDITS = ((6, 0), (10, 1), (16, 2), (40, 3))
LONGEST = MAX_EDITS[-1][0]
LONGEST_TEXT = 2 * LONGEST  # with its spaces
# One form for what is drawn alike.
_ALIKE = str.maketrans("01l58", "oiisb")
_DRAWN_AS_L = str.maketrans("|!][", "llll")


class Alike:
    """The keys of a mapping, to be found by what looks like one of them.

    Keys that look the same but mean something else, by `meaning`, are left out.
    """

    def __init__(self, phrases: Mapping[str, object], meaning: Callable[[str], str]) -> None:
        shapes: dict[str, set[str]] = {}
        for phrase in phrases:
            if SHORTEST <= len(phrase) <= LONGEST:
                shapes.setdefault(shape(phrase), set()).add(phrase)
        self._meaning = meaning
        self._phrases = {form: min(keys) for form, keys in shapes.items() if len(set(map(meaning, keys))) == 1}
        self._by_length: dict[int, list[str]] = {}
        for form in self._phrases:
            self._by_length.setdefault(len(form), []).append(form)

    def nearest(self, text: str) -> tuple[str, float] | None:
        """The phrase that `text` looks like, and how much (0..1); None where it looks like none, or like several."""
        form = shape(text)
        if len(form) < SHORTEST:
            return None
        if form in self._phrases:
            return self._phrases[form], 1.0
        edits = next((edits for length, edits in MAX_EDITS if len(form) <= length), 0)
        return self._within(form, edits) if edits else None

    def _within(self, form: str, edits: int) -> tuple[str, float] | None:
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import extract

        lengths = range(len(form) - edits, len(form) + edits + 1)
        choices = [other for length in lengths for other in self._by_length.get(length, [])]
        best = extract(form, choices, scorer=Levenshtein.distance, score_cutoff=edits, limit=3)
        if not best:
            return None
        rivals = {self._meaning(self._phrases[other]) for other, distance, _ in best if distance == best[0][1]}
        if len(rivals) > 1:
            return None
        return self._phrases[best[0][0]], 1 - best[0][1] / len(form)


def shape(text: str) -> str:
    """`text` squeezed, with one form for letters and digits that OCR takes for each other."""
    return match_key(text.translate(_DRAWN_AS_L)).replace("rn", "m").replace("vv", "w").translate(_ALIKE)


@lru_cache(maxsize=1)
def _labels() -> Alike:
    labels = lexicon().labels
    return Alike(labels, lambda phrase: labels[phrase].name)


@lru_cache(maxsize=1)
def _columns() -> Alike:
    columns = lexicon().columns
    return Alike(columns, lambda phrase: columns[phrase])


def label_like(text: str) -> tuple[str, float] | None:
    """The label that `text` looks like, squeezed, and how much it does."""
    return _label_like(text) if len(text) <= LONGEST_TEXT else None


def column_like(text: str) -> str | None:
    """What a column holds whose heading looks like `text`."""
    found = _column_like(text) if len(text) <= LONGEST_TEXT else None
    return lexicon().columns[found[0]] if found else None


@lru_cache(maxsize=4_000)
def _label_like(text: str) -> tuple[str, float] | None:
    return _labels().nearest(text)


@lru_cache(maxsize=4_000)
def _column_like(text: str) -> tuple[str, float] | None:
    return _columns().nearest(text)
