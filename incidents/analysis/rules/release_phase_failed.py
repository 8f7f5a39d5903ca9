"""The release command failed, so the new release never went live.

What it means
    The command under ``release:`` in the Procfile ended with an error. Heroku keeps the previous release running:
    users see the old version, and the deploy counts as failed.

Why it happens
    Mostly a migration that fails; also a config var or an add-on that the command needs, or a limit of one hour.

How to tell
    The dyno ``release.N`` exits with a status other than 0. The lines it wrote before say why.

What to do
    Read the command's output, correct its reason, and deploy or retry the release.

References
    https://devcenter.heroku.com/articles/release-phase
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import Run, of, runs, traces
from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import stamp

from .base import Rule, build, hits

SIGNS = {
    "release failed": r"Waiting for release\.{2,6} failed|release command failed|Release command failed"
    r"|Release v\d{1,6} failed",
}


def check(facts: Facts) -> Iterator[Finding]:
    dead = [run for run in runs(facts) if run.type == "release" and (run.crashed or (run.exit_status or 0) > 0)]
    said = hits(facts, "release failed")
    if not dead and not said:
        return
    run = dead[-1] if dead else None
    version = _version(facts, run)
    reason = _reason(facts, run) if run else []
    status = f" with status {run.exit_status}" if run and run.exit_status is not None else ""
    when = f" at {stamp(run.ended_us)}" if run and run.ended_us is not None else ""
    why = f": `{reason[-1].text.strip()[:140]}`" if reason else ""
    ends = [run.exit] if run and run.exit else []
    yield build(
        facts, "release-phase-failed",
        f"The release command of {version or 'the new release'} failed{status}{when}, so the previous release keeps running{why}.",
        0.95, [*said[:1], *ends, *reason[:3]], count=max(len(dead), len(said)), subject=version,
        explains=("unknown",),
        remedies=(Remedy("Read all that the command wrote.", f"heroku releases:output {version}".strip()), Remedy("Run it again.", "heroku releases:retry")),
    )  # fmt: skip


def _version(facts: Facts, run: Run | None) -> str:
    before = [event for event in of(facts, "release-phase") if run is None or (event.at_us or 0) <= (run.ended_us or 0)]
    return str(before[-1].detail["version"]) if before else ""


def _reason(facts: Facts, run: Run) -> list[Note]:
    own = [trace.headline for trace in traces(facts) if trace.run is run and trace.headline is not None]
    words = [note for note in run.output() if note.text.strip()]
    return own[-1:] or words[-2:]


RULE = Rule(
    slugs=("release-phase-failed",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:00.000000+00:00 app[api]: Running release v43 commands by user ana@example.com
2026-03-14T09:00:01.000000+00:00 heroku[release.9811]: Starting process with command `bin/prepare`
2026-03-14T09:00:03.000000+00:00 app[release.9811]: cannot reach the search index
2026-03-14T09:00:03.500000+00:00 heroku[release.9811]: Process exited with status 1
2026-03-14T09:00:03.520000+00:00 heroku[release.9811]: State changed from up to complete
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[release.9811]: Starting process with command `bin/prepare`
2026-03-14T09:00:03.500000+00:00 heroku[release.9811]: Process exited with status 0
2026-03-14T09:00:03.520000+00:00 heroku[release.9811]: State changed from up to complete
""",
    ),
)
