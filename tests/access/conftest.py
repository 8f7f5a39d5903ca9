"""The world of the access tests: built once, and undone at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.access.world import World


@pytest.fixture
def _django_db_helper() -> None:
    """The mark asks for the database; the transaction around the tests is that of `world`, not one for each."""


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    from django.db import transaction
    from django.http import HttpResponse
    from django.test.utils import override_settings
    from django.urls import get_resolver

    from tests.access.world import build

    # Rate limits have tests of their own; here thousands of requests come from one address.
    logging.disable(logging.CRITICAL)  # thousands of refusals, each with a warning
    with django_db_blocker.unblock(), override_settings(ACCOUNT_RATE_LIMITS=False), transaction.atomic():
        made = build()
        resolver = get_resolver()
        draw = resolver.resolve_error_handler

        def handler(status: int) -> Any:
            # A refusal is told by its status; drawing its page thousands of times would take most of the time.
            return draw(status) if made.draws_errors else lambda request, exception=None: HttpResponse(status=status)

        resolver.resolve_error_handler = handler
        yield made
        resolver.resolve_error_handler = draw
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
