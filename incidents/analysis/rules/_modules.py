"""Whose module is it: a package that can be installed, or a file of the app?"""

from __future__ import annotations

import re

from incidents.analysis.events import of, traces
from incidents.analysis.types import Facts

_TARGET = re.compile(r"(?:gunicorn|uvicorn|hypercorn|daphne|celery|flask|waitress-serve)\b(.*)$")
_WORD = re.compile(r"[\s=]([A-Za-z_][\w.]{0,120})(?::[\w()]{1,80})?(?=\s|$)")


def package_of(name: str) -> str:
    """``lodash`` for ``lodash/fp``, ``@scope/name`` for ``@scope/name/deep``, ``vite`` for ``node_modules/.bin/vite``."""
    parts = name.strip("./").split("/")
    if name.startswith("@") and len(parts) > 1:
        return "/".join(parts[:2])
    return parts[-1] if parts[0] in ("node_modules", "bin", "usr") else parts[0]


def commands(facts: Facts) -> list[str]:
    """The commands with which dynos were started, each once."""
    return list(dict.fromkeys(event.detail["command"] for event in of(facts, "start") if event.detail["command"]))


def targets(facts: Facts) -> set[str]:
    """Top-level modules that start commands name: ``shop`` of ``gunicorn shop.wsgi:app``."""
    if "start targets" not in facts.cache:
        found: set[str] = set()
        for command in commands(facts):
            tail = _TARGET.search(command)
            if tail:
                found |= {word.split(".")[0] for word in _WORD.findall(tail[1])}
        facts.cache["start targets"] = found
    result: set[str] = facts.cache["start targets"]
    return result


def is_own(facts: Facts, name: str) -> bool:
    """Whether a module that could not be loaded is a file of the app: a path, or a name that its own traces show as theirs."""
    if name.startswith((".", "/", "src/", "app/", "config/", "lib/", "file:")) or name.endswith(
        (".js", ".ts", ".py", ".rb", ".json")
    ):
        return True
    top = name.split(".")[0]
    return bool(top) and (top in targets(facts) or top in _folders(facts))


def _folders(facts: Facts) -> set[str]:
    """Names of folders and files directly under /app that appear in the app's own frames."""
    if "own folders" not in facts.cache:
        found: set[str] = set()
        for trace in traces(facts):
            for frame in trace.frames:
                if frame.in_app and trace.language == "python":
                    path = frame.file.removeprefix("/app/").removeprefix("./")
                    if not path.startswith("/"):
                        found.add(path.split("/")[0].removesuffix(".py"))
        facts.cache["own folders"] = found
    result: set[str] = facts.cache["own folders"]
    return result
