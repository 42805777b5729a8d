"""How each country writes numbers, dates and long identifiers."""

from datetime import date
from decimal import Decimal

SEPARATORS = {
    "en-GB": (",", "."),
    "en-IE": (",", "."),
    "en-US": (",", "."),
    "de-DE": (".", ","),
    "de-AT": (".", ","),
    "de-CH": ("'", "."),
    "fr-FR": ("\N{NO-BREAK SPACE}", ","),
    "nl-NL": (".", ","),
    "es-ES": (".", ","),
}

DATES = {
    "en-GB": "{day} {month_name} {year}",
    "en-IE": "{day:02} {month_name:.3} {year}",
    "en-US": "{month_name} {day}, {year}",
    "de-DE": "{day:02}.{month:02}.{year}",
    "de-AT": "{day}.{month}.{year}",
    "de-CH": "{day}. {month_name} {year}",
    "fr-FR": "{day} {month_name} {year}",
    "nl-NL": "{day:02}-{month:02}-{year}",
    "es-ES": "{day:02}/{month:02}/{year}",
}

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}


def number(value: Decimal, language: str) -> str:
    """Write `value` with all its decimal places, grouped by thousands."""
    thousands, decimal = SEPARATORS[language]
    return f"{value:,}".translate({ord(","): thousands, ord("."): decimal})


def day(value: date, language: str) -> str:
    return DATES[language].format(
        day=value.day,
        month=value.month,
        month_name=MONTHS[language[:2]].split()[value.month - 1],
        year=value.year,
    )


def grouped(identifier: str, *sizes: int) -> str:
    """Cut an identifier into groups of the given sizes with spaces between; the last size repeats."""
    groups = []
    remaining = list(sizes)
    while identifier:
        size = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        groups.append(identifier[:size])
        identifier = identifier[size:]
    return " ".join(groups)
