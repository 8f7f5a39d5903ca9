"""The parts of an endpoint's page besides its graphs, made ready for the template from the stored details."""

from __future__ import annotations

from incidents.analysis import Details, slices
from incidents.views.summary import Document, Summary, endpoint_key
from incidents.views.window import Window

MATTERS_MS, MATTERS_SHARE = 100.0, 0.5
"""A difference of times is worth a word from here: a tenth of a second, and half as much again."""


def figures_of(details: Details, name: str, window: Window) -> dict[str, float] | None:
    """The row's figures inside a window; None for the whole incident, or where the endpoint has no rows of its own."""
    if window.is_whole or name not in details.names:
        return None
    found = slices.figures(details.names, details.rollup, window.low_s, window.high_s).get(name)
    nothing = dict.fromkeys(("count", "errors", "timeouts", "unreached", "total_ms", "total_share"), 0)
    empty = dict.fromkeys(("mean_ms", "sd_ms", "min_ms", "max_ms", "p50_ms", "p95_ms", "p99_ms"), None)
    return found or (nothing | empty | {"apdex": None, "dissatisfied_share": None})  # type: ignore[return-value]


# -- releases ---------------------------------------------------------------------------------------------------------
def releases(details: Details, window: Window) -> list[Document]:
    """Each release with what it did to the app as a whole, and to which endpoints for sure; the newest first."""
    found = []
    for release in details.releases:
        if window.holds(release["utc"]):
            moved = [_judged(one) | {"name": name, "key": endpoint_key(*name.split(" ", 1))}
                     for name, one in release["endpoints"].items()]  # fmt: skip
            found.append(release | {
                "slower": [one for one in moved if one["tone"] == "slower"][:5],
                "faster": [one for one in moved if one["tone"] == "faster"][:5], "compared": len(moved),
                "mix": _mix(release["whole"]),
            })  # fmt: skip
    return found[::-1]


def releases_of(details: Details, name: str, window: Window) -> list[Document]:
    """Each release with what it did to one endpoint, in order of time."""
    return [
        {**release, "mine": _judged(release["endpoints"][name]) if name in release["endpoints"] else None}
        for release in details.releases
        if window.holds(release["utc"])
    ]


def _judged(one: Document) -> Document:
    """Slower or faster only where chance is ruled out and the difference matters."""
    matters = abs(one["shift_ms"]) >= max(MATTERS_MS, MATTERS_SHARE * min(one["p50_before_ms"], one["p50_after_ms"]))
    tone = "same"
    if one["sure"] and matters:
        tone = "slower" if one["shift_ms"] > 0 else "faster"
    return one | {"tone": tone, "is_slight": one["sure"] and not matters}


def _mix(whole: Document | None) -> str:
    """What the change of the mean is made of."""
    if whole is None:
        return ""
    raw, held = whole["mean_after_ms"] - whole["mean_before_ms"], whole["adjusted_ms"]
    if whole["low_ms"] <= 0 <= whole["high_ms"]:
        if abs(raw) >= max(MATTERS_MS, 0.2 * whole["mean_before_ms"]):
            return "The mean moved because other endpoints were asked for; no endpoint is clearly slower or faster."
        return "No change that chance would not explain."
    if raw * held < 0:
        return "The mean moved the other way only because other endpoints were asked for."
    return ""


# -- answers, dynos, waiting, examples --------------------------------------------------------------------------------
def answers(mine: Document) -> list[Document]:
    """Status and code with their share."""
    rows = mine.get("answers") or []
    total = sum(number for *_, number in rows) or 1
    return [
        {"status": status, "code": code, "count": number, "share": number / total,
         "tone": "urgent" if code or (status or 0) >= 500 else "normal" if (status or 0) >= 400 else "low"}
        for status, code, number in rows
    ]  # fmt: skip


def dynos(mine: Document) -> list[Document]:
    """Which dynos served it. One that fails more often, or takes far longer than the others, is marked."""
    rows = [{"name": name, "count": count, "mean_ms": mean, "errors": errors} for name, count, mean, errors
            in mine.get("dynos") or []]  # fmt: skip
    every = sorted(row["mean_ms"] for row in rows)
    usual = every[len(every) // 2] if every else 0
    top = max((row["count"] for row in rows), default=1)
    for row in rows:
        row["share"] = row["count"] / top
        row["is_slow"] = len(rows) > 2 and row["count"] >= 5 and row["mean_ms"] >= max(3 * usual, usual + MATTERS_MS)
    return rows


def pairs(mine: Document, key: str, summary: Summary) -> list[Document]:
    """Who held the workers while it waited (behind), or who waited while it held them (before)."""
    rows = mine.get(key) or []
    roles = {f"{row['method']} {row['path']}": row.get("role", "") for row in summary.endpoints}
    top = rows[0][1] if rows else 1
    return [
        {"name": name, "key": endpoint_key(*name.split(" ", 1)), "waited_ms": waited_ms, "share": waited_ms / top,
         "role": roles.get(name, "")}
        for name, waited_ms in rows
    ]  # fmt: skip


def examples(mine: Document, window: Window) -> list[Document]:
    """The slowest requests and some that failed, each once, with own time where it is known."""
    found: dict[tuple[int, int], Document] = {}
    for kind in ("slowest", "failed"):
        for one in mine.get(kind) or []:
            if window.holds(one["utc"]):
                found.setdefault((one["source"], one["line"]), dict(one))
    for one in found.values():
        waited, service = one["waited_ms"], one["service_ms"]
        one["own_ms"] = None if waited is None or service is None else max(0, service - waited)
        one["place"] = f"{one['source']}.{one['line']}"
    return list(found.values())
