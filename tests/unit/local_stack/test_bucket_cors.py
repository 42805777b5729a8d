"""Pages of other origins reach the documents of the local stack just as the bucket of the template lets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local_stack.bucket_cors import rules_of
from local_stack.document_links import DocumentLinks

OURS, THEIRS = "https://app.example.com", "https://evil.example.com"
RULES = rules_of(
    {
        "CorsRules": [
            {
                "Id": "Forms",
                "AllowedOrigins": [OURS],
                "AllowedMethods": ["POST"],
                "AllowedHeaders": ["*"],
                "ExposedHeaders": ["ETag"],
                "MaxAge": "60",
            },
            {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"], "AllowedHeaders": ["api-*"]},
        ]
    }
)


@pytest.fixture(scope="module")
def links() -> Iterator[DocumentLinks]:
    def rules(bucket: str) -> Any:
        return RULES if bucket == "documents" else []

    def read(*_: Any) -> tuple[bytes, str]:
        return b"", "application/pdf"

    with DocumentLinks(read, "local", "local", "us-east-1", lambda *_: None, cors_rules=rules) as server:
        yield server


def ask(links: DocumentLinks, origin: str, method: str, headers: str = "", bucket: str = "documents") -> Any:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return requests.options(f"{links.endpoint}/{bucket}/a", headers=asked, timeout=10)


def test_rules_of_a_template_are_those_of_s3() -> None:
    assert (RULES[0]["ID"], RULES[0]["ExposeHeaders"], RULES[0]["MaxAgeSeconds"]) == ("Forms", ["ETag"], 60)
    assert rules_of({}) == []


def test_an_allowed_page_may_send_a_form(links: DocumentLinks) -> None:
    answer = ask(links, OURS, "POST", "Content-Type, X-Any")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == OURS
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type, x-any"
    assert answer.headers["Access-Control-Max-Age"] == "60"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag"
    assert answer.headers["Vary"].startswith("Origin")


@pytest.mark.parametrize(
    ("origin", "method", "headers", "bucket"),
    [
        (THEIRS, "POST", "", "documents"),
        (OURS, "DELETE", "", "documents"),
        (OURS, "", "", "documents"),
        (OURS, "POST", "", "another"),
        (THEIRS, "GET", "api-key, x-other", "documents"),
    ],
)
def test_what_no_rule_allows_is_refused(
    links: DocumentLinks, origin: str, method: str, headers: str, bucket: str
) -> None:
    answer = ask(links, origin, method, headers, bucket)
    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


def test_a_page_that_was_redirected_may_read_the_document(links: DocumentLinks) -> None:
    """It says of its origin no more than null then."""
    answer = ask(links, "null", "GET", "API-Key")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_answers_and_refusals_say_who_may_read_them(links: DocumentLinks) -> None:
    url = f"{links.endpoint}/documents"
    posted = requests.post(url, headers={"Origin": OURS}, timeout=10)
    assert (posted.status_code, posted.headers["Access-Control-Allow-Origin"]) == (412, OURS)
    assert "Access-Control-Allow-Origin" not in requests.post(url, headers={"Origin": THEIRS}, timeout=10).headers
    read = requests.get(f"{url}/a", headers={"Origin": THEIRS}, timeout=10)
    assert (read.status_code, read.headers["Access-Control-Allow-Origin"]) == (403, "*")
    assert "Access-Control-Allow-Origin" not in requests.get(f"{url}/a", timeout=10).headers
