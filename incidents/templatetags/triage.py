"""What templates need to show times, numbers, log text and severities alike everywhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidents.analysis.catalogue import with_app
from incidents.display import Display

register = template.Library()

# -- log text ---------------------------------------------------------------------------------------------------------
_COLOURS = re.compile(r"\x1b\[[0-9;:]{0,32}m")
# Characters that would hide or reorder what stands beside them: controls, bidi marks, zero-width characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟦U+{code:04X}⟧"


@register.filter
def visible(text: Any) -> str:
    """Log text with its invisible characters as pictures and without terminal colours. Templates escape it as usual."""
    return _INVISIBLE.sub(_picture, _COLOURS.sub("", str(text)))


@register.filter
def visible_lines(text: Any) -> str:
    """As ``visible``, for people's words of several lines: line ends stay."""
    return "\n".join(visible(line) for line in str(text).split("\n"))


# -- times ------------------------------------------------------------------------------------------------------------
_FORMATS = {
    "full": "%Y-%m-%d %H:%M:%S",
    "minute": "%Y-%m-%d %H:%M",
    "time": "%H:%M:%S",
    "ms": "%H:%M:%S.%f",
    "day": "%a %d %b %Y",
    "short": "%d %b %H:%M",
}


def parse_time(value: datetime | str | None) -> datetime | None:
    """An aware time from a row or from the document; None where there is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(UTC) if value and value.tzinfo else None


def format_time(at: datetime, display: Display, style: str = "full") -> str:
    """In the person's zone, with the zone behind it: ``Z`` for UTC, else the offset."""
    local = at.astimezone(display.zone)
    text = local.strftime(_FORMATS[style])
    if style == "ms":
        text = text[:-3]
    if style == "day":
        return text
    offset = local.strftime("%z")
    return f"{text}Z" if display.is_utc else f"{text} {offset[:3]}:{offset[3:]}"


@register.simple_tag(takes_context=True)
def utc(context: template.Context, value: datetime | str | None, style: str = "full") -> SafeString | str:
    """``<time>`` of a moment. Empty text where there is none."""
    at = parse_time(value)
    if at is None:
        return "–"
    exact = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return format_html(
        '<time datetime="{}" title="{}" data-style="{}">{}</time>',
        exact,
        exact,
        style,
        format_time(at, _display(context), style),
    )


@register.simple_tag(takes_context=True)
def stamp(context: template.Context, value: datetime | str | None) -> str:
    """A moment as text for a field, with its zone: what is typed over it is read in the same way."""
    at = parse_time(value)
    return format_time(at, _display(context), "full") if at else ""


@register.simple_tag
def ago(value: datetime | str | None) -> SafeString | str:
    """How long ago, in words; the exact time is in the title."""
    at = parse_time(value)
    if at is None:
        return "–"
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    exact = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    text = "just now" if seconds < 10 else f"{span(seconds)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, exact, text)


@register.filter
def span(seconds: float | None) -> str:
    """A length of time in words of at most two units: ``3 min 20 s``, ``2 h 5 min``, ``4 d``."""
    if seconds is None:
        return "–"
    whole = round(abs(seconds))
    for size, name, small_size, small_name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {name}" + (f" {rest} {small_name}" if rest and whole < size * 10 else "")
    return f"{whole} s" if whole or not seconds else f"{abs(seconds) * 1000:.0f} ms"


# -- numbers ----------------------------------------------------------------------------------------------------------
@register.filter
def count(number: float | None) -> str:
    """``12,345``; a dash where nothing is known."""
    return "–" if number is None else f"{number:,.0f}"


@register.filter
def ms(value: float | None) -> str:
    """Milliseconds as people say them: ``840 ms``, ``12.3 s``, ``2 min 5 s``."""
    if value is None:
        return "–"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:.1f} s" if value < 100_000 else span(value / 1000)


@register.filter
def change(value: float | None) -> str:
    """A difference of milliseconds with its sign: ``+840 ms``, ``−12.3 s``, ``±0 ms``."""
    if value is None:
        return "–"
    sign = "±" if round(value) == 0 else "+" if value > 0 else "−"
    return f"{sign}{ms(abs(value))}"


@register.filter
def percent(share: float | None) -> str:
    """0.123 as ``12 %``, small shares as ``0.4 %``; what is not nothing never shows as 0."""
    if share is None:
        return "–"
    value = share * 100
    if 0 < value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if 0 < value < 10 and round(value, 1) != round(value) else f"{value:.0f} %"


@register.filter
def size(number: float | None) -> str:
    """Bytes in binary steps: ``3.1 MB``."""
    if number is None:
        return "–"
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024 or unit == "GB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"


@register.filter
def plural(number: float | None, words: str) -> str:
    """``{{ n|plural:"line,lines" }}``: the number and the word that fits it."""
    one, many = words.split(",")
    return f"{count(number)} {one if number == 1 else many}"


