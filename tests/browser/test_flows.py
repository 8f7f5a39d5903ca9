"""What people do, from the first click to the ticket in their hands, with real workers behind it."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.stack import Stack

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the example, as a person would have it on disk."""
    path = tmp_path_factory.mktemp("logs") / "harbour.log"
    path.write_bytes(story.build())
    return path


def started(page: Page, button: str = "Read the log") -> None:
    page.get_by_role("button", name=button).first.click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"), timeout=60_000)


def test_a_dropped_log_becomes_a_verdict(open_page: OpenPage, log_file: Path) -> None:
    page = open_page("/new/")
    page.set_input_files("#files", log_file)
    assert page.locator(".file-row .name").inner_text() == "harbour.log"
    started(page)
    wait_for_text(page, "holds the workers")
    assert page.locator("#status section").count() == 0
    assert re.match(r"(● )?High · ", page.title())
    assert page.locator("#charts canvas").count() == 3


def test_several_files_become_one_incident(open_page: OpenPage, log_file: Path, tmp_path: Path) -> None:
    halves = log_file.read_bytes().split(b"\n")
    for name, rows in (("first.log", halves[:4_000]), ("second.log", halves[4_000:])):
        (tmp_path / name).write_bytes(b"\n".join(rows))
    page = open_page("/new/", width=360)
    page.set_input_files("#files", [tmp_path / "first.log", tmp_path / "second.log"])
    started(page, "Read 2 logs")
    wait_for_text(page, "holds the workers")
    assert page.locator("#sources-title").locator("xpath=../..").get_by_text("second.log").is_visible()


def test_a_file_larger_than_a_part_is_sent_in_parts(open_page: OpenPage, log_file: Path, tmp_path: Path) -> None:
    large = tmp_path / "large.log"
    calm = [
        f"2026-03-14T09:30:{n // 2_400:02}.{n % 2_400:06}+00:00 app[worker.1]: job {n} done" for n in range(130_000)
    ]
    large.write_bytes(log_file.read_bytes() + "\n".join(calm).encode())  # more than 8 MiB
    page = open_page("/new/")
    parts: list[str] = []
    page.on("request", lambda request: parts.append(request.url) if "/parts/" in request.url else None)
    page.set_input_files("#files", large)
    started(page)
    assert len(parts) == 2
    wait_for_text(page, "holds the workers")


def test_a_cut_connection_costs_one_part_and_no_more(open_page: OpenPage, log_file: Path) -> None:
    page = open_page("/new/", tolerate="ERR_CONNECTION_RESET")
    cuts: list[str] = []

    def cut_once(route: object) -> None:
        if cuts:
            route.continue_()  # type: ignore[attr-defined]
        else:
            cuts.append("cut")
            route.abort("connectionreset")  # type: ignore[attr-defined]

    page.route("**/parts/*/", cut_once)
    page.set_input_files("#files", {"name": "retried.log", "mimeType": "text/plain", "buffer": log_file.read_bytes()})
    page.get_by_role("button", name="Read the log").first.click()
    page.get_by_text("Trying again").wait_for()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"), timeout=60_000)
    wait_for_text(page, "retried.log")


def test_the_plain_form_works_without_scripts(open_page: OpenPage, log_file: Path) -> None:
    page = open_page("/new/", scripts=False)
    page.set_input_files("#files", log_file)
    started(page)
    for _ in range(120):
        if page.get_by_text("holds the workers").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    assert page.get_by_text("holds the workers").first.is_visible()


def test_a_pasted_log_becomes_a_verdict(open_page: OpenPage, log_file: Path) -> None:
    page = open_page("/new/", width=360)
    text = "\n".join(log_file.read_text().split("\n")[3_900:5_400])
    page.fill("#paste-text", text)
    page.locator("#paste-form").get_by_role("button", name="Read the log").click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"))
    wait_for_text(page, "H12")


def test_what_is_no_log_is_refused_with_a_reason_and_a_way_on(open_page: OpenPage) -> None:
    page = open_page("/new/")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64
    page.set_input_files("#files", {"name": "shot.png", "mimeType": "image/png", "buffer": picture})
    started(page)
    page.get_by_text("shot.png:").wait_for(timeout=30_000)
    assert page.get_by_role("link", name=re.compile("Add a")).first.is_visible()


