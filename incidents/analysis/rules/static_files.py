"""The app does not deliver its style sheets, scripts or images.

What it means
    Pages come, and what they need does not: requests for static files are answered with 404, or every page fails
    because the list of collected files (the manifest) lacks one.

Why it happens
    The files were not committed or not built; ``collectstatic`` did not run or failed; with DEBUG off nothing serves
    static files (no WhiteNoise); a link has another case or folder than the file; or the front end's build folder is
    missing.

How to tell
    Many 404 for paths that end in .css, .js, .png …, asked for again and again by the app's own pages; or
    ``Missing staticfiles manifest entry``.

What to do
    Build and collect static files in the build, serve them (WhiteNoise, ``express.static``,
    ``RAILS_SERVE_STATIC_FILES``), and check the paths.

References
    https://devcenter.heroku.com/articles/django-assets
    https://whitenoise.readthedocs.io/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count, listed

from ._blame import Blame, failed, requests
from ._texts import by_subject, findings
from .base import Rule, build, hits

SIGNS = {
    "static manifest": r"Missing staticfiles manifest entry|staticfiles\.W004"
    r"|The file '[^']{1,160}' could not be found with <|No directory at: \S{1,160}static"
    r"|You're using the staticfiles app without having set the STATIC_ROOT",
    "static collect": r"Error while running '\$ python manage\.py collectstatic|collectstatic.{0,40}(?:failed|error)",
    "static build folder": r"ENOENT: no such file or directory, (?:stat|open) '[^']{0,160}(?:build|dist"
    r"|public)/[^']{1,80}\.(?:html|js|css)'|Failed to lookup view \"index|bundle not found '",
}  # fmt: skip
_NAMES = (
    re.compile(r"entry for '([^']{1,160})|file '([^']{1,160})' could|'([^']{1,160})'|No directory at: (\S{1,160})"),
)
STATIC = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|ico|woff2?|ttf|eot|mp4|webm|html?)$", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?i)/(?:favicon\.ico|apple-touch-icon[\w-]*\.png|robots\.txt|ads\.txt|browserconfig\.xml|sitemap[\w.-]*"
    r"|[\w.-]+\.map|wp-[\w./-]*|wlwmanifest\.xml|manifest\.json|sw\.js|service-worker\.js"
    r"|humans\.txt|\.well-known/.*|[\w./-]*\.(?:php|asp|aspx|jsp|env|git|cgi|html?))$"
)
FEW, SHARE = 5, 0.2


def check(facts: Facts) -> Iterator[Finding]:
    yield from findings(
        facts,
        "static-files",
        by_subject(hits(facts, "static manifest"), _NAMES),
        _describe,
        sure=0.94,
        explains=("app-exception",),
        needs_harm=True,
    )
    yield from findings(
        facts,
        "static-files",
        by_subject(hits(facts, "static build folder"), _NAMES),
        _describe,
        sure=0.93,
        explains=("app-exception",),
    )
    yield from _collect(facts)
    yield from _not_found(facts)


def _collect(facts: Facts) -> Iterator[Finding]:
    """``collectstatic`` failed in the build: the step. What made it fail may be anything that loading the app needs."""
    notes = hits(facts, "static collect")
    if notes and not hits(facts, "static manifest"):
        yield build(
            facts, "static-files", "Django's static files could not be collected, so the build was rejected.", 0.8,
            notes, severity="high",
            count=len(notes), explains=("build-failed",),
            remedies=(Remedy("See the error, or build without them until it is corrected.", "heroku config:set "
            "DISABLE_COLLECTSTATIC=1"),),
        )  # fmt: skip


def _not_found(facts: Facts) -> Iterator[Finding]:
    """Static files that are asked for and are not there, as a share of all requests for static files."""
    names = facts.names["endpoint"]
    wanted = {index: name.partition(" ")[2].partition("?")[0] for index, name in enumerate(names)}
    static = {index for index, path in wanted.items() if STATIC.search(path) and not _HARMLESS.search(path)}
    if not static:
        return
    table = facts.requests
    asked = np.isin(table.endpoint, np.fromiter(static, dtype=np.int64))
    missing = asked & (table.status == 404)
    total, lost = int(asked.sum()), int(missing.sum())
    if lost < FEW or lost < SHARE * total:
        return
    paths = list(dict.fromkeys(wanted[index] for index in table.endpoint[missing].tolist()))
    lines: list[Note] = [
        note for note, line in requests(facts) if line.status == 404 and STATIC.search(line.path.partition("?")[0])
    ]
    share = lost / max(1, len(table))
    sure = 0.9 if share >= 0.15 and lost >= 10 else 0.72 if share >= 0.05 else 0.52
    if failed(facts):
        sure = min(sure, 0.44)  # whole requests fail in this log: that is what hurts
    few = share < 0.05 and lost < 2 * FEW
    yield build(
        facts, "static-files",
        f"{count(lost, 'request')} for static files got 404 ({listed(paths)}): the files were not deployed, or their paths differ.",
        sure, lines[:6], count=lost, span=lines, harmless=few, subject=paths[0] if paths else "",
        remedies=(Remedy("See whether the files are in the slug (mind upper and lower case).", "heroku run bash"),),
    )  # fmt: skip


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    if "ENOENT" in found.notes[0].text or "lookup view" in found.notes[0].text:
        return f"The front end's build is not in the slug (`{name}`)", (
            Remedy("Build it in `heroku-postbuild` or `build`, and serve that folder."),
        )
    return f"The static file `{name}` was not collected", (
        Remedy("Collect the files and see what is missing.", "heroku run python manage.py collectstatic"),
    )


RULE = Rule(
    slugs=("static-files",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: ValueError: Missing staticfiles manifest entry for 'css/app.css'
2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=40ms status=500 bytes=141 protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/favicon.ico" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=4ms status=404 bytes=141 protocol=https
""",
    ),
)
