"""The command in the Procfile, or the start script, cannot do its work: a file, program or app object is not there.

What it means
    Heroku started the dyno with the command that the Procfile or package.json names, and the command failed before
    any of the app's code ran, or did something that never serves requests.

Why it happens
    A file is named differently, was not committed, or is built only on a developer's machine; package.json has no
    start script; gunicorn or uvicorn is pointed at a module or variable that does not exist; a buildpack that brings
    the program is missing; or a development tool (nodemon, a watcher, a bundler) is started instead of the server.

How to tell
    Exit status 126 (not executable), 127 (not found), 2 (cannot open the file) or 4 (gunicorn: App failed to load),
    with a line of the shell, of npm or of the server that names what it could not find.

What to do
    Correct the command in the Procfile or the start script, try it with ``heroku run bash``, and deploy.

References
    https://devcenter.heroku.com/articles/procfile
    https://devcenter.heroku.com/articles/deploying-nodejs#specifying-a-start-script
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import trace_of
from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._modules import commands, package_of, targets
from ._quiet_starts import by_status, describe_status, hidden, only_builds
from ._start_words import BUILDERS, NAMES, SIGNS
from ._texts import by_subject, findings
from .base import Rule, hits
from .missing_dependency import TOOLS


def check(facts: Facts) -> Iterator[Finding]:
    notes = [
        note for note in hits(facts, "start npm", "start file", "start option", "start app object") if not _other(note)
    ]
    notes += [note for note in hits(facts, "start own module") if _names_target(facts, note)]
    notes += [note for note in hits(facts, "start node file") if _is_entry(facts, note)]
    notes.sort(key=lambda note: (note.at_us or 0, note.source, note.line))
    yield from findings(facts, "bad-start-command", by_subject(notes, NAMES), _describe)
    if not notes:
        silent = by_status(facts)
        yield from findings(facts, "bad-start-command", silent, describe_status, sure=0.82, needs_harm=True)
        yield from findings(
            facts, "bad-start-command", by_subject(hidden(facts), NAMES), _describe, sure=0.85, needs_harm=True
        )
        yield from findings(
            facts, "bad-start-command", by_subject(only_builds(facts), ()), _describe, sure=0.85, needs_harm=True
        )


def _other(note: Note) -> bool:
    """``not found`` of a program that a package brings is a missing dependency; a buildpack's own steps are the build's."""
    if "/bin/steps/" in note.text or "/buildpacks/" in note.text:
        return True
    found = re.search(r"(sh|bash)(?:: (?:line )?\d{1,4})?: ([^\s:]{1,200}): (?:command )?not found", note.text)
    return found is not None and (
        package_of(found[2]) in TOOLS or (found[1] == "sh" and "bash" not in note.text and "/" not in found[2])
    )


def _names_target(facts: Facts, note: Note) -> bool:
    """The module that cannot be imported is the one that the start command names."""
    found = re.search(r"No module named '?([\w.]{1,120})", note.text)
    return found is not None and found[1].split(".")[0] in targets(facts)


def _is_entry(facts: Facts, note: Note) -> bool:
    """The file that Node cannot find is its entry, not one that a file of the app requires."""
    found = re.search(r"Cannot find module '(?:file://)?(/(?:app|workspace)/[^']{1,200})'", note.text)
    if not found:
        return False
    name = found[1].split("/", 2)[2]
    if any(name.removesuffix(".js") in command for command in commands(facts)):
        return True
    own = trace_of(facts, note)
    return own is None or not any(frame.in_app for frame in own.frames)


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text
    run = next(iter(found.deaths), None)
    command = f" (`{run.command}`)" if run and run.command else ""
    if re.search(r"(?i)missing script", text):
        return f"`npm` was started, and package.json has no `{name or 'start'}` script", (
            Remedy("Add a Procfile that starts your server (`web: …`), or a start script to package.json."),
        )
    if "nodemon" in text:
        return "nodemon, a tool for development, runs in production and hides the crash of the app", (
            Remedy(
                "Start the app with `node`, and look at the first error: `heroku logs -n 1500 -d web.1`.",
                "heroku logs -n 1500",
            ),
        )
    if BUILDERS.search(text):
        return f"The start command only builds (`{text[2:].strip()}`) and starts no server", (
            Remedy("Build in `heroku-postbuild`, and let `start` run the server."),
        )
    if "Permission denied" in text or "cannot execute" in text or "Exec format" in text:
        return f"`{name}` cannot be executed{command}", (
            Remedy(f"`git update-index --chmod=+x {name}`, commit and deploy."),
        )
    if re.search(r"attribute|application object|ASGI|Flask|celery|callable", text):
        return f"The start command{command} names an app object that does not exist: `{name}`", ()
    return f"The start command{command} needs `{name or 'something'}`, which is not there", (
        Remedy("See what is in the slug.", "heroku run bash"),
    )


RULE = Rule(
    slugs=("bad-start-command",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `python shop.py`
2026-03-14T09:00:03.000000+00:00 app[web.1]: python: can't open file '/app/shop.py': [Errno 2] No such file or directory
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 2
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `node server.js`
2026-03-14T09:00:03.000000+00:00 app[web.1]: listening on port 30123
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to up
""",
    ),
)
