"""Text that tries to become markup, script, an address that runs, a template, or a terminal's command.

Each sets ``window.hacked`` if a browser ever runs it. Put together from parts: ways out of where the text stands, and
what comes then.
"""

from __future__ import annotations

from itertools import chain, product

RUN = "window.hacked=1"
_OUT = ("", '">', "'>", "</bdi>", "</title>", "</textarea>", "</script>", "-->", "]]>", "`>")
_MARKUP = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<body onpageshow={RUN}>",
    f"<a href=javascript:{RUN}>x</a>",
)
_ATTRIBUTES = (
    f'" autofocus onfocus="{RUN}',
    f"' onmouseover='{RUN}",
    f'" style="animation:x 1s" onanimationstart="{RUN}',
    f"x onpointerenter={RUN} ",
    '" hx-get="/signout/" hx-trigger="load" x="',
    '" hx-on:load="window.hacked=1" x="',
    f'" hx-vals="js:{{x:{RUN}}}" hx-get="/" hx-trigger="load" x="',
    '" data-hx-post="/signout/" data-hx-trigger="load" x="',
)
_ADDRESSES = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"\x01javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"vbscript:{RUN}",
    "//attacker.example.net/x",
    f"https://example.com/'><script>{RUN}</script>",
)
_TEMPLATES = (
    "{{ 7|add:7 }}{% debug %}",
    "{% include 'base.html' %}",
    "${window.hacked=1}",
    "#{window.hacked=1}",
    "{{constructor.constructor('window.hacked=1')()}}",
    "<%= window.hacked=1 %>",
)
_ENCODED = (
    "&lt;script&gt;window.hacked=1&lt;/script&gt;",
    "&#60;img src=x onerror=window.hacked=1&#62;",
    "%3Cscript%3Ewindow.hacked=1%3C/script%3E",
    "\\u003cscript\\u003ewindow.hacked=1\\u003c/script\\u003e",
    "＜script＞window.hacked=1＜/script＞",
    "<scr\x00ipt>window.hacked=1</scr\x00ipt>",
    "<ſcript>window.hacked=1</ſcript>",
    "+ADw-script+AD4-window.hacked=1+ADw-/script+AD4-",
)
_TERMINAL = (
    "\x1b]0;title\x07",
    "\x1b]8;;javascript:window.hacked=1\x1b\\x\x1b]8;;\x1b\\",
    "\x1b[31m<img src=x onerror=window.hacked=1>\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x9b31mred",
    "\u202egnp.exe\u202c",
    "\u2066isolated\u2069",
    "\ufeffzero\u200bwidth\u2028line",
)
_MARKDOWN = (
    f"[x](javascript:{RUN})",
    f"![x](x onerror={RUN})",
    f"[x]: javascript:{RUN}",
    f"```\n</pre><script>{RUN}</script>",
    f"<details><summary>x</summary><script>{RUN}</script></details>",
    f"|a|\n|-|\n|<script>{RUN}</script>|",
)
_TABLES = ("=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1")

PAYLOADS: tuple[str, ...] = tuple(
    chain(
        (way + markup for way, markup in product(_OUT, _MARKUP)),
        _ATTRIBUTES, _ADDRESSES, _TEMPLATES, _ENCODED, _TERMINAL, _MARKDOWN, _TABLES,
    )
)  # fmt: skip
