"""Apps in a real browser: the first line, the tail that never moves what is read, a window by dragging."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.support.logplex import Logplex

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.stack import Stack

OpenPage = Callable[..., "Page"]
AT_END = "box => box.scrollHeight - box.scrollTop - box.clientHeight < 12"


def say(node: Logplex, *texts: str) -> None:
    assert node.deliver(list(texts))


def test_an_app_is_added_and_its_first_line_turns_the_page_green(open_page: OpenPage, site: Stack) -> None:
    page = open_page("/apps/new/")
    page.get_by_label("Heroku app").fill("green-shop")
    page.get_by_role("button", name="Show me the command").click()
    command = page.locator("#drain-command").inner_text()
    token = re.search(r"drain:(trd_\w+)@", command)
    assert token
    assert command.startswith("heroku drains:add ")
    assert page.get_by_text("Waiting for the first line").is_visible()
    say(Logplex(site.url, token[1]), "hello")
    page.get_by_text("The first lines are here").wait_for(timeout=15_000)
    page.get_by_role("link", name="Watch them").click()
    page.get_by_text("hello").wait_for()


def test_the_tail_follows_and_pauses_without_moving(open_page: OpenPage, drained: tuple[str, Logplex]) -> None:
    path, node = drained
    page = open_page(f"{path}tail/")
    box, state = page.locator("#tail-box"), page.locator("#tail-paused")
    assert box.evaluate(AT_END)
    say(node, *(f"first wave {number}" for number in range(30)))
    page.get_by_text("first wave 29").wait_for(timeout=10_000)
    assert box.evaluate(AT_END)

    box.evaluate("box => { box.scrollTop -= 200; }")  # reading what is above
    state.get_by_text("Paused").wait_for()
    place, rows = box.evaluate("box => box.scrollTop"), page.locator("#lines .line").count()
    say(node, *(f"second wave {number}" for number in range(214)))
    state.get_by_text("Paused · 214 new").wait_for(timeout=10_000)
    assert (box.evaluate("box => box.scrollTop"), page.locator("#lines .line").count()) == (place, rows)
    assert not page.get_by_text("second wave 3").count()

    page.keyboard.press("f")
    page.get_by_text("second wave 213").wait_for()
    assert box.evaluate(AT_END)
    assert page.locator("#lines .line").count() == rows + 214
    assert state.inner_text() == ""
    page.get_by_role("button", name="Pause (f)").click()
    page.get_by_role("button", name="Resume (f)").wait_for()


def test_the_tail_filters_and_links_to_the_line(open_page: OpenPage, drained: tuple[str, Logplex]) -> None:
    path, node = drained
    page = open_page(f"{path}tail/?q=needle")
    page.get_by_text("No line matches so far").wait_for()
    say(node, "hay", "a needle in it <img src=x onerror=window.hacked=1>", "more hay")
    line = page.locator("#lines .line").first
    line.wait_for(timeout=10_000)
    assert "a needle in it <img src=x" in line.inner_text()
    assert page.locator("#lines .line").count() == 1
    assert page.evaluate("window.hacked") is None
    assert re.search(r"/i/[0-9a-f-]{36}/l/\d+\.\d+/$", line.locator("a.no").get_attribute("href") or "")


def test_the_tail_says_when_it_is_stale_and_goes_on(open_page: OpenPage, drained: tuple[str, Logplex]) -> None:
    path, node = drained
    page = open_page(f"{path}tail/", tolerate="Failed to load resource")
    page.get_by_text("Live ·").wait_for()
    page.route("**/tail/lines/**", lambda route: route.abort())
    page.get_by_text(re.compile(r"Updated \d+ s ago · reconnecting")).wait_for(timeout=10_000)
    page.unroute("**/tail/lines/**")
    say(node, "back again")
    page.get_by_text("back again").wait_for(timeout=20_000)
    page.get_by_text("Live ·").wait_for()


def test_a_drag_over_the_strip_chooses_a_window(open_page: OpenPage, drained: tuple[str, Logplex]) -> None:
    page = open_page(drained[0])
    strip = page.locator("#strip").bounding_box()
    assert strip
    page.mouse.move(strip["x"] + strip["width"] * 0.9, strip["y"] + 20)
    page.mouse.down()
    page.mouse.move(strip["x"] + strip["width"] * 0.99, strip["y"] + 20, steps=4)
    page.mouse.up()
    begin, end = (page.locator(f"#window-{name}").input_value() for name in ("from", "to"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", begin)
    assert begin < end
    page.get_by_role("button", name="Open an incident from here").click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"))
