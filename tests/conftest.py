"""What every test may use. Services are real and started on first use: nothing is mocked here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.support import environment

environment.prepare()

import django  # noqa: E402 - only once the environment is a test's own

django.setup()

from tests.support.broker import Broker  # noqa: E402 - only once the environment is a test's own
from tests.support.browser import find_chromium, launch_options  # noqa: E402
from tests.support.postgres import Cluster, create_database  # noqa: E402
from tests.support.stack import Stack  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# The same examples on every run, so that a commit is judged by what it changed; `--hypothesis-profile=search` looks
# for new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.register_profile("search", derandomize=False, max_examples=2_000)
hypothesis.settings.load_profile("same")

# A test that uses one of these fixtures bears the mark, so that a run can leave out what a machine lacks.
MARKED_BY_FIXTURE = {
    "database": {"db", "transactional_db", "django_db_setup", "live_server", "admin_client", "admin_user"},
    "broker": {"broker", "broker_url", "stack", "site"},
    "workers": {"stack", "site"},
    "browser": {"browser", "new_context", "page", "signed_in_page"},
    "postgres_server": {"postgres_url"},
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses real services, and leave out what holds only on PostgreSQL while the database is SQLite."""
    kept, left_out = [], []
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for mark, marked_fixtures in MARKED_BY_FIXTURE.items():
            if fixtures & marked_fixtures:
                item.add_marker(mark)
        if item.get_closest_marker("django_db"):
            item.add_marker("database")
        wrong_database = item.get_closest_marker("postgres") and not environment.database_url()
        (left_out if wrong_database else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A running Valkey or Redis, shared by the tests of this process: leave it running."""
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def broker_url(broker: Broker) -> str:
    """Its address, as REDIS_URL."""
    return broker.url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of an empty PostgreSQL database, whatever Django's own database is."""
    if server := environment.database_url():
        yield create_database(server, f"test_{secrets.token_hex(4)}")
        return
    with Cluster() as cluster:
        yield create_database(cluster.url(), "test_empty")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """The application with a broker, a database and a data directory of its own, not started yet.

    For tests that kill its parts or change its settings (`stack.environment`, before `stack.start()`).
    """
    broker_directory = tmp_path / "broker"
    broker_directory.mkdir()
    with Broker(broker_directory) as own_broker, Stack(tmp_path, own_broker) as own_stack:
        yield own_stack


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[Stack]:
    """The application, running, shared by the tests of this process: make your own rows and kill nothing."""
    with Stack(tmp_path_factory.mktemp("site"), broker, TRIAGE_STYLEGUIDE="1") as running:
        running.start()
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    assert chromium is not None, "no Chromium was found; bin/test installs one"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(**launch_options(chromium))
        yield running
        running.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts (`viewport=`, `color_scheme=`, `java_script_enabled=` …), closed after the test.

    A page that raises, or breaks the content security policy, fails the test that opened it.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: Any) -> BrowserContext:
        # Without a locale Chromium may report one that its own Intl refuses.
        context = browser.new_context(**({"locale": "en-US", "timezone_id": "UTC"} | options))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: complaints.append(message.text) if is_complaint(message.text) else None)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """A page in a context of its own."""
    return new_context().new_page()


@pytest.fixture
def signed_in_page(page: Page, site: Stack) -> Page:
    """A page of somebody who is signed in to `site`, at its start page."""
    page.goto(site.signin_link())
    page.wait_for_url(f"{site.url}/")
    return page


def is_complaint(message: str) -> bool:
    """Whether a console message is about the content security policy."""
    return "Content Security Policy" in message or "Content-Security-Policy" in message
