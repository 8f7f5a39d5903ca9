"""Events and the lives of dynos: what happened, in which state a line was written, and what ended a process."""

from __future__ import annotations

import pytest

from incidents.analysis import events
from incidents.analysis.readers import api, dyno, servers
from tests.analysis.logs import facts_of, line, log


def kinds(text: str) -> list[str]:
    return [event.kind for event in events.events(facts_of(text))]


def lives(*lines: str) -> list[events.Run]:
    return events.runs(facts_of(log(*lines)))


def web(at: str, text: str) -> str:
    return line(at, "heroku[web.1]", text)


def app(at: str, text: str) -> str:
    return line(at, "app[web.1]", text)


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("State changed from starting to crashed", "state", {"old": "starting", "new": "crashed"}),
        ("State changed from up to bouncing", "state", {"old": "up", "new": "bouncing"}),
        ("Starting process with command `bundle exec puma -C config/puma.rb`", "start", {"command": "bundle exec puma -C config/puma.rb"}),
        ("Starting process with command `/bin/sh -c npm\\ start`", "start", {"command": "/bin/sh -c npm\\ start"}),
        ("Starting process with command `sh -c 'echo `date`'`", "start", {"command": "sh -c 'echo `date`'"}),
        ("Process exited with status 137", "exit", {"status": 137}),
        ("Process exited", "exit", {"status": None}),
        ("Stopping all processes with SIGTERM", "sigterm", {}),
        ("Stopping process with SIGTERM", "sigterm", {}),
        ("Stopping remaining processes with SIGKILL", "sigkill", {}),
        ("Cycling", "cycle", {}),
        ("Relocating dyno to a new server", "relocate", {}),
        ("Unidling", "unidle", {}),
        ("Process running mem=526M(102.8%)", "memory", {"mb": 526.0, "percent": 102.8}),
        ("Process running mem=1.5G(300%)", "memory", {"mb": 1536.0, "percent": 300.0}),
        ("Error R14 (Memory quota exceeded)", "code", {"code": "R14", "title": "Memory quota exceeded", "text": ""}),
        ("Error R12 (Exit timeout) -> Process failed to exit within 10 seconds of SIGTERM", "code", {"code": "R12", "title": "Exit timeout", "text": "Process failed to exit within 10 seconds of SIGTERM"}),
        ("Error L10 (output buffer overflow): 500 messages dropped since 2026-03-14T09:00:00+00:00.", "code", {"code": "L10", "title": "output buffer overflow", "text": "500 messages dropped since 2026-03-14T09:00:00+00:00.", "lost": 500}),
        ("Error L12: 222 messages dropped since 2026-03-14T09:00:00.123456+00:00", "code", {"code": "L12", "title": "", "text": "222 messages dropped since 2026-03-14T09:00:00.123456+00:00", "lost": 222}),
    ],
)  # fmt: skip
def test_lines_of_the_dyno_manager(text, kind, detail):
    assert dyno.read(text) == (kind, detail)


@pytest.mark.parametrize("text", ["", "hello", "State changed", "Restarting now", "Process exited quickly", "Error X"])
def test_other_lines_are_no_event(text):
    assert dyno.read(text) is None


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("Release v12 created by user ana@example.com", "release", {"version": "v12", "user": "ana@example.com"}),
        ("Deploy 8c456a46 by ana@example.com", "deploy", {"commit": "8c456a46", "user": "ana@example.com"}),
        ("Running release v27 commands by user ana@example.com", "release-phase", {"version": "v27", "user": "ana@example.com"}),
        ("Rollback to v7 by user ana@example.com", "rollback", {"version": "v7", "user": "ana@example.com"}),
        ("Build failed -- check your build output: https://dashboard.heroku.com/apps/1", "build", {"state": "failed"}),
        ("Set A_KEY, B_KEY config vars by user ana@example.com", "config", {"action": "Set", "names": ["A_KEY", "B_KEY"], "user": "ana@example.com"}),
        ("Remove A_KEY config by ana@example.com", "config", {"action": "Remove", "names": ["A_KEY"], "user": "ana@example.com"}),
        ("Attach DATABASE (@ref:postgresql-flat-02648) by user ana@example.com", "attach", {"action": "Attach", "names": "DATABASE", "addon": "postgresql-flat-02648", "user": "ana@example.com"}),
        ("Starting process with command `rake db:migrate` by user ana@example.com", "run", {"command": "rake db:migrate", "user": "ana@example.com"}),
    ],
)  # fmt: skip
def test_lines_of_the_api(text, kind, detail):
    assert api.read(text) == (kind, detail)


