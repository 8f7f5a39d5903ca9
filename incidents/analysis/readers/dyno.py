"""Lines of the dyno manager (``heroku[web.1]``): states, starts, exits, signals, memory, R codes.

Source: devcenter.heroku.com/articles/dynos, /articles/error-codes; texts of 2011-2012 from public logs of that time.
"""

from __future__ import annotations

import re
from typing import Any

_STATE = re.compile(r"State changed from (\w{2,16}) to (\w{2,16})")
_START = re.compile(r"Starting process with command ?(.*)$", re.DOTALL)
_EXIT = re.compile(r"Process exited(?: with status (-?\d{1,3}))?\s*$")
_MEMORY = re.compile(r"Process running mem=(\d{1,9}(?:\.\d{1,4})?)(K|kB|KB|M|MB|G|GB)?\((\d{1,6}(?:\.\d{1,4})?)%\)")
_CODE = re.compile(r"(?:Error )?([RL]\d{2})(?: \(([^)]{0,80})\))?(?:\s*(?:->|:)\s*(.*)|\s*$)", re.DOTALL)
_LOST = re.compile(r"(\d{1,12}) messages? (?:dropped|lost)|dropped (\d{1,12}) messages?")
_TO_MB = {"K": 1 / 1024, "kB": 1 / 1024, "KB": 1 / 1024, "G": 1024.0, "GB": 1024.0}
_WORDS = {
    "Restarting": "restart",
    "Cycling": "cycle",
    "Idling": "idle",
    "Unidling": "unidle",
    "Relocating dyno to a new server": "relocate",
    "Awaiting client": "awaiting-client",
    "Stopping all processes with SIGTERM": "sigterm",
    "Stopping process with SIGTERM": "sigterm",
    "Stopping process with SIGKILL": "sigkill",
    "Stopping remaining processes with SIGKILL": "sigkill",
}


def read(text: str) -> tuple[str, dict[str, Any]] | None:
    """Kind and detail of a dyno manager's line, or None if it is none.

    state: old, new · start: command · exit: status (None where the line names none) · memory: mb, percent ·
    code: code, title, text, and for L codes lost · the rest carries no detail.
    """
    text = text.strip().removeprefix("- ")  # some clients put a dash before every message
    kind = _WORDS.get(text)
    if kind:
        return kind, {}
    if text.startswith("State changed"):
        found = _STATE.match(text)
        return ("state", {"old": found[1], "new": found[2]}) if found else None
    if text.startswith("Starting process"):
        found = _START.match(text)
        return ("start", {"command": command(found[1])}) if found else None
    if text.startswith("Process exited"):
        found = _EXIT.match(text)
        return ("exit", {"status": int(found[1]) if found[1] else None}) if found else None
    if text.startswith("Process running mem="):
        found = _MEMORY.match(text)
        return (
            ("memory", {"mb": float(found[1]) * _TO_MB.get(found[2] or "M", 1.0), "percent": float(found[3])})
            if found
            else None
        )
    return error(text)


def error(text: str) -> tuple[str, dict[str, Any]] | None:
    """``Error R14 (Memory quota exceeded)``, ``Error L12: 222 messages dropped since …``, ``L11 (…) -> …``."""
    if not text.startswith(("Error R", "Error L", "L1", "L2")):
        return None
    found = _CODE.match(text)
    if not found:
        return None
    detail: dict[str, Any] = {"code": found[1], "title": found[2] or "", "text": (found[3] or "").strip()}
    if found[1][0] == "L":
        lost = _LOST.search(text)
        detail["lost"] = int(lost[1] or lost[2]) if lost else 0
    return "code", detail


def command(text: str) -> str:
    """The command between the quotes; a command that goes on in further lines has no closing quote."""
    text = text.strip().removeprefix(":").strip()
    for mark in ("`", "'", '"'):
        if text.startswith(mark):
            end = text.rfind(mark)
            return text[1:end] if end > 0 else text[1:]
    return text
