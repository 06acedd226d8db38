"""The page of the API's description, in a real browser that may load nothing from elsewhere."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit


def test_the_description_is_drawn_and_an_operation_opens(visit: Visit) -> None:
    page = visit.open("/docs")
    expect(page.locator("#swagger-ui h1, #swagger-ui h2").first).to_contain_text("Rhapsode")
    operation = page.locator(".opblock-post").filter(has_text="Accept a synthesis job").first
    operation.locator(".opblock-summary").click()
    expect(operation).to_contain_text("Idempotency-Key")
