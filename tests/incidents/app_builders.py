"""Apps with drains, and lines that arrive through them, recorded and watched in this process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from incidents.digest.alerts import watching as alerts
from incidents.digest.alerts.watching import Watched
from incidents.digest.recorder import chunking as recorder
from incidents.digest.recorder import windows as recorder_windows
from incidents.ingest import frames
from incidents.ingest.apps import add_drain, create_app
from incidents.models import App, Drain, Form, Team
from tests.incidents import builders

BEGIN = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def app(name: str = "harbour-shop", team: Team | None = None) -> App:
    return create_app(team=team or Team.objects.get_default(), name=name, user=None)


def drain(of: App, name: str = "main") -> Drain:
    return add_drain(app=of, user=None, name=name)[0]


def arrive(into: Drain, lines: list[str], at: datetime | None = None) -> None:
    """Lines of a log, delivered and recorded."""
    frames.store(
        frames.Arrived(
            source_id=into.source_id, team_id=into.team_id, drain_id=into.pk, frame_id=frames.own_id(),
            received_at=at or datetime.now(UTC), body="".join(f"{line}\n" for line in lines).encode(), form=Form.TEXT,
        )
    )  # fmt: skip
    recorder.record(into.source_id)
    into.refresh_from_db()


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def quiet_lines(begin: datetime, minutes: int, per_minute: int = 4) -> list[str]:
    """What a healthy app says."""
    return [
        router_line(begin + timedelta(minutes=minute, seconds=second * 60 / per_minute), number=minute)
        for minute in range(minutes)
        for second in range(per_minute)
    ]


def router_line(at: datetime, *, code: str = "", status: int = 200, number: int = 7) -> str:
    how = f'at=error code={code} desc="Request timeout"' if code else "at=info"
    return (
        f'{stamp(at)} heroku[router]: {how} method=GET path="/orders/{number}" host=shop.example.com '
        f'request_id=00000000-0000-4000-8000-000000000001 fwd="192.0.2.7" dyno=web.1 connect=1ms '
        f"service={30000 if code else 20}ms status={503 if code else status} bytes=512 protocol=https"
    )


def timeouts(begin: datetime, minutes: int, per_minute: int = 8) -> list[str]:
    return [
        router_line(begin + timedelta(minutes=minute, seconds=second * 60 / per_minute), code="H12", number=minute)
        for minute in range(minutes)
        for second in range(per_minute)
    ]


def watch(of: App, at: datetime) -> Watched:
    """Look at an app as if it were this time."""
    return alerts.watch(of.pk, now=at)


def copy_windows() -> None:
    """Do what workers do with windows that wait, and read what was copied."""
    for window in recorder_windows.waiting():
        list(recorder_windows.copy(window))
    builders.work()
