"""The environment in which tests run: set before Django reads its settings, and never the developer's own."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

SECRET_KEY = "only-for-tests-" + "0123456789" * 4
# Nothing listens there: a test that needs a broker starts one, all others see an instant refusal.
NO_BROKER_URL = "redis://127.0.0.1:1/0"
# Settings of a real installation must not reach a test; the last three are prefixes.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DYNO", "PORT", "SENTRY_DSN", "AWS_", "S3_", "TRIAGE_")


def database_url() -> str:
    """Address of the PostgreSQL that bin/test started for its second pass; empty for SQLite."""
    return os.environ.get("TEST_DATABASE_URL", "")


def prepare() -> None:
    """Set the variables that triage.settings reads; a temporary data directory lives as long as this process."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith(FOREIGN[-3:]):
            del os.environ[name]
    data_dir = tempfile.mkdtemp(prefix="triage-test-")
    owner = os.getpid()

    def clean_up() -> None:
        if os.getpid() == owner:
            shutil.rmtree(data_dir, ignore_errors=True)

    atexit.register(clean_up)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="triage.settings",
        TRIAGE_DATA_DIR=data_dir,
        SECRET_KEY=SECRET_KEY,
        DEBUG="0",
        TRIAGE_UNDO_SECONDS="0",
        ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
        REDIS_URL=NO_BROKER_URL,
        # Playwright keeps an event loop in the test's thread, which Django would take for an async view.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )
    if database_url():
        os.environ["DATABASE_URL"] = database_url()
