"""Put right what OCR makes of numbers: letters for digits, marks read twice, an amount torn into two words.

Only what can be nothing but an amount with two decimals or a date is touched, and an O or l between two digits of
anything else. What is an amount or a date already stays as it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise, product

from invoice_engine.model import Box
from invoice_engine.read.words import Word

# Letters that are drawn like digits; at the end of a number they may be a unit ("1.5l"), and only an O is surely none.
ALIKE = str.maketrans("OoIl|i!SsBZz", "001111155822")
LIKE_ONE_OR_ZERO = frozenset("OoIl|i!")
LIKE_ZERO = frozenset("Oo")
# Pieces of one number stand closer than words: within this share of the text height.
TORN = 0.6
MAX_PIECES = 4
LONGEST = 24

_AMOUNT = re.compile(r"\d{1,3}(?:(?P<group>[.,'’])\d{3})(?:(?P=group)\d{3})*(?!(?P=group))[.,]\d{2}|\d+[.,]\d{2}")
_SIGNS = r"[^\w.,;|!/%°#]*"  # the last four make something else of a number than an amount
_DAMAGED = re.compile(rf"({_SIGNS})([\dOoIl|i!SsBZz][\dOoIl|i!SsBZz.,;'’]{{2,}}[\dOo])([.|]?{_SIGNS})")
_DIGIT = r"[\dOoIl|]"
_DATE = re.compile(
    rf"([^\w|]*)({_DIGIT}{{1,2}}([./-]){_DIGIT}{{1,2}}\3{_DIGIT}{{4}}|{_DIGIT}{{4}}([./-]){_DIGIT}{{2}}\4{_DIGIT}{{2}})(\W*)"
)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[Ool](?=\d)")
_MARKS = re.compile(r"[.,;]+")
_CURRENCY = re.compile(r"[^\w]+|[A-Z]{3}|kr|Kč|zł|Ft|RM|Rs")
_PIECES = re.compile(rf"{_SIGNS}\d{{1,3}}[.,]?(?: ?[.,]?\d{{3}}[.,]?)* ?[.,]?\d{{2}}{_SIGNS}")


def mended_amount(text: str) -> str | None:
    """What `text` was printed as, when that is an amount; None when it needs no mending or may be something else."""
    match = _DAMAGED.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or _AMOUNT.fullmatch(match[2]) or not _may_be_letters(match[2]):
        return None
    body = match[2].translate(ALIKE)
    amount = next((one for one in _with_single_marks(body) if _AMOUNT.fullmatch(one)), None)
    return None if amount is None else match[1] + amount + match[3].lstrip(".|")


def mended_number(text: str) -> str | None:
    """What `text` was printed as, if it is an amount, a date, or something with digits; None for what is whole."""
    amount = mended_amount(text)
    if amount is not None:
        return amount
    date = _DATE.fullmatch(text) if len(text) <= LONGEST else None
    if date is not None and _may_be_letters(date[2]):
        mended = date[1] + date[2].translate(ALIKE) + date[5]
    else:
        mended = _BETWEEN_DIGITS.sub(lambda match: match[0].translate(ALIKE), text)
    return mended if mended != text else None


def mended_words(words: Sequence[Word], gap: Callable[[Word, Word], float]) -> list[Word]:
    """The words of one cell with their numbers mended. `gap` is the space between two words in text heights."""
    result: list[Word] = []
    position = 0
    while position < len(words):
        end, text = _joined(words, position, gap)
        if text is None:
            end, text = position + 1, mended_number(words[position].text)
        result.append(words[position] if text is None else _mended(text, words[position:end]))
        position = end
    return result


def _may_be_letters(body: str) -> bool:
    """Whether the letters of a number are likely digits, by how many they are and where."""
    letters = [character for character in body if character.isalpha() or character in "|!"]
    digits = sum(map(str.isdigit, body))
    if not digits or (body[0] in letters and body[0] not in LIKE_ONE_OR_ZERO):
        return False
    return len(letters) < digits or LIKE_ZERO.issuperset(letters)


def _with_single_marks(body: str) -> Iterator[str]:
    """`body` with one mark wherever it has one or more; a semicolon is a comma with dirt above it."""
    texts, marks = _MARKS.split(body), _MARKS.findall(body)
    for choice in product(*(dict.fromkeys(mark.replace(";", ",")) for mark in marks[:MAX_PIECES])):
        yield "".join(text + mark for text, mark in zip(texts, (*choice, *[""] * len(texts)), strict=False))


def _joined(words: Sequence[Word], start: int, gap: Callable[[Word, Word], float]) -> tuple[int, str | None]:
    """Where the pieces of a number end that begins at word `start`, and the number; None when there is none.

    Nothing but a currency may stand beside the pieces: in a sentence "1, 20" are two numbers.
    """
    if start and not (words[start - 1].text.endswith(":") or _CURRENCY.fullmatch(words[start - 1].text)):
        return start, None
    for end in range(min(len(words), start + MAX_PIECES), start + 1, -1):
        pieces = words[start:end]
        if end < len(words) and not _CURRENCY.fullmatch(words[end].text):
            continue
        if sum(len(piece.text) for piece in pieces) > LONGEST:
            continue
        if not _PIECES.fullmatch(" ".join(piece.text for piece in pieces)) or not _is_torn(pieces):
            continue
        whole = "".join(piece.text for piece in pieces)
        if _AMOUNT.search(whole) and all(gap(one, other) <= TORN for one, other in pairwise(pieces)):
            return end, whole
    return start, None


def _is_torn(pieces: Sequence[Word]) -> bool:
    """Whether a mark stands at the edge of a piece; without one they are numbers, or groups set with spaces."""
    return any(one.text[-1] in ".," or other.text[0] in ".," for one, other in pairwise(pieces))


def _mended(text: str, pieces: Sequence[Word]) -> Word:
    box = reduce(Box.union, (piece.box for piece in pieces))
    return Word(text, box, mended=True, confidence=min(piece.confidence for piece in pieces))
