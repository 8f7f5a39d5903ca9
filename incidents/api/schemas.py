"""Shapes of requests and answers. Times are UTC in ISO 8601."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import ConfigDict


class Given(Schema):
    """What is sent: a misspelled name is told rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    error: str = Field(description="One sentence: what was wrong, and what to do.")


class Who(Schema):
    team: str
    scopes: list[str]
    expires_at: datetime | None


class NewIncident(Given):
    title: str = Field("", max_length=200)
    app_name: str = Field("", max_length=100, description="The Heroku app's name.")


class IncidentChange(Given):
    title: str | None = Field(None, max_length=200)
    app_name: str | None = Field(None, max_length=100)
    state: Literal["open", "mitigated", "resolved"] | None = None


class IncidentRow(Schema):
    id: UUID
    url: str = Field(description="The page that people open.")
    title: str
    app_name: str
    state: str
    verdict_status: str = Field(description="confirmed, likely, inconclusive or healthy; empty until a log was read.")
    verdict_slug: str
    verdict_sentence: str
    onset_at: datetime | None
    first_at: datetime | None
    last_at: datetime | None
    created_at: datetime
    is_reading: bool = Field(description="Whether logs are still being read or analysed.")


class Incidents(Schema):
    incidents: list[IncidentRow]
    next: str | None = Field(description="Value of `before` for the next page; null at the end.")


class SourceRow(Schema):
    id: UUID
    name: str
    state: str = Field(description="receiving, splitting, digesting, done, refused, failed or duplicate.")
    problem: str
    bytes: int
    lines: int
    parsed: int
    unparsed: int


class Sent(Schema):
    incident: IncidentRow
    log: SourceRow
    is_duplicate: bool = Field(description="These bytes were in the incident already, and count once.")


class Ticket(Schema):
    priority: str
    title: str
    markdown: str
    score: float
    missing: list[str]


class NewApp(Given):
    name: str = Field(min_length=1, max_length=100)


class NewDrain(Given):
    name: str = Field("main", min_length=1, max_length=100)
    kind: Literal["logplex", "otlp"] = "logplex"


class DrainRow(Schema):
    id: int
    name: str
    kind: str
    prefix: str = Field(description="How its token begins.")
    logplex_token: str
    created_at: datetime
    last_frame_at: datetime | None
    is_revoked: bool


class DrainWithToken(DrainRow):
    token: str = Field(description="Shown in this answer only.")
    url: str = Field(description="What to give to `heroku drains:add`.")


class AppRow(Schema):
    id: UUID
    url: str
    name: str
    retention_hours: int
    drains: list[DrainRow]
