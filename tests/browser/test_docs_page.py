"""The docs page as a newcomer meets it: a key, a document, and the invoice; by light and by dark, on a phone too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from werkzeug.wrappers import Request, Response

from local_stack.simulators.server import LoopbackServer
from tests.browser.conftest import PROJECT, Open, Served, Visit

DOCUMENTS = PROJECT / "samples" / "documents"
SAMPLE = DOCUMENTS / "english_gbp_classic.pdf"
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
LEAST_CONTRAST = 4.5
PHONE, DESK = 360, 1280
# More than a request carries, in bytes.
TOO_MANY = 7 * 1024**2


@pytest.fixture
def below_a_stage(served: Served) -> Iterator[str]:
    """The API as API Gateway has it under a domain name of its own: below the name of its stage, and nowhere else."""

    def forward(request: Request) -> Response:
        if not request.full_path.startswith("/v1/"):
            return Response("There is nothing at this path.", 404)
        url = served.url + request.full_path.removeprefix("/v1")
        answer = requests.request(request.method, url, headers=request.headers, data=request.get_data(), timeout=60)
        return Response(answer.content, answer.status_code, dict(answer.headers))

    server = LoopbackServer(forward)
    try:
        yield f"{server.origin}/v1"
    finally:
        server.close()


def values_of(page: Page) -> dict[str, str]:
    """What the page shows of an invoice, by label; without how sure it is."""
    rows = page.locator("#result dl > div").all()
    return {
        row.locator("dt").inner_text(): row.locator("dd").evaluate("cell => cell.firstChild.data.trim()")
        for row in rows
    }


def test_a_key_is_kept_for_the_tab_and_for_nobody_else(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.page.reload()
    expect(tab.key).to_have_value(served.key)
    assert tab.page.evaluate("localStorage.length") == 0
    assert tab.context.cookies() == []
    assert served.key not in tab.page.url
    other = tab.context.new_page()
    other.goto(f"{served.url}/docs")
    expect(other.get_by_label("API key")).to_have_value("")
    expect(visit().key).to_have_value("")


def test_a_key_that_is_taken_away_is_forgotten(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.enter("")
    tab.page.reload()
    expect(tab.key).to_have_value("")


def test_an_uploaded_document_is_captured(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.capture(SAMPLE)
    expect(tab.status).to_have_text(re.compile(rf"^{SAMPLE.name}: captured in [0-9.]+ s\.$"))
    expected = json.loads((PROJECT / "samples" / "expected.json").read_text(encoding="utf-8"))[SAMPLE.name]["invoice"]
    shown = values_of(tab.page)
    assert shown["Total"] == f"{float(expected['total']):,.2f} {expected['currency']}" == "2,096.40 GBP"
    assert (shown["Number"], shown["Date"]) == (expected["invoice_number"], expected["issue_date"])
    assert shown["Supplier"] == expected["supplier.name"]
    expect(tab.alert).to_have_text("")
    expect(tab.form.get_by_role("button", name="Capture")).to_be_enabled()


def test_the_json_can_be_read_and_saved(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.capture(SAMPLE)
    tab.page.get_by_text("The job as JSON").click()
    shown = json.loads(tab.page.locator("#result pre").inner_text())
    assert shown["extractedData"]["invoice"]["amounts"]["total"] == 2096.4
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="Save the JSON").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8")) == shown
    assert download.value.suggested_filename == f"{shown['jobNumber']}.json"


def test_a_wrong_key_is_told_in_the_words_of_the_api(visit: Open) -> None:
    tab = visit()
    tab.enter("ick_wrong")
    tab.capture(SAMPLE)
    expect(tab.alert).to_contain_text("key")
    expect(tab.status).to_have_text("")
    expect(tab.form.get_by_role("button", name="Capture")).to_be_enabled()
    tab.expect_troubles("401")


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("notes.txt", b"Milk, bread, eggs", 400, "format"),
        ("large.pdf", b"%PDF-1.7\n" + bytes(TOO_MANY), 413, "/uploads"),
    ],
)
def test_a_document_that_is_refused_is_told_why(
    visit: Open, served: Served, name: str, content: bytes, status: int, words: str
) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.capture({"name": name, "mimeType": "application/octet-stream", "buffer": content})
    expect(tab.alert).to_contain_text(words)
    tab.expect_troubles(str(status))


def test_a_document_that_cannot_be_captured_is_told_why(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.capture({"name": "empty.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nnothing of a document"})
    expect(tab.alert).to_contain_text(re.compile(r"\w+: .*\."))
    expect(tab.page.locator("#result")).to_be_hidden()


def test_a_stack_that_was_stopped_is_missed_in_words(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.context.set_offline(True)
    tab.capture(SAMPLE)
    expect(tab.alert).to_contain_text("does not answer")
    tab.expect_troubles("ERR_INTERNET_DISCONNECTED")


def test_the_operations_have_the_same_key(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    listing = tab.page.locator("#operations-OCR_Invoice_Job-listJobs")
    listing.get_by_role("button").first.click()
    listing.get_by_role("button", name="Try it out").click()
    listing.get_by_role("button", name="Execute").click()
    expect(listing.locator(".live-responses-table tbody .response-col_status")).to_have_text("200")
    listing.get_by_role("button", name="authorization").click()
    tab.page.get_by_role("button", name="Remove authorization").click()
    expect(tab.key).to_have_value("")
    tab.page.locator("#api_key_value").fill("ick_another")
    tab.page.get_by_role("button", name="Apply credentials").click()
    expect(tab.key).to_have_value("ick_another")


def test_the_page_works_below_a_stage(visit: Open, below_a_stage: str, served: Served) -> None:
    tab = visit(below_a_stage)
    tab.enter(served.key)
    tab.capture(SAMPLE)
    expect(tab.status).to_contain_text("captured")
    link = tab.page.get_by_role("link", name="openapi.json")
    assert link.evaluate("link => link.href") == f"{below_a_stage}/openapi.json"


# --- what it looks like ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_in_both_schemes_and_widths(
    visit: Open, served: Served, scheme: str, width: int
) -> None:
    tab = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    require_readable(tab)
    tab.enter("ick_wrong")
    tab.capture(SAMPLE)
    expect(tab.alert).not_to_have_text("")
    require_readable(tab)
    tab.expect_troubles("401")
    tab.enter(served.key)
    tab.capture(SAMPLE)
    tab.page.get_by_text("The job as JSON").click()
    open_operations(tab)
    require_readable(tab)
    tab.page.get_by_role("button", name="authorization").first.click()
    require_readable(tab)
    [red, green, blue] = tab.page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
    )
    assert (red + green + blue < 3 * 64) == (scheme == "dark")


def require_readable(tab: Visit) -> None:
    # Swagger UI fades in and out.
    tab.page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)))")
    contrast = tab.page.evaluate(CONTRAST, LEAST_CONTRAST)
    assert contrast["low"] == []
    assert contrast["checked"] > 50
    width, available = tab.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= available


def open_operations(tab: Visit) -> None:
    """A request and its answer, a request with a body, and the schemas."""
    for name in ("listJobs", "createJob"):
        operation = tab.page.locator(f"[id$=-{name}]")
        operation.get_by_role("button").first.click()
        operation.get_by_role("button", name="Try it out").click()
    tab.page.get_by_role("button", name="Execute").first.click()
    tab.page.locator(".live-responses-table").wait_for()
    tab.page.get_by_role("button", name="Schemas").click()
