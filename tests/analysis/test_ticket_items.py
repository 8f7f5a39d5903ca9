"""How complete a ticket is, and what fills its gaps."""

from __future__ import annotations

from incidents.analysis.ticket import BY_KEY, ITEMS, complete

APP_LINE = "app.log:3  2026-03-14T09:12:07.353034+00:00 app[web.1]: boom"
PLATFORM_LINE = 'app.log:4  2026-03-14T09:12:08.353034+00:00 heroku[router]: at=error code=H12 desc="Request timeout"'

FULL = {
    "title": "shop: H12", "app": "shop", "environment": "production", "permission": True, "description": "It fails.",
    "users": "All.", "business": "No orders.", "reproduce": "curl …", "staging": "yes", "began": "2026-03-14 09:12:07 UTC",
    "ended": "ongoing", "excerpt": f"{APP_LINE}\n{PLATFORM_LINE}", "configuration": "web@2", "services": "none",
}  # fmt: skip


def keys(fields):
    return [gap.key for gap in complete(fields).gaps]


def test_a_full_ticket_has_no_gaps():
    assert complete(FULL).score == 1.0
    assert keys(FULL) == []


def test_an_empty_ticket_lacks_everything_herokus_list_asks_for():
    found = complete({})
    assert found.score == 0.0
    asked = {item.key for item in ITEMS if item.number} - {"trace", "differences"}
    assert asked <= {gap.key for gap in found.gaps}


def test_each_of_the_nine_items_of_the_guide_is_in_the_form():
    assert {item.number for item in ITEMS} == set(range(10))


def test_each_gap_says_how_to_fill_it():
    for gap in complete({}).gaps:
        assert gap.text
        assert gap.how_to_fill.endswith((".", "`."))
        assert gap.key in BY_KEY


def test_permission_counts_only_when_it_was_given():
    assert "permission" in keys(FULL | {"permission": False})
    assert "permission" in keys(FULL | {"permission": "yes"})


def test_an_excerpt_without_lines_of_the_app_is_a_gap_that_a_log_fills():
    (gap,) = complete(FULL | {"excerpt": PLATFORM_LINE}).gaps
    assert gap.from_log
    assert gap.text == "log lines of the app itself"
    assert "-s app" in gap.how_to_fill


def test_an_excerpt_without_lines_of_the_platform_is_a_gap_too():
    (gap,) = complete(FULL | {"excerpt": APP_LINE}).gaps
    assert gap.text == "log lines of the platform"


def test_not_seen_in_staging_asks_for_the_differences():
    assert keys(FULL | {"staging": "no"}) == ["differences"]
    assert keys(FULL | {"staging": "no", "differences": "a smaller plan"}) == []
    assert keys(FULL | {"staging": "there is none"}) == []


def test_blank_text_counts_as_missing():
    assert keys(FULL | {"services": "  \n "}) == ["services"]


def test_the_weightiest_gap_stands_first_and_each_one_lowers_the_score():
    score = 1.0
    fields = dict(FULL)
    for key in ("ended", "app", "configuration", "services", "business", "began"):
        fields[key] = ""
        now = complete(fields)
        assert now.score < score
        score = now.score
    assert keys(fields)[0] == "began"
    assert keys(fields)[-1] == "ended"
