"""The API against its own OpenAPI document, with generated requests: no server error, and only answers it names."""

from __future__ import annotations

import json

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings

from incidents.api.site import api
from incidents.models import ApiToken, Scope
from tests.incidents import builders

PATH = "/api/v1/openapi.json"
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(), default=str)))
schema.app = WSGIHandler()


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the test's database open, as Django's own test client does between its requests."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(db):
    person = builders.person("alice", "owner")
    made = ApiToken.objects.issue(team=person.teams.get(), user=person, name="x", scopes=list(Scope.values))
    return made[1]


def test_the_document_is_open_and_names_every_refusal(db):
    document = json.loads(Client().get(PATH).content)
    assert document["info"]["title"] == "Triage"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert {"401"} <= set(operation["responses"]), (method, path)
            assert operation["security"], (method, path)
            assert operation["summary"], (method, path)


@schema.parametrize()
@settings(
    max_examples=15, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_no_request_breaks_it(case, token):
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    response = case.call()
    assert response.status_code < 500
    case.validate_response(response, checks=[schemathesis.checks.not_a_server_error])
