"""The installed version of Node is too old or too new for the code or its packages.

What it means
    The same code works with another version of Node: it uses syntax or functions that the installed one does not
    know, or that it no longer has.

Why it happens
    package.json names no version under ``engines``, so that Heroku picks its default; a package dropped an old
    version; a native module was built for another one; an old webpack meets OpenSSL 3.

How to tell
    A syntax error inside ``node_modules`` or at modern syntax, ``EBADENGINE``, ``NODE_MODULE_VERSION``,
    ``ERR_OSSL_EVP_UNSUPPORTED``, or an error about a global that another version has.

What to do
    Name the version that works in package.json (``"engines": {"node": "20.x"}``), commit and deploy.

References
    https://devcenter.heroku.com/articles/nodejs-support#specifying-a-node-js-version
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.events import trace_of
from incidents.analysis.types import Facts, Finding, Note, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, hits

SIGNS = {
    "node engine": r"EBADENGINE|Unable to download node \d|engine \"node\" is incompatible|Unsupported engine"
    r"|Not compatible with your version of node|NODE_MODULE_VERSION|was compiled against a different Node\.js version"
    r"|Module version mismatch"
    r"|ERR_OSSL_EVP_UNSUPPORTED|0308010C:digital envelope|(?:requires|require|needs) (?:a )?(?:Node(?:\.js)?"
    r"|node) (?:version )?(?:[v>=^~]|\d)|Node\.js version (?:\S{1,3} ?)?v?\d{1,2}[\d.]* (?:is|or)\b.{0,30}(?:required"
    r"|higher|above)"
    r"|You are using Node\.js v?\d|does not support (?:this|your) (?:version of )?Node|primordials is not defined"
    r"|node: bad option|Cannot find module 'node:|No such built-in module: node:|ERR_UNKNOWN_BUILTIN_MODULE"
    r"|Please upgrade (?:your )?[Nn]ode"
    r"|Dynamic requirements? of node|Requested engines? .{0,40}node|Detected unsupported [Nn]ode",
    "node syntax": r"not yet supported outside strict mode|SyntaxError: Unexpected token '?(?:\?\?=|\|\|=|&&=|\?\."
    r"|\?\?|\?|\.|=|\{|\.\.\.|=>|async|function|\*)'?\s*$|SyntaxError: (?:Invalid regular expression flags"
    r"|Unexpected reserved word|missing \) after argument list)",
    "node global": r"(?:fetch|structuredClone|globalThis|AbortController|TextEncoder|TextDecoder|ReadableStream"
    r"|Headers|FormData|BigInt|queueMicrotask|WebSocket|File|CustomEvent|crypto|URLSearchParams|URL) is not defined"
    r"|(?:\.at|\.flat|\.flatMap|fromEntries|\.replaceAll|matchAll|allSettled|Promise\.any|Object\.hasOwn|\.findLast"
    r"|toSorted|util\.(?:promisify|styleText|parseEnv)|crypto\.(?:randomUUID|hash)|fs\.(?:rmSync|cpSync)|Buffer\.from"
    r"|Object\.(?:values|entries)|includes|padStart) is not a function",
}  # fmt: skip
_VERSION = (
    re.compile(
        r"(ERR_OSSL_EVP_UNSUPPORTED|NODE_MODULE_VERSION|EBADENGINE|primordials|node:\w{1,30}|outside strict mode)"
    ),
)


_NEW_OPERATOR = re.compile(r"token '?(?:\?\?=|\|\|=|&&=|\?\.|\?\?)'?\s*$")
_NEW_SOURCE = re.compile(r"[\w)\]]\?\.[\w(\[]|[\w)\]'\"] ?\?\?=? ?[\w('\"\[{]|(?:\|\||&&)= ")


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "node engine", "node global") + [
        note for note in hits(facts, "node syntax") if _language(facts, note)
    ]
    notes = [note for note in notes if not re.search(r"\b(?:WARN|warn|warning|notice)\b", note.text[:40])]
    yield from findings(
        facts,
        "node-version",
        by_subject(notes, _VERSION),
        _describe,
        sure=0.94,
        needs_harm=True,
        explains=("syntax-or-import-error",),
    )


def _language(facts: Facts, note: Note) -> bool:
    """Strict mode says it clearly; other syntax counts inside installed packages, where nobody mistypes.

    Operators that newer versions know count everywhere: in the message, or in the line of source printed above it.
    """
    if "strict mode" in note.text or _NEW_OPERATOR.search(note.text):
        return True
    if re.search(r"token '?[?.=]'?\s*$", note.text) and any(_NEW_SOURCE.search(line) for line in _above(facts, note)):
        return True
    trace = trace_of(facts, note)
    innermost = next((frame.file for frame in reversed(trace.frames) if frame.file), "") if trace else ""
    return "node_modules/" in innermost


def _above(facts: Facts, note: Note) -> list[str]:
    """The lines that the same process printed right before."""
    return [
        one.text
        for one in facts.notes
        if one.source == note.source and one.process == note.process and note.line - 6 <= one.line < note.line
    ]


def _describe(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = found.notes[0].text.strip()
    return f"The installed Node version does not fit the code or its packages (`{text[:140]}`)", (
        Remedy('Name the Node version that works under "engines" in package.json, commit and deploy.'),
        Remedy("See which one runs.", "heroku run node --version"),
    )


RULE = Rule(
    slugs=("node-version",),
    check=check,
    signs=SIGNS,
    catches=(
        """2026-03-14T09:00:01.000000+00:00 heroku[web.1]: Starting process with command `npm start`
2026-03-14T09:00:03.000000+00:00 app[web.1]: Error: error:0308010C:digital envelope routines::unsupported
2026-03-14T09:00:03.500000+00:00 heroku[web.1]: Process exited with status 1
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to crashed
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: npm WARN EBADENGINE Unsupported engine { package: 'form@1.0.0' }
2026-03-14T09:00:03.520000+00:00 heroku[web.1]: State changed from starting to up
""",
    ),
)
