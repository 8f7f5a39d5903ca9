"""Notes on the timeline and the ticket editor, as people use them: by keyboard, two at once, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]


def test_a_note_is_added_changed_taken_away_and_put_back(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}timeline/")
    page.locator("h2", has_text="Timeline").click()
    page.keyboard.press("a")
    page.keyboard.type("/t 09:07 scaled web to 4")
    page.keyboard.press("Enter")
    entry = page.locator(".tl-entry", has_text="scaled web to 4")
    entry.wait_for()
    assert re.search(r"#note-\d+$", page.url)
    entry.get_by_text("Edit", exact=True).click()
    entry.get_by_label("Text").fill("scaled web to 6")
    entry.get_by_label("Text").press("Control+Enter")
    page.get_by_text("The note is saved.").wait_for()
    entry = page.locator(".tl-entry", has_text="scaled web to 6")
    link = entry.get_by_role("link", name="Link to this entry").get_attribute("href")
    other = open_page(f"{example}timeline/{link}", width=360, dark=True)
    assert other.locator(".tl-entry.here").inner_text().count("scaled web to 6")
    entry.get_by_text("Edit", exact=True).click()
    entry.get_by_role("button", name="Delete").click()
    page.get_by_text("is taken away").wait_for()
    assert not page.locator(".tl-entry", has_text="scaled web to 6").count()
    page.get_by_role("button", name="Undo").click()
    page.locator(".tl-entry", has_text="scaled web to 6").wait_for()


def test_of_two_edits_of_a_note_the_second_sees_both(open_page: OpenPage, example: str) -> None:
    first = open_page(f"{example}timeline/")
    first.fill("#quick-text", "09:08 asked the database team")
    first.get_by_role("button", name="Add", exact=True).click()
    first.locator(".tl-entry", has_text="asked the database team").wait_for()
    second = open_page(f"{example}timeline/", tolerate="409")
    for page, text in ((first, "they see nothing"), (second, "they see locks")):
        entry = page.locator(".tl-entry", has_text="asked the database team")
        entry.get_by_text("Edit", exact=True).click()
        entry.get_by_label("Text").fill(f"asked the database team: {text}")
        entry.get_by_role("button", name="Save").click()
        page.wait_for_load_state()
    again = second.locator("#note-again")
    assert again.get_by_text("they see nothing").is_visible()
    assert again.get_by_text("they see locks").first.is_visible()
    assert second.evaluate("document.activeElement.id") == "note-again"
    again.get_by_role("button", name="Save mine over theirs").click()
    second.locator(".tl-entry", has_text="they see locks").wait_for()


def test_a_note_and_a_ticket_need_no_scripts(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}timeline/", scripts=False, tolerate="422")
    page.fill("#quick-text", "tea at noon")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.get_by_text("has no time").is_visible()
    page.fill("#quick-text", "09:09 tea\n09:10 more tea")
    page.get_by_role("button", name="Add", exact=True).click()
    assert page.locator(".tl-entry", has_text="more tea").is_visible()
    page.goto(f"{example}ticket/")
    page.fill("#f-workaround", "Reading less")
    page.get_by_role("button", name="Save the ticket").click()
    assert page.locator("article.markdown").get_by_text("Reading less").is_visible()
    page.fill("#add-line", "4081")
    page.locator(".add-line").get_by_role("button", name="Add").click()
    assert page.locator(".quotes").get_by_role("link", name="line 4,081").is_visible()


def test_two_people_in_two_fields_of_one_ticket_lose_nothing(open_page: OpenPage, example: str) -> None:
    first, second = open_page(f"{example}ticket/"), open_page(f"{example}ticket/", tolerate="409")
    first.fill("#f-differences", "Staging has one dyno.")
    first.locator("#ticket-side").get_by_text("Saved").wait_for()
    second.fill("#f-status_page", "none")
    second.locator("#ticket-side").get_by_text("Saved").wait_for()
    assert second.locator("#f-differences").input_value() == "Staging has one dyno."  # without loading the page again
    assert second.locator("article.markdown").get_by_text("Staging has one dyno.").is_visible()
    # Both in one field: both texts stand there, and can be kept both.
    first.fill("#f-differences", "Staging has one dyno and no data.")
    first.keyboard.press("Control+s")
    first.locator("article.markdown").get_by_text("and no data").wait_for()
    second.fill("#f-differences", "Another plan of the database.")
    second.get_by_text("changed the same field").wait_for()
    assert second.locator("#f-differences").input_value() == "Another plan of the database."
    second.get_by_role("button", name="Keep both").click()
    second.locator("#ticket-side").get_by_text("Saved").wait_for()
    first.reload()
    assert first.locator("#f-differences").input_value() == (
        "Staging has one dyno and no data.\nAnother plan of the database."
    )


def test_lines_are_searched_added_and_taken_back(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}ticket/", width=360)
    before = page.locator("ol.quotes li").count()
    page.fill("#add-line", "controller=Products")
    page.locator("#found-lines").get_by_role("button", name=re.compile("Add line")).first.click()
    page.get_by_text("Added as").wait_for()
    assert page.locator("ol.quotes li").count() == before + 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Show").first.click()
    page.get_by_text("Shown in the ticket from now on.").wait_for()
    page.get_by_role("button", name="Mask").first.click()
    page.get_by_text("Masked again.").wait_for()
    page.locator("ol.quotes li", has_text="added by").first.get_by_role("button").click()
    page.get_by_text("Taken out.").wait_for()
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_text("Taken back.").wait_for()
    assert page.locator("ol.quotes li").count() == before + 1
