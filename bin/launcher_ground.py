"""What a run of the launcher stands on: its data directory, lock, key, broker socket and listening port."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import socket
import stat
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
DEFAULT_PORT = 8000
PORTS_TRIED = 100
LOCK_PATIENCE_S = 10.0
SOCKET_PATH_LIMIT = 103  # bytes; 107 on Linux, 103 on macOS


def fail(sentence: str) -> NoReturn:
    """End with one sentence that says what is wrong and what to do."""
    sys.exit(f"bin/run: {sentence}")


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
    waits_until = time.monotonic() + LOCK_PATIENCE_S
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
            if wanted:
                fail(f"cannot listen on port {wanted} ({error.strerror}). Set PORT to another one, or leave it out.")
            continue
        return server, int(server.getsockname()[1])
    fail("cannot listen on any port of 127.0.0.1.")


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
