"""The lines that a ticket quotes: each with the reason why, in the order of the log, a stack trace as one.

A quote is JSON, so that it can be stored with the draft:

    {"source": 0, "name": "app.log", "rows": [[812, "2026-03-14T09:12:07…"]], "utc": "2026-03-14T09:12:07.000000Z",
     "side": "platform", "why": "shows: H12 (Request timeout)", "trace": false}

The text of ``rows`` is masked: credentials always, personal data but for the kinds that a person chose to show
(``show`` of the fields), for which the rows are read again. A row with the number 0 stands for rows left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..redact import PERSONAL_KINDS, Aliases, redact, scrub
from ..utc import iso
from . import markdown
from .excerpt import Line, Side, cut, side_of
from .statements import label

Quote = dict[str, Any]

MOST_QUOTES = 60
"""A ticket is read by people; what goes beyond belongs into a file beside it."""
MOST_ROWS = 60
"""Of one quote."""
_CITED = re.compile(r"(\S{1,80}):(\d{1,12})  (.*)\Z")
_MARK = re.compile(r"\[REDACTED:([a-z-]{1,30})\]")
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s{1,20}at \S|File \"[^\"]{1,300}\", line \d|\.rb:\d{1,6}:in "
    r"|\bCaused by: |^\s{1,20}\.\.\. \d{1,6} more\b"
)


class Shown(Aliases):
    """Lets personal data of some kinds stand, because a person chose so. All other kinds get their marker."""

    def __init__(self, kinds: Iterable[str]) -> None:
        super().__init__()
        self._shown = frozenset(kinds) & PERSONAL_KINDS

    def name(self, kind: str, value: bytes) -> bytes | None:
        return value if kind in self._shown else None


def mask(text: str, show: Iterable[str] = ()) -> str:
    """Text as it may leave the team: no credentials, and no personal data but the kinds in ``show``."""
    kinds = frozenset(show) & PERSONAL_KINDS
    return scrub(text, personal=True, aliases=Shown(kinds)).text if kinds else redact(text, personal=True)


def quote_of(
    source: int,
    name: str,
    rows: Sequence[tuple[int, str]],
    *,
    at_us: int | None = None,
    side: Side | None = None,
    why: str = "",
    trace: bool | None = None,
) -> Quote:
    """One quote of rows (number, masked text). ``name`` is the file's."""
    texts = [text for _, text in rows]
    return {
        "source": source,
        "name": label([name], (0, 0)).rpartition(":")[0],
        "rows": [[number, text] for number, text in rows],
        "utc": iso(at_us) or "",
        "side": side_of(texts[0]) if side is None and texts else side or "",
        "why": why,
        "trace": len(rows) > 1 and is_trace(texts) if trace is None else trace,
    }


def quotes_of(lines: Sequence[Line], names: Sequence[str], why: Mapping[tuple[int, int], str]) -> list[Quote]:
    """One quote for each line. They are masked together, so that a private key over several lines is masked as one."""
    texts = masked_rows([line.text for line in lines])
    return [
        quote_of(
            line.source, _name(names, line.source), [(line.line, text)], at_us=line.at_us, side=line.side,
            why=why.get(line.place, ""), trace=False,
        )
        for line, text in zip(lines, texts, strict=True)
    ]  # fmt: skip


def trace_of(lines: Sequence[Line], names: Sequence[str], most: int) -> list[Quote]:
    """The stack trace as one quote of at most ``most`` rows: its head and its end, where the reason stands."""
    if not lines:
        return []
    numbered = list(zip([line.line for line in lines], masked_rows([line.text for line in lines]), strict=True))
    first = lines[0]
    rows = shortened(numbered, most)
    name = _name(names, first.source)
    return [quote_of(first.source, name, rows, at_us=first.at_us, side="app", why="the stack trace", trace=True)]


def shortened(rows: list[tuple[int, str]], most: int) -> list[tuple[int, str]]:
    """At most ``most`` rows: the first four, and the last ones."""
    if len(rows) <= most:
        return rows
    head, tail = 4, most - 5
    return [*rows[:head], (0, f"… {len(rows) - head - tail} lines left out …"), *rows[-tail:]]


def masked_rows(texts: Sequence[str], show: Iterable[str] = ()) -> list[str]:
    """Raw lines as they may leave the team, on one line each."""
    joined = "\n".join(markdown.plain(text).replace("\n", " ") for text in texts)
    return mask(joined, show).split("\n") if texts else []


