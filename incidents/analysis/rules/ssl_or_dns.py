"""A certificate is not accepted, TLS is asked for in the wrong way, or a name does not resolve.

What it means
    Two sides could not agree on TLS, or the address of the other side could not be looked up.

Why it happens
    Heroku's data services use certificates that need an option to be accepted; a database demands TLS and the client did
    not ask for it; a domain points at an old target; a host was renamed or is misspelled.

How to tell
    "self signed certificate", "certificate verify failed", "no pg_hba.conf entry … SSL off", `ENOTFOUND`, "could not
    translate host name", H31 or H32 on the router.

What to do
    Set the TLS option that the client needs; compare domains and DNS targets.

References
    https://devcenter.heroku.com/articles/connecting-heroku-postgres
    https://devcenter.heroku.com/articles/custom-domains
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "tls": r"(?i)self[- ]signed certificate|certificate verify failed|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF|CERT_HAS_EXPIRED"
    r"|certificate has expired|no pg_hba\.conf entry .{0,200}(?:SSL off|no encryption)|SSL/TLS required|SSL off$|server does not support SSL|SSLHandshakeException"
    r"|x509: certificate|ERR_TLS_CERT|Hostname/IP does not match certificate|wrong version number|SSLError\(|SSL_connect returned=1|ssl3_get_record"
    r"|unable to get (?:local )?issuer certificate|PKIX path building failed|EPROTO",
    "dns": r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|Name or service not known|Temporary failure in name resolution|nodename nor servname|UnknownHostException"
    r"|no such host|Could not resolve host|getaddrinfo failed|SocketError: (?:Failed to open TCP connection|getaddrinfo)|NameResolutionError|gaierror",
}
_WHERE = (
    re.compile(
        r"(?:ENOTFOUND|EAI_AGAIN) ([\w.-]{1,200})|lookup ([\w.-]{1,200})|[Rr]esolve host:? '?([\w.-]{1,200})|UnknownHostException: ([\w.-]{1,200})"
        r"|for host \"([\w.:-]{1,200})\"|host='([\w.-]{1,200})'"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    explains = ("db-connection-failure", "redis-connection-failure", "app-exception")
    for sign, sure in (("tls", 0.95), ("dns", 0.9)):
        yield from findings(
            facts, "ssl-or-dns", by_subject(hits(facts, sign), _WHERE), _describe, sure=sure, explains=explains
        )


def _describe(where: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    texts = " ".join(note.text for note in found.notes[:10])
    if "pg_hba" in texts or "SSL/TLS required" in texts or "SSL off" in texts:
        return "The database demands TLS and the app does not ask for it", (
            Remedy("Connect with sslmode=require (Node: `ssl: { rejectUnauthorized: false }`)."),
        )
    if re.search(r"(?i)self[- ]signed|verify|issuer|x509|PKIX", texts):
        return "A TLS certificate is not accepted by the client", (
            Remedy("For Heroku Redis and Postgres, allow their self-signed chain in the client's TLS options."),
            Remedy("For your own domain, see the certificate.", "heroku certs:auto"),
        )
    if re.search(r"ENOTFOUND|EAI_AGAIN|resolve|no such host|getaddrinfo|Name or service|UnknownHost", texts):
        return f"The name{f' {where}' if where else ''} does not resolve", (
            Remedy(
                "See whether the address in the config var is still right: the add-on may have been replaced.",
                "heroku addons",
            ),
        )
    return "TLS could not be agreed on", (Remedy("See the certificates of the app's domains.", "heroku certs"),)


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("ssl-or-dns",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}1.000000+00:00 app[web.1]: Error: self signed certificate in certificate chain
{_AT}3.500000+00:00 heroku[web.1]: Process exited with status 1
{_AT}3.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: TLS enabled, certificate valid until 2027\n",),
)
