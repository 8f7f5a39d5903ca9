"""A style sheet or script that the page names was not compiled into the deployed assets.

What it means
    In production the asset pipeline (Sprockets, Propshaft, Webpacker, Vite, Mix, Encore) serves only what was
    compiled in the build. A page that names anything else fails with 500.

Why it happens
    The file is not in the list of files to compile; ``assets:precompile`` failed or was skipped because a
    ``public/assets`` folder was committed; the front end's build did not run, so that its manifest is missing.

How to tell
    ``isn't precompiled``, ``not present in the asset pipeline``, or a manifest that cannot be found, beside a 500.

What to do
    Add the file to the precompiled ones (``config/initializers/assets.rb``, ``manifest.js``), or run the front end's
    build in the deploy.

References
    https://devcenter.heroku.com/articles/rails-asset-pipeline
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "asset missing": r"isn't precompiled|AssetNotPrecompiled|AssetNotFound|not present in the asset pipeline"
    r"|was not declared to be precompiled|Asset was filtered out and will not be served"
    r"|Asset `[^`]{1,160}` was not declared"
    r"|Webpacker can't find|Webpacker::Manifest::MissingEntryError|Shakapacker can't find|Vite(?: Ruby)? can't find"
    r"|ViteRuby::MissingEntrypointError|Vite manifest not found|Unable to locate file in Vite manifest"
    r"|Mix manifest (?:does not exist|not found)|Unable to locate Mix file"
    r"|Sprockets::FileNotFound|couldn't find file '[^']{1,120}'.{0,40}(?:with type|Checked)"
    r"|The asset \"[^\"]{1,160}\" is not|Precompiling assets failed|Asset manifest file .{0,160} does not exist"
    r"|Propshaft::MissingAsset"
    r"|File to import not found or unreadable|Sass::SyntaxError|Uglifier::Error|ExecJS::(?:Runtime|Program)Error"
    r"|Less::ParseError|could not find .{0,80}(?:webpack|mix|vite)[-.]manifest",
}  # fmt: skip
_NAMES = (
    re.compile(
        r"([\w./@-]{1,160}) isn't precompiled|asset \"([^\"]{1,160})\"|Asset `([^`]{1,160})"
        r"|find (?:file )?['\"]?([\w./@-]{1,160})|import not found or unreadable: ([\w./-]{1,120})"
        r"|entrypoint: ?([\w./-]{1,80})"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    yield from findings(
        facts,
        "asset-precompile",
        by_subject(hits(facts, *SIGNS), _NAMES),
        _describe,
        sure=0.96,
        explains=("app-exception", "static-files"),
    )


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    asset = f"`{name}`" if name else "An asset that the page names"
    return f"{asset} was not compiled into the deployed assets", (
        Remedy(f"Add {name or 'it'} to the files to precompile, and deploy."),
        Remedy("Compile once by hand, to see the error.", "heroku run bash"),
    )


RULE = Rule(
    slugs=("asset-precompile",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: ActionView::Template::Error (The asset "shop.css" is not present in the asset pipeline.):
2026-03-14T09:00:03.100000+00:00 heroku[router]: at=info method=GET path="/" host=shop.example.com request_id=1f0e4f6f-8d8d-4b2c-9d4e-5f601f0e4f6f fwd="192.0.2.7" dyno=web.1 connect=0ms service=40ms status=500 bytes=141 protocol=https
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: Asset pipeline ready
""",
    ),
)
