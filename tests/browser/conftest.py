"""Pages of the running application, in a real browser, signed in, with an incident to look at."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.support.logplex import Logplex, body_of, syslog
from tests.support.payloads import PAYLOADS
from tests.support.ports import wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

    from tests.support.stack import Stack

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
HOSTILE_NAME = "<img src=x onerror=window.hacked=1>.log"
HOSTILE_ROWS = tuple(re.sub(r"[\r\n]+", " ", payload) for payload in PAYLOADS)


@pytest.fixture(scope="session")
def signed_in_state(browser: Browser, site: Stack) -> dict[str, Any]:
    """Cookies of somebody who is signed in to `site`."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(site.signin_link())
    page.wait_for_url(f"{site.url}/")
    state: dict[str, Any] = json.loads(json.dumps(context.storage_state()))
    context.close()
    return state


@pytest.fixture
def open_page(
    new_context: Callable[..., BrowserContext], signed_in_state: dict[str, Any], site: Stack
) -> Callable[..., Page]:
    """``open_page("/path/", width=360, dark=True, scripts=False)``: a signed-in page that must not complain.

    ``tolerate`` is what its console may say, as a regular expression.
    """
    complaints: list[str] = []

    def note(message: ConsoleMessage, tolerate: str) -> None:
        if message.type == "error" and not re.search(tolerate, message.text):
            complaints.append(message.text)

    def make(
        path: str = "/",
        *,
        width: int = 1280,
        dark: bool = False,
        scripts: bool = True,
        tolerate: str = "^$",
        **options: Any,
    ) -> Page:
        context = new_context(
            storage_state=signed_in_state, viewport={"width": width, "height": 800}, base_url=site.url,
            color_scheme="dark" if dark else "light", java_script_enabled=scripts, **options,
        )  # fmt: skip
        page = context.new_page()
        page.on("console", lambda message: note(message, tolerate))
        page.goto(path)
        return page

    yield make  # type: ignore[misc]
    assert not complaints


@pytest.fixture(scope="session")
def example(browser: Browser, signed_in_state: dict[str, Any], site: Stack) -> str:
    """Path of the example incident, read to its end."""
    context = browser.new_context(storage_state=signed_in_state, locale="en-US", base_url=site.url)
    page = context.new_page()
    page.goto("/new/")
    path = _post(page, "/example/")
    _wait_until_read(site, path)
    context.close()
    return path


@pytest.fixture(scope="session")
def hostile(browser: Browser, signed_in_state: dict[str, Any], site: Stack) -> str:
    """Path of an incident whose every text is an attack."""
    rows = []
    for number, text in enumerate(HOSTILE_ROWS):
        at = f"2026-03-14T09:{number // 60:02}:{number % 60:02}.000000+00:00"
        bare = re.sub(r'[\s"]', "", text)
        rows += [
            f"{at} app[web.1]: {text}",
            f'{at} app[{bare[:40]}.1]: {{"request_id":"{text}","msg":"{text}"}}',
            f"{at} app[web.1]: Traceback (most recent call last):",
            f'{at} app[web.1]:   File "/app/{text}.py", line 1, in {bare}',
            f"{at} app[web.1]: {bare[:60] or 'x'}Error: {text}",
            f"{at} app[api]: Release v{number} created by user {text}",
            f"{at} app[api]: Set {text} config vars by user {text}",
            f"{at} heroku[web.1]: Starting process with command `{text}`",
            f'{at} heroku[router]: at=error code=H12 desc="{text}" method=GET path="/x/{text}?q={text}" host={bare} '
            f'request_id={bare} fwd="{text}" dyno=web.1 connect=1ms service=30000ms status=503 bytes=0 protocol={bare}',
        ]
    context = browser.new_context(storage_state=signed_in_state, locale="en-US", base_url=site.url)
    page = context.new_page()
    page.goto("/new/")
    path = _post(page, "/uploads/paste/", text="\n".join(rows), title=HOSTILE_NAME, app_name=HOSTILE_ROWS[0])
    for number, text in enumerate(PAYLOADS):
        if number % 5 == 0:
            _post(page, f"{path}comments/", text=text)
            _post(page, f"{path}timeline/notes/", text=f"09:00 {HOSTILE_ROWS[number]}")
            _post(page, f"{path}share/", part="incident", days="7", label=text[:100])
            _post(page, "/api/tokens/", name=text[:100], scopes="read", days="30")
    _wait_until_read(site, path)
    context.close()
    return path


@pytest.fixture(scope="session")
def drained(site: Stack) -> tuple[str, Logplex]:
    """Path of an app with some lines and a burst in its recorder, and the node that delivers to it."""
    token = site.manage("drain_token", "harbour-shop").strip().rpartition("//drain:")[2].partition("@")[0]
    node = Logplex(site.url, token)
    begin = datetime.now(UTC) - timedelta(minutes=8)
    messages = [syslog(f"order {number} was placed", at=begin + timedelta(seconds=number)) for number in range(60)]
    failed = (
        'at=error code=H12 desc="Request timeout" method=GET path="/export" host=shop.example.com dyno=web.1 '
        "connect=1ms service=30000ms status=503 bytes=0"
    )
    for number in range(20):
        at = begin + timedelta(seconds=120 + number)
        messages.append(syslog(failed, at=at, origin="heroku", process="router", pri=158))
    assert node.post(body_of(messages), secrets.token_hex(16), len(messages)) == 204
    wait_for(lambda: bool(site.rows("SELECT 1 FROM incidents_alert")), "the burst has been noticed", timeout_s=60)
    ((pk,),) = site.rows("SELECT id FROM incidents_app WHERE name = 'harbour-shop'")
    return f"/apps/{UUID(str(pk))}/", node


def _post(page: Page, path: str, **fields: str) -> str:
    """Send a form as the page would; the path to which it leads."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    answer = page.request.post(path, form={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": page.url})
    assert answer.ok, answer.text()[:400]
    return answer.url.removeprefix(page.url.removesuffix("/new/"))


def _wait_until_read(site: Stack, path: str) -> None:
    key = path.split("/")[2]
    postgres = bool(site.database_url)
    own, foreign = ("id::text", "incident_id::text") if postgres else ("id", "incident_id")
    value = key if postgres else key.replace("-", "")
    done = "SELECT 1 FROM incidents_incident WHERE revision > 0 AND analysed_revision = revision"
    busy = "SELECT 1 FROM incidents_logsource WHERE state IN ('receiving', 'splitting', 'digesting')"

    def is_read() -> bool:
        return bool(site.rows(f"{done} AND {own} = '{value}'")) and not site.rows(f"{busy} AND {foreign} = '{value}'")

    wait_for(is_read, "the log has been read", timeout_s=90)


def wait_for_text(page: Page, text: str) -> None:
    page.get_by_text(text).first.wait_for(timeout=60_000)
