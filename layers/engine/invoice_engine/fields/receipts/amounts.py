"""Amounts as tills print them and OCR reads them: `14. 65`, `RM37.40`, `3B.70`, `4.70SR`, `-50. 00`, `20,-`."""

import re
from decimal import Decimal

from invoice_engine.fields.found import Found

CLEAN, REPAIRED, WHOLE, BARE = 1.0, 0.8, 0.6, 0.3
# A sign close to an amount that is none of money is likely a figure of it: §3.55.
CUT_OFF, OPENING = 0.3, "([{<:;=_*+@x\"'~|/#-"

_CURRENCY = r"(?:RM|US\$|S\$|A\$|C\$|HK\$|R\$|[€$£¥₹₺₴₪฿]|Rs\.?|zł|Kč|kr\.?|EUR|USD|GBP|CHF|PLN|SEK|DKK|NOK|CZK|MYR)"
_SIGN = r"[-−–~=]"
_DIGIT = "[0-9OoQlISB]"
_AMOUNT = re.compile(
    rf"(?<![0-9.,:/])(?<![^\W\d_])(?P<before>{_SIGN}?\s?{_CURRENCY}?[ _]?{_SIGN}?\s?)"
    rf"(?P<whole>\d{{1,3}}(?:[.,'’][0-9O]{{3}})+(?=\s?[.,])|\d{{1,3}}(?: \d{{3}})+(?=,)|{_DIGIT}{{1,6}})"
    r"(?P<mark>\s?[.,]\s?)(?P<cents>\d\d|\d[OolI]|[Oo]\d|[Oo]{2})(?P<after>-?)(?![0-9]|[.,:/]\d|\s?%)"
)
_WHOLE = re.compile(
    rf"(?<![0-9.,:/\w])(?P<before>{_SIGN}?\s?(?P<currency>{_CURRENCY})?\s?{_SIGN}?)(?P<whole>\d{{1,6}})"
    rf"(?P<after>[,.][-–]{{1,2}}|\s?{_CURRENCY}(?![^\W\d_]))?(?![\w%]|[.,:/-]?\d|\s?%)"
)
_BLURRED = re.compile(r"(?<![\w.,:/])(\d{1,4}) ?(\d{2})(?![\d.,:/%])")
_DIGITS = str.maketrans("OoQlISB", "0001158")


def till_amounts(text: str) -> list[Found]:
    """All amounts in `text` with two decimals, from left to right; damage that was repaired lowers the quality."""
    found = []
    for match in _AMOUNT.finditer(text):
        whole, cents = match["whole"], match["cents"]
        if not any(map(str.isdigit, whole)) and not cents.isdigit():
            continue
        digits = re.sub(r"[.,'’ ]", "", whole).translate(_DIGITS)
        value = Decimal(f"{digits}.{cents.translate(_DIGITS)}")
        damaged = not (whole + cents).translate(str.maketrans("", "", ".,'’ ")).isdigit()
        negative = any(sign in match["before"] for sign in "-−–~=") or match["after"] == "-"
        start = match.end("before") if not match["before"].strip() else match.start()
        before = text[start - 1 : start].strip()
        cut_off = before and before not in OPENING and not before.isalnum()
        quality = CUT_OFF if cut_off else REPAIRED if damaged else CLEAN
        found.append(Found(-value if negative else value, start, match.end(), quality))
    return found


def whole_amounts(text: str) -> list[Found]:
    """Numbers without decimals that may be amounts, likely so beside a currency or a dash for the cents."""
    return [
        Found(
            Decimal(match["whole"]),
            match.start("whole"),
            match.end(),
            WHOLE if match["currency"] or match["after"] else BARE,
        )
        for match in _WHOLE.finditer(text)
        if match["whole"].isascii()
    ]


def blurred_amounts(text: str) -> list[Found]:
    """Amounts whose decimal mark OCR lost: `80 91` or `8091`. Not evidence on their own."""
    return [
        Found(Decimal(f"{match[1]}.{match[2]}"), match.start(), match.end(), BARE)
        for match in _BLURRED.finditer(text)
        if match[0].isascii()
    ]
