"""The real services that tests lean on behave as real ones: they start, forget, die and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import postgres
from tests.support.ports import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.stack import Stack

from tests.support.broker import Broker


@pytest.mark.broker
def test_a_killed_broker_comes_back_with_what_it_held(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        assert broker.command("SET", "bell", "rung") == "+OK"
        # Written within a second at the latest.
        wait_for(
            lambda: (
                any(tmp_path.rglob("*.aof")) and b"rung" in b"".join(f.read_bytes() for f in tmp_path.rglob("*.aof"))
            ),
            "on disk",
        )
        broker.kill()
        assert broker.command("PING") == ""
        broker.start()
        assert broker.command("EXISTS", "bell") == ":1"
        broker.flush()
        assert broker.command("EXISTS", "bell") == ":0"


def test_postgres_is_a_server_of_its_own_in_utc(postgres_url: str) -> None:
    assert "127.0.0.1" in postgres_url
    [(zone, encoding)] = postgres.rows(
        postgres_url, "SELECT current_setting('timezone'), current_setting('server_encoding')"
    )
    assert (zone, encoding) == ("UTC", "UTF8")


@pytest.mark.browser
def test_the_browser_lays_out_text_in_english(page: Page) -> None:
    page.set_content("<h1>Triage</h1>")
    assert page.locator("h1").inner_text() == "Triage"
    assert page.evaluate("navigator.language") == "en-US"


@pytest.mark.browser
def test_the_whole_site_lets_a_person_in(signed_in_page: Page, site: Stack) -> None:
    assert signed_in_page.url == f"{site.url}/"
    assert "Sign in" not in signed_in_page.title()
