"""The cast: alice owns the default team, charlie owns another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # this file may be read before Django is set up
    from django.contrib.auth.models import User
    from django.test import Client

    from incidents.models import Incident


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Logs of some hundred lines are cut into several chunks. Returns the size."""
    from incidents.analysis import text

    monkeypatch.setattr(text, "CHUNK_BYTES", 8_000)
    return 8_000


@pytest.fixture
def alice(db: None) -> User:
    from tests.incidents import builders

    return builders.person("alice", "owner")


@pytest.fixture
def charlie(db: None) -> User:
    from incidents.models import Team
    from tests.incidents import builders

    return builders.person("charlie", "owner", Team.objects.create(slug="others", name="Others"))


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """``browser_of(user)`` is a client that is signed in as that user."""
    from django.test import Client

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def incident(db: None) -> Incident:
    from tests.incidents import builders

    return builders.incident()
