"""The currency of a document: by label, by the codes and symbols beside its amounts, by the supplier's country."""

import re

from invoice_engine.fields.context import Context
from invoice_engine.fields.found import Found
from invoice_engine.lexicon import lexicon, match_key
from invoice_engine.model import Candidate

LABELLED, BESIDE_AMOUNT, MENTIONED, BY_COUNTRY, ONLY_ONE = 0.95, 0.35, 0.15, 0.45, 0.5
# Signs that several currencies share; a code in the document or the supplier's country tells which.
SHARED_SIGNS = {
    "$": ("USD", "CAD", "AUD", "MXN", "ARS", "NZD", "SGD", "HKD", "CLP", "COP"),
    "kr": ("SEK", "NOK", "DKK"),
}
MAX_SIGHTINGS = 40
SPACING = 4  # characters between an amount and its currency
LONGEST_NAME = 40

_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_SYMBOL = re.compile(
    r"(?:US|CA|AU|NZ|HK|MX|SG|R|A|C|S)\$|[€$£¥₹₺₴₩₪฿]"
    r"|(?<![A-Za-z])R(?=\s?\d[\d\s,.]*[.,]\d\d(?!\d))"
    r"|(?<![A-Za-z])(?:Rs\.?|zł|ZŁ|zl|Kč|KČ|Kc|Ft|[Kk]r\.?|RM|SFr\.|Fr\.|[Ee]uros?|EURO|Eur)(?![A-Za-z])"
)


def currencies(context: Context, country: str | None) -> list[Candidate]:
    """Candidates for the currency; `country` is the supplier's, if known (ISO 3166 alpha-2)."""
    codes = {text: _find_codes(text) for text in context.document.texts}
    mentioned = {str(found.value) for some in codes.values() for found in some}

    def find(text: str) -> list[Found]:
        known = codes.get(text)
        return (_find_codes(text) if known is None else known) or _find_symbols(text, mentioned, country)

    found = [seen.candidate(LABELLED) for seen in context.near(find, "currency")]
    for cell in context.document.cells:
        if len(found) >= MAX_SIGHTINGS:
            break
        for one in find(cell.text):
            amounts = context.amounts(cell.text)
            score = BESIDE_AMOUNT if any(_is_beside(one, amount) for amount in amounts) else MENTIONED
            box = cell.box_of_span(one.start, one.end)
            found.append(Candidate(one.value, score * one.quality, cell.page, box))
    if len({one.value for one in found}) == 1:
        # Nearly every document has one currency: the only one there is hardly needs to be seen twice.
        found = [one._replace(confidence=max(one.confidence, ONLY_ONE)) for one in found]
    if not found and country in lexicon().country_currency:
        found.append(Candidate(lexicon().country_currency[country], BY_COUNTRY, source="derived"))
    return found


def _is_beside(sign: Found, amount: Found) -> bool:
    """Whether a sign or code stands next to an amount, or is read as part of it."""
    return -SPACING <= sign.start - amount.end <= SPACING or amount.start <= sign.start < amount.end


def _find_codes(text: str) -> list[Found]:
    """ISO codes, or a currency by its name when that is all there is in `text`."""
    words = lexicon()
    codes = [
        Found(match[0], match.start(), match.end())
        for match in _CODE.finditer(text)
        if match[0] in words.currency_codes
    ]
    name = words.currency_names.get(match_key(text)) if len(text) <= LONGEST_NAME else None
    return codes or ([Found(name, 0, len(text))] if name else [])


def _find_symbols(text: str, mentioned: set[str], country: str | None) -> list[Found]:
    return [
        Found(_meaning(match[0], mentioned, country), match.start(), match.end()) for match in _SYMBOL.finditer(text)
    ]


def _meaning(symbol: str, mentioned: set[str], country: str | None) -> str:
    words = lexicon()
    shared = SHARED_SIGNS.get(symbol.rstrip(".").lower(), ())
    local = words.country_currency.get(country or "")
    if local in shared:
        return str(local)
    named = [code for code in shared if code in mentioned]
    return named[0] if len(named) == 1 else words.symbols[symbol]
