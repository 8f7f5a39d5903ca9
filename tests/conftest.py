"""What every test may use. Services are real and started on first use: nothing is mocked here."""

from __future__ import annotations

import pytest

from tests.support import environment

environment.prepare()

DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "client", "admin_client"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses the database, and leave out what holds only on PostgreSQL while it is SQLite."""
    kept, left_out = [], []
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")
        if item.get_closest_marker("postgres") and not environment.database_url():
            left_out.append(item)
        else:
            kept.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
