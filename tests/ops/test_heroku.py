"""The lines of the Procfile, run as a dyno runs them: a shell, a port, a database, SIGTERM to every process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.support import processes
from tests.support.broker import Broker
from tests.support.ports import free_port, wait_for
from tests.support.processes import ROOT
from tests.support.run import answers

pytestmark = pytest.mark.broker
DYNO_MB = 512
PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), flags=re.MULTILINE))


@pytest.fixture(scope="module")
def dyno_environment(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> dict[str, str]:
    """What a dyno's processes see, after the release process has run."""
    data_dir = tmp_path_factory.mktemp("dyno")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(data_dir),
        "DYNO": "web.1",
        "PORT": str(free_port()),
        "REDIS_URL": broker.url,
        "DATABASE_URL": f"sqlite:///{data_dir}/dyno.sqlite3",
        "SECRET_KEY": "made-by-the-button-" + "0123456789" * 4,
        "TRIAGE_DATA_DIR": str(data_dir),
    }
    environment["ALLOWED_HOSTS"] = "127.0.0.1"
    released = subprocess.run(
        ["bash", "-c", PROCFILE["release"]], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert released.returncode == 0, released.stdout + released.stderr
    return environment


@contextmanager
def dyno(name: str, environment: dict[str, str]) -> Iterator[psutil.Process]:
    log = Path(environment["HOME"]) / f"{name}.log"
    process = processes.start(
        ["bash", "-c", PROCFILE[name]], log=log, cwd=ROOT, env=environment | {"DYNO": f"{name}.1"}
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        processes.kill_group(process)


def resident_mb(process: psutil.Process) -> float:
    """What the process and its children hold, shared pages counted once."""
    tree = [process, *process.children(recursive=True)]
    return sum(part.memory_full_info().pss for part in tree) / 1e6


def ends_after_sigterm(process: psutil.Process) -> bool:
    """SIGTERM to every process of the dyno, as Heroku does; whether all ended within its 30 seconds."""
    tree = [process, *process.children(recursive=True)]
    for part in tree:
        part.send_signal(signal.SIGTERM)
    _, alive = psutil.wait_procs(tree, timeout=28)
    return not alive


def test_every_process_type_is_there() -> None:
    assert list(PROCFILE) == ["release", "web", "worker", "reaper"]


def test_the_web_dyno_serves_within_its_memory_and_ends_in_time(dyno_environment: dict[str, str]) -> None:
    with dyno("web", dyno_environment) as web:
        wait_for(lambda: answers(f"http://127.0.0.1:{dyno_environment['PORT']}"), "the web dyno answers")
        assert resident_mb(web) < DYNO_MB / 2
        assert ends_after_sigterm(web)


def test_the_worker_dyno_starts_within_its_memory_and_ends_in_time(dyno_environment: dict[str, str]) -> None:
    with dyno("worker", dyno_environment) as worker:
        log = Path(dyno_environment["HOME"]) / "worker.log"
        wait_for(lambda: "ready." in log.read_text(), "the worker is ready")
        assert resident_mb(worker) < DYNO_MB / 2
        assert ends_after_sigterm(worker)


def test_the_reaper_dyno_runs_and_ends_in_time(dyno_environment: dict[str, str]) -> None:
    with dyno("reaper", dyno_environment) as reaper:
        with pytest.raises(psutil.TimeoutExpired):
            reaper.wait(5)
        assert resident_mb(reaper) < DYNO_MB / 2
        assert ends_after_sigterm(reaper)


def test_the_build_collects_static_files_without_any_setting(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "STATIC_ROOT": str(tmp_path / "static")}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput"]
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "static" / "staticfiles.json").exists()
