"""The app stopped because a package, gem, module or program that it needs is not installed.

What it means
    The code is there, but something that it imports or starts is not: the build did not install it.

Why it happens
    The package is missing from requirements.txt, Gemfile or package.json; it counts as a development dependency and
    was pruned after the build; it is spelled differently from the module it provides; or a system library needs a
    buildpack.

How to tell
    The last words of the process name the module (``No module named 'requests'``, ``Cannot find module 'express'``,
    ``cannot load such file -- pg``, ``sh: 1: webpack: not found``), and the dyno manager reports the exit right
    behind.

What to do
    Add the package to the list of dependencies (not to those for development), commit the lock file, and deploy.
    Until then, roll back.

References
    https://devcenter.heroku.com/articles/error-codes#h10-app-crashed
    https://devcenter.heroku.com/articles/nodejs-support#package-installation
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._modules import is_own, package_of
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "module python": r"No module named |DistributionNotFound|PackageNotFoundError: |Couldn't import Django"
    r"|Did you install |"
    r"Form data requires \"?python-multipart|Please install |is not installed\. (?:Please|Run|Try)"
    r"|optional dependency '|"
    r"requires (?:the )?[`'\"][\w.-]{2,40}[`'\"] (?:package|library|module)",
    "module ruby": r"(?:cannot|no such file to) load(?: such file)? -- |Bundler::GemNotFound|in any of the sources"
    r"|is not part of the bundle"
    r"|can't find gem |Gem::Missing|Missing the \w{1,30} [\d.]{1,12} gem|but the gem is not loaded|Could not find gem '",
    "module node": r"Cannot find (?:module|package) '(?:@[\w.~-]{1,80}/)?[\w~-][\w.~/-]{0,120}'"
    r"|Cannot resolve module '[\w@]",
    "module jvm": r"ClassNotFoundException|NoClassDefFoundError|Failed to load driver class|No suitable driver found",
    "module php": r"vendor/autoload\.php|PDOException.{0,80}could not find driver|could not find driver"
    r"|undefined function (?:\\?\w{1,60}\\)?(?:mb_|image|curl_|gd_|bc\w{2,5}\(|intl)"
    r"|extension .{0,40} is missing from your system",
    "program missing": r"(?:^|[\s:])(?:/bin/)?(?:sh"
    r"|bash)(?:: (?:line )?\d{1,4})?: [\w@./-]{1,80}: (?:command )?not found|command not found: [\w@./-]{1,80}"
    r"|bundler: command not found: |'[\w.-]{1,60}' is not recognized as an internal|spawn [\w.-]{1,60} ENOENT"
    r"|executable file not found in \$PATH|executable needs to be in PATH|cannot find (?:Chrome|chrome|chromium) binary",
    "library missing": r"cannot open shared object file|Error loading shared library",
}  # fmt: skip
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"No module named ['\"]?([\w.-]{1,120})",
        r"The '([\w.-]{1,80})[^']{0,60}' distribution was not found",
        r"(?:PackageNotFoundError: (?:No package metadata was found for )?)([\w.-]{1,80})",
        r"Couldn't import (Django)",
        r"requires \"?(python-multipart)|(?:lease install|optional dependency|requires(?: the)?) [`'\"]?([\w.-]{2,60})",
        r"load(?: such file)? -- ([\w./-]{1,120})",
        r"Could not find (?:gem '?)?([\w-]{1,60}?)(?:-\d[\w.]{0,20})?[' ,]",
        r"([\w-]{1,60}) is not part of the bundle|can't find gem ([\w-]{1,60})|Add `gem '([\w-]{1,40})'`",
        r"Cannot (?:find|resolve) (?:module|package) '([^']{1,160})'",
        r"(?:ClassNotFoundException:?|NoClassDefFoundError:|driver class:?) ([\w.$/]{1,160})",
        r"(vendor/autoload)|undefined function \\?([\w\\]{1,60})\(|could not find (driver)|No suitable (driver)"
        r"|extension ([\w-]{1,40}) is missing",
        r"(?:sh|bash)(?:: (?:line )?\d{1,4})?: ([\w@./-]{1,80}): (?:command )?not found"
        r"|command not found: ([\w@./-]{1,80})",
        r"spawn ([\w.-]{1,60}) ENOENT|exec: \"([^\"]{1,80})\": executable file|'([\w.-]{1,40})' executable needs",
        r"\b(lib[\w.+-]{1,60}\.so[\w.]{0,12})",
    )
)
TOOLS = frozenset(
    (
        "gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "flask", "django-admin", "celery", "rq", "huey",
        "streamlit", "chainlit", "jupyter", "alembic", "fastapi", "puma", "rails", "rake", "sidekiq", "unicorn", "thin",
        "rackup", "foreman", "resque", "bundle-exec", "webpack", "vite", "next", "nuxt", "gatsby", "ng", "nest",
        "nodemon", "ts-node", "tsx", "tsc", "pm2", "forever", "concurrently", "cross-env", "http-server", "serve",
        "gulp", "grunt", "bower", "react-scripts", "vue-cli-service", "babel", "babel-node", "knex", "sequelize",
        "prisma", "strapi", "lerna", "turbo", "rimraf", "parcel", "rollup", "if-env", "npm-run-all", "dotenv", "sails",
        "ember", "meteor", "micro", "coffee",
    )
)  # fmt: skip


def check(facts: Facts) -> Iterator[Finding]:
    notes = [note for note in hits(facts, *SIGNS) if not _other(facts, note)]
    yield from findings(facts, "missing-dependency", by_subject(notes, _NAMES), _describe)


def _other(facts: Facts, note: Note) -> bool:
    """A line of these words that means something else: a file of the app itself, or a start command."""
    name = next(iter(by_subject([note], _NAMES)))
    if "not found" in note.text and ("sh:" in note.text or "bash:" in note.text):
        inside_npm = re.search(r"\bsh: (?:\d{1,4}: |line \d)?", note.text) is not None and "bash:" not in note.text
        return not (package_of(name) in TOOLS or (inside_npm and "/" not in name))
    return is_own(facts, name)


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text
    package = package_of(name)
    if package in TOOLS and "not found" in text:
        return f"The program {package} is not installed in the slug", (
            Remedy(
                f"Add {package} to the dependencies that production installs (not devDependencies), commit and deploy."
            ),
        )
    if name.startswith("lib") and ".so" in name:
        return f"The system library {name} is not installed", (
            Remedy("Bring it with the apt buildpack (an Aptfile), or with the buildpack of the program that needs it."),
        )
    what = f"`{name}`" if name else "A package"
    return f"{what} is not installed", (
        Remedy(f"Add the package that provides {what} to the dependencies, commit and deploy."),
    )


RULE = Rule(
    slugs=("missing-dependency",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `gunicorn shop.wsgi`
2026-03-14T09:00:03.000000+00:00 app[web.1]: ModuleNotFoundError: No module named 'requests'
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 3
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `npm start`
2026-03-14T09:00:03.000000+00:00 app[web.1]: sh: 1: vite: not found
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 127
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `npm start`
2026-03-14T09:00:03.000000+00:00 app[web.1]: Error: Cannot find module './routes/orders'
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 1
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
)
