"""What ``git push heroku`` and the build page print: ``remote: -----> Building``. It never stands in ``heroku logs``.

Source: devcenter.heroku.com/articles/git, /articles/release-phase.
"""

from __future__ import annotations

import re

from ..types import Record, SourceSettings
from . import Format, Head, Sample, share

_LINE = re.compile(r"(?:remote: ?(.*)|( ?----->.*)|( {1,7}!(?: {1,8}.*|$))|(! \[remote rejected\].*))$", re.DOTALL)


def read(text: str, settings: SourceSettings) -> Record | None:
    match = _LINE.match(text) if text[:1] in "r- !" else None
    return Record(None, "heroku", "build", next(part for part in match.groups() if part is not None)) if match else None


def detect(head: Head) -> float:
    return 0.8 * share(read, head.lines)


FORMAT = Format(
    name="build-output",
    title="build output",
    read=read,
    anywhere=read,
    detect=detect,
    rank=40,
    samples=(
        Sample("remote: -----> Building on the Heroku-24 stack", None, "heroku", "build", "-----> Building on the Heroku-24 stack"),
        Sample("-----> Python app detected", None, "heroku", "build", "-----> Python app detected"),
        Sample(" !     Push rejected, failed to compile Python app.", None, "heroku", "build", " !     Push rejected, failed to compile Python app."),
    ),
)  # fmt: skip
