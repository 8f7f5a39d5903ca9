"""Takes the pictures in docs/screenshots: every page, wide and narrow, light and dark, of a real running Triage.

    .venv/bin/python docs/make_screenshots.py [name …]

Starts gunicorn, workers and a broker on free loopback ports in a temporary directory, opens the example incident in
Chromium, and ends what it started.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import environment  # noqa: E402 - only once the repository is on the path

environment.prepare()

from tests.support.broker import Broker  # noqa: E402
from tests.support.browser import find_chromium, launch_options  # noqa: E402
from tests.support.stack import Stack  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OUT = ROOT / "docs" / "screenshots"
FIRST_H12 = 4_080  # line of the example's first H12


class Shot(NamedTuple):
    """``path`` begins with ``~`` where it lies in the example incident. ``height`` is that of the wide picture."""

    name: str
    path: str
    height: int = 900
    press: str = ""


BEFORE = (Shot("home-empty", "/"),)
SHOTS = (
    Shot("list", "/"),
    Shot("new", "/new/"),
    Shot("overview", "~", 1_560),
    Shot("timeline", "~timeline/", 760),
    Shot("endpoints", "~endpoints/", 760),
    Shot("endpoint", "~endpoints/", 900, "first endpoint"),
    Shot("dynos", "~dynos/", 1_160),
    Shot("log", "~logs/"),
    Shot("log-search", "~logs/?q=code:H12+path:/reports"),
    Shot("line", f"~l/0.{FIRST_H12}/"),
    Shot("ticket", "~ticket/", 1_300),
    Shot("activity", "~activity/", 700),
    Shot("apps", "/apps/", 700),
    Shot("team", "/teams/", 700),
    Shot("codes", "/codes/"),
    Shot("code", "/codes/H12/", 1_100),
    Shot("shortcuts", "~", 900, "?"),
    Shot("palette", "~", 900, "Control+k"),
    Shot("not-found", "/i/nowhere/", 600),
    Shot("styleguide", "/styleguide/", 1_400),
)


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found; bin/test installs one.")
    from playwright.sync_api import sync_playwright

    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        Broker(_made(Path(name) / "broker")) as broker,
        Stack(_made(Path(name) / "data"), broker, TRIAGE_STYLEGUIDE="1") as stack,
        sync_playwright() as playwright,
    ):
        stack.start(workers=2)
        browser = playwright.chromium.launch(**launch_options(chromium))
        take_all(browser, stack, set(sys.argv[1:]))
        browser.close()


def take_all(browser: Browser, stack: Stack, wanted: set[str]) -> None:
    context = browser.new_context(locale="en-US", base_url=stack.url)
    page = context.new_page()
    page.goto(stack.signin_link())
    page.wait_for_url(f"{stack.url}/")
    state = context.storage_state()
    _take(browser, stack, state, BEFORE, wanted, "")
    page.get_by_role("button", name="Open the example incident").click()
    page.get_by_text("holds the workers").first.wait_for(timeout=60_000)
    example = page.url.removeprefix(stack.url)
    _take(browser, stack, state, SHOTS, wanted, example)
    context.close()


def _take(
    browser: Browser, stack: Stack, state: object, shots: tuple[Shot, ...], wanted: set[str], example: str
) -> None:
    for theme in ("light", "dark"):
        for width in (1280, 360):
            context = browser.new_context(
                locale="en-US", timezone_id="UTC", base_url=stack.url, storage_state=state, color_scheme=theme,
                viewport={"width": width, "height": 900}, reduced_motion="reduce",
            )  # fmt: skip
            page = context.new_page()
            for shot in shots:
                if not wanted or shot.name in wanted:
                    _picture(page, shot, example, width, theme)
            context.close()


def _picture(page: Page, shot: Shot, example: str, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": shot.height if width > 500 else 780})
    page.goto(shot.path.replace("~", example), wait_until="networkidle")
    if shot.press == "first endpoint":
        page.locator("tbody th a").first.click()
        page.wait_for_load_state("networkidle")
    elif shot.press:
        page.keyboard.press(shot.press)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(250)
    page.screenshot(path=OUT / f"{shot.name}-{'wide' if width > 500 else 'narrow'}-{theme}.png")


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


if __name__ == "__main__":
    main()
