"""The database's settings are wrong: adapter, driver, name or configuration entry, not the network.

What it means
    The app has an address, or none, and cannot make a connection out of it: the named database does not exist, no entry
    for this environment is configured, or the driver does not fit the URL.

Why it happens
    config/database.yml or settings.py has no production entry; DATABASE_URL is missing or of another kind of database; a
    second database (cache, queue, cable) was never configured; the scheme `postgres://` meets a library that wants
    `postgresql://`.

How to tell
    The framework names the missing entry, the unknown database or the driver that refused the URL.

What to do
    Add the entry or config var that the message names; create the database; fix the URL's scheme.

References
    https://devcenter.heroku.com/articles/rails-database-connection-behavior
    https://devcenter.heroku.com/articles/connecting-heroku-postgres
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "db settings": r"database \"[^\"]{1,80}\" does not exist|Unknown database '|ER_BAD_DB_ERROR|AdapterNotSpecified|AdapterNotFound"
    r"|database configuration does not specify adapter|database is not configured for the|is not configured\. Available:"
    r"|claims to not accept jdbcUrl|Failed to determine a suitable driver class|'url' attribute is not specified|No suitable driver"
    r"|Cannot load (?:JDBC )?driver class|settings\.DATABASES is improperly configured|isn't an available database backend"
    r"|Dialect needs to be explicitly supplied|Unknown dialect|Cannot load database configuration|Could not load database configuration"
    r"|NoDatabaseError|No database (?:file|connection) (?:specified|configured)|Database connection \[\w{0,40}\] not configured"
    r"|could not find driver|unknown driver \"|Error validating datasource|the URL must start with the protocol|Invalid connection string"
    r"|DatabaseConfigurations|Access to DialectResolutionInfo cannot be null|must specify a database|Undefined database|no such database",
}
_WHAT = (
    re.compile(
        r"database \"([^\"]{1,80})\"|Unknown database '([^']{1,80})'|The [`'](\w{1,40})[`'] database|[Dd]river ([\w.]{1,80}) claims"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    groups = by_subject(hits(facts, "db settings"), _WHAT)
    yield from findings(
        facts, "db-misconfigured", groups, _describe, explains=("db-connection-failure", "app-exception")
    )


def _describe(what: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text
    if re.search(r"[Dd]river|jdbc|dialect|protocol|adapter", text):
        return f"The database driver{f' {what}' if what else ''} does not fit the database's URL", (
            Remedy("See which databases are attached, and match driver and scheme to their URLs.", "heroku addons"),
        )
    return f"The app's database settings are wrong{f': {what} is not configured or does not exist' if what else ''}", (
        Remedy("Add the entry that the message names, reading its URL from a config var."),
        Remedy("See which databases are attached.", "heroku addons"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("db-misconfigured",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}1.000000+00:00 app[web.1]: FATAL:  database "shop_production" does not exist (ActiveRecord::NoDatabaseError)
{_AT}3.500000+00:00 heroku[web.1]: Process exited with status 1
{_AT}3.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: Using database shop_production\n",),
)
