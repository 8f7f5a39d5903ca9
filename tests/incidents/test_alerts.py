"""From lines of a drain to one alert, one incident and one message, however often somebody looks."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from incidents.digest.alerts import watching as alerts
from incidents.digest.alerts.watching import due, policy_of
from incidents.digest.purge import purge
from incidents.models import (
    Alert,
    App,
    CauseMute,
    ChunkMinutes,
    Delivery,
    DeliveryState,
    Drain,
    Incident,
    IncidentState,
    Withheld,
)
from incidents.notify import deliver
from incidents.notify.timing import is_quiet
from tests.incidents import app_builders as live
from tests.incidents import builders
from tests.incidents.test_notify_webhook import Receiver, receiver

__all__ = ["receiver"]
SECRET_ROW = "app[web.1]: connecting to postgres://shop:" + "pa55word" + "@db.example.com/shop"


@pytest.fixture
def app(alice: User) -> App:
    return live.app()


@pytest.fixture
def drain(app: App) -> Drain:
    return live.drain(app)


@pytest.fixture
def begin() -> datetime:
    """An hour ago, at a whole minute: alerts of long ago are told to nobody."""
    return timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=60)


def burst(drain: Drain, begin: datetime, minutes: int = 5) -> datetime:
    """Forty quiet minutes, then timeouts; the time at which somebody looks."""
    live.arrive(drain, live.quiet_lines(begin, 40))
    live.arrive(drain, live.timeouts(begin + timedelta(minutes=40), minutes))
    return begin + timedelta(minutes=40 + minutes - 1, seconds=59)


def test_a_burst_becomes_one_alert_with_proof_and_an_incident(app: App, drain: Drain, begin: datetime) -> None:
    at = burst(drain, begin)
    live.watch(app, at)
    alert = Alert.objects.get()
    assert (alert.cause, alert.count, alert.is_open) == ("H12", 40, True)
    assert alert.began_at == begin + timedelta(minutes=40)
    assert alert.sentence == "H12 Request timeout: 40 in 5 min, at most 8 a minute; usually none."
    assert "code=H12" in alert.proof_text
    live.copy_windows()
    incident = Incident.objects.get(is_recorder=False)
    assert alert.incident == incident
    assert incident.app_name == app.name
    assert incident.verdict_sentence
    assert "H12" in incident.analysis["codes"]


def test_looking_again_and_from_two_workers_changes_nothing(app: App, drain: Drain, begin: datetime) -> None:
    at = burst(drain, begin)
    policy = policy_of(app)
    policy.emails = ["oncall@example.com"]
    policy.save()
    for _ in range(3):
        live.watch(app, at)
    assert (Alert.objects.count(), Incident.objects.filter(is_recorder=False).count()) == (1, 1)
    assert Delivery.objects.count() == 1


def test_a_worker_that_saw_no_row_yet_writes_none(
    app: App, drain: Drain, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers at once: the second one looked before the first had written."""
    at = burst(drain, begin)
    live.watch(app, at)
    monkeypatch.setattr(alerts, "_find", lambda app, burst: None)
    live.watch(app, at)
    assert Alert.objects.get().is_open
    assert Incident.objects.filter(is_recorder=False, deleted_at=None).count() == 1


def test_alerts_of_long_ago_are_forgotten(app: App, drain: Drain, begin: datetime) -> None:
    live.watch(app, burst(drain, begin))
    purge()
    assert Alert.objects.count() == 1
    Alert.objects.update(ended_at=timezone.now() - timedelta(days=91))
    purge()
    assert not Alert.objects.exists()


def test_it_grows_ends_and_a_second_wave_soon_after_is_the_same_alert(app: App, drain: Drain, begin: datetime) -> None:
    at = burst(drain, begin)
    live.watch(app, at)
    live.arrive(drain, live.quiet_lines(at + timedelta(seconds=1), 12))
    live.watch(app, at + timedelta(minutes=12))
    alert = Alert.objects.get()
    assert alert.ended_at == begin + timedelta(minutes=45)
    live.arrive(drain, live.timeouts(at + timedelta(minutes=12, seconds=1), 2))
    live.watch(app, at + timedelta(minutes=14))
    alert.refresh_from_db()
    assert alert.is_open
    assert alert.count == 56
    assert Alert.objects.count() == 1


def test_chunks_that_are_read_again_count_once(app: App, drain: Drain, begin: datetime) -> None:
    from incidents.digest import chunks
    from incidents.models import Chunk, ChunkState

    at = burst(drain, begin)
    Chunk.objects.update(state=ChunkState.PENDING)
    for chunk in Chunk.objects.all():
        chunks.digest(chunk.pk)
    live.watch(app, at)
    assert Alert.objects.get().count == 40
    assert ChunkMinutes.objects.count() == Chunk.objects.count()


