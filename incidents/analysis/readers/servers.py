"""What application servers print when they start: name, workers, threads, and where they listen.

The words are those of gunicorn, uvicorn, hypercorn, daphne, waitress, Flask, Django, puma, unicorn, thin, WEBrick,
Sidekiq, Tomcat, Jetty, Netty, Undertow, gin, echo, PHP and the usual sentences of Node programs.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import re2

_ANSI_LEFT = re.compile(r"\x1b?\[[\d;]{1,12}m")
_HOST = r"(?P<host>\[?[0-9a-fA-F:]*::[0-9a-fA-F:.]*\]?|\d{1,3}(?:\.\d{1,3}){3}|localhost|\*|[A-Za-z][\w.-]{0,80})?"


class Hint(NamedTuple):
    """``kind`` is server, listen or worker; ``triggers`` are texts of which one must stand in the line."""

    kind: str
    name: str
    pattern: re.Pattern[str]


def _hint(kind: str, name: str, pattern: str) -> Hint:
    return Hint(kind, name, re.compile(pattern))


_HINTS: tuple[Hint, ...] = (
    _hint("server", "gunicorn", r"Starting gunicorn (?P<version>[\w.]{1,20})"),
    _hint("listen", "gunicorn", rf"Listening at: https?://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("server", "gunicorn", r"Using worker: (?P<worker_class>[\w.]{1,40})"),
    _hint("worker", "gunicorn", r"Booting worker with pid:? (?P<pid>\d{1,8})"),
    _hint("listen", "uvicorn", rf"Uvicorn running on https?://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("server", "uvicorn", r"Started (?:server|parent) process \[(?P<pid>\d{1,8})\]"),
    _hint("listen", "flask", rf"\* Running on https?://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("server", "flask", r"\* Serving Flask app"),
    _hint("listen", "django", rf"Starting development server at https?://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "daphne", rf"Listening on TCP address {_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "waitress", rf"[Ss]erving on https?://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "hypercorn", rf"Running on https?://{_HOST}:(?P<port>\d{{1,5}}) \(CTRL"),
    _hint("server", "puma", r"Puma starting in (?P<mode>single|cluster) mode"),
    _hint("server", "puma", r"Min threads: (?P<min_threads>\d{1,4})(?:, max threads: (?P<threads>\d{1,4}))?"),
    _hint("server", "puma", r"\*\s+Max threads: (?P<threads>\d{1,4})"),
    _hint("server", "puma", r"(?:Process workers|\*\s+Workers): (?P<workers>\d{1,4})"),
    _hint("listen", "puma", rf"\* Listening on (?:https?|tcp|ssl)://{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("worker", "puma", r"- Worker (?P<number>\d{1,4}) \((?:PID|pid): (?P<pid>\d{1,8})\) booted"),
    _hint("listen", "unicorn", rf"listening on addr={_HOST}:(?P<port>\d{{1,5}})"),
    _hint("worker", "unicorn", r"worker=(?P<number>\d{1,4}) ready"),
    _hint("server", "unicorn", r"master process ready"),
    _hint("listen", "webrick", r"WEBrick::HTTPServer#start: pid=(?P<pid>\d{1,8}) port=(?P<port>\d{1,5})"),
    _hint("server", "thin", r"Thin web server \(v?(?P<version>[\w.]{1,20})"),
    _hint("listen", "thin", rf"Listening on {_HOST}:(?P<port>\d{{1,5}}), CTRL"),
    _hint("server", "sidekiq", r"(?:Booting Sidekiq|Starting processing, hit Ctrl-C to stop)"),
    _hint("listen", "tomcat", r"Tomcat (?:started|initialized) (?:on|with) port(?:\(?s?\)?)?:? (?P<port>\d{1,5})"),
    _hint("listen", "undertow", r"(?:Undertow|Jetty|Netty) started on port(?:\(?s?\)?)?:? (?P<port>\d{1,5})"),
    _hint("listen", "jetty", rf"Started (?:\w{{1,20}}Connector)?@?\w{{0,16}}\{{HTTP/[\d.]{{1,4}}[^}}]{{0,80}}\}}\{{{_HOST}:(?P<port>\d{{1,5}})\}}"),
    _hint("server", "spring", r"Started [\w$.]{1,80} in (?P<seconds>\d{1,4}(?:\.\d{1,4})?) seconds"),
    _hint("listen", "jetty", r"\{:port (?P<port>\d{2,5})\b"),  # Clojure prints the map of its options
    _hint("listen", "play", rf"Listening for HTTPS? on /?{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "gin", rf"Listening and serving HTTP on {_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "echo", rf"http server started on {_HOST}:(?P<port>\d{{1,5}})"),
    _hint("listen", "php", rf"(?:Development Server|development server started:?|Server running on) [\[(<]?(?:https?://)?{_HOST}:(?P<port>\d{{1,5}})"),
    _hint("server", "php", r"Starting (?P<server>php-fpm|httpd|nginx)\.\.\."),
    _hint("listen", "php", r"Application ready for connections on port (?P<port>\d{1,5})"),
    _hint(
        "listen", "app",
        r"(?i)\b(?:visit|open|navigate|browse|go|see|available|view)\b[^{}]{0,40}?https?://(?P<host>localhost|127\.0\.0\.1|0\.0\.0\.0):(?P<port>\d{2,5})\b",
    ),
    _hint(
        "listen", "app",
        rf"(?i)\b(?:listening|listen|running|started|starting|serving|live|ready|up)\b[^{{}}]{{0,60}}?(?:\bport\b\D{{0,12}}|https?://{_HOST}:|\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):|\bon \*?:)(?P<port>\d{{2,5}})\b",
    ),
)  # fmt: skip
_TRIGGER = re2.compile(
    r"(?i)gunicorn|listen|worker|running|started|starting|serving|puma|threads:|workers:|ready|WEBrick|thin web"
    r"|booting|\bport\b|development server|\blive\b|\bup\b"
    r"|\blocalhost:|\b127\.0\.0\.1:|\b0\.0\.0\.0:"
)


def read(text: str) -> tuple[str, dict[str, Any]] | None:
    """Kind and detail of a server's boot line, or None if it is none.

    server: name, and version, mode, workers, threads, worker_class where printed · listen: name, host, port · worker: name, pid, number
    """
    if len(text) > 400 or not _TRIGGER.search(text):
        return None
    plain = _ANSI_LEFT.sub("", text)
    for hint in _HINTS:
        found = hint.pattern.search(plain)
        if found:
            detail: dict[str, Any] = {"name": hint.name}
            for key, value in found.groupdict().items():
                if value is not None:
                    detail[key] = int(value) if value.isdigit() and key != "version" else value
            if hint.kind == "listen" and not 0 < detail["port"] < 65536:
                return None
            return hint.kind, detail
    return None


def is_loopback(host: str | None) -> bool:
    """Whether a listener at this host can be reached only from inside the dyno."""
    return host is not None and host.strip("[]").lower() in ("localhost", "127.0.0.1", "::1")
