"""Starts and supervises everything that `bin/run` needs: broker, migrations, web, worker, reaper.

A plain script without Django, so that it stays small beside what it supervises. What it promises:
* Ctrl-C ends every process within ten seconds; a killed part is started again; a part that keeps dying ends the run.
* Should this process itself be killed, a guard (a shell that reads from a pipe) kills what it had started.
  The guard shares the lock of the data directory, so the next start waits until that is done.
* Nothing that must last is held here: the rows of the database are the truth, the broker is a doorbell.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from launcher_ground import ROOT, fail, listen, lock, open_data_directory, secret_key, socket_directory
from launcher_parts import (
    Part,
    broker_answers,
    end_parts,
    find_broker,
    kill_group,
    limit_log,
    reaper_command,
    web_command,
    worker_command,
)

STOP_PATIENCE_S = 7.0  # with the broker's own end and the kills, Ctrl-C stays below ten seconds
READY_PATIENCE_S = 60.0
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - holds the workers' semaphores, no file of ours
SHORT_LIVES_ALLOWED = 4
# Reads lines of process groups, and kills those of the last line when the launcher's end of the pipe is gone.
GUARD = 'trap "" INT TERM HUP; while read -r line; do groups=$line; done; for g in $groups; do kill -9 "-$g"; done'


def say(text: str) -> None:
    print(text, flush=True)


class Launcher:
    """Everything of one run on one data directory, which it holds alone."""

    def __init__(self, files: list[Path], verbose: bool) -> None:
        self.files = files
        self.verbose = verbose
        self.parts: list[Part] = []
        self.stops = False
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:  # nohup wants it to go on
                signal.signal(signum, self.on_signal)
        self.data_dir = open_data_directory()
        self.lock = lock(self.data_dir)
        self.environment = self.make_environment()
        self.server, self.port = listen()
        self.socket_dir: Path | None = None
        self.note_owner()
        self.guard = self.start_guard()

    def run(self) -> NoReturn:
        """Serve until somebody asks us to stop (Stopped) or it cannot go on (SystemExit)."""
        try:
            self.start_broker()
            self.manage("migrate", "--noinput", "--skip-checks")
            web = self.start_parts()
            address = self.address()  # while the web process gets ready
            self.wait_until(self.web_answers, web)
            say(f"\nTriage is ready. Open this address to sign in (it works once):\n\n    {address}\n")
            say(f"Data: {self.data_dir}   Logs: {self.data_dir / 'logs'}   Stop: Ctrl-C")
            self.supervise()
        finally:
            self.stop()

    def on_signal(self, signum: int, frame: object) -> None:
        if not self.stops:
            self.stops = True
            raise Stopped
        for part in self.parts:  # asked twice: no more patience
            if part.process:
                kill_group(part.process.pid)

    def make_environment(self) -> dict[str, str]:
        """What every part sees. Settings that are there already win."""
        environment = dict(os.environ)
        defaults = {
            "SECRET_KEY": secret_key(self.data_dir),
            "HOME": str(self.data_dir),
            # A stopping worker finishes what takes seconds and gives back the rest, before STOP_PATIENCE_S is over.
            "REMAP_SIGTERM": "SIGQUIT",
            "TRIAGE_SOFT_SHUTDOWN_SECONDS": "4",
        }
        for name, value in defaults.items():
            environment[name] = environment.get(name) or value
        # The address that is printed must be served, whatever other names are.
        hosts = [*environment.get("ALLOWED_HOSTS", "localhost").split(","), "127.0.0.1"]
        environment["ALLOWED_HOSTS"] = ",".join(dict.fromkeys(filter(None, hosts)))
        environment["TRIAGE_DATA_DIR"] = str(self.data_dir)
        environment["PYTHONUNBUFFERED"] = "1"
        environment.pop("PORT", None)
        return environment

    def note_owner(self) -> None:
        content = f"{os.getpid()} http://127.0.0.1:{self.port}\n".encode()
        os.truncate(self.lock, 0)
        os.pwrite(self.lock, content, 0)

    def start_guard(self) -> subprocess.Popen[bytes]:
        """A shell of a few hundred kilobytes that outlives a killed launcher by a moment."""
        inherited = os.dup(self.lock)  # holds the lock until the guard, too, has ended
        guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[inherited],
            start_new_session=True,
        )
        os.close(inherited)
        return guard

    def tell_guard(self) -> None:
        """Tell it which process groups there are now."""
        groups = " ".join(str(part.process.pid) for part in self.parts if part.process)
        assert self.guard.stdin is not None
        with suppress(BrokenPipeError):  # it was killed: check_parts() starts another
            self.guard.stdin.write(f"{groups}\n".encode())
            self.guard.stdin.flush()

    def start(self, part: Part) -> None:
        part.start()
        if part not in self.parts:
            self.parts.append(part)
        self.tell_guard()

    def part(self, name: str, command: Sequence[str | Path], pass_fds: Sequence[int] = ()) -> Part:
        log = self.data_dir / "logs" / f"{name}.log"
        return Part(name, [str(word) for word in command], log, self.verbose, self.environment, pass_fds)

    def start_broker(self) -> None:
        if self.environment.get("REDIS_URL"):
            return
        binary = find_broker()
        if binary is None:
            fail(
                "no Valkey or Redis server was found for this machine. Install one "
                "(on Debian: apt install redis-server) or set REDIS_URL to the address of a running one."
            )
        self.socket_dir = socket_directory(self.data_dir)
        path = self.socket_dir / "broker.sock"
        storage = self.data_dir / "broker"
        storage.mkdir(exist_ok=True)
        options = "--port 0 --unixsocketperm 700 --daemonize no --appendonly yes --maxmemory-policy noeviction"
        command: list[str | Path] = [binary, *options.split(), "--save", "", "--unixsocket", path, "--dir", storage]
        broker = self.part("broker", command)
        self.environment["REDIS_URL"] = f"unix://{path}"
        self.start(broker)
        self.wait_until(lambda: broker_answers(path), broker)

    def manage(self, *words: str) -> str:
        """Run a management command to its end and return the last line that it printed; a failure ends the run."""
        part = self.part(words[0], [sys.executable, ROOT / "manage.py", *words])
        part.log.unlink(missing_ok=True)
        part.start(stdout=subprocess.PIPE)
        self.parts.append(part)
        self.tell_guard()
        assert part.process is not None
        printed = part.process.communicate()[0].decode(errors="replace").strip().rpartition("\n")[2]
        self.parts.remove(part)
        if part.process.returncode:
            reason = part.last_words(lines=1)
            _, is_plain, sentence = reason.rpartition("CommandError: ")
            fail(sentence if is_plain else f"`manage.py {words[0]}` failed. {part.last_words()}")
        return printed

    def start_parts(self) -> Part:
        """Start web, worker and reaper; returns the web part."""
        web = self.part("web", web_command(self.server.fileno()), pass_fds=[self.server.fileno()])
        self.start(web)
        concurrency = self.environment.get("CELERY_CONCURRENCY") or str(min(os.cpu_count() or 1, 4))
        self.start(self.part("worker", worker_command(concurrency)))
        self.start(self.part("reaper", reaper_command()))
        return web

    def web_answers(self) -> bool:
        address = f"http://127.0.0.1:{self.port}/healthz"
        with suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def wait_until(self, is_ready: Callable[[], bool], part: Part) -> None:
        end = time.monotonic() + READY_PATIENCE_S
        while not is_ready():
            self.check_parts()
            if time.monotonic() > end:
                fail(f"the {part.name} did not get ready within {READY_PATIENCE_S:.0f} s. {part.last_words()}")
            time.sleep(0.05)

    def address(self) -> str:
        """A sign-in link, which leads to the incident of the files that were named."""
        base = f"http://127.0.0.1:{self.port}"
        opens = "/"
        if self.files:
            say(f"bin/run: reading {', '.join(file.name for file in self.files)} …")
            opens = self.manage("import_log", *map(str, self.files))
        return self.manage("signin_link", "--base", base, "--next", opens)

    def supervise(self) -> NoReturn:
        rounds = 0
        while True:
            time.sleep(0.1)
            rounds += 1
            self.check_parts()
            if rounds % 600 == 0:
                for part in self.parts:
                    limit_log(part.log)

    def check_parts(self) -> None:
        """Start again what has ended; give up when a part keeps ending at once."""
        for part in self.parts:
            if part.has_ended():
                part.bury()
                self.tell_guard()
                if part.short_lives >= SHORT_LIVES_ALLOWED:
                    fail(f"the {part.name} ended {part.short_lives} times right after its start. {part.last_words()}")
                if part.name == "broker" and part.short_lives == SHORT_LIVES_ALLOWED - 2:
                    self.empty_broker()
            if part.process is None and time.monotonic() >= part.start_again_at:
                say(f"bin/run: the {part.name} had ended and is started again")
                self.start(part)
        if self.guard.poll() is not None:
            self.guard = self.start_guard()
            self.tell_guard()

    def empty_broker(self) -> None:
        """A broker that cannot read its files starts empty: it holds doorbell messages, and the reaper rings again."""
        say("bin/run: the broker cannot read its files and starts with empty ones; no work is lost by that")
        shutil.rmtree(self.data_dir / "broker", ignore_errors=True)
        (self.data_dir / "broker").mkdir(exist_ok=True)

    def stop(self) -> None:
        """End everything: first what works, then the broker, then the guard."""
        self.stops = True
        broker = [part for part in self.parts if part.name == "broker"]
        end_parts([part for part in self.parts if part not in broker], STOP_PATIENCE_S)
        end_parts(broker, 1.0)
        if self.socket_dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
        self.parts.clear()
        self.tell_guard()
        self.guard.communicate()  # the end of its input ends it


class Stopped(BaseException):
    """Somebody asked us to stop."""


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/run",
        description="Start Triage on this machine and print an address to open.",
        epilog="Environment: PORT, TRIAGE_DATA_DIR, REDIS_URL, DATABASE_URL and more; the README lists them.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="logs to open as one incident")
    parser.add_argument("--verbose", action="store_true", help="show the logs of all parts here")
    return parser.parse_args(arguments)


def main() -> int:
    arguments = read_arguments(sys.argv[1:])
    files = [Path(name).absolute() for name in arguments.files]
    for file in files:
        if not file.is_file() or not os.access(file, os.R_OK):
            fail(f"cannot read {file}: {'it is not a file' if file.exists() else 'there is no such file'}.")
    if sys.platform == "linux" and not os.access(SHARED_MEMORY, os.W_OK):
        fail(f"{SHARED_MEMORY} is not writable, and workers need it. Mount it: mount -t tmpfs tmpfs {SHARED_MEMORY}")
    try:
        Launcher(files, arguments.verbose).run()
    except Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
