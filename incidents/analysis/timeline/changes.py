"""What people and tools changed: releases and what they were made for, config, scaling, builds, one-off dynos."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..events import Event
from ..redact import redact
from ..wording import listed
from .entry import SECOND_US, Entry

SAME_CHANGE_US = 3 * SECOND_US
"""'Deploy …' and its 'Release v… created' stand a few milliseconds apart."""
_PAIRED = ("release", "deploy", "config", "attach", "rollback")


def changes(found: list[Event]) -> Iterator[Entry]:
    """An entry for each change; a release is told together with the deploy, config or rollback it was made for.

    The two lines of one change bear nearly the same time and stand in either order.
    """
    pending: Entry | None = None
    for event in found:
        entry = _change(event)
        if entry is None:
            continue
        if event.kind not in _PAIRED:
            yield entry
        elif pending is None:
            pending = entry
        elif joined := _join(pending, entry):
            yield joined
            pending = None
        else:
            yield pending
            pending = entry
    if pending is not None:
        yield pending


def _join(first: Entry, second: Entry) -> Entry | None:
    """One entry of a release and of what it was made for, or None if they are two changes."""
    release, change = (first, second) if _is_release(first) else (second, first)
    if _is_release(change) or not _is_release(release) or abs(second.at_us - first.at_us) > SAME_CHANGE_US:
        return None
    return replace(change, title=f"{release.title}: {change.title[0].lower()}{change.title[1:]}")


def _is_release(entry: Entry) -> bool:
    return entry.title.startswith("Release v")


def _change(event: Event) -> Entry | None:
    detail = event.detail
    kind, title = "", ""
    match event.kind:
        case "release":
            kind, title = "release", f"Release {detail['version']}"
        case "deploy":
            kind, title = "deploy", f"Deploy of {detail['commit'][:12]}"
        case "rollback":
            kind, title = "release", f"Rollback to {detail['version']}"
        case "release-phase":
            kind, title = "release", f"Release phase of {detail['version']} began"
        case "build" if detail["state"] == "failed":
            kind, title = "deploy", "Build failed: no new release"
        case "config":
            done = "removed" if detail["action"] in ("Remove", "Unset") else "set"
            kind, title = "config", f"Config {listed(detail['names'], 5)} {done}"
        case "attach":
            done = {"Attach": "attached", "Detach": "detached"}.get(detail["action"], "updated")
            kind, title = "config", f"Add-on {detail['names']} {done}"
        case "scale":
            kind, title = "scale", f"Scaled to {detail['formation'].strip()[:200]}"
        case "stack":
            kind, title = "release", f"Stack changed to {detail['stack']}"
        case "maintenance":
            state = "off" if detail["state"].lower().startswith(("off", "disab")) else "on"
            kind, title = "note", f"Maintenance mode {state}"
        case "run":
            kind, title = "note", f"One-off dyno: {redact(detail['command'], personal=True)[:120]}"
    if not kind or event.at_us is None:
        return None
    return Entry(event.at_us, kind, title, event.source, event.line)
