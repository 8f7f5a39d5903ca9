"""``heroku logs``, the dashboard's "View logs" and most pastes: ``TIME source[process]: message``, all eras and Fir.

Source: devcenter.heroku.com/articles/logging; 2010 to 2013 without fractions of a second, Fir with pod names.
"""

from __future__ import annotations

import re

from . import Format, Head, Sample, share
from ._header import embedded, heroku

_NO_FRACTION = re.compile(rb"\n(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\+00:00|Z) (?=\w)", re.ASCII)


def detect(head: Head) -> float:
    return share(heroku, head.lines) or 0.9 * share(embedded, head.lines)


def rewrite(data: bytes) -> bytes:
    """Whole seconds, as logs before 2013 have them, to six digits."""
    return _NO_FRACTION.sub(rb"\n\1.000000+00:00 ", b"\n" + data)[1:]


FORMAT = Format(
    name="heroku-cli",
    title="heroku logs",
    read=heroku,
    anywhere=heroku,
    detect=detect,
    rank=0,
    rewrite=rewrite,
    samples=(
        Sample(
            '2026-11-20T09:14:07.353034+00:00 heroku[router]: at=info method=GET path="/orders?page=2" host=www.example.com status=200',
            "2026-11-20T09:14:07.353034Z", "heroku", "router", 'at=info method=GET path="/orders?page=2" host=www.example.com status=200',
        ),
        Sample("2012-03-14T09:00:20+00:00 app[web.1]: \tfrom config.ru:4", "2012-03-14T09:00:20.000000Z", "app", "web.1", "\tfrom config.ru:4"),
        Sample("2010-09-16T15:13:46-07:00 heroku[api]: Deploy 720aeb7 by ana@example.com", "2010-09-16T22:13:46.000000Z", "heroku", "api", "Deploy 720aeb7 by ana@example.com"),
        Sample("2026-11-20T09:14:07.96214Z app[web-848cd4f64d-pvpr2]: ready", "2026-11-20T09:14:07.962140Z", "app", "web-848cd4f64d-pvpr2", "ready"),
        Sample("2026-11-20T09:14:07.353034+00:00 heroku-router[web]: at=info", "2026-11-20T09:14:07.353034Z", "heroku-router", "web", "at=info"),
        Sample("2026-11-20T09:14:07.353034+00:00 app[web.1]:", "2026-11-20T09:14:07.353034Z", "app", "web.1", ""),
        Sample("2026-11-20T09:14:07.353034+00:00 app[web.1]:   indented", "2026-11-20T09:14:07.353034Z", "app", "web.1", "  indented"),
    ),
)  # fmt: skip
