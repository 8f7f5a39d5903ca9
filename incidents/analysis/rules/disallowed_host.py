"""The app refuses requests because of the host name they were sent to.

What it means
    Frameworks keep a list of host names they answer for. A request for another name gets 400 or 403.

Why it happens
    A domain was added to the app but not to the list (ALLOWED_HOSTS, config.hosts, allowedHosts); or the app got a
    new default name. Scanners that call the dyno by its address cause single lines of this kind, which are harmless.

How to tell
    ``Invalid HTTP_HOST header`` or ``Blocked host``, with a name that the app's own users use.

What to do
    Add the name to the framework's list and deploy.

References
    https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts
    https://guides.rubyonrails.org/configuring.html#actiondispatch-hostauthorization
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Note, Remedy
from incidents.analysis.wording import count

from ._blame import requests
from .base import Rule, build, hits

SIGNS = {
    "host refused": r"Invalid HTTP_HOST header|DisallowedHost|Blocked hosts?: |HostAuthorization\S{0,40} Blocked"
    r"|Invalid Host header|This host \(\"?[^)]{1,120}\)? is not allowed|Untrusted Host|You must set settings\.ALLOWED_HOSTS|Invalid host header",
}
_NAME = re.compile(r"(?:header: |Blocked hosts?: |host \()['\"]?([\w.:-]{1,200})")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?$|localhost|^\[?[0-9a-f:]+\]?$")


def check(facts: Facts) -> Iterator[Finding]:
    by_host: dict[str, list[Note]] = {}
    for note in hits(facts, *SIGNS):
        found = _NAME.search(note.text)
        by_host.setdefault(found[1].rstrip(":,'\"") if found else "", []).append(note)
    served = {line.host for _, line in requests(facts)}
    own = {host: notes for host, notes in by_host.items() if _users(host, served)}
    for host, notes in sorted(own.items(), key=lambda item: -len(item[1]))[:2]:
        yield build(
            facts, "disallowed-host",
            f"The app refuses {count(len(notes), 'request')} for the host name `{host or '?'}`, which is not in its list.",
            0.93 if host else 0.8, notes, severity="high", subject=host, count=len(notes),
            explains=("app-exception", "4xx"),
            remedies=(Remedy(f"Add {host or 'the name'} to ALLOWED_HOSTS (Django), config.hosts (Rails) or allowedHosts (Vite, webpack), and deploy."),),
        )  # fmt: skip
    if by_host and not own:
        notes = [note for lines in by_host.values() for note in lines]
        yield build(
            facts, "disallowed-host",
            f"Scanners called the app by addresses it does not answer for ({count(len(notes), 'line')}); it refused them, as it should.",
            0.7, notes, severity="low", count=len(notes), harmless=True, most=3,
        )  # fmt: skip


def _users(host: str, served: set[str]) -> bool:
    """Whether people use this name: a name of the app, or one that the router took requests for."""
    if not host or host in served:
        return True
    return not _ADDRESS.search(host)


RULE = Rule(
    slugs=("disallowed-host",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: Invalid HTTP_HOST header: 'www.example.com'. You may need to add 'www.example.com' to ALLOWED_HOSTS.
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: host check passed
""",
    ),
)
