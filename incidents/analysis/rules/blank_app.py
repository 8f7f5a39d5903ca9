"""No code was ever deployed to this app (H81).

What it means
    The app exists, has a name and a router, and nothing to run.

Why it happens
    A new app, a push to another remote or branch, or a first build that failed.

How to tell
    ``code=H81 desc="Blank app"`` with status 502.

What to do
    ``git push heroku main``, and watch the build.

References
    https://devcenter.heroku.com/articles/git
"""

from __future__ import annotations

from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy
from incidents.analysis.wording import count

from ._blame import coded
from .base import Rule, build


def check(facts: Facts) -> Iterator[Finding]:
    lines = coded(facts, "H81")
    if lines:
        total = facts.codes["H81"].count if "H81" in facts.codes else len(lines)
        yield build(
            facts, "blank-app", f"No code was deployed to this app yet, so {count(total, 'request')} got H81.", 0.97,
            lines, severity="high",
            count=total, explains=("H81", "5xx", "build-failed"), most=3,
            remedies=(Remedy("Deploy.", "git push heroku main"),),
        )  # fmt: skip


RULE = Rule(
    slugs=("blank-app",),
    check=check,
    catches=(
        """2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info code=H81 desc="Blank app" method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno= connect= service= status=502 bytes= protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: blank application form received
""",
    ),
)
