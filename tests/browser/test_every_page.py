"""What must hold on every page: nothing scrolls sideways, nothing complains, everybody can use it, scripts or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.logplex import Logplex

OpenPage = Callable[..., "Page"]

# To have a page looked at, add its path here: below an incident, or anywhere.
OF_AN_INCIDENT = (
    "", "?from=09:10&to=09:12", "timeline/", "endpoints/", "endpoints/?cols=mean&cols=left&from=09:02&to=09:10",
    "endpoints/812e80255ab4/", "dynos/", "logs/", "logs/?q=code:H12", "logs/?q=status:x", "l/0.4080/?to=0.4090",
    "ticket/", "activity/",
)  # fmt: skip
OTHERS = (
    "/", "/?verdict=healthy&q=nothing", "/new/", "/?show=archived", "/codes/", "/codes/H12/", "/codes/slow-endpoint/",
    "/codes/?q=nothing", "/apps/", "/apps/new/", "/teams/", "/teams/default/", "/teams/default/settings/",
    "/teams/default/audit/", "/you/", "/account/sessions/", "/styleguide/",
)  # fmt: skip
OF_AN_APP = ("", "tail/", "tail/?q=code:H12", "alerts/", "alerts/settings/", "settings/")
NARROWEST = 320
QUICK = ("color-contrast", "link-in-text-block")
"""Rules that depend on the colours; whatever else holds in one theme holds in the other."""
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
SETTLED = "() => !document.querySelector('.htmx-request') && document.fonts.status === 'loaded'"


@pytest.fixture
def paths(example: str, drained: tuple[str, Logplex]) -> list[str]:
    return [
        *OTHERS,
        *(f"{example}{part}" for part in OF_AN_INCIDENT),
        *(f"{drained[0]}{part}" for part in OF_AN_APP),
    ]


@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_use_every_page(open_page: OpenPage, paths: list[str], width: int) -> None:
    """Nothing scrolls sideways, axe finds nothing in either theme, and (by `open_page`) nothing complains."""
    page = open_page("/new/", width=width)
    axe = AXE.read_text()
    found: list[object] = []
    for path in paths:
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, path
        page.wait_for_function(SETTLED)
        page.evaluate(axe)
        found += [(path, one) for one in violations(page)]
        page.emulate_media(color_scheme="dark")
        page.evaluate(TWO_FRAMES)  # charts are drawn anew for the theme
        page.wait_for_function(SETTLED)
        found += [(path, "dark", one) for one in violations(page, QUICK)]
        found += [(path, wide) for wide in too_wide(page, (width, NARROWEST) if width < 400 else (width, 768))]
    assert not found


def violations(page: Page, rules: tuple[str, ...] = ()) -> list[object]:
    """What axe finds, shortly; of all rules, or of these."""
    only = {"runOnly": list(rules)} if rules else {}
    result = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **only})
    return [
        (violation["id"], violation["help"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in result["violations"]
    ]


def too_wide(page: Page, widths: tuple[int, ...]) -> list[str]:
    """The widths at which the page scrolls sideways, and what sticks out."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        try:  # charts follow the window a moment later
            page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width, timeout=1_500)
        except PlaywrightError:
            found.append(f"{width}: {page.evaluate(STICKING_OUT)}")
    page.set_viewport_size({"width": widths[0], "height": 800})
    return found


STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".table-wrap, .scroll, .tabs, .lanes"))
    .slice(0, 4).map((one) => one.outerHTML.slice(0, 120))"""


def test_what_does_not_exist_is_a_page_too(open_page: OpenPage) -> None:
    page = open_page("/i/nowhere/", tolerate="404")
    page.evaluate(AXE.read_text())
    assert not violations(page)
    assert page.get_by_role("link", name="incidents", exact=False).first.is_visible()


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
    assert page.locator('[data-place="0.201"]').is_visible()
    assert not page.locator("[data-copy]").first.is_visible()


def test_hostile_text_does_nothing_anywhere(open_page: OpenPage, hostile: str) -> None:
    page = open_page("/new/")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    own = ("l/0.1/", "share/", "share/preview/", "logs/?q=level:error", "logs/?fold=off&raw=on", *OF_AN_INCIDENT)
    paths = [f"{hostile}{part}" for part in own if "4080" not in part and "812e" not in part]
    for path in ("/", "/api/", "/apps/", *paths, *(f"{hostile}log.{kind}" for kind in ("log", "csv", "ndjson", "md"))):
        if "/log." in path:  # exports are handed out as files, which a browser does not show
            assert page.request.get(path).headers["content-disposition"].startswith("attachment")
            continue
        page.goto(path, wait_until="load")
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
    assert not page.get_by_role("button", name="Copy summary").is_visible()
