"""A package is installed, but in a version that another package or the language cannot use.

What it means
    The import finds the package and fails inside it: a name is gone, a plugin has another name, or two versions are
    asked for at once. The app's own code did not have to change for this to happen.

Why it happens
    Versions are not pinned, and a fresh build took a newer one; a library dropped a name that another still imports
    (Werkzeug and Flask, NumPy 2, SQLAlchemy 1.4 without the ``postgres://`` dialect); the lock file and the language
    version disagree.

How to tell
    The last frames of the trace are in installed packages, not in the app; or Bundler, pip or npm says which versions
    it cannot bring together.

What to do
    Pin the versions that worked together, commit the lock file and deploy. Roll back until then.

References
    https://devcenter.heroku.com/articles/python-pip
    https://devcenter.heroku.com/articles/bundler-version
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "conflict python": r"cannot import name '?\w{1,80}'? from '?(?:partially initialized modul"
    r"e '?)?[\w.]{1,120}'? \(/\S*(?:site-packages|dist-packages)/"
    r"|cannot import name '?\w{1,80}'? from '(?:werkzeug|flask|jinja2|markupsafe|itsdangerous|collections"
    r"|typing_extensions|pydantic|django\.utils|sqlalchemy|urllib3|requests|marshmallow|numpy|pandas|sklearn|click)\b"
    r"|VersionConflict|Can't load plugin: sqlalchemy|may indicate binary incompatibility|compiled using NumPy 1\.x"
    r"|ResolutionImpossible"
    r"|conflicting dependencies|has no attribute '\w{1,60}'.{0,40}(?:partially initialized|np\.\w)|module '(?:numpy"
    r"|collections|werkzeug|jinja2|inspect|asyncio|pkgutil|ssl|openai|bson|jwt)' has no attribute"
    r"|`pydantic:\S+` has been removed|`BaseSettings` has been moved|You tried to access openai\."
    r"|is not compatible with this version of",
    "conflict ruby": r"You have already activated |Your Ruby version is |Bundler could not find compatible versions"
    r"|Could not find compatible versions"
    r"|Your bundle is locked to|Could not find 'bundler'|You must use Bundler \d|requires (?:ruby|rubygems) version .{1,40}incompatible with|superclass mismatch for class"
    r"|Gem::ConflictError|Gem::LoadError.{0,80}already activated",
    "conflict node": r"\bERESOLVE\b|ERR_PACKAGE_PATH_NOT_EXPORTED|Cannot read propert.{0,60}node_modules"
    r"|conflicting peer dependency|peer dep missing.{0,80}required by",
    "conflict jvm": r"UnsupportedClassVersionError|Unsupported major\.minor version|NoSuchMethodError"
    r"|IncompatibleClassChangeError|AbstractMethodError|has been compiled by a more recent version",
    "conflict php": r"Composer detected issues in your platform|Your (?:lock file|requirements) (?:does not"
    r"|could not be)|requires php \S{1,20} -> your php version",
}  # fmt: skip
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"cannot import name '?(\w{1,80})'? from '?(?:partially initialized module '?)?([\w.]{1,120})",
        r"Can't load plugin: ([\w.:]{1,80})",
        r"already activated ([\w-]{1,60} [\w.]{1,20})",
        r"Your (Ruby) version is|(NumPy) 1\.x|module '(\w{1,40})' has no attribute",
        r"compatible versions for gem \"([^\"]{1,60})\"",
        r"(?:UnsupportedClassVersionError:|NoSuchMethodError:) '?([\w./$]{1,160})",
    )
)


def check(facts: Facts) -> Iterator[Finding]:
    yield from findings(
        facts, "dependency-conflict", by_subject(hits(facts, *SIGNS), _NAMES), _describe, sure=0.94, needs_harm=True
    )


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text
    if "sqlalchemy.dialects:postgres" in text:
        return "SQLAlchemy 1.4 and later do not know the dialect `postgres` that DATABASE_URL names", (
            Remedy("Replace `postgres://` by `postgresql://` in the URL before it goes to SQLAlchemy."),
        )
    if "Your Ruby version" in text:
        return "The Gemfile asks for another Ruby version than the one installed", (
            Remedy(
                'Let `ruby "…"` in the Gemfile and .ruby-version name the same version, run `bundle lock` and deploy.'
            ),
        )
    if "ClassVersion" in text or "major.minor" in text or "more recent version" in text:
        return "The classes were compiled for a newer Java than the one that runs them", (
            Remedy("Name the Java version in system.properties (`java.runtime.version=21`) and deploy."),
        )
    return (
        f"Installed packages do not fit together: `{name}`" if name else "Installed packages do not fit together"
    ), ()


RULE = Rule(
    slugs=("dependency-conflict",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `gunicorn app:app`
2026-03-14T09:00:03.000000+00:00 app[web.1]: ImportError: cannot import name 'url_quote' from 'werkzeug.urls' (/app/.heroku/python/lib/python3.11/site-packages/werkzeug/urls.py)
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 3
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from up to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: npm WARN peer dep missing: react@16, required by form@1.0.0
""",
    ),
)
