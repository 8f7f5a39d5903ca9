"""Takes the pictures in docs/screenshots: every page, wide and narrow, light and dark, of a real running Triage.

    .venv/bin/python docs/make_screenshots.py [name …]

Starts gunicorn, workers and a broker on free loopback ports in a temporary directory, opens the example incident in
Chromium, and ends what it started.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import environment  # noqa: E402 - only once the repository is on the path

environment.prepare()

from tests.support.broker import Broker  # noqa: E402
from tests.support.browser import find_chromium, launch_options  # noqa: E402
from tests.support.logplex import Logplex, body_of, syslog  # noqa: E402
from tests.support.ports import wait_for  # noqa: E402
from tests.support.stack import Stack  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OUT = ROOT / "docs" / "screenshots"
FIRST_H12 = 4_080  # line of the example's first H12


class Shot(NamedTuple):
    """``path`` begins with ``~`` where it lies in the example incident, with ``@`` where it lies in the drained app.
    ``height`` is that of the wide picture."""

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
    Shot("share", "~share/", 900),
    Shot("shared", "~share/preview/", 1_400),
    Shot("apps", "/apps/", 700),
    Shot("app", "@", 1_300),
    Shot("tail", "@tail/", 800),
    Shot("alerts", "@alerts/", 700),
    Shot("app-new", "/apps/new/", 800),
    Shot("team", "/teams/default/", 900),
    Shot("team-settings", "/teams/default/settings/", 1_200),
    Shot("audit", "/teams/default/audit/", 800),
    Shot("api", "/api/", 1_100),
    Shot("account", "/you/", 800),
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
    _take(browser, stack, state, SHOTS, wanted, example, drained(stack))
    context.close()


def drained(stack: Stack) -> str:
    """Path of an app that has sent its last minutes, with a burst in them."""
    token = stack.manage("drain_token", "harbour-shop").strip().rpartition("//drain:")[2].partition("@")[0]
    node, begin = Logplex(stack.url, token), datetime.now(UTC) - timedelta(minutes=9)
    messages = []
    for second in range(480):
        at = begin + timedelta(seconds=second)
        slow = 180 <= second < 360 and second % 6 == 0
        answer = 'at=error code=H12 desc="Request timeout"' if slow else "at=info"
        messages.append(syslog(
            f'{answer} method=GET path="/{"export" if slow else f"orders/{second}"}" host=shop.example.com dyno=web.1 '
            f"connect=1ms service={30_000 if slow else 20 + second % 70}ms status={503 if slow else 200} bytes=0",
            at=at, origin="heroku", process="router", pri=158,
        ))  # fmt: skip
    node.post(body_of(messages), secrets.token_hex(16), len(messages))
    wait_for(lambda: bool(stack.rows("SELECT 1 FROM incidents_alert")), "the burst has been noticed", timeout_s=60)
    ((pk,),) = stack.rows("SELECT id FROM incidents_app WHERE name = 'harbour-shop'")
    return f"/apps/{UUID(str(pk))}/"


def _take(
    browser: Browser,
    stack: Stack,
    state: object,
    shots: tuple[Shot, ...],
    wanted: set[str],
    example: str,
    app: str = "",
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
                    _picture(page, shot, {"~": example, "@": app}, width, theme)
            context.close()


def _picture(page: Page, shot: Shot, places: dict[str, str], width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": shot.height if width > 500 else 780})
    page.goto(places.get(shot.path[0], shot.path[0]) + shot.path[1:])
    if shot.press == "first endpoint":
        page.locator("tbody th a").first.click()
        page.wait_for_load_state()
    elif shot.press:
        page.keyboard.press(shot.press)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(700)  # charts are drawn, and fragments that come later are there
    page.screenshot(path=OUT / f"{shot.name}-{'wide' if width > 500 else 'narrow'}-{theme}.png")


def _made(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


if __name__ == "__main__":
    main()
