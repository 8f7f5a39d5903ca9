"""The items of a ticket, and how complete a draft is: Heroku's nine and some more, each with what fills its gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .excerpt import Line, missing_sides, side_of
from .quotes import quotes_in

Input = Literal["line", "text", "code", "choice", "check"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the form. ``number`` is that of Heroku's own list of nine (0 for our additions)."""

    key: str
    label: str
    help: str
    input: Input = "text"
    number: int = 0
    choices: tuple[str, ...] = ()


ENVIRONMENTS = ("production", "staging", "testing", "development", "review app")
STAGING = ("yes", "no", "there is none")

ITEMS: tuple[Item, ...] = (
    Item("title", "Subject", "One line: what fails, where, since when.", "line"),
    Item(
        "app", "App", "The app's name on Heroku. File the ticket from an account that owns it or works on it.", "line"
    ),
    Item("environment", "Environment", "Only production tickets may be Urgent.", "choice", 0, ENVIRONMENTS),
    Item("priority", "Priority", "Heroku may change it.", "choice", 0, ("urgent", "high", "normal", "low")),
    Item("permission", "Heroku staff may access the app and its add-ons for this ticket", "Your decision.", "check", 1),
    Item("code_access", "Heroku staff may look at the app's code for this ticket", "Your decision.", "check"),
    Item("description", "What happens", "Each sentence names the lines that show it.", "text", 2),
    Item("users", "Users affected", "Number or percentage.", "text", 3),
    Item("business", "Business impact", "What it costs, whom it hits.", "text", 3),
    Item(
        "reproduce",
        "Steps to reproduce",
        "What to open or send, and what comes back; a curl is often enough.",
        "text",
        4,
    ),
    Item("staging", "Seen in staging or testing too?", "", "choice", 5, STAGING),
    Item("differences", "Differences between the environments", "Config, plans, data, traffic.", "text", 5),
    Item("began", "Began", "In UTC, as 2015-01-01 12:00:00 UTC.", "line", 6),
    Item("ended", "Ended", "In UTC, or “ongoing”.", "line", 6),
    Item("changed", "What changed", "Releases, config, scaling, traffic.", "text"),
    Item("excerpt", "Other lines", "Pasted by hand, where this log lacks them.", "code", 7),
    Item("trace", "Another stack trace", "Where this log lacks it.", "code", 7),
    Item("configuration", "Configuration", "Dyno sizes, server, names of variables; never values.", "text", 8),
    Item(
        "services",
        "Third-party services",
        "Above all those that are no Heroku add-ons; “none” if there are none.",
        "text",
        9,
    ),
    Item("workaround", "Workaround", "What helps for now, if anything.", "text"),
    Item("tried", "What was tried", "So that nobody asks for it again.", "text"),
    Item("status_page", "Heroku Status", "The incident reported there at that time, or “none”.", "line"),
    Item(
        "ticket_url",
        "Address of the ticket",
        "Once it is filed: “Share Ticket” on top of it gives one for all.",
        "line",
    ),
)


@dataclass(frozen=True, slots=True)
class Nine:
    """One of the nine things that Heroku asks to include, in our words."""

    number: int
    title: str
    help: str


NINE: tuple[Nine, ...] = (
    Nine(1, "Permission", "May Heroku's staff access the app and its add-ons for the purposes of this ticket?"),
    Nine(2, "Description", "A detailed description of the issue."),
    Nine(
        3, "Users and business", "How many users are affected, in numbers or percent, and what it does to the business."
    ),
    Nine(4, "Steps to reproduce", "What Support's engineers can do to see it themselves."),
    Nine(5, "Staging and testing", "Was it seen there too? If not: what differs in the configuration of the two."),
    Nine(6, "Time", "When it began, exactly and in UTC: other zones delay the answer."),
    Nine(7, "Logs and stack traces", "Lines of the app and of the platform, with their times."),
    Nine(8, "Configuration", "What matters of the app's configuration, without credentials."),
    Nine(9, "Third-party services", "Those that matter here, above all if they are no Heroku add-ons."),
)
BY_KEY = {item.key: item for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the ticket lacks. ``how_to_fill`` says where it comes from; ``from_log`` if a log would bring it."""

    key: str
    text: str
    how_to_fill: str
    from_log: bool = False


@dataclass(frozen=True, slots=True)
class Completeness:
    """``score`` from 0 to 1 by weight; ``gaps`` the weightiest first."""

    score: float
    gaps: tuple[Gap, ...]


_YOU = "Only you know this."
_WEIGHTS: tuple[tuple[int, Gap], ...] = (
    (12, Gap("began", "when it began", "Give the time in UTC, as 2015-01-01 12:00:00 UTC.")),
    (12, Gap("description", "a description of what happens", _YOU)),
    (10, Gap("permission", "permission for Heroku staff to access the app and its add-ons", "Tick it if you agree.")),
    (10, Gap("reproduce", "steps to reproduce it", "Say what to open or send, and what comes back.")),
    (8, Gap("business", "the impact on your business", _YOU)),
    (8, Gap("staging", "whether it was seen in staging or testing", _YOU)),
    (8, Gap("users", "the number or share of affected users", "Count them, or estimate and say so.")),
    (7, Gap("services", "the third-party services involved", "List them, or write “none”.")),
    (6, Gap("configuration", "the relevant configuration", "Dyno sizes, server, names of variables; never values.")),
    (4, Gap("app", "the app's name", "It stands in the dashboard and in `heroku apps:info`.")),
    (3, Gap("ended", "whether it goes on", "Give the time in UTC, or “ongoing”.")),
)
_SIDES = {
    "app": Gap("excerpt", "log lines of the app itself", "Take them with `heroku logs -n 1500 -s app`.", from_log=True),
    "platform": Gap(
        "excerpt", "log lines of the platform", "Take them with `heroku logs -n 1500 -s heroku`.", from_log=True
    ),
}
_SIDE_WEIGHT = 6
_DIFFERENCES = Gap("differences", "what differs between the environments", _YOU)


def complete(fields: Mapping[str, Any]) -> Completeness:
    """How complete the fields are, and what they lack."""
    checks = [(weight, gap, _filled(fields, gap.key)) for weight, gap in _WEIGHTS]
    lines = [Line(0, 0, "", None, quote["side"]) for quote in quotes_in(fields) if not quote["trace"]]
    lines += [Line(0, 0, text, None, side_of(text)) for text in str(fields.get("excerpt") or "").split("\n")]
    absent = missing_sides(lines)
    checks += [(_SIDE_WEIGHT, gap, side not in absent) for side, gap in _SIDES.items()]
    if fields.get("staging") == "no":  # Heroku asks for the differences then
        checks.append((4, _DIFFERENCES, _filled(fields, "differences")))
    total = sum(weight for weight, _, _ in checks)
    score = sum(weight for weight, _, filled in checks if filled) / total
    missing = sorted(((weight, gap) for weight, gap, filled in checks if not filled), key=lambda one: -one[0])
    return Completeness(round(score, 2), tuple(gap for _, gap in missing))


def _filled(fields: Mapping[str, Any], key: str) -> bool:
    value = fields.get(key)
    return value is True if key in ("permission", "code_access") else bool(str(value or "").strip())
