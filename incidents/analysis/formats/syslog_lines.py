"""Syslog messages, one a line: what a drain receiver, Logentries or a forwarder writes down. Priority and host may be gone.

Source: RFC 5424, and Logplex's own departure from it (no structured data).
"""

from __future__ import annotations

import re

from . import Format, Head, Sample, share
from ._header import syslog

_USUAL = re.compile(
    rb"\n<\d{1,3}>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00) "
    rb"(?:host (app|heroku) ([\w.:-]{1,64}) - |d\.[0-9a-f-]{36} (app|heroku) ([\w.:-]{1,64}) - - )", re.ASCII
)  # fmt: skip


def detect(head: Head) -> float:
    return share(syslog, head.lines)


def rewrite(data: bytes) -> bytes:
    """The lines that Logplex writes to HTTPS and syslog drains, to canonical ones."""
    return _USUAL.sub(rb"\n\1 \2\4[\3\5]: ", b"\n" + data)[1:]


FORMAT = Format(
    name="syslog",
    title="syslog messages, one a line",
    read=syslog,
    anywhere=syslog,
    detect=detect,
    rank=10,
    rewrite=rewrite,
    samples=(
        Sample("<45>1 2026-11-20T09:14:08.120044+00:00 host heroku web.1 - State changed from up to starting", "2026-11-20T09:14:08.120044Z", "heroku", "web.1", "State changed from up to starting"),
        Sample("<190>1 2026-11-20T09:14:08.5+00:00 host app web.1 - - a list mark", "2026-11-20T09:14:08.500000Z", "app", "web.1", "- a list mark"),
        Sample("<190>1 2026-11-20T09:14:08.500120+00:00 d.00000000-0000-4000-8000-000000000001 app web.1 - - ready", "2026-11-20T09:14:08.500120Z", "app", "web.1", "ready"),
        Sample('<190>1 2026-11-20T09:14:08Z shop app web.1 - [meta@1 sequenceId="7"] ready', "2026-11-20T09:14:08.000000Z", "app", "web.1", "ready"),
        Sample("188 <45>1 2013-05-08T09:00:08.100200+00:00 heroku web.1 - - Error R12 (Exit timeout)", "2013-05-08T09:00:08.100200Z", "heroku", "web.1", "Error R12 (Exit timeout)"),
        Sample("2013-05-08 09:00:02.300 187 <13>1 2013-05-08T09:00:02.100200+00:00 app web.1 - - ok", "2013-05-08T09:00:02.100200Z", "app", "web.1", "ok"),
        Sample("2026-11-20T09:14:07.353034+00:00 host heroku router - at=info method=GET", "2026-11-20T09:14:07.353034Z", "heroku", "router", "at=info method=GET"),
        Sample("2014-05-06 07:08:09.101112+00:00 heroku router - - at=info method=GET", "2014-05-06T07:08:09.101112Z", "heroku", "router", "at=info method=GET"),
    ),
)  # fmt: skip
