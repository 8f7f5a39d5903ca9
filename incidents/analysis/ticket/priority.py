"""Which priority to recommend, and why. Heroku's definitions stand in the catalogue; the user has the last word."""

from __future__ import annotations

from dataclasses import dataclass

from .. import catalogue

HEAVY_SHARE = 0.05
"""From this share of failed requests on, an impairment counts as significant."""
NOT_PRODUCTION = ("staging", "testing", "development", "review app")
_QUESTIONS = (
    "ssl-or-dns",
    "disallowed-host",
    "static-files",
    "client-disconnect",
    "bad-client-request",
    "log-drain-overflow",
)
PLANS = {"Standard": False, "Premier": True, "Legacy Heroku Enterprise": True, "Other": None}
"""Plans of support → whether Urgent pages somebody; names as of 2026, from Heroku's guide to ticket priorities."""
_CODES_OF_THE_PLATFORM = tuple(code.code for code in catalogue.CODES.values() if code.platform_fault)


@dataclass(frozen=True, slots=True)
class Impact:
    """How bad it is, as far as a log can show. ``down``: nearly all requests of the log's last minutes failed."""

    requests: int = 0
    failed: int = 0
    clients: int = 0
    down: bool = False

    @property
    def share(self) -> float:
        return self.failed / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Recommendation:
    priority: str
    reason: str


def recommend(
    *, status: str, slug: str, codes: frozenset[str], impact: Impact, environment: str = "", workaround: str = ""
) -> Recommendation:
    """The priority for an incident. ``status`` and ``slug`` are the verdict's; the last two are what only people know.

    Urgent needs proof that everything is down *and* a person's word that it is production: a log can't tell.
    """
    owner = catalogue.CAUSES[slug].owner if slug in catalogue.CAUSES else "app"
    herokus_side = owner in ("platform", "data") or bool(codes & set(_CODES_OF_THE_PLATFORM))
    if status == "healthy":
        return Recommendation("low", "Nothing in this log harmed users, so this is a question.")
    if environment in NOT_PRODUCTION:
        return Recommendation("normal", f"It is {environment}, not production.")
    if slug in _QUESTIONS or owner in ("none", "client"):
        return Recommendation(
            "normal" if impact.failed else "low", "Problems of this kind are questions, not emergencies."
        )
    if impact.down and environment == "production":
        if workaround:
            return Recommendation("high", "Production is down, and there is a workaround.")
        return Recommendation("urgent", "Nearly all requests to production fail, and no workaround is known.")
    if not herokus_side:
        return Recommendation("normal", _APP_REASON[impact.down])
    if impact.down:
        return Recommendation(
            "high", "Nearly all requests fail. If this is production and nothing helps, it is Urgent."
        )
    if impact.share >= HEAVY_SHARE:
        return Recommendation(
            "high", f"{impact.share:.0%} of the requests fail, and the cause may lie on Heroku's side."
        )
    return Recommendation("normal", "Something is impaired, but most requests succeed.")


def of_plan(plan: str) -> str:
    """What a plan of support, one of `PLANS`, makes of the priority; '' where that is not known."""
    pages = PLANS.get(plan)
    if pages is None:
        return ""
    if pages:
        return f"On {plan} support, Urgent pages Heroku's engineer on call. It is for production only."
    return f"On {plan} support, Urgent pages nobody, and no priority buys a faster reply."


_APP_REASON = {
    True: "Nearly all requests fail, but the cause lies in the app or its settings, where Support can't look. "
    "If this is production and nothing helps, choose High or Urgent.",
    False: "The cause lies in the app or its settings, and Support can't debug those.",
}


def gate(slug: str, codes: frozenset[str]) -> str:
    """Before filing: what Heroku Support can do about this. Kind, and never a bar; '' where it is clearly theirs."""
    own = sorted(codes & set(_CODES_OF_THE_PLATFORM))
    owner = catalogue.CAUSES[slug].owner if slug in catalogue.CAUSES else ""
    if own or owner == "platform":
        return ""
    if owner == "data":
        return (
            "Heroku Support can look at the database's or Redis' own side: availability, maintenance, limits. "
            "How the app uses it is for you to see; the commands among the remedies show most of it."
        )
    if owner == "external":
        return (
            "This points to a service outside Heroku. Its own support can see more than Heroku's; "
            "file here if that leads nowhere."
        )
    return (
        "Nothing in this log points to Heroku's platform (no H99, no R99). Heroku Support can debug the platform, not "
        "the app, so the remedies are probably the faster way. If you think otherwise, file it: this draft is ready."
    )