def test_two_drains_with_the_same_lines_count_once(app: App, drain: Drain, begin: datetime) -> None:
    second = live.drain(app, "second")
    at = burst(drain, begin)
    burst(second, begin)
    live.watch(app, at)
    assert Alert.objects.get().count == 40


def test_another_cause_joins_the_incident_that_is_open(app: App, drain: Drain, begin: datetime) -> None:
    at = burst(drain, begin)
    live.watch(app, at)
    rows = [
        f"{live.stamp(at + timedelta(seconds=s))} heroku[web.1]: Error R14 (Memory quota exceeded)" for s in range(20)
    ]
    live.arrive(drain, rows)
    live.watch(app, at + timedelta(seconds=40))
    first, second = Alert.objects.order_by("created_at")
    assert (second.cause, second.incident) == ("R14", first.incident)
    Incident.objects.filter(alerts=first).update(state=IncidentState.RESOLVED)
    rows = [
        f"{live.stamp(at + timedelta(seconds=s))} heroku[web.1]: Error R15 (Memory quota vastly exceeded)"
        for s in (2, 3)
    ]
    live.arrive(drain, rows)
    live.watch(app, at + timedelta(seconds=50))
    third = Alert.objects.get(cause="R15")
    assert third.incident not in (None, first.incident)


def test_silence_is_told_with_the_last_line_and_ends_with_the_next(app: App, drain: Drain, begin: datetime) -> None:
    start = begin - timedelta(hours=3)
    live.arrive(drain, live.quiet_lines(start, 180))
    heard = start + timedelta(minutes=180)
    policy = policy_of(app)
    policy.watched_since = policy.checked_at = start
    policy.save()
    for minute in range(0, 16, 2):
        live.watch(app, heard + timedelta(minutes=minute))
    alert = Alert.objects.get()
    assert (alert.cause, alert.is_open) == ("silence", True)
    assert "heroku[router]" in alert.proof_text
    live.arrive(drain, live.quiet_lines(heard + timedelta(minutes=16), 1))
    live.watch(app, heard + timedelta(minutes=17))
    alert.refresh_from_db()
    assert not alert.is_open


def test_silence_while_we_were_away_is_no_alert(app: App, drain: Drain, begin: datetime) -> None:
    live.arrive(drain, live.quiet_lines(begin - timedelta(hours=3), 180))
    live.watch(app, begin)
    live.watch(app, begin + timedelta(minutes=40))
    assert not Alert.objects.exists()


# -- telling ----------------------------------------------------------------------------------------------------------
def test_webhook_and_mail_carry_the_proof_and_links(
    app: App, drain: Drain, begin: datetime, receiver: Receiver, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://triage.example.com"
    policy = policy_of(app)
    policy.webhook_url, policy.emails = receiver.url, ["oncall@example.com"]
    policy.save()
    found = live.watch(app, burst(drain, begin))
    assert len(found.deliveries) == 2
    for pk in [*found.deliveries, *found.deliveries]:
        deliver.deliver(pk)
    ((_, body),) = receiver.got
    sent, alert = json.loads(body), Alert.objects.get()
    assert sent["alert"]["url"] == f"https://triage.example.com/apps/{app.pk}/alerts/{alert.pk}/"
    assert sent["proof"]["text"] == alert.proof_text
    assert sent["incident"]["url"].endswith(f"/i/{alert.incident_id}/")
    (message,) = mail.outbox
    assert message.to == ["oncall@example.com"]
    assert alert.sentence in message.subject
    assert sent["proof"]["url"] in message.body
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT}


def test_a_failing_receiver_is_tried_again_later_and_given_up_at_last(
    app: App, drain: Drain, begin: datetime, receiver: Receiver
) -> None:
    receiver.status = 500
    policy = policy_of(app)
    policy.webhook_url = receiver.url
    policy.save()
    (pk,) = live.watch(app, burst(drain, begin)).deliveries
    assert not deliver.deliver(pk)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.problem) == (DeliveryState.PENDING, 1, "The receiver answered 500.")
    assert row.due_at > timezone.now()
    assert deliver.due(10) == []
    for _ in range(8):
        Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        deliver.deliver(pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, len(receiver.got)) == (DeliveryState.FAILED, 6, 6)


