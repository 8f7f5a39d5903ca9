"""What every H, R and L code means. The words stand in ``data/codes_*.toml``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from incidents.analysis.types import Remedy

from .loading import Entry, entries

ARTICLE = "https://devcenter.heroku.com/articles/error-codes"

_SHAPE = re.compile(r"[A-Z]\d{2}\Z", re.ASCII)
_IN_LINE = re.compile(
    r"(?:\bcode=|\bError )([A-Z]\d{2})\b"  # heroku[router]: … code=H12 …; Error R14 (…); Error L12: …
    r"|\]: (L\d{2}) \(",  # old documentation prints L codes without the word Error
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """An invented line of this code, in the shape of one era."""

    era: str
    line: str


@dataclass(frozen=True, slots=True)
class Code:
    """One error code, in plain words.

    ``title`` is Heroku's own description, ``descs`` all texts that the log prints for it. ``layer`` says who prints it
    (router, dyno manager, log system), ``at`` and ``status`` what the router's line says, ``level`` is Heroku's own
    grading (critical, warning, info; empty where it gives none). ``retired`` is empty for a code in use. ``date`` is
    that of the source, ISO 8601. ``slugs`` are the causes worth looking at first.
    """

    code: str
    title: str
    layer: str
    meaning: str
    known: bool = True
    descs: tuple[str, ...] = ()
    at: str = ""
    status: tuple[int, ...] = ()
    level: str = ""
    users_saw: str = ""
    causes: tuple[str, ...] = ()
    checks: tuple[Remedy, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    slugs: tuple[str, ...] = ()
    retired: str = ""
    former: tuple[str, ...] = ()
    fir: str = ""
    misdescribed: str = ""
    note: str = ""
    samples: tuple[Sample, ...] = ()
    link: str = ARTICLE
    source: str = ""
    date: str = ""
    platform_fault: bool = False


def _link(code: str, title: str, retired: str) -> str:
    """The code's own place in Heroku's article; the article itself where it has none."""
    if retired or code == "L20":
        return ARTICLE
    return f"{ARTICLE}#{code.lower()}-{re.sub(r'[^a-z0-9]+', '-', title.lower().replace(chr(39), '')).strip('-')}"


def _samples(entry: Entry) -> tuple[Sample, ...]:
    found = []
    for row in entry.tables("samples"):
        found.append(Sample(row.text("era"), row.text("line")))
        row.end()
    return tuple(found)


def _load() -> dict[str, Code]:
    found: dict[str, Code] = {}
    for file in ("codes_h.toml", "codes_r.toml", "codes_l.toml"):
        for entry in entries(file, "codes", "code"):
            code, title, retired = entry.text("code"), entry.text("title"), entry.text("retired", "")
            found[code] = Code(
                code=code,
                title=title,
                layer=entry.text("layer"),
                meaning=entry.text("meaning"),
                descs=(title, *entry.texts("descs", [])),
                at=entry.text("at", ""),
                status=entry.numbers("status", []),
                level=entry.text("level"),
                users_saw=entry.text("users_saw"),
                causes=entry.texts("causes"),
                checks=entry.remedies("checks"),
                remedies=entry.remedies("remedies"),
                slugs=entry.texts("slugs"),
                retired=retired,
                former=entry.texts("former", []),
                fir=entry.text("fir"),
                misdescribed=entry.text("misdescribed", ""),
                note=entry.text("note", ""),
                samples=_samples(entry),
                link=_link(code, title, retired),
                source=entry.text("source"),
                date=entry.text("date"),
                platform_fault=entry.flag("platform_fault"),
            )
            entry.end()
    return found


CODES: dict[str, Code] = _load()
"""Every code that Heroku documents or has documented, in the order H, R, L and by number."""

LAYERS = {"H": "router", "R": "dyno manager", "L": "log system"}


def lookup(code: str) -> Code | None:
    """The entry of a code; an honest 'unknown code' for anything of the shape ``X00``; None for all other text.

    Case and surrounding blanks do not matter.
    """
    wanted = code.strip().upper()
    if wanted in CODES:
        return CODES[wanted]
    if not _SHAPE.match(wanted):
        return None
    layer = LAYERS.get(wanted[0], "")
    by = f" By its letter it would come from the {layer}." if layer else ""
    return Code(
        code=wanted,
        title="Unknown code",
        layer=layer,
        known=False,
        meaning=f"{wanted} is not among the codes that Heroku documents or has documented.{by} "
        "Read the text beside it in the log; it may be newer than this catalogue, or the app's own.",
        checks=(Remedy("See whether Heroku's list of error codes has it by now."),),
        date=max(entry.date for entry in CODES.values()),
    )


def codes_in(line: str) -> list[str]:
    """The H, R and L codes that stand in one log line, as ``code=H12`` or ``Error R14``; nothing is inferred."""
    return [match[1] or match[2] for match in _IN_LINE.finditer(line) if (match[1] or match[2])[0] in LAYERS]
