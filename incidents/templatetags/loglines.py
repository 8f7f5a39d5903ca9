"""What a page of the log has hundreds of, as HTML: its rows, the values of its facets, the bars of its strip.

Templates would take most of the page's time for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from incidents.templatetags.triage import count, icon, plural, span, visible
from incidents.views.logs.facets import Value
from incidents.views.logs.rows import Item, Part, Row

register = template.Library()


@register.simple_tag(takes_context=True)
def log_item(context: template.Context, item: Item) -> SafeString | str:
    """A line, or several that are folded into one."""
    if item.head is None:
        return ""
    if item.kind == "line":
        return _line(context, item.head)
    if item.kind == "trace":
        label = format_html('<span class="count" title="Stack trace">{}</span>', plural(len(item.rows), "line,lines"))
    else:
        within = format_html('<span class="within">in {}</span>', span(item.span_seconds)) if item.span_seconds else ""
        label = format_html('<span class="count">×{}</span>{}', count(len(item.rows)), within)
    return format_html(
        '<details class="fold {}"><summary>{}{}</summary>{}</details>',
        item.kind, label, _text(item.head), _joined(_line(context, row) for row in item.rows),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def log_value(context: template.Context, value: Value) -> SafeString:
    """A value of a facet: shows its lines, or leaves them out."""
    label, base = visible(value.label), context.get("base")
    onward = f"&{base}" if base else ""
    return format_html(
        '<li class="value{}"><a class="name" href="{}"{} title="{}"><span>{}</span>{}</a>'
        '<a class="icon-btn quiet small" href="{}" aria-label="{} {}" title="Leave out">−</a></li>',
        " in" if value.is_in else " out" if value.is_out else "",
        f"?q={quote(value.include, safe='')}{onward}", format_html(' aria-current="{}"', "true") if value.is_in else "",
        label, label, format_html('<span class="n">{}</span>', count(value.lines)) if value.lines else "",
        f"?q={quote(value.exclude, safe='')}{onward}", "No longer leave out" if value.is_out else "Leave out", label,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def log_bar(context: template.Context, bar: dict[str, Any], width: float) -> SafeString:
    """A bar of the strip; leads to its first line."""
    base, text, bad = context.get("base"), context.get("text"), bar["bad"]
    href = f"?start={bar['start']}" + (f"&{base}" if base else "") + (f"&q={quote(text, safe='')}" if text else "")
    told = plural(bar["lines"], "line,lines") + (f", {plural(bad, 'error,errors')}" if bad else "")
    rect = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>'
    return format_html(
        '<a href="{}" tabindex="-1"><title>{} UTC: {}</title>{}{}{}</a>',
        href, f"{bar['at']:%H:%M:%S}", told,
        format_html(rect, "strip-hit", bar["x"], 0, width, 100),
        format_html(rect, "strip-lines", bar["x"], bar["y"], width, bar["height"]),
        format_html(rect, "strip-bad", bar["x"], bar["bad_y"], width, bar["bad_height"]) if bad else "",
    )  # fmt: skip


def _line(context: template.Context, row: Row) -> SafeString:
    place, pinned = row.place, context.get("pinned") or ()
    is_meant = place in (context.get("meant") or ())
    looks = ["line full", row.tone, "here" if is_meant else "", "pinned" if place in pinned else ""]
    href = f"{_address(context)}{place}/"
    return format_html(
        '<div class="{}"{} data-item data-place="{}"><a class="no" href="{}" data-line-link{}>{}'
        '<span class="vh">line </span>{}</a><span class="level">{}</span>{}<span class="ends">{}</span></div>',
        " ".join(look for look in looks if look),
        "" if context.get("in_context") else format_html(' id="L{}"', place),
        place, href, format_html(' aria-current="{}"', "true") if is_meant else "",
        format_html('<span class="file-no">{}</span>', row.source + 1) if context.get("merged") else "",
        count(row.number), _level(row), _text(row), _ends(row, href, is_pinned=place in pinned),
    )  # fmt: skip


def _level(row: Row) -> SafeString | str:
    if row.tone == "bad":
        return icon("high", "error")
    return icon("normal", "warning") if row.tone == "warn" else ""


def _text(row: Row) -> SafeString:
    return format_html('<bdi class="tx">{}</bdi>', _joined(_part(part) for part in row.parts))


def _part(part: Part) -> SafeString | str:
    text = visible(part.text)
    if part.look == "hit":
        return format_html("<mark>{}</mark>", text)
    if part.at:
        return format_html(
            '<time class="at" datetime="{}" data-style="ms" data-raw="{}" title="{}">{}</time>',
            part.at, part.text, part.text, part.shown,
        )  # fmt: skip
    return format_html('<span class="{}">{}</span>', part.look, text) if part.look else text


def _ends(row: Row, href: str, *, is_pinned: bool) -> SafeString:
    """What stands behind a line: how much of it is not shown, where else it stands, whether it is pinned."""
    parts: list[SafeString] = []
    if row.hidden:
        parts.append(format_html('<a class="muted" href="{}">… {} more</a>', href, count(row.hidden)))
    if row.copies:
        told = "; ".join(f"also line {number:,} of file {source + 1}" for source, number in row.copies)
        parts.append(format_html('<span class="muted copies" title="{}">×{}</span>', told, len(row.copies) + 1))
    if is_pinned:
        parts.append(icon("pin", "pinned to the timeline"))
    return _joined(parts)


def _joined(parts: Iterable[SafeString | str]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _address(context: template.Context) -> str:
    """What permalinks of the incident's lines begin with; asked for once in a page."""
    kept = context.render_context
    if "line address" not in kept:
        kept["line address"] = reverse("incident-line", args=[context["incident"].pk, 0, 0]).removesuffix("0.0/")
    address: str = kept["line address"]
    return address
