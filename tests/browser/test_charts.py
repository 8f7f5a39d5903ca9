"""One window of time for the whole page: by brush, by typed times, by keys; and back again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
CHOSEN = re.compile(r"\?from=[\d:]+&to=[\d:]+$")


def brush(page: Page, chart: str, start: float, end: float) -> None:
    """Drag across a chart, from one share of its width to another."""
    over = page.locator(f"[data-plot={chart}] .u-over")
    over.wait_for()
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + 60, steps=5)
    page.mouse.up()


def figure(page: Page, name: str) -> str:
    return page.locator("#windowed dl > div", has_text=name).locator("dd").inner_text()


def ends(page: Page) -> list[float]:
    found: list[float] = page.evaluate("window.triage.window.now()")
    return found


def test_a_brush_changes_address_and_numbers_and_back_undoes_it(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    page.evaluate("window.same = true")
    brush(page, "requests", 0.4, 0.7)
    page.wait_for_url(CHOSEN)
    page.locator("#windowed-title").wait_for()
    first = figure(page, "Requests")
    address = page.url
    brush(page, "latency", 0.3, 0.6)
    page.wait_for_function("before => location.href !== before", arg=address)
    page.wait_for_function("before => !document.querySelector('#windowed dd').innerText.includes(before)", arg=first)
    assert f"?{page.url.partition('?')[2]}" in page.locator("#tabs a", has_text="Endpoints").get_attribute("href")
    page.go_back()
    page.wait_for_function("wanted => document.querySelector('#windowed dd').innerText === wanted", arg=first)
    assert page.url == address
    page.go_back()
    page.wait_for_function("() => !document.querySelector('#windowed dd')")
    assert page.url.endswith(example)
    assert page.evaluate("window.same")


def test_typed_times_are_a_window_or_a_clear_sentence(open_page: OpenPage, example: str) -> None:
    page = open_page(example, width=360)
    page.fill("#range-from", "09:12")
    page.fill("#range-to", "09:13:30")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?from=09:12&to=09:13:30$"))
    page.get_by_text("09:12 to 09:13:30 UTC").first.wait_for()
    assert "H12" in figure(page, "Codes")
    page.fill("#range-to", "09:10")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("alert").get_by_text("ends (09:10) before it begins (09:12)").wait_for()
    assert page.locator("#range-to").input_value() == "09:10"


def test_keys_zoom_shift_and_show_all(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    page.locator("#charts canvas").first.wait_for()
    page.keyboard.press("=")
    page.wait_for_url(CHOSEN)
    page.locator("#windowed-title").wait_for()
    before = ends(page)
    page.keyboard.press("]")
    page.wait_for_function("low => (window.triage.window.now() || [0])[0] > low", arg=before[0])
    assert abs((ends(page)[1] - ends(page)[0]) - (before[1] - before[0])) <= 2
    page.keyboard.press("0")
    page.wait_for_function("() => !window.triage.window.now()")
    assert "?" not in page.url


def test_a_chart_is_read_and_zoomed_by_keyboard(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    page.locator("[data-plot=requests] canvas").wait_for()
    page.focus("[data-plot=requests]")
    page.keyboard.press("PageDown")
    assert "v142" in page.locator(".chart-tip:visible").inner_text()
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(CHOSEN)


def test_a_window_in_the_address_needs_no_scripts(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}?from=09:12&to=09:13", scripts=False)
    assert "H12" in figure(page, "Codes")
    assert page.locator(".picture svg").first.is_visible()
    page.get_by_role("link", name="Whole incident").click()
    assert not page.locator("#windowed-title").count()


def test_lanes_tell_who_waited_for_whom(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}dynos/")
    words = page.locator("#lane-words")
    page.locator(".lanes").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('#lane-words a')")
    waiting = page.locator(".lane a[data-behind]").nth(10)
    waiting.focus()
    assert "waited" in words.inner_text()
    assert "behind" in words.inner_text()
    assert page.locator(".lane a.ahead").count()
    start = page.locator("#lane-from").input_value()
    page.get_by_role("link", name="After", exact=True).click()
    page.wait_for_url(re.compile("lane="))
    page.wait_for_function("before => document.querySelector('#lane-from').value !== before", arg=start)
    page.get_by_role("link", name="The worst", exact=True).click()
    page.wait_for_function("before => document.querySelector('#lane-from').value === before", arg=start)


def test_paper_gets_pictures_instead_of_screens(open_page: OpenPage, example: str) -> None:
    page = open_page(example, dark=True)
    page.locator("#charts canvas").first.wait_for()
    page.emulate_media(media="print")
    assert not page.locator("#charts canvas").first.is_visible()
    assert page.locator("#picture-requests svg").is_visible()


def test_charts_have_their_colours_where_nothing_may_move(open_page: OpenPage, example: str) -> None:
    page = open_page(example, reduced_motion="reduce")
    page.locator("[data-plot=requests] canvas").wait_for()
    coloured = """() => {
      const canvas = document.querySelector("[data-plot=requests] canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 200 && Math.max(...data.slice(at, at + 3)) - Math.min(...data.slice(at, at + 3)) > 80) return true;
      }
      return false;
    }"""
    page.wait_for_function(coloured)
