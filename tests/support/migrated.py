"""Databases that are migrated already: what starts the application dozens of times would spend minutes on it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support import postgres
from tests.support.processes import ROOT

KEPT = ROOT / ".pytest_cache" / "migrated"
TEMPLATE = "triage_migrated"
_LOCK = 7_263_114  # any number that nothing else locks


def sqlite_in(data_dir: Path) -> None:
    """Put a migrated database where the application with this data directory looks for it; one that is there stays."""
    place = data_dir / "triage.sqlite3"
    if place.exists():
        return
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = KEPT / f"{_state()}.sqlite3"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as making:
            _migrate(TRIAGE_DATA_DIR=making)
            os.replace(Path(making) / place.name, kept)
    shutil.copyfile(kept, place)


def on_postgres(server_url: str, name: str) -> str:
    """A new migrated database beside the one that `server_url` names; returns its address."""
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])  # until the connection ends
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            connection.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}_making"')
            _migrate(DATABASE_URL=postgres.create_database(server_url, f"{TEMPLATE}_making"))
            connection.execute(f'ALTER DATABASE "{TEMPLATE}_making" RENAME TO "{TEMPLATE}"')
        return postgres.create_database(server_url, name, template=TEMPLATE)


def _state() -> str:
    """Changes with whatever may change the tables."""
    digest = hashlib.sha256()
    for path in [
        ROOT / "requirements.txt",
        *sorted(ROOT.glob("triage/settings*.py")),
        *sorted(ROOT.glob("incidents/migrations/*.py")),
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _migrate(**settings: str) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--noinput", "-v", "0"]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ) | settings, capture_output=True, text=True)
    assert done.returncode == 0, f"manage.py migrate: {done.stderr}"
