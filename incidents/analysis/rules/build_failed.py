"""The build failed, so there is no new release; what ran before runs on.

What it means
    The buildpack could not turn the code into a slug. The log stream only says that it failed: the build's own output
    is kept elsewhere.

Why it happens
    A dependency cannot be installed, a build script ends with an error, the language version is not available on the
    stack, no buildpack recognises the app, or the build took too long.

How to tell
    ``Build failed`` from the API, or ``Push rejected`` and the lines above it in a pasted build output.

What to do
    Read the output of the build (dashboard, Activity), and correct the first error in it.

References
    https://devcenter.heroku.com/articles/buildpacks
    https://devcenter.heroku.com/articles/slug-compiler
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.events import of
from incidents.analysis.types import Facts, Finding, Kind, Note, Remedy
from incidents.analysis.wording import count, stamp

from .base import Rule, build, hits

SIGNS = {
    "build failed": r"^(?:remote:\s{0,12})?\s{0,12}(?:!|-----> ?)?\s{0,6}(?:Push rejected, (?:failed to compile|no \S{1,20} app)"
    r"|Push failed|Build failed|Build timed out)|compile: line \d{1,5}:\s{1,8}\d{1,8} Killed\b|Slug compilation failed|Failed to install gems via Bundler|Error installing your applications's dependencies|No default language could be detected"
    r"|App not compatible with buildpack|\[remote rejected\]|pre-receive hook declined",
    "_build reason": r"[Rr]equested runtime .{0,60} is not available|No default language could be detected"
    r"|App not compatible with buildpack|Aborting\.|ERROR: (?:No matching distribution|Could not find a version"
    r"|Invalid requirement|Cannot install)|Error while running '\$ python manage\.py collectstatic|npm (?:ERR!"
    r"|error) (?:code|notarget|404|missing script)|error An unexpected error occurred"
    r"|error Command failed with exit code|Failed to install gems|An error occurred while installing"
    r"|Precompiling assets failed|Could not (?:find|resolve) dependencies|BUILD FAILURE|COMPILATION ERROR"
    r"|Compilation failed|Composer.{0,40}could not|Module not found: Error|error TS\d{4}|go: .{0,80}(?:not found"
    r"|unknown revision)|Two different lockfiles|Missing script: \"?build",
}  # fmt: skip


def check(facts: Facts) -> Iterator[Finding]:
    builds = of(facts, "build")
    failed = [event for event in builds if event.detail["state"] == "failed"]
    said = hits(facts, "build failed")
    if not failed and not said:
        return
    notes = [event.note for event in failed] + [note for note in said if note not in [event.note for event in failed]]
    last = failed[-1] if failed else None
    later = last is not None and any(
        event.detail["state"] == "succeeded" and (event.at_us or 0) > (last.at_us or 0) for event in builds
    )
    reason = _reason(facts, said)
    when = f", last at {stamp(notes[-1].at_us)}" if notes[-1].at_us is not None else ""
    why = f": `{reason[0].text.strip()[:160]}`" if reason else ", and the log stream does not carry the build's output"
    after = "; a later build succeeded" if later else "; the release before keeps running"
    yield build(
        facts, "build-failed", f"{count(len(failed) or 1, 'build')} failed{when}{why}{after}.", 0.6 if later else 0.94,
        [*notes[:2], *reason[:3]], severity="normal" if later else "high", count=len(failed) or 1, span=notes,
        remedies=(Remedy("Read the output of the build: dashboard, Activity, View build log.", "heroku builds:output"),) if not reason else (),
    )  # fmt: skip


def _reason(facts: Facts, said: list[Note]) -> list[Note]:
    """The first errors in a pasted build output: the log stream itself does not carry it."""
    own = {id(note) for note in said}
    return [
        note for note in hits(facts, "_build reason") if note.kind in (Kind.BUILD, Kind.OTHER) and id(note) not in own
    ]


RULE = Rule(
    slugs=("build-failed",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 app[api]: Build started by user ana@example.com
2026-03-14T09:00:41.000000+00:00 app[api]: Build failed -- check your build output: https://dashboard.heroku.com/apps/shop/activity/builds/1
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 app[api]: Build started by user ana@example.com
2026-03-14T09:00:41.000000+00:00 app[api]: Build succeeded
""",
    ),
)
