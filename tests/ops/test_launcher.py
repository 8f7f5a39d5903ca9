"""bin/run: one address, nothing left behind, and nothing lost whatever is killed."""

from __future__ import annotations

import signal
import socket
import sqlite3
import stat
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest

from tests.support import launcher, migrated, postgres
from tests.support.broker import Broker
from tests.support.ports import free_port, wait_for
from tests.support.run import ADDRESS, PARTS, Run, alive, answers

pytestmark = pytest.mark.broker
STOP_LIMIT_S = 10


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def used_dir(data_dir: Path) -> Path:
    """A data directory of an earlier start: its database is there."""
    migrated.sqlite_in(data_dir)
    return data_dir


def test_it_serves_at_one_address_and_ctrl_c_leaves_nothing(data_dir: Path) -> None:
    with Run(data_dir) as run:
        address = run.wait_ready()
        assert answers(address)
        assert len(ADDRESS.findall(run.printed)) == 1
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
        sockets = launcher.socket_directory(data_dir)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        listening = [
            c.laddr.ip for p in run.processes() for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
        assert run.interrupt() < STOP_LIMIT_S
        assert run.process.returncode == 0
        assert run.left_over() == []
        assert not sockets.exists()


def test_sigterm_and_a_closed_terminal_stop_it_too_and_the_next_start_keeps_key_and_rows(used_dir: Path) -> None:
    kept = []
    for signum in (signal.SIGTERM, signal.SIGHUP):
        with Run(used_dir) as run:
            run.wait_ready()
            run.process.send_signal(signum)
            assert run.wait_end(STOP_LIMIT_S) == 0
            assert run.left_over() == []
        teams = select(used_dir, "SELECT id FROM incidents_team")
        kept.append((teams, (used_dir / "secret_key").read_text()))
    assert kept[0] == kept[1]
    assert kept[0][0], "the team that the sign-in link leads to"


def test_a_second_start_beside_the_first_is_refused_with_its_address(used_dir: Path) -> None:
    with Run(used_dir) as first:
        address = first.wait_ready()
        with Run(used_dir) as second:
            assert second.wait_end() == 1
            assert "already runs" in second.printed
            assert address.partition("/signin")[0] in second.printed
        assert answers(address)


def test_every_killed_part_comes_back(used_dir: Path) -> None:
    with Run(used_dir) as run:
        address = run.wait_ready()
        for name in PARTS:
            killed = run.part(name)
            children = killed.children(recursive=True)
            killed.kill()
            psutil.wait_procs([killed], timeout=5)
            wait_for(lambda name=name, pid=killed.pid: is_back(run, name, pid), f"a new {name}", timeout_s=20)
            # A killed process takes a moment to be gone, the longer the busier the machine.
            wait_for(lambda children=children: not alive(children), f"the old {name} has left nothing", timeout_s=5)
            assert answers(address), f"after the {name} was killed"
        assert run.interrupt() < STOP_LIMIT_S
        assert run.left_over() == []


def is_back(run: Run, name: str, old_pid: int) -> bool:
    try:
        return run.part(name).pid != old_pid
    except ValueError:  # none just now
        return False


def test_requests_wait_while_the_web_process_starts_again(used_dir: Path) -> None:
    with Run(used_dir) as run:
        address = run.wait_ready()
        web = run.part("web")
        for process in [web, *web.children(recursive=True)]:
            process.kill()
        assert answers(address), "a request right after the kill is answered, not refused"


def test_a_killed_launcher_takes_everything_with_it_and_starts_again(used_dir: Path) -> None:
    with Run(used_dir) as run:
        address = run.wait_ready()
        run.process.kill()
        run.process.wait()
        with Run(used_dir, PORT=address.split(":")[2].split("/")[0]) as again:
            assert answers(again.wait_ready())
            assert run.left_over() == []


def test_everything_killed_at_once_starts_again(used_dir: Path) -> None:
    with Run(used_dir) as run:
        run.wait_ready()
        for process in run.processes():
            process.kill()
        run.process.wait()
        with Run(used_dir) as again:
            assert answers(again.wait_ready())
            assert run.left_over() == []


def test_a_named_log_opens_as_an_incident(used_dir: Path, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("".join(router_lines(50)))
    with Run(used_dir, log) as run:
        landed = sign_in(run.wait_ready())
        [(incident,)] = select(used_dir, "SELECT id FROM incidents_incident")
        assert landed == f"/i/{UUID(incident)}/"
        wait_for(lambda: is_analysed(used_dir), "the log is analysed")
        assert select(used_dir, "SELECT sum(lines), sum(parsed) FROM incidents_chunk") == [(50, 50)]


def test_a_database_that_is_not_there_ends_the_start_with_its_words(data_dir: Path) -> None:
    with Run(data_dir, DATABASE_URL=f"postgres://nobody@127.0.0.1:{free_port()}/none") as run:
        assert run.wait_end() == 1
        assert "`manage.py migrate` failed" in run.printed
        assert "refused" in run.printed
        assert run.left_over() == []


def test_a_launcher_killed_while_logs_are_digested_loses_nothing(tmp_path: Path) -> None:
    log = tmp_path / "big.log"
    with log.open("w") as file:
        file.writelines(router_lines(45_000))
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    with Run(calm, log) as run:
        run.wait_ready()
        wait_for(lambda: is_analysed(calm), "the calm run is done", timeout_s=120)
    with Run(killed, log, TRIAGE_LEASE_SECONDS="3") as run:
        wait_for(lambda: states(killed), "the first chunk is cut", timeout_s=60, pause_s=0.005)
        run.processes()
        run.process.kill()
        run.process.wait()
        assert not is_analysed(killed)
        with Run(killed, TRIAGE_LEASE_SECONDS="3", TRIAGE_RING_AGAIN_SECONDS="3") as again:
            again.wait_ready()
            wait_for(lambda: is_analysed(killed), "the work goes on after the kill", timeout_s=120)
            assert run.left_over() == []
    assert results(killed) == results(calm)
    assert len(results(calm)[0]) > 1, "several chunks"


def router_lines(count: int) -> Iterator[str]:
    """Invented requests, one each 20 ms."""
    start = datetime(2026, 3, 14, 9, tzinfo=UTC)
    for number in range(count):
        at = (start + timedelta(milliseconds=20 * number)).isoformat(timespec="microseconds")
        yield (
            f'{at} heroku[router]: at=info method=GET path="/orders/{number % 997}" host=shop.example.com '
            f'request_id=00000000-0000-4000-8000-{number:012d} fwd="192.0.2.{number % 250}" dyno=web.{number % 3 + 1} '
            f"connect=1ms service={number * 7919 % 900}ms status=200 bytes={number % 9000} protocol=https\n"
        )


def select(data_dir: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of the run's database; none while it has no tables yet."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(data_dir / "triage.sqlite3")) as database:
        return database.execute(query).fetchall()
    return []


def states(data_dir: Path) -> set[str]:
    return {state for (state,) in select(data_dir, "SELECT state FROM incidents_chunk")}


def is_analysed(data_dir: Path) -> bool:
    """Whether every source is cut, every chunk read, and the analysis not behind."""
    cut = select(data_dir, "SELECT count(*) FROM incidents_logsource WHERE state <> 'done'")
    fresh = select(data_dir, "SELECT count(*) FROM incidents_incident WHERE revision > analysed_revision")
    return states(data_dir) == {"done"} and cut == fresh == [(0,)]


def results(data_dir: Path) -> tuple[list[Any], list[Any]]:
    """What came of the chunks, in their order, and the document of the analysis, byte for byte."""
    chunks = select(
        data_dir,
        "SELECT chunk.number, chunk.lines, result.sha256 FROM incidents_storedresult AS result "
        "JOIN incidents_chunk AS chunk ON chunk.id = result.chunk_id ORDER BY chunk.number",
    )
    return chunks, select(data_dir, "SELECT document FROM incidents_analysis")


def sign_in(address: str) -> str:
    """Use a one-time link; returns the path that it leads to."""
    opener = urllib.request.build_opener(StayHere)
    with pytest.raises(urllib.error.HTTPError) as moved:
        opener.open(address)
    assert moved.value.code == 302
    return str(moved.value.headers["Location"])


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


def test_a_part_that_keeps_ending_ends_the_run_with_its_last_words(used_dir: Path) -> None:
    with Run(used_dir, CELERY_CONCURRENCY="many") as run:
        assert run.wait_end(120) == 1
        assert "the worker ended 4 times right after its start" in run.printed
        assert "Invalid value" in run.printed
        assert run.left_over() == []


def test_a_broker_with_unreadable_files_starts_empty(used_dir: Path) -> None:
    with Run(used_dir) as run:
        run.wait_ready()
    [manifest] = (used_dir / "broker").rglob("*.manifest")
    manifest.write_text("nonsense\n")
    with Run(used_dir) as run:
        assert answers(run.wait_ready())
        assert "the broker cannot read its files" in run.printed


def test_a_taken_port_is_refused_when_asked_for_and_passed_over_when_not(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Run(data_dir, PORT=str(port)) as run:
            assert run.wait_end() == 1
            assert f"cannot listen on port {port}" in run.printed
    first, first_port = launcher.listen()
    with first:
        second, second_port = launcher.listen()
        second.close()
    assert first_port != second_port


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_no_number_is_refused(data_dir: Path, port: str) -> None:
    with Run(data_dir, PORT=port) as run:
        assert run.wait_end() == 1
        assert f"PORT is '{port}'" in run.printed


def test_a_missing_log_is_told_before_anything_starts(data_dir: Path) -> None:
    with Run(data_dir, data_dir / "absent.log") as run:
        assert run.wait_end() == 1
        assert "there is no such file" in run.printed
        assert not data_dir.exists()


def test_an_unusable_data_directory_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with Run(file / "data") as run:
        assert run.wait_end() == 1
        assert "Set TRIAGE_DATA_DIR" in run.printed


def test_without_a_broker_program_it_asks_for_redis_url(data_dir: Path) -> None:
    bare = Path(sys.base_prefix) / "bin" / "python3"
    with Run(data_dir, python=str(bare), PATH="/nowhere") as run:
        assert run.wait_end() == 1
        assert "REDIS_URL" in run.printed


def test_given_services_are_used_and_not_started(data_dir: Path, broker: Broker, postgres_url: str) -> None:
    with Run(data_dir, REDIS_URL=broker.url, DATABASE_URL=postgres_url, PORT=str(free_port())) as run:
        assert answers(run.wait_ready(), "/readyz")
        with pytest.raises(ValueError, match="not enough"):
            run.part("broker")
        assert not (data_dir / "triage.sqlite3").exists()
        assert postgres.rows(postgres_url, "SELECT count(*) FROM incidents_team") == [(1,)]
        wait_for(lambda: broker.command("CLIENT", "LIST"), "the worker is connected")
    assert broker.command("PING") == "+PONG", "a broker that was there before stays"


def test_a_long_data_directory_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with Run(deep / "data", TMPDIR=str(deep)) as run:
        assert answers(run.wait_ready())


def test_a_socket_directory_of_somebody_else_is_refused(data_dir: Path) -> None:
    directory = launcher.socket_directory(data_dir)
    try:
        directory.chmod(0o755)
        with pytest.raises(SystemExit, match="open to others"):
            launcher.socket_directory(data_dir)
    finally:
        directory.rmdir()
    assert str(directory).startswith(tempfile.gettempdir())
