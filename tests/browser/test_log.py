"""The log in a browser: keys, completion, context in place, links that a second browser opens, and no scripts at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]


def rows(page: Page) -> int:
    return page.locator("#lines .line").count()


def focused(page: Page) -> str:
    """Place of the line that has the focus."""
    place: str = page.evaluate("document.activeElement.closest('[data-place]')?.dataset.place ?? ''")
    return place


def test_lines_are_walked_copied_and_linked_by_keys(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/?q=code:H12", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    first = focused(page)
    page.keyboard.press("e")
    second = focused(page)
    assert first
    assert second not in ("", first)
    page.keyboard.press("y")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.match(r"\d{4}-\d\d-\d\dT\S+ heroku\[router\]: at=error code=H12 ", copied)
    page.keyboard.press("c")
    page.locator(".lines-context .line").nth(20).wait_for()
    assert page.locator(".lines-context .line").count() == 21
    page.keyboard.press("Space")
    page.keyboard.press("k")
    page.keyboard.press("Space")
    assert page.locator("#selection").get_by_text("2 lines").is_visible()
    page.keyboard.press("l")
    link = page.evaluate("navigator.clipboard.readText()")
    low, high = sorted((first, second), key=lambda place: int(place.split(".")[1]))
    assert link.endswith(f"/l/{low}/?to={high}")
    other = open_page(link)
    assert other.locator(".line.here").first.is_visible()
    assert other.locator(".line.here").count() == int(high.split(".")[1]) - int(low.split(".")[1]) + 1


def test_the_query_is_completed_and_its_terms_taken_away(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/")
    page.keyboard.press("/")
    page.keyboard.type("co")
    page.locator("#log-q-list [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("option", name="code:H12").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#log-q").input_value() == "code:H12 "
    page.keyboard.press("Enter")
    page.locator("[data-chip]").wait_for()
    assert "q=code%3AH12" in page.url
    assert page.locator("#lines .line").first.get_by_text("code=H12").is_visible()
    page.locator("[data-chip]").click()
    page.get_by_text("Start of the log").wait_for()


def test_more_lines_come_by_scrolling_and_the_page_stays_light(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/?fold=off")
    seen = {page.locator("#lines .line").first.get_attribute("data-place")}
    for _ in range(5):
        before = page.locator("#lines .line").last.get_attribute("data-place")
        page.mouse.wheel(0, 200_000)
        page.locator(f'#lines [data-page]:last-child > .line:last-child[data-place="{before}"]').wait_for(
            state="detached"
        )
        seen.add(page.locator("#lines .line").last.get_attribute("data-place"))
        assert rows(page) <= 600
    assert len(seen) == 6
    places = page.evaluate(
        "[...document.querySelectorAll('#lines .line')].map((line) => Number(line.dataset.place.split('.')[1]))"
    )
    assert len(places) == len(set(places))
    assert page.locator("#pager-earlier [data-more]").count() == 1


def test_everything_works_without_scripts(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/", scripts=False, width=360)
    page.get_by_text("Filters").click()
    page.locator(".facets").get_by_role("link", name="H12", exact=False).first.click()
    assert page.locator("#log-q").input_value() == "code:H12"
    first = page.locator("#lines .line").first.get_attribute("data-place")
    page.get_by_role("button", name="Fold").click()
    assert page.get_by_role("button", name="Fold").get_attribute("aria-pressed") == "false"
    page.locator("#lines .line .no").first.click()
    assert f"/l/{first}/" in page.url
    assert page.locator(".line.here").count() == 1
