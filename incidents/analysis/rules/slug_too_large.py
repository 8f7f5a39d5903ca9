"""The compiled app is larger than Heroku accepts.

What it means
    The slug (code and dependencies, compressed) may have 500 MB. A larger one is rejected: there is no new release.

Why it happens
    Large packages (machine learning frameworks with GPU code), data or media in the repository, several front-end
    builds and their caches.

How to tell
    ``Compiled slug size: 612M is too large (max is 500M)`` in the build output. From 300 MB on there is a warning
    only.

What to do
    Take CPU-only packages, put data into S3, list what the app does not need in .slugignore, and clear the build
    cache.

References
    https://devcenter.heroku.com/articles/slug-compiler#slug-size
    https://devcenter.heroku.com/articles/reduce-slug-size
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from .base import Rule, build, hits

SIGNS = {
    "slug too large": r"Compiled slug size: [\d.]{1,8} ?[KMG]?B? is too large|slug (?:size )?(?:is )?(?:too large"
    r"|exceeds the (?:maximum|limit))|Push rejected, (?:slug|code).{0,40}too (?:large|big)",
    "slug warning": r"slug size \([\d.]{1,8} ?MB\) exceeds our soft limit",
}
_SIZE = re.compile(r"([\d.]{1,8}) ?([KMG])B?")


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "slug too large")
    if notes:
        size = _SIZE.search(notes[0].text)
        yield build(
            facts, "slug-too-large",
            f"The compiled slug{f' of {size[0]}' if size else ''} is too large, so the build was rejected.", 0.97,
            notes,
            severity="high", count=len(notes), explains=("build-failed",),
            remedies=(Remedy("See what takes the space in the release that runs.", "heroku run bash"),),
        )  # fmt: skip
    elif warned := hits(facts, "slug warning"):
        yield build(
            facts,
            "slug-too-large",
            "The slug is large enough to slow down starts, and is still accepted.",
            0.9,
            warned,
            severity="low",
            harmless=True,
        )


RULE = Rule(
    slugs=("slug-too-large",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 heroku[slug-compiler]: Compiled slug size: 612M is too large (max is 500M).
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 heroku[slug-compiler]: Slug compilation finished
""",
    ),
)
