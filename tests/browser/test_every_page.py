"""What must hold on every page: nothing scrolls sideways, nothing complains, everybody can use it, scripts or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Page

OpenPage = Callable[..., "Page"]
OF_AN_INCIDENT = ("", "timeline/", "endpoints/", "dynos/", "logs/", "logs/?q=code:H12", "l/0.4080/", "ticket/")
OTHERS = ("/", "/new/", "/?show=archived", "/codes/", "/codes/H12/", "/codes/?q=nothing", "/i/nowhere/")
WIDTHS = (320, 360, 768, 1280)


@pytest.fixture
def paths(example: str) -> list[str]:
    return [*OTHERS, *(f"{example}{part}" for part in OF_AN_INCIDENT)]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways(open_page: OpenPage, paths: list[str], width: int) -> None:
    page = open_page("/new/", width=width)
    for path in paths:
        if path == "/i/nowhere/":
            continue
        page.goto(path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(open_page: OpenPage, paths: list[str], width: int, dark: bool) -> None:
    page = open_page("/new/", width=width, dark=dark, bypass_csp=False)
    found = []
    for path in paths:
        if path == "/i/nowhere/":
            continue
        page.goto(path, wait_until="networkidle")
        page.evaluate(AXE.read_text())
        result = page.evaluate("axe.run({resultTypes: ['violations']})")
        for violation in result["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:3]]
            found.append((path, violation["id"], violation["help"], nodes))
    assert not found


def test_pages_can_be_read_without_scripts(open_page: OpenPage, example: str) -> None:
    page = open_page(example, scripts=False)
    assert page.get_by_role("heading", level=2).first.is_visible()
    assert page.locator("#picture-requests svg").is_visible()
    page.get_by_text("The figures as a table").click()
    assert page.get_by_role("table", name="Requests over time").is_visible()
    page.get_by_role("link", name="Endpoints", exact=False).first.click()
    page.get_by_role("link", name="p95").click()
    assert "sort=-p95" in page.url
    page.goto(f"{example}logs/")
    page.get_by_role("link", name="Later").click()
    assert page.locator("#L201").is_visible()
    assert not page.locator("[data-copy]").first.is_visible()


def test_hostile_text_does_nothing_anywhere(open_page: OpenPage, hostile: str) -> None:
    page = open_page("/new/")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    for path in ("/", *(f"{hostile}{part}" for part in OF_AN_INCIDENT if "0.4080" not in part), f"{hostile}l/0.1/"):
        page.goto(path, wait_until="networkidle")
        assert page.evaluate("window.hacked") is None, path
        assert not page.locator("bdi script, bdi img, .line [hx-get]").count(), path
    assert not dialogs
    assert not [address for address in requests if address.endswith("/x") or "signout" in address]


def test_the_page_says_what_the_state_is_in_its_title(open_page: OpenPage, example: str) -> None:
    page = open_page(example)
    assert re.match(r"(● )?(Urgent|High|Normal) · ", page.title())
    assert page.locator("#favicon").get_attribute("href").endswith((".svg",))


def test_printing_leaves_out_what_paper_cannot_do(open_page: OpenPage, example: str) -> None:
    page = open_page(example, dark=True)
    page.emulate_media(media="print")
    assert not page.locator(".topbar").is_visible()
    assert page.locator(".verdict-sentence").is_visible()
    assert not page.get_by_role("button", name="Copy the summary").is_visible()