def test_what_proves_an_alert_is_masked(app: App, drain: Drain, begin: datetime) -> None:
    start = begin - timedelta(hours=3)
    rows = live.quiet_lines(start, 180)
    rows.append(f"{live.stamp(start + timedelta(minutes=180))} {SECRET_ROW}")
    live.arrive(drain, rows)
    policy = policy_of(app)
    policy.watched_since = policy.checked_at = start
    policy.save()
    for minute in range(0, 18, 2):
        live.watch(app, start + timedelta(minutes=180 + minute))
    alert = Alert.objects.get()
    assert "postgres://shop:" in alert.proof_text
    assert "pa55word" not in alert.proof_text


def test_muted_and_quiet_alerts_are_recorded_and_told_when_that_ends(app: App, drain: Drain, begin: datetime) -> None:
    policy = policy_of(app)
    policy.emails = ["oncall@example.com"]
    policy.save()
    mute = CauseMute.objects.create(team_id=app.team_id, app=app, cause="H12")
    at = burst(drain, begin)
    assert live.watch(app, at).deliveries == []
    assert Alert.objects.get().withheld == Withheld.MUTED
    mute.delete()
    policy.quiet_from, policy.quiet_until = (at - timedelta(hours=1)).time(), (at + timedelta(minutes=1)).time()
    policy.save()
    assert live.watch(app, at).deliveries == []
    assert Alert.objects.get().withheld == Withheld.QUIET
    live.arrive(drain, live.timeouts(at + timedelta(seconds=1), 3))
    assert len(live.watch(app, at + timedelta(minutes=3)).deliveries) == 1
    assert Alert.objects.get().withheld == ""


def test_quiet_hours_run_over_midnight_in_their_own_zone(app: App) -> None:
    policy = policy_of(app)
    policy.quiet_from, policy.quiet_until, policy.quiet_zone = time(22), time(7), "Europe/Berlin"
    utc = live.BEGIN.replace(month=1)
    assert is_quiet(policy, utc.replace(hour=21, minute=30))  # 22:30 in Berlin
    assert is_quiet(policy, utc.replace(hour=5, minute=59))
    assert not is_quiet(policy, utc.replace(hour=6, minute=1))
    assert not is_quiet(policy, utc.replace(hour=20, minute=59))


def test_a_crash_loop_and_its_h10_are_one_message(app: App, drain: Drain, begin: datetime) -> None:
    policy = policy_of(app)
    policy.emails = ["oncall@example.com"]
    policy.save()
    live.arrive(drain, live.quiet_lines(begin, 40))
    at = begin + timedelta(minutes=41)
    rows = [live.router_line(at + timedelta(seconds=s), code="H10") for s in range(30)]
    rows += [
        f"{live.stamp(at + timedelta(seconds=s))} heroku[web.1]: State changed from up to crashed" for s in (1, 20, 40)
    ]
    live.arrive(drain, rows)
    live.watch(app, at + timedelta(seconds=50))
    live.watch(app, at + timedelta(seconds=55))
    assert sorted(Alert.objects.values_list("cause", "withheld")) == [("H10", ""), ("crash-loop", Withheld.FOLDED)]
    assert Delivery.objects.count() == 1


def test_old_bursts_are_history_and_wake_nobody(app: App, drain: Drain, begin: datetime) -> None:
    policy = policy_of(app)
    policy.emails = ["oncall@example.com"]
    policy.save()
    burst(drain, begin - timedelta(hours=5))
    assert live.watch(app, begin).deliveries == []
    alert = Alert.objects.get()
    assert (alert.withheld, alert.is_open, alert.incident) == (Withheld.LATE, False, None)


def test_without_a_mail_server_the_log_says_so(app: App, drain: Drain, begin: datetime, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    policy = policy_of(app)
    policy.emails = ["oncall@example.com"]
    policy.save()
    (pk,) = live.watch(app, burst(drain, begin)).deliveries
    deliver.deliver(pk)
    row = Delivery.objects.get()
    assert (row.state, row.problem) == (DeliveryState.FAILED, "This installation sends no mail: MAIL_URL is not set.")


def test_apps_are_due_when_lines_came_or_time_has_passed(app: App, drain: Drain, begin: datetime) -> None:
    assert due(10) == []
    live.arrive(drain, live.quiet_lines(begin, 2))
    assert due(10) == [app.pk]
    policy_of(app)
    live.watch(app, timezone.now())
    assert due(10) == []
    live.watch(app, timezone.now() - timedelta(minutes=2))
    assert due(10) == [app.pk]


def test_a_recorder_is_not_analysed_as_an_incident(app: App, drain: Drain, begin: datetime) -> None:
    burst(drain, begin)
    builders.work()
    app.recorder.refresh_from_db()
    assert app.recorder.verdict_status == ""
