"""Pipes: a log streams into an incident while it is written, and can be taken up again where it was cut."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from incidents.digest import segments
from incidents.digest.recorder import chunking as recorder
from incidents.ingest import pipes
from incidents.models import ApiToken, Chunk, Incident, LogSource, Scope, Team
from incidents.models.tokens import is_wellformed
from tests.incidents.builders import app_line, log, person
from tests.support.ports import wait_for
from tests.support.processes import ROOT

TIMED = [app_line(number, f"line {number}").encode() for number in range(10)]


def piped(key="", *blocks: bytes, was_cut=False, overlap=None):
    source = pipes.open_pipe(team=Team.objects.get_default(), user=None, app_name="shop", key=key)
    writer = pipes.PipeWriter(source, lambda _: None, overlap)
    for block in blocks:
        writer.write(block)
    writer.close(was_cut=was_cut)
    recorder.record(source.pk)
    return LogSource.objects.get(pk=source.pk)


def text_of(source) -> bytes:
    return b"".join(segments.read_text(chunk) for chunk in Chunk.objects.filter(source=source).order_by("number"))


def test_pieces_of_any_size_give_the_same_log(db):
    data = log(200)
    source = piped("", *(data[at : at + 777] for at in range(0, len(data), 777)))

    assert text_of(source) == data
    assert (source.state, source.lines, source.position) == ("done", 200, 0)
    assert list(Incident.objects.dirty()) == [source.incident]


def test_a_last_line_without_an_end_counts_when_the_pipe_ends(db):
    assert text_of(piped("", b"one\ntwo")) == b"one\ntwo\n"


def test_a_line_that_was_cut_off_is_kept_apart_until_it_comes_again_or_the_pipe_ends(db):
    source = piped("night", b"one\ntw", was_cut=True)
    assert (text_of(source), source.state) == (b"one\n", "receiving")
    pipes.finish(source)
    recorder.record(source.pk)
    assert text_of(source) == b"one\ntw\n"


def test_a_pipe_that_ends_after_its_last_line_was_recorded_is_done_at_once(db):
    source = piped("", b"one\n", was_cut=True)
    pipes.finish(source)
    done = recorder.record(source.pk)
    source.refresh_from_db()
    assert (done.incident_id, done.lines, source.state) == (source.incident_id, 0, "done")
    assert recorder.record(source.pk) is None


def test_a_pipe_that_nobody_takes_up_again_ends_by_itself(db):
    source = piped("night", b"one\ntw", was_cut=True)
    assert pipes.finish_stale() == []
    LogSource.objects.update(touched_at=datetime.now(UTC) - timedelta(minutes=6))
    assert pipes.finish_stale() == [source.pk]
    recorder.record(source.pk)
    source.refresh_from_db()
    assert (text_of(source), source.state) == (b"one\ntw\n", "done")


@pytest.mark.parametrize("shuffled", [False, True])
def test_lines_that_a_new_connection_repeats_are_known_by_their_time(shuffled):
    again = [TIMED[5], TIMED[4], *TIMED[6:8]] if shuffled else TIMED[4:8]
    assert pipes.Overlap(TIMED[:7]).new_lines(again) == [TIMED[7]]


def test_equal_lines_that_are_new_are_kept(db):
    twice = [TIMED[0], TIMED[0]]
    assert pipes.Overlap([TIMED[0]]).new_lines([*twice, TIMED[1]]) == [TIMED[0], TIMED[1]]


def test_lines_without_a_time_follow_the_one_before(db):
    trace = [TIMED[0], b"  at f", TIMED[1], b"  at g"]
    assert pipes.Overlap(trace[:2]).new_lines(trace) == trace[2:]


def test_where_no_line_has_a_time_only_an_overlap_is_dropped():
    overlap = pipes.Overlap([b"a", b"b", b"c"])
    assert overlap.new_lines([b"b", b"c", b"d"]) == [b"d"]
    assert overlap.new_lines([b"b", b"c"]) == [b"b", b"c"]


def test_the_same_key_takes_up_the_same_log(db):
    first = piped("night", b"".join(line + b"\n" for line in TIMED[:6]), was_cut=True)
    second = piped("night", b"".join(line + b"\n" for line in TIMED[3:]), overlap=pipes.Overlap(TIMED[:6]))

    assert first.pk == second.pk
    assert text_of(second) == b"".join(line + b"\n" for line in TIMED)


def test_tokens_do_only_what_they_may_and_end_with_their_person(db):
    user = person("dora")
    team = Team.objects.get_default()
    row, text = ApiToken.objects.issue(team=team, user=user, name="ci", scopes=[Scope.INGEST])
    assert is_wellformed(text, "tri")
    assert text not in str(ApiToken.objects.values().get())
    assert ApiToken.objects.find(text, scope=Scope.INGEST) == row
    assert ApiToken.objects.find(text, scope=Scope.READ) is None
    user.memberships.all().delete()
    assert ApiToken.objects.find(text, scope=Scope.INGEST) is None
    _, late = ApiToken.objects.issue(
        team=team, user=None, name="", scopes=["admin"], expires_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    assert ApiToken.objects.find(late, scope=Scope.READ) is None


ISSUE = """
from incidents.models import ApiToken, Team
print("TOKEN" + ApiToken.objects.issue(team=Team.objects.get_default(), user=None, name="t", scopes=["ingest"])[1])
"""


class Curl:
    """A chunked request of which the answer is read while it is written, as curl does."""

    def __init__(self, stack, token, path="/pipe/?app=shop"):
        host, _, port = stack.url.removeprefix("http://").partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=20)
        self.connection.putrequest("PUT", path)
        self.connection.putheader("Authorization", f"Bearer {token}")
        self.connection.putheader("Transfer-Encoding", "chunked")
        self.connection.endheaders()

    def send(self, data: bytes):
        self.connection.send(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self):
        return self.connection.getresponse()

    def end(self):
        self.connection.send(b"0\r\n\r\n")


@pytest.fixture(scope="session")
def token(running):
    return running.manage("shell", "-v", "0", "-c", ISSUE).partition("TOKEN")[2].strip()


def lines_of(stack, pk):
    return stack.rows(f"SELECT lines FROM incidents_logsource WHERE incident_id IN ('{pk}', '{pk.replace('-', '')}')")


def test_the_link_comes_first_and_lines_can_be_read_while_the_pipe_runs(running, token):
    curl = Curl(running, token)
    answer = curl.answer()
    link = answer.readline().decode().strip()
    assert link.startswith(f"{running.url}/i/")
    pk = link.rstrip("/").rpartition("/")[2]

    for number, line in enumerate(TIMED[:3], 1):
        began = time.monotonic()
        curl.send(line + b"\n")
        wait_for(lambda: lines_of(running, pk) == [(number,)], f"line {number} is there")  # noqa: B023
        assert time.monotonic() - began < 5
    curl.end()

    assert answer.read() == b"3 lines\n"


def test_a_pipe_that_was_cut_goes_on_without_doubled_lines(running, token):
    path = "/pipe/?app=shop&resume=cut"
    first = Curl(running, token, path)
    pk = first.answer().readline().decode().strip().rstrip("/").rpartition("/")[2]
    first.send(b"\n".join([*TIMED[:6], TIMED[6][:50]]))
    wait_for(lambda: lines_of(running, pk) == [(6,)], "the first lines are there")
    first.connection.sock.shutdown(2)
    first.connection.close()
    time.sleep(0.3)
    second = Curl(running, token, path)
    answer = second.answer()
    assert pk in answer.readline().decode()
    second.send(b"".join(line + b"\n" for line in TIMED[3:]))
    second.end()

    assert answer.read() == b"4 lines, 3 that were there already\n"
    wait_for(lambda: lines_of(running, pk) == [(10,)], "all lines are there once")


def test_an_unknown_token_and_one_pipe_too_many_are_told_so(running, token):
    assert Curl(running, "tri_none").answer().status == 401
    open_ones = [Curl(running, token) for _ in range(7)]  # two processes take three each
    statuses = []
    for curl in open_ones:
        answer = curl.answer()
        statuses.append(answer.status)
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "10"
    for curl in open_ones:
        curl.connection.close()
    assert 503 in statuses


def test_a_growing_file_is_followed_over_a_rotation(running, tmp_path):
    file = tmp_path / "app.log"
    file.write_bytes(TIMED[0] + b"\n")
    command = [sys.executable, str(ROOT / "manage.py"), "pipe", str(file)]
    process = subprocess.Popen(command, cwd=ROOT, env=running.environment, stdout=subprocess.PIPE)
    try:
        pk = process.stdout.readline().decode().strip().rstrip("/").rpartition("/")[2]
        with file.open("ab") as out:
            out.write(TIMED[1] + b"\n")
        wait_for(lambda: lines_of(running, pk) == [(2,)], "the file's lines are there")
        os.rename(file, tmp_path / "app.log.1")
        file.write_bytes(TIMED[2] + b"\n")
        wait_for(lambda: lines_of(running, pk) == [(3,)], "the new file's line is there")
        process.send_signal(signal.SIGINT)
        assert process.stdout.read().decode().strip() == "3 lines"
    finally:
        process.kill()
        process.wait()
