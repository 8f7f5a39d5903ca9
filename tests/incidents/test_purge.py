"""What is no longer wanted goes, with every row and every blob; what is in use stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from incidents.digest import lines
from incidents.digest.purge import purge
from incidents.ingest import accept, blobs
from incidents.models import (
    AuditEvent,
    Chunk,
    Incident,
    LogSource,
    Segment,
    SigninToken,
    StoredResult,
    Team,
    TicketDraft,
)
from tests.incidents import builders
from tests.incidents.builders import log, upload, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(settings: Settings, tmp_path: Path) -> Path:
    """Segments go to a storage, as they go to S3 in production."""
    location = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"segments": location}
    settings.SEGMENT_STORAGE = "segments"
    blobs._fetched.cache_clear()
    return tmp_path


def files(bucket: Path) -> int:
    return sum(path.is_file() for path in bucket.rglob("*"))


def test_a_deleted_incident_is_removed_with_all_its_rows(incident: Incident) -> None:
    other = builders.incident("stays")
    for one in (incident, other):
        upload(one, log(30))
    work()
    incident.delete_later()
    purge()
    assert list(Incident.objects.all()) == [other]
    for table in (LogSource, Chunk, Segment, StoredResult, TicketDraft):
        assert table.objects.count() == 1


def test_a_deleted_incident_is_gone_from_view_at_once(incident: Incident, alice: User) -> None:
    assert list(Incident.objects.visible_to(alice)) == [incident]
    incident.delete_later()
    assert list(Incident.objects.visible_to(alice)) == []


def test_blobs_in_a_bucket_are_read_from_there_and_removed_with_the_incident(
    incident: Incident, small_chunks: int, bucket: Path
) -> None:
    upload(incident, log(200))
    work()
    incident.refresh_from_db()
    assert incident.analysis["sources"][0]["lines"] == 200
    chunks = Chunk.objects.count()
    assert files(bucket) == 2 * chunks
    assert {len(segment.text) for segment in Segment.objects.all()} == {0}
    assert [line.text for line in lines.read_lines(incident, 0, 1, 200)] == log(200).decode().split("\n")[:-1]
    incident.delete_later()
    purge()
    assert files(bucket) == 0


def test_results_that_are_replaced_leave_no_blob_behind(
    incident: Incident, bucket: Path, django_capture_on_commit_callbacks: object
) -> None:
    upload(incident, log(50))
    work()
    before = files(bucket)
    StoredResult.objects.update(parser_version=0)
    Incident.objects.update(revision=1_000_000)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        work()
    assert files(bucket) == before


def test_a_blob_of_a_worker_that_died_goes_with_the_incident(incident: Incident, bucket: Path) -> None:
    source = upload(incident, log(20))
    blobs.put(source, "written-and-never-committed", b"x")
    incident.delete_later()
    purge()
    assert files(bucket) == 0


def test_uploads_that_nobody_finished_go_after_a_day(incident: Incident) -> None:
    old, new = (
        accept.begin_upload(team=incident.team, user=None, incident=incident, name=name) for name in ("old", "new")
    )
    accept.add_part(old, 0, b"x")
    LogSource.objects.filter(pk=old.pk).update(touched_at=timezone.now() - timedelta(hours=25))
    purge()
    assert list(LogSource.objects.all()) == [new]


def test_dead_sign_in_tokens_go_after_a_week(alice: User) -> None:
    for days in (1, 8):
        SigninToken.objects.issue(alice, valid=timedelta(days=-days))
    purge()
    assert SigninToken.objects.count() == 1


def test_purging_twice_is_harmless(incident: Incident) -> None:
    incident.delete_later()
    assert purge() == 1
    assert purge() == 0


def test_what_is_older_than_a_team_keeps_goes_and_the_audit_log_tells() -> None:
    team = Team.objects.get_default()
    Team.objects.filter(pk=team.pk).update(retention_days=30)
    others = Team.objects.create(slug="others", name="Others")
    old, young, theirs = builders.incident("Old"), builders.incident("Young"), builders.incident("Theirs", others)
    long_ago = timezone.now() - timedelta(days=31)
    Incident.objects.filter(pk__in=[old.pk, theirs.pk]).update(created_at=long_ago)
    purge()
    assert set(Incident.objects.filter(deleted_at=None)) == {young, theirs}
    event = AuditEvent.objects.get(action="incident.deleted")
    assert (event.object_label, event.details) == ("Old", {"retention_days": 30})
