"""A burst in one sentence, the same on pages, in mails and in webhooks."""

from __future__ import annotations

from incidents.analysis.bursts import SILENCE, Burst
from incidents.analysis.catalogue import CODES

_NAMES = {
    SILENCE: "The app fell silent",
    "5xx": "Requests fail in the app (5xx)",
    "crash-loop": "Dynos crash again and again",
}
_COUNTED = {"5xx": "failed requests", "crash-loop": "crashes"}


def name_of(cause: str) -> str:
    """``H12 Request timeout``, ``The app fell silent``."""
    if cause in _NAMES:
        return _NAMES[cause]
    code = CODES.get(cause)
    return f"{cause} {code.title}" if code else cause


def sentence_of(burst: Burst) -> str:
    """``H12 Request timeout: 48 in 6 min, at most 14 a minute; usually none.``"""
    minutes = burst.last - burst.began + 1
    if burst.cause == SILENCE:
        return f"{name_of(SILENCE)}: no line for {minutes} min."
    what = _COUNTED.get(burst.cause, "")
    counted = f"{burst.count:,} {what}".strip()
    text = f"{name_of(burst.cause)}: {counted} in {minutes} min"
    if burst.cause == "5xx" and burst.requests:
        text += f", {burst.count / burst.requests:.0%} of all requests".replace("%", " %")
    if minutes > 1:
        text += f", at most {burst.peak_count:,} a minute"
    usual = "none" if burst.usual < 0.05 else f"{burst.usual:.1f} a minute"
    return f"{text}; usually {usual}."
