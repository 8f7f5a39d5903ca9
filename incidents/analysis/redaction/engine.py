"""Runs the rules over text: finds the lines that matter, reads each in every way, and puts markers in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from . import codes, headers, options, pairs, pem, personal, phrases, places, urls, vendors
from .aliases import Aliases
from .expressions import compile_re2
from .marks import Span, hide_markers, marker, merge
from .views import INVISIBLE_SOURCE, readings
from .words import Compiled

_SPLIT_AT = 9_900  # Logplex splits messages at 10,000 bytes
_AROUND_SPLIT = 2_000  # so much on both sides of a split is read together
_DENSE, _LONG = 1_000, 32_768  # a line of so many secrets or bytes is read once
_ROUNDS = 4  # a line is read again after masking until nothing is found, at most so often

_STEM = (
    r"(?:(?:pass|pwd|pword|secret|auth|cred|cookie|sess|csrf|xsrf|hmac|jwt|bearer|licen[cs]e|mnemonic|saml|assertion|verifier|"
    r"signature|private|(?:otp|mfa|2fa|sms|ion|ity|auth|login|backup|recovery|access|device|time|pin|invite|factor|email|phone|signin|verify|confirm|magic|scratch)[_ ]?code|"
    r"kennwort|senha|contrase(?:n|\xc3\xb1)a|l(?:o|\xc3\xb6)senord|wachtwoord|adgangskode|salasana|heslo|has(?:l|\xc5\x82)o|\xc5\x9fifre|"
    r"\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c|\xd0\x90\xd0\xa0\xd0\x9e\xd0\x9b\xd0\xac|\xe5\xaf\x86\xe7[\xa0\xa2][\x81\xbc]|\xe5\x8f\xa3\xe4\xbb\xa4|\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89|\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8|\xec\x95\x94\xed\x98\xb8|"
    r"bundle_\w+__|honeycomb[_\-]team|session[ ]id)[\w.\-]*|"
    r"(?:otp|pin|pw|cv[vc]|sig|pat|salt|seed|psk|sid)[\d_.\-]*)"
)
_OFTEN = r"(?:token|key)[\w.\-]*"  # also keys=2 and total_tokens=867: of three bytes no key is made
_SEPARATED = r"(?:\\*[\"'`\])]|%[0-9a-f]{2}|&[a-z]{2,4};|\\u00..)*[ \t\r]*(?:[=,<>]|:|->|\xc2\xa0|\([\"'\\]|\\+[nrt])[=>]*[ \t\r]*"
# What comes next is no marker that fills its place: one that does is masked already (FILL stands for its bytes).
_UNMASKED = r"(?:[^\xff\s\"'\\\[(]|\xff+[^\xff\s\"'`<>,;&)\]}\\]|(?m:$))"
_TRIGGER_SOURCE = "|".join(
    (
        # a telling word, the rest of its name, the end of its quotes, a separator
        _STEM + _SEPARATED + r"[\"'\\\[(]*" + _UNMASKED,
        _OFTEN
        + _SEPARATED
        + r"(?:[\"'\\\[({<!]+"
        + _UNMASKED
        + r"|[^\xff\s\"'\\\[(][^\s]{3}|\xff+[^\xff\s\"'`<>,;&)\]}\\]|(?m:$))",
        # a pair of name and value: <param name="password" value=…
        r"\b(?:name|key|field|header|id|k|var|param)[\"']?[ \t\r]*[=:>][ \t\r]*\\*[\"']?[\w.\-]*(?:"
        + _STEM
        + "|"
        + _OFTEN
        + ")",
        r"[?&;#](?:code|key|ticket|sig)=|\b(?:code|key|ticket)=[\w.%\-]{10,}&",
        # a telling word, a few small words, something with a digit; options of commands
        r"(?:(?:passw[a-z]*|passphrase|passcode|pwd|secret|token|key|credential|(?:\b|[nyep]_)code|\bpin|identified by|\bauth)s?[\"']?|\blogin)[ \t]+(?:[a-z=>:.@_\-]+[ \t:=]+){0,4}"
        r"\\*[\"'`(<\[]?[^\s]*[0-9'\"]",
        r"[ \t\r]-{1,2}[\w.\-]*(?:pass|pwd|secret|token|key|auth|cred|user|u|U|p|P|a)[\w.\-]*[ \t]",
        r"[ \t\r]-[pPN][ ]?[^\s\-=]|[\"']-(?:[pPNkK][^\s\-=\"'\\]|[pPNauUkK]\\*[\"'],?[ ]?\\*[\"'])|openssl|bundle config|\botp[ \t]+(?:is|was|[0-9])|sqlplus|sqlldr|rman |[ei][xm]pdp |(?:requirepass|masterauth|masterpass)|\bac[0-9a-f]{32}[:/, \"'\\]",
        r"://[^\s\"'<>\xff]*@|://[^\s/?#@:]*:[^\s/?#@:]*[^\s/?#@:0-9][^\s/?#@:]*(?m:$)|:(?:\\+/){2}|@(?:tcp|unix)\(|:[^\s\"'@/:]{4,}@[\w.\-]+:[0-9]{2,5}/|oracle:",
        r"\b(?:bearer|basic)(?:[ \t+:]|%20)+[^\xff]",
        r"private.{1,3}key|kty|rsakeyvalue|(?:hawk|mac) id=|setuser|insert[ \t]+(?:ignore[ \t]+)?into|pdo->|mysqli|ldap_bind|ftp_login|imap_open|ssh2_auth|\bcrypt\('|\blogin[(\[][ ]?\\*[\"']|(?-i:\bPASS[ ]:?[^\s]{4})|loginmodule|(?:recovery|seed|secret|backup|mnemonic)[ _](?:phrase|words?)[ \t:=\"'\\]+[a-z]{3,8} [a-z]{3,8} |::add-mask::|;issecret=true",
        r"echo[ \t][^|]*\||<<<|[ \t](?:is|as)[ \t](?:your|the)[ \t]|(?:use|enter)[ \t]+(?:code|otp|pin|[0-9])|\b[sb]\.[a-z0-9]{24}|--[0-9a-f]{8,}",
        r"/[a-z_\-]*(?:reset|magic|invit|confirm|verif|activat|unlock|unsubscribe|recover|forgot|one-time|one_time|passwordless|token)[a-z_\-]*/(?:[a-z0-9]{1,8}/)?[a-z0-9_\-=%]{8,}",
        r"%(?:25)*(?:3[ad]|22|26)|\\u00(?:2[267]|3[acde])|&(?:quot|amp|lt|gt|#[0-9]|#x)",
        INVISIBLE_SOURCE.decode("latin-1"),
    )
)


_TRIGGER = compile_re2(f"(?i:{_TRIGGER_SOURCE})|{vendors.TRIGGER}".encode("latin-1"), megabytes=32)
_RULES: tuple[Callable[[bytes], Iterable[Span]], ...] = (
    vendors.find,
    urls.find,
    pairs.find,
    headers.loose,
    options.find,
    places.find,
    codes.find,
    phrases.find,
)


class Engine:
    """One policy of redaction, with its counts. Feed it whole lines; keys that span lines are followed per dyno."""

    def __init__(
        self, personal_data: bool = False, words: Sequence[Compiled] = (), aliases: Aliases | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._others = [word.find for word in words] + (list(personal.RULES) if personal_data else [])
        self._aliases = aliases
        self._pem = pem.PemLines()
        # For each dyno the end of its last line, where that was long enough to have been split.
        self._tails: dict[bytes, bytes] = {}

    def run(self, data: bytes) -> bytes:
        """``data``, any number of lines, with markers for what must not be seen."""
        if self._pem.is_open or b"PRIVATE KEY" in data:
            data = self._keys(data)
            self.counts["private-key"] -= self._pem.closed
            self._pem.closed = 0
        if self._tails or _has_long_line(data):
            data = self._splits(data)
        data = self._credentials(data)
        # What the other rules hide may have stood beside a name: lines with markers are read again.
        for _ in range(_ROUNDS):
            before, hidden = data, hide_markers(data) if self._others else data
            for find in self._others:
                if spans := merge(find(hidden)):
                    data = self._put(data, spans)
                    hidden = hide_markers(data)
            if data is before:
                break
            again = self._credentials(data, marked_only=True)
            if again is data:
                break
            data = again
        return data

    def _keys(self, data: bytes) -> bytes:
        """Keys of several lines. Each of their lines gets a marker of its own; a key counts once."""
        lines = data.split(b"\n")
        if not self._pem.is_open and b"END " in data:
            for number, body in list(pem.orphans(lines)):
                lines[number] = lines[number][: body.start] + marker(body.kind) + lines[number][body.end :]
        for number, line in enumerate(lines):
            if (self._pem.is_open or b"PRIVATE KEY" in line) and (span := self._pem.feed(line)):
                lines[number] = line[: span.start] + marker(span.kind) + line[span.end :]
        return b"\n".join(lines)

    def _splits(self, data: bytes) -> bytes:
        """Secrets cut in two where Logplex splits a message: the end of a long line is read together with its dyno's next."""
        lines = data.split(b"\n")
        number_of: dict[bytes, int] = {}
        for number, line in enumerate(lines):
            stream, start = pem.split_head(line)
            if tail := self._tails.pop(stream, b""):
                joined = hide_markers(tail + line[start : start + _AROUND_SPLIT])
                for span in merge(_find(joined)):
                    if span.start < len(tail) < span.end:
                        self.counts[span.kind] += 1
                        lines[number] = line[:start] + marker(span.kind) + line[start + span.end - len(tail) :]
                        if (before := number_of.get(stream)) is not None:
                            lines[before] = lines[before][: span.start - len(tail)] + marker(span.kind)
            if len(line) - start >= _SPLIT_AT:
                self._tails[stream], number_of[stream] = line[-_AROUND_SPLIT:], number
        return b"\n".join(lines)

    def _credentials(self, data: bytes, marked_only: bool = False) -> bytes:
        """Looks for a trigger anywhere and reads only the lines that hold one."""
        pieces: list[bytes] = []
        done = at = 0
        while found := _TRIGGER.search(data, at):
            start = data.rfind(b"\n", done, found.start()) + 1 or done
            end = data.find(b"\n", found.start())
            end = len(data) if end < 0 else end
            line = data[start:end]
            masked = self._line(line) if not marked_only or b"[REDACTED:" in line else line
            if masked is not line:
                pieces += (data[done:start], masked)
                done = end
            at = end + 1
            if at > len(data):
                break
        return b"".join([*pieces, data[done:]]) if pieces else data

    def _line(self, line: bytes) -> bytes:
        for _ in range(_ROUNDS):
            hidden = hide_markers(line)
            if hidden is not line and not _TRIGGER.search(hidden):
                break
            spans = merge(_find(hidden))
            if not spans:
                break
            line = self._put(line, spans)
            if len(spans) > _DENSE or len(line) > _LONG:
                break
        return line

    def _put(self, data: bytes, spans: list[Span]) -> bytes:
        pieces: list[bytes] = []
        done = 0
        for start, end, kind in spans:
            alias = self._aliases.name(kind, data[start:end]) if self._aliases else None
            pieces += (data[done:start], alias or marker(kind))
            done = end
        self.counts.update(span.kind for span in spans)
        return b"".join([*pieces, data[done:]])


def _has_long_line(data: bytes) -> bool:
    at = 0
    while len(data) - at >= _SPLIT_AT:
        newline = data.rfind(b"\n", at, at + _SPLIT_AT)
        if newline < 0:
            return True
        at = newline + 1
    return False


def _find(line: bytes) -> Iterator[Span]:
    """What the rules find in any reading of the line, as places in the line itself."""
    for view in readings(line):
        text = view.text
        spans = [span for rule in _RULES for span in rule(text)]
        if b"PRIVATE" in text:
            spans += pem.inline(text)
        if text is line:
            yield from spans
            continue
        for span in spans:
            yield Span(*view.span(span.start, span.end), span.kind)
