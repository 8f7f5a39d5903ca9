"""Endpoints and codes as a person uses them: the page stays, the address follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
ROWS = "tbody tr[data-item] th"


def test_endpoints_are_sorted_and_filtered_without_losing_the_page(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}endpoints/")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Requests", exact=True).click()
    page.wait_for_url(re.compile("sort=-count"))
    assert page.locator(ROWS).first.inner_text().startswith("GET /products")
    page.keyboard.press("/")
    page.keyboard.type("export")
    page.wait_for_url(re.compile("q=export"))
    page.wait_for_function("rows => document.querySelectorAll(rows).length === 1", arg=ROWS)
    assert page.evaluate("document.activeElement.id") == "endpoint-q"
    assert page.evaluate("window.same")
    page.go_back()
    page.wait_for_function("rows => document.querySelectorAll(rows).length > 1", arg=ROWS)


def test_a_phone_sorts_by_a_list(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}endpoints/", width=360)
    page.get_by_label("Sort by").select_option("-p99")
    page.wait_for_url(re.compile("sort=-p99"))
    assert page.locator(ROWS).first.is_visible()


def test_a_request_shows_its_lines_in_place(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}endpoints/")
    page.locator(ROWS).first.get_by_role("link").first.click()
    page.get_by_role("heading", name="Slow and failed examples").wait_for()
    page.evaluate("window.same = true")
    page.locator("#examples-title").locator("xpath=ancestor::section").locator("td.full a").first.click()
    page.locator("#request-lines .quote").first.wait_for()
    assert page.evaluate("window.same")
    assert "request_id=" in page.locator("#request-lines .quote").first.inner_text()


def test_codes_are_found_while_typing(open_page: OpenPage) -> None:
    page = open_page("/codes/")
    page.evaluate("window.same = true")
    page.keyboard.press("/")
    page.keyboard.type("h27")
    page.wait_for_function("() => document.querySelectorAll('#codes a[data-item]').length < 10")
    assert "Client Request Interrupted" in page.locator("#codes a[data-item]").first.inner_text()
    assert page.evaluate("window.same")
    page.locator("#codes a[data-item]").first.click()
    page.get_by_role("link", name=re.compile("^H26|^H28")).first.wait_for()