@pytest.mark.parametrize(
    ("text", "dynos", "sizes"),
    [
        ("Scaled to web@2:Standard-1X worker@0:Basic by user ana@example.com", {"web": 2, "worker": 0}, {"web": "Standard-1X", "worker": "Basic"}),
        ("Scale to web=1, worker=3 by ana@example.com", {"web": 1, "worker": 3}, {}),
    ],
)  # fmt: skip
def test_scaling_names_dynos_and_sizes(text, dynos, sizes):
    kind, detail = api.read(text)
    assert (kind, detail["dynos"], detail["sizes"]) == ("scale", dynos, sizes)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("[2026-03-14 09:00:07 +0000] [2] [INFO] Listening at: http://0.0.0.0:34512 (2)", "0.0.0.0", 34512),
        (" * Running on http://127.0.0.1:5000/ (Press CTRL+C to quit)", "127.0.0.1", 5000),
        ("INFO:     Uvicorn running on http://0.0.0.0:34512 (Press CTRL+C to quit)", "0.0.0.0", 34512),
        ("[2] * Listening on http://0.0.0.0:34512", "0.0.0.0", 34512),
        ("I, [2026-03-14T09:00:07.000000 #2]  INFO -- : listening on addr=0.0.0.0:34512 fd=9", "0.0.0.0", 34512),
        ("Tomcat started on port(s): 8080 (http) with context path ''", None, 8080),
        ("Tomcat started on port 8080 (http) with context path '/'", None, 8080),
        ("[GIN-debug] Listening and serving HTTP on :8080", None, 8080),
        ("⇨ http server started on [::]:1323", "[::]", 1323),
        ("Server running at http://localhost:3000/", "localhost", 3000),
        ("App listening on port 3000!", None, 3000),
        ("🚀 Server ready at http://localhost:4000/graphql", "localhost", 4000),
        ("Example app listening at http://0.0.0.0:34512", "0.0.0.0", 34512),
        ("Laravel development server started: <http://127.0.0.1:8000>", "127.0.0.1", 8000),
        ("Starting development server at http://127.0.0.1:8000/", "127.0.0.1", 8000),
    ],
)  # fmt: skip
def test_where_a_server_says_it_listens(text, host, port):
    kind, detail = servers.read(text)
    assert (kind, detail.get("host"), detail["port"]) == ("listen", host, port)


@pytest.mark.parametrize(
    "text",
    [
        "Connecting to redis at port 6379",
        "GET / 200 12ms",
        "worker started",
        "up 3 days",
        "Listening for jobs",
        "ready in 34512ms",
    ],
)
def test_other_output_names_no_port_to_listen_on(text):
    found = servers.read(text)
    assert found is None or found[0] != "listen"


@pytest.mark.parametrize(
    ("host", "inside"),
    [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("0.0.0.0", False), ("[::]", False), (None, False)],
)
def test_loopback(host, inside):
    assert servers.is_loopback(host) is inside


def test_workers_and_threads_are_read_from_boot_lines():
    assert servers.read("[4] * Min threads: 5, max threads: 5") == (
        "server",
        {"name": "puma", "min_threads": 5, "threads": 5},
    )
    assert servers.read("*  Max threads: 5") == ("server", {"name": "puma", "threads": 5})
    assert servers.read("[2] [INFO] Using worker: gthread") == (
        "server",
        {"name": "gunicorn", "worker_class": "gthread"},
    )
    assert servers.read("[2] [INFO] Booting worker with pid: 9") == ("worker", {"name": "gunicorn", "pid": 9})


def test_memory_is_told_with_its_code():
    text = log(
        web("09:00:00", "Process running mem=1029M(201.0%)"),
        web("09:00:00.002", "Error R15 (Memory quota vastly exceeded)"),
    )
    code = next(event for event in events.events(facts_of(text)) if event.kind == "code")
    assert (code.detail["mb"], code.detail["percent"]) == (1029.0, 201.0)


def test_codes_are_read_wherever_documentation_prints_them():
    text = log(line("09:00:00", "app[run.3]", "Error R13 (Attach error) -> Failed to attach to process"))
    assert kinds(text) == ["code"]


def test_a_deploy_is_one_life_that_stops_and_one_that_starts():
    runs = lives(
        app("09:00:00", "serving"),
        web("09:00:01", "Restarting"),
        web("09:00:01.1", "State changed from up to starting"),
        web("09:00:02", "Stopping all processes with SIGTERM"),
        app("09:00:02.5", "bye"),
        web("09:00:03", "Process exited with status 143"),
        web("09:00:04", "Starting process with command `gunicorn shop.wsgi`"),
        app("09:00:05", "booting"),
        web("09:00:06", "State changed from starting to up"),
        app("09:00:07", "hello"),
    )
    assert [(run.exit_status, run.crashed, run.stop_reason) for run in runs] == [
        (143, False, "restart"),
        (None, False, ""),
    ]
    phases = {note.text: run.phase_of(note) for run in runs for note in run.notes}
    assert (phases["serving"], phases["bye"], phases["booting"], phases["hello"]) == (
        "serving",
        "stopping",
        "booting",
        "serving",
    )


