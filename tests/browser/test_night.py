"""Somebody is woken at three: what the first screen answers, without a mouse, on a phone, alone or with a teammate."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from incidents.example import story
from tests.browser.conftest import wait_for_text
from tests.browser.test_charts import CHOSEN, brush

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

    from tests.support.stack import Stack

OpenPage = Callable[..., "Page"]
MOST_BYTES = 250_000
FIRST_ANSWERS = (".verdict-top", ".verdict-sentence", ".verdict-change", ".figures", ".do-list .command >> nth=0")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_the_first_screen_answers_what_people_ask_first(
    open_page: OpenPage, example: str, width: int, height: int
) -> None:
    page = open_page(example, width=width)
    page.set_viewport_size({"width": width, "height": height})
    for part in FIRST_ANSWERS:
        box = page.locator(part).bounding_box()
        assert box is not None, part
        assert box["y"] + box["height"] <= height, part
    assert page.get_by_text("Copy summary").is_visible()


def test_nothing_moves_while_the_page_loads_and_it_is_light(open_page: OpenPage, example: str) -> None:
    page = open_page("/codes/")
    page.goto("about:blank")
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.add_init_script(
        """window.shifts = 0; new PerformanceObserver((list) => {
            for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(example, wait_until="networkidle")
    page.locator("#charts canvas").first.wait_for()
    assert page.evaluate("window.shifts") < 0.01
    # Static files are packed when they are collected; here they come as they are.
    assert sum(len(gzip.compress(answer.body())) for answer in answers) <= MOST_BYTES


def reached(page: Page, target: Locator, most: int = 80) -> None:
    """Press Tab until the target has the focus, and see that the focus can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("one => one === document.activeElement"):
            hidden = target.evaluate(
                """one => { const box = one.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 8));
                return !(top && (one.contains(top) || top.contains(one))); }"""
            )
            assert not hidden, "something covers what has the focus"
            assert target.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
            return
    raise AssertionError("Tab never came there")


def test_without_a_mouse_from_the_list_to_the_proof(open_page: OpenPage, example: str) -> None:
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    reached(page, page.locator(f'h2 a[href="{example}"]'))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{re.escape(example)}$"))
    reached(page, page.locator(".verdict summary").first)
    page.keyboard.press("Enter")
    reached(page, page.get_by_role("button", name="As Markdown"))
    page.keyboard.press("Enter")
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("**[")
    reached(page, page.locator("#checks summary").first)
    page.keyboard.press("Enter")
    reached(page, page.locator("#checks details[open] a").first)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/logs/"))
    page.go_back()
    page.keyboard.press("Control+k")
    page.keyboard.type("tckt")
    assert page.locator("#palette [aria-selected=true]").inner_text().startswith("Ticket")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/ticket/$"))


@pytest.mark.parametrize("width", [1280, 360])
def test_from_a_file_to_a_ticket_with_a_teammate(open_page: OpenPage, tmp_path: Path, width: int, site: Stack) -> None:
    log = tmp_path / f"harbour-{width}.log"
    log.write_bytes(story.build())
    page = open_page("/new/", width=width)
    page.set_input_files("#files", log)
    page.get_by_role("button", name="Read the log").first.click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"), timeout=60_000)
    wait_for_text(page, "holds the workers")
    incident = urlsplit(page.url).path

    brush(page, "requests", 0.45, 0.6)
    page.wait_for_url(CHOSEN)
    page.locator("#windowed-title").wait_for()
    teammate = open_page(page.url.removeprefix(site.url), width=width)
    assert teammate.locator("#range-from").input_value() == page.locator("#range-from").input_value() != ""

    page.goto(f"{incident}#findings")
    page.locator("#findings .quote a").first.click()
    page.wait_for_url(re.compile(r"/l/0\.\d+/$"))
    words = page.locator(".line.here bdi").inner_text()
    teammate.goto(urlsplit(page.url).path)
    assert teammate.locator(".line.here bdi").inner_text() == words
    assert teammate.locator(".line.here").is_visible()

    teammate.goto(f"{incident}ticket/")
    with teammate.expect_download() as taken:
        teammate.get_by_role("link", name=".zip").click()
    with zipfile.ZipFile(io.BytesIO(Path(taken.value.path()).read_bytes())) as archive:
        assert "holds the workers" in archive.read("ticket.md").decode()


def test_a_live_page_can_be_paused_and_says_so(open_page: OpenPage, site: Stack) -> None:
    page = open_page("/new/")
    polls: list[str] = []
    page.route("**/i/*/?seen=*", lambda route: (polls.append(route.request.url), route.fulfill(status=204)))
    page.fill("#paste-text", "2026-03-14T09:00:00.000000+00:00 app[web.1]: hello\n" * 2_000)
    page.locator("#paste-form").get_by_role("button", name="Read the log").click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"))
    bar = page.locator("#live-bar")
    bar.get_by_role("button", name="Pause").click()
    bar.get_by_text("Paused").wait_for()
    seen = len(polls)
    page.wait_for_timeout(2_500)
    assert len(polls) == seen
    page.keyboard.press("p")
    page.wait_for_function("() => !document.querySelector('#live-bar').innerText.includes('Paused')")
    page.unroute("**/i/*/?seen=*")
    bar.get_by_text("Up to date").wait_for(timeout=60_000)
