"""What in the head of a receipt is a name, and what an address, a title or a greeting."""

import re
from dataclasses import dataclass

from invoice_engine.fields.receipts.phrases import Hit, word_hits
from invoice_engine.layout.lines import Cell
from invoice_engine.lexicon import lexicon, match_key

WRAPPED = 0.9  # of the widest line: a name this wide with its next word would not have fit into the line
FEWEST_LETTERS, MOST_CHARACTERS, MOST_WORDS = 3, 60, 9
MAX_LINE = 200  # characters of a line that are looked at: tills print fewer than fifty
SCRAP = 2  # letters that may follow a heading by mistake
SHORT_FORM = 2  # letters; such a legal form stands at the end, in capitals
LONG_HEADING = 8  # letters; a line that begins so is a heading, whatever follows
LONG_TRADE = 6  # letters of a word for a trade that may end another word: "Stadtbäckerei"
MOST_BROKEN = 0.34  # share of words that no language writes so
# What takes from the likeness to a name: tills print names in capitals, or with capitals, and in whole words.
SMALL_LETTERS, SCRAPS, ODD_SIGNS, OPEN_BRACKET = 0.4, 0.5, 0.6, 0.45
LETTERS_PER_WORD = 3.5

# Numbers of registration behind a name: (731558-K), 004417290-T, (Co. No. 2904417-X).
_NUMBER_BEHIND = re.compile(r"\s*\b[A-Z]{0,3}\d[\d .]{3,}\s?[-~–]?\s?\w?\W*$")
_BRACKET_BEHIND = re.compile(r"\s*[(\[{][^)\]}]*\d{3,}[^)\]}]*[)\]}]?\W*$")
_NUMBER_BEFORE = re.compile(r"^[#*\s]*\d{4,}\s+|^[^\w(]+(?=\w)")
_NO_NAME = re.compile(
    r"@|www\b|https?:|\.(?:com|net|org|de|fr|nl|es|it|pt|pl|se|dk|cz|uk|my)\b|\w:\s|:$|\d{5}|\d\s?%", re.IGNORECASE
)
_HOUSE_NUMBER = re.compile(
    r"^\W*(?:no|nr|n°)[\s.:]*\d+|^\W*#\d+[-/]|^\W*\d+\w?\s?[,/\-]|,\s*\d+\w?\s*$|\b\d+[a-z]?,", re.IGNORECASE
)
_STREET = re.compile(
    r"(?:stra(?:ss|ß)e|str\.|straat|laan|gatan|vägen|gade|vej|weg|platz|gasse|plein|gränd)\s+\d", re.IGNORECASE
)
_POSTCODE = re.compile(r"(?<![\d-])\d{4,6}(?![\d-])|\b\d{2,3}[- ]\d{2,3}\b|\b[A-Z]{1,2}\d\w? ?\d[A-Z]{2}\b")
_WORD = re.compile(r"[^\W\d_]+")
_VOWELS = frozenset("aeiouy")
_ODD = re.compile(r"[^\w\s&.,'’()/+!-]")
# Signs in which OCR sees the letter they look like, within a word.
_LIKE_LETTERS = {"¥": "Y", "€": "E", "$": "S", "|": "I", "1": "I", "0": "O", "]": "l"}
_SIGN_IN_WORD = re.compile(
    r"(?<=[A-Z])[¥€$|0](?=[A-Z])|(?<=\w\.)[¥€$|10](?=\.)|(?<=[A-Z][A-Z])[¥€$|0](?=\s|$)|(?<=[a-z])\](?=\s|$)"
)
# How sure OCR has to be of every longer word for a name to count fully, and at least.
SURE, UNSURE, DIRT, UNLIKELY_LETTER = 0.85, 0.3, 0.3, 0.6


@dataclass(frozen=True, slots=True)
class Name:
    cell: Cell
    text: str
    has_form: bool

    @property
    def has_own_word(self) -> bool:
        """Whether there is more to it than the legal form, which may stand in a line of its own."""
        return sum(map(len, map(match_key, _own_words(self.text)))) >= FEWEST_LETTERS


def name_in(cell: Cell, *, may_be_form: bool = False) -> Name | None:
    """The name in a line, without the number of registration; None if there is none.

    `may_be_form`: the line may be no more than a legal form.
    """
    text = _NUMBER_BEHIND.sub("", _BRACKET_BEHIND.sub("", _NUMBER_BEFORE.sub("", _without_dirt(cell))))
    text = _SIGN_IN_WORD.sub(_as_letters, text).strip(" -–—,:;*=~_|'\"“”‘’").lstrip(".")
    form = _legal_form(text)
    if form is not None and (form.start > 0 or may_be_form):
        damaged = match_key(text[form.start : form.end]) not in lexicon().receipt_words.get("legal_form", {})
        end = form.end + text[form.end :].startswith(".")
        text = text[: form.start].rstrip(" ,(") if damaged else text[:end]
    else:
        text = _without_scraps(text).rstrip(".")
    words = text.split()
    letters = sum(map(str.isalpha, text))
    if letters < FEWEST_LETTERS or len(text) > MOST_CHARACTERS or len(words) > MOST_WORDS:
        return None
    if letters < 0.6 * len(text.replace(" ", "")) or _NO_NAME.search(text) or _is_broken(text):
        return None
    if form is None and len(words) >= 3 and word_hits(text, "sentence"):
        return None
    return Name(cell, text, has_form=form is not None)


