"""What describes the API is there for everybody, for GET and HEAD, needs nothing from elsewhere, and is kept well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from tests.unit.api.api_world import ApiWorld, answer_of, event_of

# What Lambda gives in one call, as its JSON.
MOST_BYTES = 6 * 1024**2
STAGE = "https://a1.execute-api.eu-central-1.amazonaws.com/v1"


class Links(HTMLParser):
    """Everything of a page that has an address, and whether anything runs that is not in a file."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.is_inline = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name in ("src", "href") if (value := given.get(name))]
        self.is_inline |= tag == "style" or "style" in given or any(name.startswith("on") for name in given)
        self.is_inline |= tag == "script" and "src" not in given


@pytest.fixture
def links(world: ApiWorld) -> list[str]:
    return Links(world.call("GET", "/docs", client=None).text).links


def _files(links: list[str]) -> Iterator[str]:
    return (f"/{link}" for link in links if link.startswith("docs/"))


def test_the_page_loads_its_own_files_and_nothing_else(world: ApiWorld, links: list[str]) -> None:
    page = world.call("GET", "/docs", client=None)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page.text
    for path in _files(links):
        answer = world.call("GET", path, client=None)
        expected = "text/css; charset=utf-8" if ".css" in path else "text/javascript; charset=utf-8"
        assert (answer.status, answer.headers["Content-Type"]) == (200, expected)
        assert "@import" not in answer.text
        assert len(answer.text.encode()) < MOST_BYTES / 2
    assert len(list(_files(links))) == 4
    elsewhere = [link for link in links if not link.startswith("docs/")]
    assert set(elsewhere) - {"openapi.json"} == {link for link in elsewhere if link.startswith("data:")}


def test_every_link_holds_below_a_stage(links: list[str]) -> None:
    reached = {urljoin(f"{STAGE}/docs", link).partition("?")[0] for link in links if not link.startswith("data:")}
    assert f"{STAGE}/openapi.json" in reached
    assert all(url.startswith(f"{STAGE}/") for url in reached)


def test_the_page_with_a_slash_too_many_leads_to_the_page(world: ApiWorld) -> None:
    answer = answer_of(world.api(event_of("GET", "/docs/", client=None), None))
    assert answer.status == 302
    assert urljoin(f"{STAGE}/docs/", answer.headers["Location"]) == f"{STAGE}/docs"


def test_nothing_runs_in_the_page_but_its_files(world: ApiWorld) -> None:
    answer = world.call("GET", "/docs", client=None)
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not Links(answer.text).is_inline
    # The key goes where its person sends it, and nowhere by an address.
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/page.js"])
def test_head_has_the_headers_alone(world: ApiWorld, path: str) -> None:
    got, headed = world.call("GET", path, client=None), world.call("HEAD", path, client=None)
    assert (headed.status, headed.text) == (200, "")
    assert headed.headers == got.headers
    assert got.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/docs/page.css"])
def test_who_has_it_already_is_told_so(world: ApiWorld, method: str, path: str) -> None:
    first = world.call("GET", path, client=None)
    assert first.headers["Cache-Control"] == "no-cache"
    for known in (first.headers["ETag"], f'"another", {first.headers["ETag"]}'):
        event = event_of(method, path, client=None, headers={"If-None-Match": known})
        again = answer_of(world.api(event, None))
        assert (again.status, again.text, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    event = event_of(method, path, client=None, headers={"If-None-Match": 'W/"another"'})
    assert answer_of(world.api(event, None)).status == 200


def test_a_file_is_kept_under_the_address_of_its_version_alone(world: ApiWorld, links: list[str]) -> None:
    for path in _files(links):
        assert world.call("GET", path, client=None).headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert re.fullmatch(r"/docs/[a-z.-]+\?v=[0-9a-f]{16}", path)
        other = world.call("GET", f"{path}0", client=None)
        assert (other.status, other.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["nothing.js", "page.html", "../openapi.py", "page.css/more"])
def test_other_files_are_not_there(world: ApiWorld, name: str) -> None:
    answer = world.call("GET", f"/docs/{name}", client=None)
    assert (answer.status, answer.json["success"]) == (404, False)