def is_trace(texts: Iterable[str]) -> bool:
    return any(_TRACE.search(text[-2_000:] if len(text) > 2_000 else text) for text in texts)


def _name(names: Sequence[str], source: int) -> str:
    return names[source] if 0 <= source < len(names) else f"source {source + 1}"


# -- lists of quotes --------------------------------------------------------------------------------------------------
def key_of(quote: Quote) -> str:
    """``0.812``, or ``0.812-830`` for several rows: what forms and addresses call a quote."""
    numbers = [row[0] for row in quote["rows"] if row[0]]
    span = f"-{numbers[-1]}" if len(numbers) > 1 else ""
    return f"{quote['source']}.{numbers[0] if numbers else 0}{span}"


def ordered(quotes: Iterable[Quote]) -> list[Quote]:
    """By time, then place; what has no time comes last."""
    return sorted(quotes, key=lambda quote: (not quote["utc"], quote["utc"], quote["source"], quote["rows"][0][0]))


def added(quotes: Sequence[Quote], quote: Quote) -> list[Quote]:
    """With one more, unless it is there already."""
    if key_of(quote) in {key_of(one) for one in quotes}:
        return list(quotes)
    return ordered([*quotes, quote])


def removed(quotes: Sequence[Quote], key: str) -> list[Quote]:
    return [quote for quote in quotes if key_of(quote) != key]


def quotes_in(fields: Mapping[str, Any]) -> list[Quote]:
    found = fields.get("lines")
    return found if isinstance(found, list) else []


# -- as text ----------------------------------------------------------------------------------------------------------
def excerpt_text(fields: Mapping[str, Any]) -> str:
    """The quoted lines, each behind its place in the log; then what people pasted. Masked as the fields say."""
    return _text(fields, "excerpt", trace=False)


def trace_text(fields: Mapping[str, Any]) -> str:
    return _text(fields, "trace", trace=True)


def _text(fields: Mapping[str, Any], pasted: str, *, trace: bool) -> str:
    rows = [
        (f"{quote['name']}:{number}" if number else "", text)
        for quote in quotes_in(fields)
        if bool(quote["trace"]) is trace
        for number, text in quote["rows"]
    ]
    show = fields.get("show") or ()
    texts = mask("\n".join(text for _, text in rows), show).split("\n") if rows else []
    parts = [f"{name}  {cut(text)}" if name else text for (name, _), text in zip(rows, texts, strict=True)]
    extra = fields.get(pasted)
    if isinstance(extra, str) and extra.strip():
        parts.append(mask(extra.strip("\n"), show))
    return "\n".join(parts)


def masked_kinds(fields: Mapping[str, Any]) -> Counter[str]:
    """What is or could be masked in the quoted and pasted lines, by kind: personal data counts whether shown or not."""
    texts = [text for quote in quotes_in(fields) for _, text in quote["rows"]]
    texts += [str(fields.get(key) or "") for key in ("excerpt", "trace")]
    masked = redact("\n".join(texts), personal=True)
    return Counter(_MARK.findall(masked))


# -- drafts of earlier versions ---------------------------------------------------------------------------------------
def upgraded(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Fields of a draft that held its excerpt as text: cited lines become quotes, all other text stays as it is."""
    found = dict(fields)
    if "lines" in found or not found:
        return found
    labels = {label([name], (0, 0)).rpartition(":")[0]: position for position, name in reversed(list(enumerate(names)))}
    quotes, rest = _read(str(found.get("excerpt") or ""), labels, names)
    trace, left = _read(str(found.get("trace") or ""), labels, names)
    if trace:
        rows = [(number, text) for quote in trace for number, text in quote["rows"]]
        quotes.append(quote_of(trace[0]["source"], trace[0]["name"], rows, side="app", trace=True))
    return found | {"lines": quotes, "excerpt": rest, "trace": left}


def _read(text: str, labels: Mapping[str, int], names: Sequence[str]) -> tuple[list[Quote], str]:
    quotes, rest = [], []
    for row in text.split("\n"):
        match = _CITED.match(row)
        if match and match[1] in labels:
            source = labels[match[1]]
            quotes.append(quote_of(source, names[source], [(int(match[2]), match[3])], trace=False))
        else:
            rest.append(row)
    return quotes, "\n".join(rest).strip("\n")
