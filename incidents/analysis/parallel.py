"""Reading a long source with a second process: chunks go to whoever is free, and results come back in order.

The other process is started as ``python -m incidents.analysis.parallel`` and speaks a small binary protocol over its
standard streams: bytes of a chunk in, `ChunkResult.dump` out. No fork and no pickle, so that it is the same on every
platform. If it cannot be started or dies, everything is read here instead.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from .normalise import normalise
from .scan import scan
from .types import ChunkResult, Cut, SourceSettings

TAIL_BYTES = 64 * 1024
ALONE = 3
"""Chunks before a second process is worth its start."""
AHEAD = 2
"""Chunks that may wait for an earlier one."""
_JOB = struct.Struct("<qqq")  # first line, size of the tail, size of the chunk
_REPLY = struct.Struct("<?q")  # whether it went well, size of the result


class Job(NamedTuple):
    """A chunk and the end of the one before it."""

    cut: Cut
    tail: bytes


def scan_all(cuts: Iterable[Cut], settings: SourceSettings, *, processes: int | None = None) -> Iterator[ChunkResult]:
    """The results of all chunks, in order. ``processes`` is 1 or 2; by default as many as this machine has room for.

    The first chunks are read here; the second process starts when there are more.
    """
    jobs = _jobs(cuts)
    alone = ALONE if (processes or _processors()) > 1 else None
    for job in islice(jobs, alone):
        yield _read(job, settings)
    for job in jobs:
        with closing(_Helper(settings)) as helper:
            yield from _share(chain([job], jobs), settings, helper)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # what this process may use, where the platform tells
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _share(jobs: Iterable[Job], settings: SourceSettings, helper: _Helper) -> Iterator[ChunkResult]:
    waiting: deque[Future[bytes] | ChunkResult] = deque()
    for job in jobs:
        waiting.append(helper.offer(job) or _read(job, settings))
        while waiting and (_is_done(waiting[0]) or len(waiting) > AHEAD):
            yield _result(waiting.popleft())
    while waiting:
        yield _result(waiting.popleft())


def _is_done(answer: Future[bytes] | ChunkResult) -> bool:
    return answer.done() if isinstance(answer, Future) else True


def _result(answer: Future[bytes] | ChunkResult) -> ChunkResult:
    return ChunkResult.load(answer.result()) if isinstance(answer, Future) else answer


def _jobs(cuts: Iterable[Cut]) -> Iterator[Job]:
    tail = b""
    for cut in cuts:
        yield Job(cut, tail)
        tail = cut.data[-TAIL_BYTES:]


def _read(job: Job, settings: SourceSettings) -> ChunkResult:
    return scan(normalise(job.cut.data, settings, tail=job.tail), first_line=job.cut.first_line)


class _Helper:
    """The other process, and a thread that talks to it. One chunk is in its hands, and one waits for it."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._queue: queue.Queue[Any] = queue.Queue(maxsize=1)  # of (Job, Future), and None at the end
        self._closed = False
        path = os.pathsep.join(filter(None, (str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH"))))
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603 - this module, by this Python
                [sys.executable, "-m", __name__, json.dumps(settings.to_json())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env={**os.environ, "PYTHONPATH": path},
            )  # fmt: skip
        except OSError:
            self._process = None
        self._thread = threading.Thread(target=self._talk, name="second reader", daemon=True)
        self._thread.start()

    def offer(self, job: Job) -> Future[bytes] | None:
        """Hand over a chunk, unless the other has enough to do or is gone."""
        if self._process is None:
            return None
        future: Future[bytes] = Future()
        try:
            self._queue.put_nowait((job, future))
        except queue.Full:
            return None
        return future

    def close(self) -> None:
        """End the other process. What it has not answered is given up."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # wakes the thread, if it waits for an answer
        with suppress(queue.Empty):
            self._queue.get_nowait()[1].cancel()
        self._queue.put(None)
        self._thread.join()
        if process is not None:
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _talk(self) -> None:
        while (item := self._queue.get()) is not None:
            job, future = item
            try:
                future.set_result(self._ask(job))
            except (OSError, ValueError):  # it died, or could not read the chunk: then we do
                if self._closed:
                    future.cancel()
                    continue
                self._process = None
                _settle(future, job, self._settings)

    def _ask(self, job: Job) -> bytes:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise BrokenPipeError
        cut = job.cut
        for part in (_JOB.pack(cut.first_line, len(job.tail), len(cut.data)), job.tail, cut.data):
            _write(process.stdin, part)
        well, size = _REPLY.unpack(_take(process.stdout, _REPLY.size))
        answer = _take(process.stdout, size)
        if not well:
            raise ValueError(answer.decode("utf-8", "replace"))
        return answer


def _settle(future: Future[bytes], job: Job, settings: SourceSettings) -> None:
    """Read a chunk here after all; what goes wrong now is told to whoever waits."""
    try:
        future.set_result(_read(job, settings).dump())
    except Exception as error:
        future.set_exception(error)


def _write(stream: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]


def _take(stream: IO[bytes], size: int) -> bytes:
    parts = []
    while size:
        part = stream.read(min(size, 1 << 20))
        if not part:
            raise BrokenPipeError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def serve(requests: IO[bytes], answers: IO[bytes], settings: SourceSettings) -> None:
    """The other side: read chunks until the stream ends."""
    while head := requests.read(_JOB.size):
        first_line, tail_size, size = _JOB.unpack(head)
        tail, data = _take(requests, tail_size), _take(requests, size)
        well = True
        try:
            answer = _read(Job(Cut(0, first_line, 0, data), tail), settings).dump()
        except Exception as error:
            well, answer = False, f"{type(error).__name__}: {error}".encode()
        _write(answers, _REPLY.pack(well, len(answer)))
        _write(answers, answer)


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt), sys.stdin.buffer as stdin, open(1, "wb", buffering=0) as stdout:
        serve(stdin, stdout, SourceSettings.from_json(json.loads(sys.argv[1])))
