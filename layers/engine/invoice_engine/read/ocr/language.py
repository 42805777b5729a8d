"""Which language a text is probably in, told by the words that invoices in that language use."""

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib import resources

from invoice_engine import lexicon
from invoice_engine.lexicon import match_key

# Names of the lexicon's files (ISO 639-1) and of Tesseract's trained data (ISO 639-2/T).
TRAINED_DATA = {
    "cs": "ces", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra", "hr": "hrv",
    "hu": "hun", "it": "ita", "nb": "nor", "nl": "nld", "pl": "pol", "pt": "por", "ro": "ron", "sk": "slk",
    "sl": "slv", "sv": "swe",
}  # fmt: skip
ENGLISH = "eng"
# Another language than English takes the worth of three words of its own, and half as much again as English has.
FEWEST_OWN_WORDS = 3.0
LEAD = 1.5


def guess_language(words: Iterable[str]) -> str:
    """The language by the name of its trained data; English when the words do not clearly speak for another one.

    Works on text that was read with English letters only: accents do not count.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    for word in words:
        languages = _languages_of_words().get(match_key(word), ())
        for language in languages:
            scores[language] += 1 / len(languages)
    english = scores.pop(ENGLISH, 0.0)
    if not scores:
        return ENGLISH
    best, score = max(scores.items(), key=lambda item: (item[1], item[0]))
    return best if score >= max(FEWEST_OWN_WORDS, LEAD * english) else ENGLISH


def is_known(word: str) -> bool:
    """Whether a label, title or month of any language contains the word."""
    return match_key(word) in _languages_of_words()


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    """Every word of the lexicon's labels, titles and months, with the languages that use it."""
    found: dict[str, set[str]] = {}
    for entry in resources.files(lexicon.__name__).iterdir():
        name = TRAINED_DATA.get(entry.name.removesuffix(".json"))
        if name is None:
            continue
        content = json.loads(entry.read_text(encoding="utf-8"))
        phrases = [phrase for strengths in content["labels"].values() for some in strengths.values() for phrase in some]
        phrases += [heading for headings in content.get("titles", {}).values() for heading in headings]
        phrases += [month for names in content.get("months", []) for month in names]
        for word in {match_key(part) for phrase in phrases for part in phrase.split()}:
            if len(word) > 1 and word.isalpha():
                found.setdefault(word, set()).add(name)
    return {word: tuple(sorted(languages)) for word, languages in found.items()}
