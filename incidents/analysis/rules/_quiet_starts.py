"""Start commands that fail without words of their own: by the exit status, behind a supervisor, or by only building."""

from __future__ import annotations

from incidents.analysis.events import runs, traces
from incidents.analysis.types import Facts, Note, Remedy

from ._blame import Blame, timed_out
from ._start_words import BUILDERS
from .base import hits, signed


def hidden(facts: Facts) -> list[Note]:
    """A supervisor for development keeps the dyno alive after the app has crashed, and the reason is not in the log."""
    crashed = {id(note) for trace in traces(facts) for note in trace.notes}
    return [] if crashed else hits(facts, "start supervisor")


def only_builds(facts: Facts) -> list[Note]:
    """The start script runs a bundler and nothing behind it."""
    found = []
    for run in runs(facts):
        if timed_out(run):
            lines = [note for note in run.output("booting", "unknown") if note.text.startswith("> ")]
            if lines and BUILDERS.search(lines[-1].text) and not any("&&" in note.text for note in lines):
                found.append(lines[-1])
    return found


def by_status(facts: Facts) -> dict[str, list[Note]]:
    """Exits whose status alone says that the command did not work, where no other words do."""
    found: dict[str, list[Note]] = {}
    for run in runs(facts):
        status = run.exit_status
        if run.exit is None or not run.boot_failed or any(id(note) in signed(facts) for note in run.output()):
            continue
        silent = not any(trace.run is run for trace in traces(facts))
        if (
            status in (126, 127)
            or (status == 4 and "gunicorn" in run.command)
            or (status == 0 and run.type == "web" and silent)
        ):
            found.setdefault(str(status), []).append(run.exit)
    return found


def describe_status(status: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    said = {"0": "ends by itself instead of serving requests", "126": "cannot be executed", "127": "was not found"}
    command = next((run.command for run in found.deaths if run.command), "")
    what = f"The start command{f' `{command}`' if command else ''} {said.get(status, 'names an app that cannot be loaded')}"
    return what, (Remedy("Try it in the app's own environment.", "heroku run bash"),)
