"""The app cannot reach its database, or loses the connection to it.

What it means
    The driver could not open a connection, was turned away, or had a connection cut while it was in use.

Why it happens
    The address is wrong or a developer's default (localhost); the credentials were rotated; the database restarts, fails
    over or is under maintenance; an allow list does not hold the dyno; TLS is required and not asked for.

How to tell
    The driver names the host, the port or the user that it tried, at boot or beside the requests that failed.

What to do
    Compare the address in the message with the config var of the database; check the database's own state.

References
    https://devcenter.heroku.com/articles/heroku-postgresql
    https://devcenter.heroku.com/articles/connecting-heroku-postgres
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

_SQL_PORTS = r":(?:5432|3306|27017|27018|27021|1433|1521|9042|7687|5984|26257)\b"
SIGNS = {
    "db refused": rf"(?:ECONNREFUSED|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|[Cc]onnection (?:refused|timed out)|[Rr]efused).{{0,120}}{_SQL_PORTS}"
    rf"|{_SQL_PORTS}.{{0,80}}(?:[Cc]onnection (?:refused|timed out)|refused|i/o timeout|no such host)",
    "db postgres": r"could not connect to server|connection to server (?:at|on) .{1,200} failed|could not translate host name|PG::ConnectionBad"
    r"|PG::UnableToSend|server closed the connection unexpectedly|SSL connection has been closed unexpectedly|SSL SYSCALL error"
    r"|password authentication failed for user|no pg_hba\.conf entry|terminating connection due to administrator command"
    r"|the database system is (?:starting up|shutting down|in recovery mode|not yet accepting)|Connection terminated unexpectedly"
    r"|ConnectionNotEstablished|The connection attempt failed|Connection to \S{1,120} refused|SQLSTATE\[08\d{3}\]"
    r"|pq: (?:password|SSL is not enabled|the database system)|PSQLException: (?:FATAL|The connection|Connection)",
    "db mysql": r"Can't connect to (?:local )?MySQL server|MySQL server has gone away|Lost connection to MySQL server|Communications link failure"
    r"|Access denied for user '|Host '\S{1,120}' is not allowed to connect|SQLSTATE\[HY000\] \[(?:2002|2003|2006|1045|1130)\]|ER_ACCESS_DENIED_ERROR"
    r"|PROTOCOL_CONNECTION_LOST",
    "db mongo": r"Mongo(?:ose)?ServerSelectionError|MongoNetworkError|MongoNetworkTimeoutError|MongoTimeoutError|MongooseError: Operation .{1,80} buffering timed out"
    r"|Could not connect to any servers in your MongoDB|failed to connect to (?:server )?\[|No suitable servers found|ServerSelectionTimeoutError|NoServerAvailable"
    r"|[Mm]ake sure (?:that )?(?:your )?(?:MongoDB|Postgres\w{0,3}|MySQL|the )?(?:database|MongoDB|server)[\w ]{0,12} is running"
    r"|no mongos proxy available|no primary (?:server (?:found|available)|found in replicaset)|Topology (?:was destroyed|is closed)"
    r"|MongoError: (?:[Aa]uth|bad auth)|MongoServerError: (?:bad auth|[Aa]uthentication)|saslStart \| FAILED|bad auth : |Mongo::(?:Auth|Error::(?:NoServer|Socket))"
    r"|no reachable servers|server selection error|topology was destroyed|pool destroyed",
    "db orm": r"SequelizeConnection(?:Refused|TimedOut)?Error|SequelizeHostNotFoundError|SequelizeHostNotReachableError|SequelizeAccessDeniedError"
    r"|P1000: |P1001: |P1017: |Can't reach database server|Unable to connect to the database|Unable to obtain (?:a |JDBC )?[Cc]onnection"
    r"|Exception during pool initialization|Error: getaddrinfo \S{1,20} \S{0,120}(?:\.rds\.amazonaws|mongodb\.net|mlab|postgres)"
    r"|[Ee]rror connecting to (?:the )?(?:[Dd]atabase|[Pp]ostgres|[Mm]ongo(?:DB)?|[Mm]y[Ss][Qq][Ll])|failed to connect (?:to )?(?:the )?database"
    r"|JDBCConnectionException|CannotGetJdbcConnectionException|NoMongoDb|connection to database failed",
}
_WHERE = tuple(
    re.compile(pattern)
    for pattern in (
        r"host name \"([\w.-]{1,200})\"|server at \"([\w./-]{1,200})\"|Connection to ([\w.:-]{1,200}) refused|server on '([\w.-]{1,200})'",
        r"connect to (?:server )?\[([\w.:-]{1,200})\]|(?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND) ([\w.:-]{1,200})",
        r"dial tcp:? (?:lookup )?([\w.:\[\]-]{1,200}?)[:,] |for user [\"']([\w-]{1,80})|database server at `?([\w.:-]{1,200})",
        r"connection (?:<monitor> )?to ([\w.-]{1,120}:\d{1,5})",
    )
)
_LOCAL = re.compile(r"(?:127\.0\.0\.1|localhost|\[?::1\]?|0\.0\.0\.0)")


def check(facts: Facts) -> Iterator[Finding]:
    notes = [note for note in hits(facts, *SIGNS) if ":6379" not in note.text]
    yield from findings(
        facts, "db-connection-failure", _merged(by_subject(notes, _WHERE)), _describe, explains=("db-misconfigured",)
    )


def _merged(groups: dict[str, list[Note]]) -> dict[str, list[Note]]:
    """Lines that name no host belong to the first host that others name."""
    named = [subject for subject in groups if subject]
    if not named or "" not in groups:
        return groups
    nameless = groups.pop("")
    groups[named[0]] = sorted(groups[named[0]] + nameless, key=lambda note: (note.at_us or 0, note.source, note.line))
    return groups


def _describe(where: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    texts = " ".join(note.text for note in found.notes[:20])
    if re.search(r"(?i)authentication failed|bad auth|Access denied|access_denied|P1000|saslStart", texts):
        user = f" the user {where}" if where and "." not in where else ""
        return f"The database turned{user or ' the app'} away: the credentials are wrong or were rotated", (
            Remedy("See the database's credentials and the app's config var.", "heroku pg:credentials"),
            Remedy("After a rotation, restart the dynos so that they read the new URL.", "heroku ps:restart"),
        )
    if _LOCAL.search(where or texts):
        return f"The app looks for its database on the dyno itself ({where or 'localhost'}), where there is none", (
            Remedy(
                "Read the address from the add-on's config var instead of a default. See which there are.",
                "heroku addons",
            ),
            Remedy("Attach a database if there is none.", "heroku addons"),
        )
    if re.search(r"(?i)whitelist|allow list|IP that isn't", texts):
        return "The database's allow list does not hold this dyno's address, which changes with every restart", (
            Remedy(
                "Allow 0.0.0.0/0 in the database's network access with strong credentials, or use a static-IP add-on."
            ),
        )
    if re.search(r"starting up|shutting down|recovery|administrator command", texts):
        return "The database restarted or failed over under the app", (
            Remedy("See whether maintenance ran or is due.", "heroku data:maintenances"),
            Remedy("See the database's state.", "heroku pg:info"),
        )
    return f"The app cannot reach its database{f' at {where}' if where else ''}", (
        Remedy("See the database's state, connections and maintenance.", "heroku pg:info"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("db-connection-failure",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}1.000000+00:00 heroku[web.1]: Starting process with command `npm start`
{_AT}3.000000+00:00 app[web.1]: Error: connect ECONNREFUSED 127.0.0.1:5432
{_AT}3.500000+00:00 heroku[web.1]: Process exited with status 1
{_AT}3.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: Error: connect ECONNREFUSED 127.0.0.1:6379\n",),
)
