"""How long the log viewer takes to answer: ``python benchmarks/search.py [LINES …]``.

Each number of lines (10,000 and 1,000,000 unless others are given) becomes an incident in a database of its own. Every
query is asked five times through the page, as a browser asks for it. Printed are the median of the time that passed and
of the processor's time, in milliseconds, and the ratio of the latter between the last size and the first.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in (None, ""):  # started as a script
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from incidents.models import Incident

TIMES = 5
PATIENCE_S = 60.0
RARE = "zebra crossing 4711"
QUERIES = {
    "the first page": {},
    "the last page": {"until": "end"},
    "a rare word": {"q": f'"{RARE}"'},
    "a word that is nowhere": {"q": "xylophone"},
    "an expression": {"q": r"/zebra [a-z]+ \d+$/"},
    "code:H12": {"q": "code:H12"},
    "code:R14 from the end": {"q": "code:R14", "until": "end"},
    "status:>=500": {"q": "status:>=500"},
    "service:>20s": {"q": "service:>20s"},
    "dyno:web.1": {"q": "dyno:web.1"},
    "method:POST -status:2xx": {"q": "method:POST -status:2xx"},
    "level:error": {"q": "level:error"},
    "(code:H10 OR code:H12) reports": {"q": "(code:H10 OR code:H12) reports"},
    "path:/reports/*": {"q": "path:/reports/*"},
    "after:10:30 code:H12": {"q": "after:10:30 code:H12"},
}


def prepare(data_dir: str) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="triage.settings", TRIAGE_DATA_DIR=data_dir, SECRET_KEY="only-for-measuring-" + "0" * 40,
        DEBUG="0", ALLOWED_HOSTS="testserver", REDIS_URL="redis://127.0.0.1:1/0",
    )  # fmt: skip
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def incident_of(lines: int) -> Incident:
    """An incident with so many invented lines, one of them with a rare word, read to its end in this process."""
    from benchmarks.generate import SEED, Log
    from incidents.digest import analysing, chunks, splitting
    from incidents.ingest import accept
    from incidents.models import Chunk, Team

    incident = accept.new_incident(team=Team.objects.get_default(), user=None, title=f"{lines:,} lines")
    buffer = io.BytesIO()
    for number, line in zip(range(lines), Log(SEED).lines(), strict=False):
        buffer.write(line.encode())
        if number == lines * 2 // 3:
            buffer.write(line[:33].encode() + f"app[web.1]: a {RARE}\n".encode())
    source = accept.accept_upload(incident=incident, name="app.log", blocks=[buffer.getvalue()])
    list(splitting.split(source.pk))
    for pk in Chunk.objects.filter(source=source).values_list("pk", flat=True):
        chunks.digest(pk)
    while analysing.analyse(incident.pk):
        pass
    incident.refresh_from_db()
    return incident


def measure(incident: Incident, client: Any) -> dict[str, tuple[float, float]]:
    """Medians of the milliseconds that passed, and of those that the processor spent, by query."""
    from django.urls import reverse

    from incidents.search import paging

    paging.BUDGET_SECONDS = PATIENCE_S  # what a page would stop at is measured to its end
    address = reverse("incident-logs", args=[incident.pk])
    found = {}
    for name, query in QUERIES.items():
        passed, spent = [], []
        for _ in range(TIMES):
            wall, processor = time.perf_counter(), time.process_time()
            answer = client.get(address, query)
            passed.append((time.perf_counter() - wall) * 1000)
            spent.append((time.process_time() - processor) * 1000)
            assert answer.status_code == 200, answer.status_code
        found[name] = statistics.median(passed), statistics.median(spent)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("lines", nargs="*", type=int, default=[10_000, 1_000_000])
    sizes = parser.parse_args().lines
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as data_dir:
        prepare(data_dir)
        from django.contrib.auth.models import User
        from django.test import Client

        from incidents.models import Membership, Team

        user = User.objects.create_user("bench")
        Membership.objects.create(team=Team.objects.get_default(), user=user, role="owner")
        client = Client()
        client.force_login(user)
        results = [measure(incident_of(lines), client) for lines in sizes]
    print("query".ljust(34) + "".join(f"{lines:>12,} lines      cpu" for lines in sizes) + "   ratio")
    for name in QUERIES:
        cells = "".join("{:>15.0f} ms {:>8.0f}".format(*result[name]) for result in results)
        print(f"{name:<34}{cells} {results[-1][name][1] / results[0][name][1]:>7.1f}")


if __name__ == "__main__":
    main()
