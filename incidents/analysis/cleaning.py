"""Text as it is read, beside the text as it stands: no colours, no control characters, plain quotes and blanks."""

from __future__ import annotations

import html
import json
import re

# CSI with its parameters, OSC up to BEL or ST, two-character sequences; of one that is cut off, what is left.
_ANSI = re.compile(
    r"\x1b(?:\[[0-9;:?<=>!]{0,64}[ -/]{0,4}[@-~]?|[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)?|[ -/]{0,2}[0-~]?)"
)
# The same colours after ESC was lost on the way: only the codes that loggers really print.
_BARE_COLOUR = re.compile(
    r"\[(?:[01];)?(?:0?[01234579]|2[1-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7]|[34]8;5;\d{1,3}|[34]8;2(?:;\d{1,3}){3})m"
    r"|\[m(?=\s|$)"
)
_CONTROLS = dict.fromkeys([*range(1, 9), *range(14, 32), 127, *range(128, 160)]) | {
    0: "\u2400", 11: " ", 12: " ", 13: " ",
    0x85: " ", 0xA0: " ", 0x1680: " ", 0x202F: " ", 0x205F: " ", 0x3000: " ",
    **dict.fromkeys(range(0x2000, 0x200B), " "),
    0x200B: None, 0x2060: None, 0xFEFF: None, 0x2028: " ", 0x2029: " ",
}  # fmt: skip
_QUOTES = str.maketrans("“”„‟″", '"""""')
_SMART = re.compile(r"=[“”„]|[“”„] (?:method|path|host|request_id|dyno)=")
_QUOTED = re.compile(r'"(?:\d{4}-\d\d-\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:|(?:app|heroku)[\[/]|<\d).{8,}",?\s{0,8}$')
_TAGS = re.compile(r"(?:\s{0,40}</?[A-Za-z][A-Za-z0-9]{0,12}(?:\s[^<>]{0,200})?/?>){1,20}\s{0,40}")
_TAGS_BEHIND = re.compile(r"(?:</?[A-Za-z][A-Za-z0-9]{0,12}(?:\s[^<>]{0,200})?/?>\s{0,8}){1,20}$")
_ENTITY = re.compile(r"&lt;\d{1,3}&gt;1 \d|=&(?:quot|#34|#x22);|\) -&(?:gt|#62);|&(?:quot|#34|#x22); [a-z_]{2,12}=")


def plain(text: str) -> str:
    """The line without escape sequences and control characters. NUL is shown as ␀, odd blanks as blanks."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "m" in text and "[" in text:
        text = _BARE_COLOUR.sub("", text)
    return text if text.isascii() and text.isprintable() else text.translate(_CONTROLS)


def _unquoted(text: str) -> str:
    """What stands in the quotes of JSON or of a table."""
    if '\\"' in text:
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return text[1:-1].replace('""', '"')


def repaired(text: str) -> tuple[str, str]:
    """The line without HTML, with plain quotes in router fields, without quotes around the whole of it.

    The second value says what was done: ``html``, ``quotes`` or nothing.
    """
    done = ""
    if text[:1] == '"' and _QUOTED.match(text):
        text, done = _unquoted(text.rstrip(", ")), "quotes"
    if "<" in text or "&" in text:
        bare = text
        opening = _TAGS.match(bare)
        if opening:
            bare = _TAGS_BEHIND.sub("", bare[opening.end() :])
        if opening or _ENTITY.search(bare):
            bare = html.unescape(bare)
        if bare != text:
            text, done = bare, "html"
    if not text.isascii() and _SMART.search(text):
        text, done = text.translate(_QUOTES), "quotes"
    return text, done
