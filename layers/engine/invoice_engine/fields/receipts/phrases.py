"""Find the words of receipts in a line of text, also where OCR damaged a letter of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from invoice_engine.lexicon import lexicon, match_key

LONGEST_PHRASE = 6  # words
LONGEST_DAMAGED = 40  # letters; what is longer is no phrase
# Letters of a word that may be damaged; shorter ones are too much alike, and many more words are looked for in names.
SHORTEST_DAMAGED_AMOUNT, SHORTEST_DAMAGED_WORD = 5, 6
SHORTEST_WITH_MORE = 7  # letters; "ground" is no "round" with a letter too many
MAX_WORDS = 40

_WORD = re.compile(r"[^\s:;,.()\[\]{}<>/*=_@\-]+")
# What OCR often makes of an l at the end of a word or before a capital; brackets would split the word.
_BROKEN_L = re.compile(r"(?<=[^\W\d_])[\]}|!]")
_LETTERS = str.maketrans("0158$", "olsbs")


@dataclass(frozen=True, slots=True)
class Hit:
    """`text[start:end]` is a phrase of the given kind."""

    kind: str
    start: int
    end: int


def amount_hits(text: str) -> list[Hit]:
    """What the words of `text` say of the amount in its row, from left to right."""
    return _hits(text, lexicon().receipt_amounts, _damaged_amounts())


def word_hits(text: str, kind: str) -> list[Hit]:
    """The words of one kind in `text`: till, heading, address, business, date, other_date or legal_form."""
    return _hits(text, lexicon().receipt_words.get(kind, {}), _damaged_words(kind))


def one_edit_apart(word: str, other: str) -> bool:
    """Whether the words differ by one letter replaced, left out or added."""
    if abs(len(word) - len(other)) > 1:
        return False
    start = next((index for index, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:
        return len(word) != len(other)
    rests = word[start:], other[start:]
    return rests[0][1:] == rests[1][1:] or rests[0][1:] == rests[1] or rests[0] == rests[1][1:]


def _hits(text: str, phrases: Mapping[str, str], damaged: Mapping[str, tuple[str, ...]]) -> list[Hit]:
    whole = _BROKEN_L.sub("l", text)
    words = [(match.start(), match.end(), match_key(match[0])) for match in _WORD.finditer(whole)][:MAX_WORDS]
    found: list[Hit] = []
    position = 0
    while position < len(words):
        count, kind = _longest(words[position : position + LONGEST_PHRASE], phrases, damaged)
        if kind is not None:
            found.append(Hit(kind, words[position][0], words[position + count - 1][1]))
        position += count
    return found


def _longest(
    words: list[tuple[int, int, str]], phrases: Mapping[str, str], damaged: Mapping[str, tuple[str, ...]]
) -> tuple[int, str | None]:
    """The number of words of the longest phrase that `words` begin with, and its kind; 1 and None without any."""
    for count in range(len(words), 0, -1):
        joined = "".join(word for _, _, word in words[:count])
        if joined in phrases:
            return count, phrases[joined]
    for count in range(len(words), 0, -1):
        joined = "".join(word for _, _, word in words[:count])
        if joined.isdigit() or len(joined) > LONGEST_DAMAGED:
            continue
        if (kind := _repaired(joined.translate(_LETTERS), phrases, damaged)) is not None:
            return count, kind
    return 1, None


def _repaired(word: str, phrases: Mapping[str, str], damaged: Mapping[str, tuple[str, ...]]) -> str | None:
    """The kind of the phrase that `word` is but for one letter."""
    if word in phrases:
        return phrases[word]
    for form in (word, *_shortened(word)):
        for phrase in damaged.get(form, ()):
            if one_edit_apart(word, phrase) and (len(word) <= len(phrase) or len(phrase) >= SHORTEST_WITH_MORE):
                return phrases[phrase]
    return None


@lru_cache(maxsize=4_000)
def _shortened(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word[:index] + word[index + 1 :] for index in range(len(word))))


def _damaged(phrases: Mapping[str, str], shortest: int) -> dict[str, tuple[str, ...]]:
    """Phrases by what is left of them without one letter, and by themselves: what is one edit apart meets there."""
    forms: dict[str, tuple[str, ...]] = {}
    for phrase in phrases:
        if len(phrase) >= shortest:
            for form in (phrase, *_shortened(phrase)):
                forms[form] = (*forms.get(form, ()), phrase)
    return forms


@cache
def _damaged_amounts() -> dict[str, tuple[str, ...]]:
    return _damaged(lexicon().receipt_amounts, SHORTEST_DAMAGED_AMOUNT)


@cache
def _damaged_words(kind: str) -> dict[str, tuple[str, ...]]:
    return _damaged(lexicon().receipt_words.get(kind, {}), SHORTEST_DAMAGED_WORD)
