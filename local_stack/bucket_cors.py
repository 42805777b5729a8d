"""What a bucket lets pages of other origins do, by its rules, as S3 judges them (CORS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from werkzeug.wrappers import Request, Response

Rule = Mapping[str, Any]
Rules = Sequence[Rule]
_METHOD, _HEADERS = "Access-Control-Request-Method", "Access-Control-Request-Headers"


def rules_of(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a bucket in a template, as S3's API has them."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    return [
        {names.get(name, name): int(part) if name == "MaxAge" else part for name, part in rule.items()}
        for rule in configuration.get("CorsRules", ())
    ]


def preflight(rules: Rules, request: Request) -> Response | None:
    """The answer to a browser that asks first; None where no rule lets it go on."""
    asked = [name.strip().lower() for name in request.headers.get(_HEADERS, "").split(",") if name.strip()]
    rule = _first(rules, request.headers.get("Origin", ""), request.headers.get(_METHOD, ""), asked)
    if rule is None:
        return None
    headers = _common(rule, request)
    if asked:
        headers["Access-Control-Allow-Headers"] = ", ".join(asked)
    if "MaxAgeSeconds" in rule:
        headers["Access-Control-Max-Age"] = str(rule["MaxAgeSeconds"])
    return Response(b"", 200, headers)


def cross_origin_headers(rules: Rules, request: Request) -> dict[str, str]:
    """What an answer says to the page behind a request; nothing where no rule is for it."""
    rule = _first(rules, request.headers.get("Origin", ""), request.method, ())
    return {} if rule is None else _common(rule, request)


def _first(rules: Rules, origin: str, method: str, asked: Sequence[str]) -> Rule | None:
    """The first rule for an origin and a method that allows all headers which are asked for."""
    for rule in rules:
        allowed = [name.lower() for name in rule.get("AllowedHeaders", ())]
        if (
            method in rule["AllowedMethods"]
            and any(fnmatchcase(origin, pattern) for pattern in rule["AllowedOrigins"])
            and all(any(fnmatchcase(name, pattern) for pattern in allowed) for name in asked)
        ):
            return rule
    return None


def _common(rule: Rule, request: Request) -> dict[str, str]:
    origin = "*" if "*" in rule["AllowedOrigins"] else request.headers["Origin"]
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
        "Vary": f"Origin, {_HEADERS}, {_METHOD}",
    }
    if rule.get("ExposeHeaders"):
        headers["Access-Control-Expose-Headers"] = ", ".join(rule["ExposeHeaders"])
    return headers
