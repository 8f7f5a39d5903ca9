"""Lines of Heroku's API (``app[api]``, before 2017 ``heroku[api]``): releases, deploys, builds, config, scaling,
add-ons.

Source: devcenter.heroku.com/articles/releases, /articles/release-phase; texts from public logs of 2012 to 2026.
"""

from __future__ import annotations

import re
from typing import Any

from .dyno import command

_USER = re.compile(r"\.?\s+by (?:user )?(\S{1,200})\s*$")
_DYNO = re.compile(r"([\w-]{1,40})[@=](\d{1,5})(?::([\w-]{1,40}))?")
_FORMS: tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...] = (
    ("release", re.compile(r"Release (v\d{1,6}) created"), ("version",)),
    ("deploy", re.compile(r"Deploy ([0-9a-f]{6,40})\b"), ("commit",)),
    ("release-phase", re.compile(r"Running release (v\d{1,6}) commands"), ("version",)),
    ("rollback", re.compile(r"Rollback to (v\d{1,6})"), ("version",)),
    ("build", re.compile(r"Build (started|succeeded|failed)"), ("state",)),
    (
        "config",
        re.compile(r"(Set|Add|Remove|Unset) ([A-Za-z_][\w, ]{0,2000}?) config(?: vars?)?\b"),
        ("action", "names"),
    ),
    ("scale", re.compile(r"Scaled? to (.{1,500})"), ("formation",)),
    (
        "attach",
        re.compile(r"(Attach|Detach|Update) ([A-Z][A-Z0-9_]{0,80}) (?:\(@ref:([\w-]{1,80})|resource)"),
        ("action", "names", "addon"),
    ),
    ("addon", re.compile(r"@ref:([\w-]{1,80}) (completed provisioning.{0,200}|.{0,200})"), ("addon", "text")),
    ("addon", re.compile(r"(?:Add|Remove) ([\w:-]{1,80}) add-on()"), ("addon", "text")),
    ("initial", re.compile(r"Initial release"), ()),
    ("stack", re.compile(r"(?:Stack changed from \S{1,40} to|Upgrade stack to) ([\w-]{1,40})"), ("stack",)),
    ("maintenance", re.compile(r"(?i)maintenance(?: mode)?.{0,30}\b(on|off|enabled?|disabled?)\b"), ("state",)),
    ("logplex", re.compile(r"Enable Logplex|Log session created"), ()),
)


def read(text: str) -> tuple[str, dict[str, Any]] | None:
    """Kind and detail of an API line, or None if it says nothing known.

    release/release-phase/rollback: version · deploy: commit · build: state · config: action, names (list) · scale: formation
    (text), dynos {type: count}, sizes {type: size} · attach: action, names, addon · addon: addon, text · run: command ·
    initial · stack: stack · maintenance: state · logplex. ``user`` where the line names one.
    """
    text = text.strip()
    if text.startswith("Starting process with command"):
        body, _, user = text[29:].rpartition(" by user ")
        return "run", {"command": command(body or text[29:])} | ({"user": user} if user else {})
    who = _USER.search(text)
    body = text[: who.start()] if who else text
    for kind, pattern, names in _FORMS:
        found = pattern.match(body)
        if found:
            detail: dict[str, Any] = {name: value or "" for name, value in zip(names, found.groups(), strict=True)}
            if kind == "config":
                detail["names"] = [name for name in re.split(r"[,\s]+", detail["names"]) if name and name != "and"]
            if kind == "scale":
                dynos = _DYNO.findall(detail["formation"])
                detail["dynos"] = {name: int(count) for name, count, _ in dynos}
                detail["sizes"] = {name: size for name, _, size in dynos if size}
            return kind, detail | ({"user": who[1]} if who else {})
    return None