def goes_on(name: Name, following: Name, widest: float) -> bool:
    """Whether a name ends in the next line: that has the legal form alone, or with one word that did not fit."""
    if name.has_form or not following.has_form:
        return False
    own = _own_words(following.text)
    width = name.cell.box.right - name.cell.box.left
    per_letter = width / max(1, len(name.text))
    return not own or (len(own) == 1 and width + per_letter * (len(own[0]) + 1) > WRAPPED * widest)


def is_heading(text: str) -> bool:
    """Whether a line begins with, or is, what tills print beside names: greetings, titles, labels."""
    hits = word_hits(text, "heading")
    if not hits or any(map(str.isalnum, text[: hits[0].start])):
        return False
    rest = text[hits[-1].end :].lstrip(" )]*!")
    return sum(map(str.isalpha, rest)) <= SCRAP or rest[:1] in ":#.=" or hits[0].end - hits[0].start >= LONG_HEADING


def is_address(text: str) -> bool:
    """Whether a line is part of an address."""
    text = _BRACKET_BEHIND.sub("", text[:MAX_LINE])
    if _HOUSE_NUMBER.search(text) or _STREET.search(text):
        return True
    if _legal_form(text) is not None:
        return False
    if word_hits(text, "address") and not is_in_trade(text):
        return True
    return bool(_POSTCODE.search(text) and _WORD.search(text))


def is_in_trade(text: str) -> bool:
    """Whether a name says what its owner deals in; without a word more it is no name."""
    hits = word_hits(text, "business")
    if hits:
        return any(map(str.isalnum, text[: hits[0].start] + text[hits[-1].end :]))
    trades = tuple(trade for trade in lexicon().receipt_words.get("business", {}) if len(trade) >= LONG_TRADE)
    return any(match_key(word).endswith(trades) for word in text.split())


def likeness(name: Name) -> float:
    """How much a line looks like a name by its letters alone (0 to 1)."""
    words = _WORD.findall(name.text)
    known = name.has_form or is_in_trade(name.text)
    factor = SMALL_LETTERS if name.text.islower() else 1.0
    if not known and sum(map(len, words)) < LETTERS_PER_WORD * len(words):
        factor *= SCRAPS
    factor *= ODD_SIGNS if _ODD.search(name.text) else 1.0
    factor *= OPEN_BRACKET if name.text.count("(") != name.text.count(")") else 1.0
    return factor * _sureness(name)


def _sureness(name: Name) -> float:
    """How sure OCR is of the least sure word of a name; 1 where there was no OCR."""
    kept = {match_key(word) for word in name.text.split()}
    sure = [
        word.confidence for word in name.cell.words if len(match_key(word.text)) >= 2 and match_key(word.text) in kept
    ]
    return max(0.0, min(1.0, (min(sure, default=1.0) - UNSURE) / (SURE - UNSURE)))


def _as_letters(match: re.Match[str]) -> str:
    return "".join(_LIKE_LETTERS.get(character, character) for character in match[0])


def _legal_form(text: str) -> Hit | None:
    """The last legal form in `text`. Short ones are also words, and scraps: they count in capitals, at the end."""
    for hit in reversed(word_hits(text, "legal_form")):
        form = text[hit.start : hit.end]
        short = sum(map(str.isalpha, form)) <= SHORT_FORM
        if not short or (not any(map(str.isalnum, text[hit.end :])) and (form.isupper() or "." in form)):
            return hit
    return None


def _own_words(text: str) -> list[str]:
    """The words of a name that are no legal form, no "company" and no place in brackets."""
    form = _legal_form(text)
    own = re.sub(r"\([^)]*\)?", " ", text[: form.start] if form else text)
    return [word for word in own.split() if len(match_key(word)) > 1 and match_key(word) not in {"co", "company"}]


def _without_dirt(cell: Cell) -> str:
    """The text of `cell` without what OCR does not believe itself: at its ends, and single letters."""
    words = list(cell.words)
    while len(words) > 1 and words[-1].confidence < DIRT:
        words.pop()
    while len(words) > 1 and words[0].confidence < DIRT:
        words.pop(0)
    kept = (word.text for word in words if not (len(word.text) == 1 and word.confidence < UNLIKELY_LETTER))
    return " ".join(kept)[:MAX_LINE]


def _without_scraps(text: str) -> str:
    """`text` without the scraps that the edge of a photo leaves at the end of a line."""
    words = text.split()
    while len(words) > 1 and len(match_key(words[-1])) <= 2 and not words[-1].isupper():
        words.pop()
    return " ".join(words)


def _is_broken(text: str) -> bool:
    """Whether most words are none: scraps that OCR made of a logo or of dirt."""
    words = _WORD.findall(text)
    broken = sum(not _is_word(word) for word in words)
    return not words or broken > MOST_BROKEN * len(words)


def _is_word(word: str) -> bool:
    """Whether a language may write a word so: with a vowel if it is long, and capitals where they belong."""
    plain = match_key(word)
    if (len(plain) > 4 and not _VOWELS & set(plain)) or re.search(r"(.)\1\1", plain):
        return False
    return word.isupper() or word.islower() or word[:1].isupper()
