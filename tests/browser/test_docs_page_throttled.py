"""The docs page before an API that takes one request a second: it waits, says so, and gets there."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PROJECT, Open, Served

PARAMETERS = {"RequestsPerSecond": "1", "RequestBurst": "1"}


def test_a_client_that_asks_too_much_waits_and_goes_on(visit: Open, served: Served) -> None:
    tab = visit()
    tab.enter(served.key)
    tab.page.evaluate(
        """() => {
          window.said = [];
          const status = document.querySelector("[role=status]");
          new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
        }"""
    )
    tab.capture(PROJECT / "samples" / "documents" / "english_gbp_classic.pdf")
    expect(tab.status).to_contain_text("captured")
    assert any("Trying again in" in text for text in tab.page.evaluate("said"))
    expect(tab.alert).to_have_text("")
    tab.expect_troubles("429")