def test_a_crash_while_starting_and_the_next_try():
    runs = lives(
        web("09:00:01", "Starting process with command `npm start`"),
        app("09:00:02", "no"),
        web("09:00:03", "Process exited with status 1"),
        web("09:00:03.02", "State changed from starting to crashed"),
        web("09:00:03.03", "State changed from crashed to starting"),
        web("09:00:05", "Starting process with command `npm start`"),
    )
    assert [(run.boot_failed, run.end, run.command) for run in runs] == [
        (True, "crashed", "npm start"),
        (False, "", "npm start"),
    ]


def test_the_exit_may_stand_behind_the_state():
    runs = lives(
        web("09:00:01", "Starting process with command `npm start`"),
        web("09:00:03.00", "State changed from starting to crashed"),
        web("09:00:03.01", "Process exited with status 1"),
    )
    assert [(run.end, run.exit_status) for run in runs] == [("crashed", 1)]


def test_preboot_the_old_dyno_ends_after_the_new_one_began():
    runs = lives(
        web("09:00:01", "Starting process with command `npm start`"),
        web("09:00:02", "State changed from starting to up"),
        web("09:10:00", "Starting process with command `npm start`"),
        web("09:10:05", "State changed from starting to up"),
        web("09:13:05", "Stopping all processes with SIGTERM"),
        web("09:13:06", "Process exited with status 143"),
    )
    assert [(run.stopping, run.exit_status) for run in runs] == [(True, 143), (False, None)]


def test_a_log_that_starts_in_the_middle_takes_its_phase_from_the_first_change():
    before = lives(app("09:00:00", "words"), web("09:00:01", "State changed from starting to crashed"))
    after = lives(app("09:00:00", "words"), web("09:00:01", "State changed from up to crashed"))
    bare = lives(app("09:00:00", "words"))
    assert [run.phases[0] for run in (*before, *after, *bare)] == ["booting", "serving", "unknown"]


def test_output_that_arrives_late_belongs_to_the_life_that_wrote_it():
    runs = lives(
        web("09:00:01", "Starting process with command `npm start`"),
        web("09:00:03.0", "Process exited with status 1"),
        web("09:00:03.1", "State changed from starting to crashed"),
        app("09:00:03.2", "last words"),
        app("09:05:00", "from nowhere"),
    )
    assert len(runs) == 1
    assert runs[0].phases[-2:] == ["booting", "ended"]


def test_a_killed_boot_is_a_crash_though_it_was_told_to_stop():
    runs = lives(
        web("09:00:01", "Starting process with command `npm start`"),
        web("09:01:01", "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch"),
        web("09:01:01.1", "Stopping process with SIGKILL"),
        web("09:01:01.2", "Process exited with status 137"),
    )
    assert [(run.crashed, run.boot_failed) for run in runs] == [(True, True)]


def test_an_exit_after_sigterm_is_no_crash_whatever_its_status():
    runs = lives(
        web("09:00:01", "State changed from up to starting"),
        web("09:00:02", "Stopping all processes with SIGTERM"),
        web("09:00:32", "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM"),
        web("09:00:32.1", "Stopping remaining processes with SIGKILL"),
        web("09:00:32.2", "Process exited with status 137"),
    )
    assert [run.crashed for run in runs] == [False]


def test_a_one_off_that_ends_well_did_not_crash():
    runs = lives(
        line("09:00:01", "heroku[run.7]", "Starting process with command `rake x`"),
        line("09:00:02", "heroku[run.7]", "State changed from starting to up"),
        line("09:00:03", "heroku[run.7]", "Process exited with status 0"),
        line("09:00:03.1", "heroku[run.7]", "State changed from up to complete"),
    )
    assert [(run.crashed, run.type, run.end) for run in runs] == [(False, "run", "complete")]


@pytest.mark.parametrize(
    ("process", "kind"),
    [
        ("web.1", "web"),
        ("worker.12", "worker"),
        ("web-848cd4f64d-pvpr2", "web"),
        ("clock-fast.1", "clock-fast"),
        ("scheduler.3887", "scheduler"),
    ],
)
def test_the_type_of_a_process(process, kind):
    assert events.kind_of_process(process) == kind