def test_a_permalink_shows_a_teammate_the_same_line(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    quote = page.locator("#findings .quote a").first
    words = quote.locator("bdi").inner_text()
    quote.click()
    teammate = open_page(urlsplit(page.url).path, width=360)
    assert teammate.locator(".line.here bdi").inner_text().endswith(words.partition(" ")[2])
    assert words.startswith(teammate.locator(".line.here time").get_attribute("data-raw") or "no time")
    assert teammate.locator(".line.here").is_visible()


def test_the_log_is_searched_and_paged(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "log-q"
    page.keyboard.type("code:H12 path:/reports")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("code%3AH12"))
    page.get_by_text("matches here").wait_for()
    assert page.locator(".line").count() == page.locator(".line.bad").count() > 10
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url(re.compile("/logs/$"))
    page.get_by_role("link", name="Later").click()
    page.locator('[data-place="0.201"]').wait_for()
    assert page.locator('[data-place="0.1"]').count() == 1  # more lines join those that are there


def test_long_lines_can_be_left_unwrapped(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}logs/", width=768)
    first, switch = page.locator('[data-place="0.1"]'), page.get_by_role("button", name="Wrap")
    wrapped = first.bounding_box()
    switch.click()
    plain = first.bounding_box()
    assert wrapped
    assert plain
    assert plain["height"] < wrapped["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 768
    page.reload()
    assert switch.get_attribute("aria-pressed") == "false"


def test_a_window_of_the_charts_leads_to_its_lines(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}?from=09:12&to=09:13:30")
    page.get_by_role("link", name="These lines").click()
    page.wait_for_url(re.compile(r"/logs/\?from=09:12&to=09:13:30$"))
    first = page.locator(".line bdi").first.inner_text()
    assert "09:12:0" in first[:24]


def test_the_ticket_is_finished_and_taken_along(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}ticket/")
    before = page.locator("#score-title").inner_text()
    page.get_by_role("link", name="the impact on your business").click()
    assert page.evaluate("document.activeElement.id") == "f-business"
    page.keyboard.type("No exports, and a slow shop, for sixteen minutes.")
    page.locator("#ticket-side").get_by_text("Saved").wait_for()
    assert page.locator("#score-title").inner_text() != before
    assert page.locator(".markdown").get_by_text("for sixteen minutes").is_visible()
    page.reload()
    assert page.locator("#f-business").input_value().startswith("No exports")
    with page.expect_download() as taken:
        page.get_by_role("link", name=".zip").click()
    with zipfile.ZipFile(io.BytesIO(Path(taken.value.path()).read_bytes())) as archive:
        assert "sixteen minutes" in archive.read("ticket.md").decode()
        assert "code=H12" in archive.read("excerpt.log").decode()


def test_two_people_who_edit_one_ticket_lose_nothing(open_page: OpenPage, example: str) -> None:
    first = open_page(f"{example}ticket/")
    second = open_page(f"{example}ticket/", tolerate="409")
    first.fill("#f-tried", "Restarted web.1")
    first.locator("#ticket-side").get_by_text("Saved").wait_for()
    second.fill("#f-tried", "Rolled back to v141")
    second.locator("#ticket-side").get_by_text("changed the same field").wait_for()
    assert second.locator("#f-tried").input_value() == "Rolled back to v141"
    assert second.locator("#ticket-side").get_by_text("Restarted web.1").first.is_visible()
    second.get_by_role("button", name="Keep mine").click()
    second.locator("#ticket-side").get_by_text("Saved").wait_for()
    first.reload()
    assert first.locator("#f-tried").input_value() == "Rolled back to v141"


def test_urgent_asks_before_it_wakes_anybody(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}ticket/")
    box = page.get_by_text("somebody here is awake")
    assert not box.is_visible()
    page.locator("input[name=priority][value=urgent]").check()
    assert box.is_visible()
    page.locator("#ticket-side").get_by_text("so confirm it").wait_for()
    page.locator("input[name=priority][value=normal]").check()
    page.locator("#ticket-side").get_by_text("Saved").wait_for()


def test_the_keyboard_goes_everywhere(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()
    page.keyboard.press("Escape")
    for key, part in (("e", "endpoints/"), ("t", "timeline/"), ("l", "logs/"), ("r", "ticket/"), ("o", "")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(re.compile(f"{re.escape(example + part)}$"))
    page.keyboard.press("Control+k")
    page.keyboard.type("h12")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/codes/H12/$"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_shortcuts_can_be_switched_off(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts are on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    assert not page.get_by_role("dialog", name="Keyboard shortcuts").is_visible()


def test_lines_and_links_are_copied(open_page: OpenPage, example: str, site: Stack) -> None:
    page = open_page(f"{example}logs/", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("l")
    page.get_by_text("Link copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.url}{example}l/0.2/"
    page.keyboard.press("y")
    page.get_by_text("Line copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("2026-03-14T08:42:01")


def test_the_theme_stays_and_never_flashes(open_page: OpenPage) -> None:
    page = open_page("/codes/")
    page.get_by_label("Display and account").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.className") == "theme-dark"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_times_switch_to_the_own_zone_and_back(open_page: OpenPage, example: str) -> None:
    page = open_page(f"{example}timeline/", timezone_id="Europe/Berlin")
    assert page.locator("time").first.get_attribute("title").endswith("Z")
    page.locator("#zone-switch").click()
    assert page.locator(".tl-entry time").first.inner_text() == "09:42:01.450 +01:00"
    page.reload()
    assert page.locator(".tl-entry time").first.inner_text() == "09:42:01.450 +01:00"
    assert "Europe/Berlin" in page.locator("footer").inner_text()
    page.keyboard.press("t")
    assert page.locator(".tl-entry time").first.inner_text() == "08:42:01.450Z"


def test_archiving_is_undone_by_the_toast(open_page: OpenPage) -> None:
    page = open_page("/new/")
    page.fill("#paste-text", "2026-03-14T09:00:00.000000+00:00 app[web.1]: hello")
    page.locator("#paste-form summary").click()
    page.fill("#paste-title", "To be archived")
    page.locator("#paste-form").get_by_role("button", name="Read the log").click()
    page.wait_for_url(re.compile(r"/i/[0-9a-f-]{36}/$"))
    page.goto("/")
    page.get_by_role("button", name="Archive: To be archived").click()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    assert page.get_by_role("link", name="To be archived").is_visible()