# -- severities, verdicts, states -------------------------------------------------------------------------------------
class Look(NamedTuple):
    """Shape, word and colour of a meaning: never the colour alone."""

    word: str
    icon: str
    tone: str


SEVERITIES = {
    "urgent": Look("Urgent", "urgent", "urgent"),
    "high": Look("High", "high", "high"),
    "normal": Look("Normal", "normal", "normal"),
    "low": Look("Low", "low", "low"),
}
VERDICTS = {
    "confirmed": Look("Confirmed", "confirmed", "urgent"),
    "likely": Look("Likely", "likely", "high"),
    "inconclusive": Look("Inconclusive", "unknown", "normal"),
    "healthy": Look("Healthy", "ok", "ok"),
    "": Look("Reading", "clock", "none"),
}
KINDS = {
    "release": Look("Release", "release", "ok"),
    "deploy": Look("Deploy", "deploy", "ok"),
    "scale": Look("Scaling", "scale", "low"),
    "config": Look("Config", "config", "low"),
    "crash": Look("Crash", "crash", "urgent"),
    "restart": Look("Restart", "restart", "normal"),
    "code": Look("Error code", "high", "high"),
    "onset": Look("First bad minute", "onset", "urgent"),
    "gap": Look("Lost lines", "gap", "normal"),
    "note": Look("Note", "note", "none"),
    "person": Look("Team note", "people", "low"),
    "pin": Look("Pinned line", "pin", "low"),
}
LANES = {
    "platform": Look("Platform", "dyno", "none"),
    "releases": Look("Releases", "release", "none"),
    "app": Look("App", "terminal", "none"),
    "people": Look("People", "people", "none"),
}
_UNKNOWN = Look("Other", "note", "none")


@register.filter
def severity(name: str) -> Look:
    return SEVERITIES.get(name, Look(name.capitalize() or "Unknown", "note", "none"))


@register.filter
def verdict(status: str) -> Look:
    return VERDICTS.get(status, _UNKNOWN)


@register.filter
def kind(name: str) -> Look:
    return KINDS.get(name, Look(name.capitalize(), "note", "none"))


@register.filter
def lane(name: str) -> Look:
    """A lane of the timeline."""
    return LANES.get(name, _UNKNOWN)


@register.simple_tag
def icon(name: str, label: str = "", classes: str = "") -> SafeString:
    """One shape of the sprite: hidden from screen readers, unless a label says what it means."""
    href = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}" focusable="false"><use href="{}"/></svg>',
            classes,
            label,
            href,
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}"/></svg>', classes, href
    )


@register.simple_tag
def sprite(name: str) -> SafeString:
    """One shape of the sprite around the origin of an SVG that is there already."""
    return format_html(
        '<use class="icon" href="{}" x="-9" y="-9" width="18" height="18"/>', f"{static('img/icons.svg')}#{name}"
    )


@register.inclusion_tag("components/_bar.html")
def bar(share: float | None, tone: str = "") -> dict[str, Any]:
    """A bar of 0 to 1; the number stands beside it, so screen readers skip it."""
    return {"width": round(max(0.0, min(1.0, share or 0.0)) * 100, 1), "tone": tone}


@register.inclusion_tag("components/_command.html", takes_context=True)
def command(context: template.Context, text: str, label: str = "") -> dict[str, str]:
    """A command to copy, with the incident's app in its place. It is never run by us."""
    incident = context.get("incident")
    return {"text": with_app(text, incident.app_name) if incident else text, "label": label}


@register.inclusion_tag("components/_quote.html", takes_context=True)
def quote(context: template.Context, evidence: dict[str, Any], tone: str = "") -> dict[str, Any]:
    """A line as proof, linked to its place in the log."""
    return {"proof": evidence, "href": line_url(context, evidence.get("source", 0), evidence.get("line")), "tone": tone}


class WayBack(NamedTuple):
    """Where to POST what, so that something is as it was."""

    address: str
    fields: list[tuple[str, str]]


@register.simple_tag
def undo_of(tag: str) -> WayBack:
    """From the tag of a message (`views.removal.undo`) to the form that undoes it."""
    address, _, query = tag.partition("?")
    return WayBack(address, parse_qsl(query, keep_blank_values=True))


@register.simple_tag(takes_context=True)
def line_url(context: template.Context, source: int | None, line: int | None) -> str:
    """Permalink of a line of the incident in the context; empty where the line has no number."""
    incident = context.get("incident")
    if not line or incident is None:
        return ""
    return reverse("incident-line", args=[incident.pk, source or 0, line])


def _display(context: template.Context) -> Display:
    request: HttpRequest | None = context.get("request")
    return getattr(request, "display", None) or Display()
