"""Reading with a second process: the same results in the same order, whatever happens to it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from random import Random

import pytest

from benchmarks import generate
from incidents import analysis
from incidents.analysis import parallel
from incidents.analysis.parallel import scan_all
from incidents.analysis.types import SourceSettings
from tests.analysis.compare import assert_same

CHUNK = 60_000


@pytest.fixture(scope="module")
def log() -> bytes:
    source = generate.Log(11).lines()
    return "".join(next(source) for _ in range(3_000)).encode()


def cuts(log: bytes):
    return analysis.cut([log], SourceSettings(), most=CHUNK)


@pytest.fixture(scope="module")
def alone(log):
    found = list(scan_all(cuts(log), SourceSettings(), processes=1))
    assert len(found) > 8
    return found


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    found = []

    class Recorded(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            found.append(self)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    return found


def test_two_processes_give_what_one_gives(log, alone, started):
    assert_same(list(scan_all(cuts(log), SourceSettings(), processes=2)), alone)
    assert len(started) == 1
    assert started[0].returncode is not None


def test_a_short_log_is_read_here(log, alone, started):
    short = list(cuts(log))[: parallel.ALONE]
    assert_same(list(scan_all(iter(short), SourceSettings(), processes=2)), alone[: parallel.ALONE])
    assert started == []
    assert list(scan_all(iter(()), SourceSettings(), processes=2)) == []


def test_the_other_process_reads_a_part(log, alone, monkeypatch):
    here = []
    read = parallel._read
    monkeypatch.setattr(parallel, "_read", lambda job, settings: here.append(job.cut.number) or read(job, settings))
    assert_same(list(scan_all(cuts(log), SourceSettings(), processes=2)), alone)
    assert len(here) < len(alone)


@pytest.mark.parametrize("after", [1, 2, 4])
def test_nothing_is_lost_when_the_other_process_is_killed(log, alone, started, after):
    found = []
    for result in scan_all(cuts(log), SourceSettings(), processes=2):
        if len(found) == parallel.ALONE + after:
            os.kill(started[0].pid, signal.SIGKILL)
        found.append(result)
    assert_same(found, alone)


def test_it_is_read_here_when_no_process_can_be_started(log, alone, monkeypatch):
    monkeypatch.setattr(parallel.sys, "executable", "/nonexistent/python")
    assert_same(list(scan_all(cuts(log), SourceSettings(), processes=2)), alone)


def test_stopping_early_ends_the_other_process(log, started):
    results = scan_all(cuts(log), SourceSettings(), processes=2)
    for _ in range(parallel.ALONE + 1):
        next(results)
    results.close()
    assert started[0].returncode is not None


def test_a_problem_with_the_stream_reaches_the_caller(log, started):
    def broken():
        yield from list(cuts(log))[:6]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(scan_all(broken(), SourceSettings(), processes=2))
    assert started[0].returncode is not None


def test_the_other_side_answers_a_chunk_that_it_cannot_read_with_the_reason(monkeypatch):
    monkeypatch.setattr(parallel, "_read", lambda job, settings: 1 / 0)
    answers = io.BytesIO()
    parallel.serve(io.BytesIO(parallel._JOB.pack(1, 0, 3) + b"abc"), answers, SourceSettings())
    well, size = parallel._REPLY.unpack(answers.getvalue()[: parallel._REPLY.size])
    assert not well
    assert answers.getvalue()[parallel._REPLY.size :] == b"ZeroDivisionError: division by zero"
    assert size == len(b"ZeroDivisionError: division by zero")


def test_chunks_know_the_end_of_the_one_before(log, alone):
    """A line without a header at the start of a chunk belongs to whoever wrote last, in either process."""
    random = Random(3)
    lines = [line for line in log.split(b"\n") if b" app[web." in line and len(line) > 60] * 3
    text = b"".join(line + b"\n" + (b"    at frame\n" if random.random() < 0.5 else b"") for line in lines)
    one, two = (list(scan_all(cuts(text), SourceSettings(), processes=count)) for count in (1, 2))
    assert_same(two, one)
    assert sum(sum(result.skipped.values()) for result in two) == 0
