"""Where a value ends in each rendering, and whether it is a secret or only stands where one could stand."""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_JUDGED = 256
"""So many bytes of a value decide whether it is a secret; it is masked to its end."""


class Value(NamedTuple):
    """A value at ``[start, end)`` of the text; ``quoted`` tells whether quotes marked its end."""

    start: int
    end: int
    quoted: bool
    after: int  # where reading goes on: behind the closing quote
    in_list: bool = False


# What may stand before the quote: b"…", string(5) "…", Some("…"), SecretStr('…'), ["…"], ("…").
_WRAP = re.compile(
    rb"(?:[\[(]\s{0,4}|(?i:string)\([0-9]{1,6}\)\s{1,2}|(?i:Some|SecretStr|SecretString|SecretBytes|Secret|Optional|Just|String|base64|quote|Sensitive)[(\[]"
    rb"|[bBuUrR]{1,2}(?=[\"'])|@(?=\")|\\?<!\[CDATA\[|\$(?=')|<<(?=\")|(?:![\w/:.]{1,32}|!!(?:str|binary))[ ]"
    rb"|\{\s{0,4}\\{0,15}[\"'](?:S|[vV]alue|stringValue|secureValue|plaintext)\\{0,15}[\"']\s{0,2}:\s{0,2}(?=\\{0,15}[\"'])){0,4}"
)
PLAIN_HEADS = frozenset(bytes([head]) for head in b"0123456789acdefghiklmnptvwxyzACDEFGHIKLMNPTVWXYZ/-_+.~^=?:")
"""First bytes of a value that can be neither masked, nor wrapped, nor quoted."""
_QUOTE = re.compile(rb"(\\{0,15})([\"'`])")
_BARE = re.compile(
    rb"(?:[^\s\"'`<>,;&|(){}\[\]\\]++"
    rb"|[,;|](?![\s\"'\\]|\Z|[\w.\-\[\]]{1,64}+\s?[=:])"
    rb"|&(?![\s\"'\\]|\Z|[\w.\-%\[\]]{1,64}+=|(?:amp|quot|lt|gt|apos|#x?[0-9a-fA-F]{1,6});)"
    rb"|\\(?![\"'`nrt/\\]|u00|x[0-9a-f]{2}|\Z)"
    rb"|(?<=[\w!#$%*+\-=@^~./])[(\[{](?=[\w!#$%*+\-=@^~./])"
    rb"|[)\]}](?=[\w!#$%*+@^~])"
    rb"|(?<=\w)'(?=\w)"
    rb"){1,4096}"
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_DIGIT = re.compile(rb"[0-9]")
_SWITCH = re.compile(rb"[a-z](?=[A-Z])|[A-Z](?=[a-z])")
_CLASS_SWITCH = re.compile(rb"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")
_ANY_ALNUM = re.compile(rb"[0-9A-Za-z\x80-\xfe]")
_RUN = re.compile(rb"[A-Za-z0-9+=]{8,}+")
_PLACEHOLDER = re.compile(
    rb"""(?ix) \s*+ (?:
      [*x.\-_?#\xe2\x80\xa2]{1,64}+ | \[(?:filtered|redacted|hidden|masked|removed|omitted|scrubbed|secure|secret|protected|blocked)\]
    | \*{2,}[\w ]{1,32}\*{2,} | <[^<>\n]{0,64}> | \(\w[\w ]{0,32}\) | \[[A-Z_ ]{2,24}\] | \$?\{\{[^{}]{0,64}\}\} | \$\{[^{}]{0,64}\} | \#\{[^{}]{0,64}\}
    | %\{?\w{0,32}\}?[sd]? | \$[A-Za-z_]\w{0,64} | \$[0-9]{1,3} | :[a-z_]\w{0,64} | @p?[0-9]{1,3} | \{\w{0,32}\}
    ) \s*+ \Z"""
)
_PLACEHOLDER_WORDS = frozenset(
    b"null nil none undefined true false yes no on off na n/a nan empty blank unset missing absent present exists provided "
    b"required optional invalid valid expired unknown disabled enabled denied granted revoked rejected accepted "
    b"incorrect wrong mismatch malformed changed updated reset rotated ok failed success error str string bytes int integer "
    b"text varchar char boolean bool object array any symbol number function promise include same-origin omit todo changeit "
    b"filtered redacted hidden masked removed omitted scrubbed filtered] redacted] hidden] masked] removed]".split()
)
_PLACEHOLDER_HEADS = frozenset(b"*x.-_?#<([{$%:@X")
_MASKED_AT = re.compile(
    rb"(?i)[\[(<](?:filtered|redacted|hidden|masked|removed|secure|secret|protected|omitted|scrubbed)[\w -]{0,24}[\])>]|\*{3,}"
    rb"|[$#%]\{|\$\(|\{\{|\$[A-Z_][A-Z0-9_]{1,64}\b|<%="  # masked by others, or a variable
)
_STARRED = re.compile(
    rb"[\w\-:/]{0,16}?(?:\*{3,}|\.{3,}|\xe2\x80\xa6|(?:\xe2\x80\xa2){3,}|[xX]{5,})[\w\-]{0,6}"
)  # sk-****abcd
FILLED = re.compile(rb"\xff{8,}+(?=[\s\"'`<>,;&)\]}\\]|\Z)")
_INDEXED = re.compile(rb"\[\\{0,7}[:\"'\w]")
_MESSAGE = re.compile(
    rb"(?i)\s*+(?:is|was|are|has|have|must|may|can|can't|can\\?'t|cannot|should|does|doesn't|do|not|too|this|that|please|needs?|"
    rb"contains?|invalid|missing|required|expired|incorrect|wrong|unknown|blank|empty|no|the|your|a|an|at|value|field|failed|"
    rb"changed|already|enter|use|could|couldn't|will|won't|if|for|with|minimum|maximum)\s[A-Za-z0-9 '\\,.()\-]*+\Z"
)
_CODE = re.compile(
    rb"(?:self|this|os|process|settings|config|request|req|params|options|opts|env|ENV|args|kwargs|event|ctx|context|user|data|"
    rb"cfg|conf|Rails|Deno|secrets|getenv)[.\[(]|[A-Za-z_][\w.]{0,64}[(\[]|new [A-Z]|function\b|lambda\b|async\b|await\b"
)
_IDENTIFIER = re.compile(
    rb"[a-z]+(?:_[a-z]+)+|[a-z]{2,}(?:[A-Z][a-z]{2,})+|[A-Z]+(?:_[A-Z]+)+|[A-Za-z]+(?:\.[A-Za-z_]+)+"
)
_PAIR = re.compile(rb"[A-Za-z_][\w.\-]{0,63}=[^=]")
_WORD = re.compile(rb"[A-Za-z][a-z'\-]*+[.,:;!?]?")
_PAIR_NEXT = re.compile(rb"[\s,;&|)\]}]*+(?:\Z|[\w.\-\"'\\]{1,64}+\s?(?:=>|[=:]))|\s{0,4}(?:[,;|)\]}#]|//|--|\Z)")


class Reader:
    """Reads values out of one text. Remembers where the last bare value ended, so that a text of many names and no blank is
    read once, not once for each name."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.speaks_of_cookies = b"ookie" in text or b"OOKIE" in text
        self._bare_start = self._bare_end = -1
        self._verdicts: dict[tuple[int, int, bool], tuple[int, bool]] = {}

    def value(self, start: int) -> Value | None:
        """The value that begins at ``start``, behind its name's separator; None where nothing or a mask stands there."""
        text = self.text
        if start >= len(text):
            return None
        if text[start : start + 1] in PLAIN_HEADS:
            return self._bare_or_call(start)
        if _MASKED_AT.match(text, start) or FILLED.match(text, start):
            return None
        wrapped = _WRAP.match(text, start)
        open_at = wrapped.end() if wrapped else start
        if quote := _QUOTE.match(text, open_at):
            return _read_quoted(text, quote, in_list=b"[" in text[start:open_at])
        if open_at == start:
            return self._bare_or_call(start)
        if (
            text[start - 1 : open_at] == b"=("
            and (inner := self.bare(open_at))
            and text[inner.end : inner.end + 1] == b")"
        ):
            return inner  # Key (api_key)=(…)
        if text[start : start + 2] == b"!!":  # !!str in YAML
            return self.bare(open_at)
        return self.bare(start) or (None if b"(" in text[start:open_at] else self.bare(open_at))

    def _bare_or_call(self, start: int) -> Value | None:
        bare = self.bare(start)
        if bare is None or self.text[bare.end : bare.end + 1] not in (b"(", b"["):
            return bare
        if self.text[bare.end : bare.end + 1] == b"(" and (quote := _QUOTE.match(self.text, bare.end + 1)):
            # A call: code, unless what it holds looks drawn by lot.
            argument = _read_quoted(self.text, quote, in_list=False)
            return argument if looks_random(self.body(argument), 8) else None
        if _INDEXED.match(self.text, bare.end) and _WORD.fullmatch(self.body(bare)):
            return None
        return bare

    def bare(self, start: int) -> Value | None:
        """An unquoted value: up to a blank, or to a mark behind which the next pair begins."""
        if self._bare_start <= start < self._bare_end:
            return Value(start, self._bare_end, False, self._bare_end)
        bare = _BARE.match(self.text, start)
        if bare is None:
            return None
        self._bare_start, self._bare_end = bare.span()
        return Value(start, bare.end(), False, bare.end())

    def is_random(self, value: Value, least: int, uuid_counts: bool = False) -> bool:
        """``looks_random`` of a value; names that crowd within one bare value share a verdict."""
        if value.quoted or value.end - value.start <= 64:
            return looks_random(self.body(value), least, uuid_counts)
        key = (value.end, least, uuid_counts)
        judged_at, verdict = self._verdicts.get(key, (-64, False))
        if value.start - judged_at >= 64:
            verdict = looks_random(self.body(value), least, uuid_counts)
            self._verdicts[key] = (value.start, verdict)
        return verdict

    def body(self, value: Value) -> bytes:
        """The value's bytes, as many as are needed to judge it."""
        return self.text[value.start : min(value.end, value.start + LONGEST_JUDGED)]


def _read_quoted(text: bytes, quote: re.Match[bytes], in_list: bool) -> Value:
    """Up to the same quote at the same depth of escaping: ``\\"`` closes ``\\"``, and a bare ``"`` ends both."""
    depth, mark, start = len(quote[1]), quote[2], quote.end()
    at = text.find(mark, start)
    while at >= 0:
        slashes = 0
        while at - slashes > start and text[at - slashes - 1] == 0x5C and slashes <= 16:
            slashes += 1
        if slashes <= depth and (depth or not slashes):
            return Value(start, at - slashes, True, at + 1, in_list)
        if not depth and slashes % 2 == 0:
            return Value(start, at, True, at + 1, in_list)
        at = text.find(mark, at + 1)
    other = min((found for other in (b'"', b"'", b"`") if (found := text.find(other, start)) >= 0), default=len(text))
    return Value(start, other, True, other)


def is_placeholder(value: bytes) -> bool:
    """Whether nothing secret stands there: empty, masked already, a variable, or a word such as ``null`` or ``expired``."""
    bare = value.strip(b" \t\r\n\xff")
    if not bare or not _ANY_ALNUM.search(bare):
        return True
    if len(bare) <= 64 and _STARRED.fullmatch(bare):
        return True
    bare = bare.rstrip(b".,;:!")
    if len(bare) <= 16 and bare.rstrip().lower() in _PLACEHOLDER_WORDS:
        return True
    return bare[0] in _PLACEHOLDER_HEADS and _PLACEHOLDER.match(bare) is not None


def looks_random(value: bytes, least: int, uuid_counts: bool = False) -> bool:
    """Whether ``value`` looks drawn by lot: long enough, and one unbroken run of it mixes letters and digits or both cases."""
    value = value[:LONGEST_JUDGED].strip()
    if len(value) < least or b" " in value:
        return False
    if not _DIGIT.search(value) and not _SWITCH.search(value):
        return False
    if value.count(b"-") >= 4 and _UUID.search(value):
        if uuid_counts:
            return True
        value = _UUID.sub(b"", value)
    needed = min(least, 10)
    for run in _RUN.findall(value) if needed >= 8 else [value]:
        if len(run) >= needed and _mixes(run):
            return True
    return 8 <= least <= len(value) and len(_CLASS_SWITCH.findall(value)) * 5 >= len(value) * 2


def _mixes(run: bytes) -> bool:
    has_digit = _DIGIT.search(run) is not None
    letters = run.upper() != run.lower()
    if has_digit and letters:
        return True
    # No digit at all: both cases in a long run, with capitals inside rather than as in CamelCase words.
    return letters and len(run) >= 16 and len(_SWITCH.findall(run)) * 3 >= len(run)


def is_secret(body: bytes, is_quoted: bool, name: bytes, separator: bytes, least: int) -> bool | None:
    """Whether a value behind a name that tells of secrets is one, rather than a placeholder, code or prose. None: a plain
    word, of which `ends_a_pair` decides."""
    if len(body) < least or is_placeholder(body):
        return False
    if is_quoted:
        return _MESSAGE.match(body) is None
    if _CODE.match(body):
        return False
    if abs(len(body) - len(name)) < 4 and body.lower().replace(b"_", b"") == name.lower().replace(b"_", b""):
        return False
    if separator[:1] == b"=" and separator != b"=" and _PAIR.match(body):  # "password= user=ana": no value
        return False
    spaced = separator[:1] in b" \t" or separator[-1:] in b" \t"
    if spaced and _IDENTIFIER.fullmatch(body.rstrip(b",;.")):
        return False
    if b":" in separator and (spaced or (separator == b":" and least > 1)) and _WORD.fullmatch(body):
        return None
    return not (body.isdigit() and least > 3 and len(body) < 6)


def ends_a_pair(text: bytes, value: Value, separator: bytes, least: int) -> bool:
    """Whether what follows a plain word shows that it is a value rather than the first word of a sentence."""
    if separator == b":" and least > 1:  # rails credentials:edit
        return text[value.end : value.end + 1] in b"]}"
    return _PAIR_NEXT.match(text, value.after) is not None
