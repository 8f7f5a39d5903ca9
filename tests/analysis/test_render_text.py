"""What a tired person reads in a terminal."""

from __future__ import annotations

import re

import pytest

from incidents.analysis import ticket
from incidents.analysis.render_text import render
from incidents.analysis.screen import columns
from tests.analysis.documents import document, endpoint, event, evidence, finding

ANSI = re.compile(r"\x1b\[[\d;]*m")


def whole(**changes):
    said = document(**changes)
    said["ticket"] = ticket.draft(said)
    return said


def test_the_verdict_stands_first_with_its_certainty():
    first, _, second, *_ = render(whole()).split("\n")
    assert first == "● LIKELY, 93% sure: One endpoint holds the workers"
    assert second == "  GET /reports/{id}/export holds the workers of web.1."


@pytest.mark.parametrize(
    ("status", "head"),
    [("confirmed", "● CONFIRMED, 93% sure"), ("inconclusive", "● NOT CERTAIN:"), ("healthy", "✔ NO INCIDENT")],
)
def test_each_verdict_has_its_word(status, head):
    said = whole(verdict={"status": status, "slug": "slow-endpoint", "sentence": "A sentence."})
    assert render(said).startswith(head)


def test_the_questions_of_the_first_minute_are_answered_in_order():
    text = render(whole(), width=120)
    places = [
        text.index(name) for name in ("Since", "Still going on?", "How bad", "What changed", "What to do now", "Proof")
    ]
    assert places == sorted(places)
    assert (
        "Since           2026-03-14 09:12:07 UTC (between 2026-03-14 09:11:00 UTC and 2026-03-14 09:13:00 UTC)" in text
    )
    assert "yes, as far as the log goes (2026-03-14 09:31:30 UTC)" in text
    assert "87 of 440 requests failed (19.8%); H12 ×87" in text
    assert "Release v42: deploy of 8c456a46, 6 min before it began" in text


def test_trouble_that_ended_is_told_as_ended():
    onset = document()["onset"] | {"ended_utc": "2026-03-14T09:20:30.000000Z"}
    assert "no: it ended 11 min before the end of the log" in render(whole(onset=onset), width=120)


def test_culprits_stand_before_victims_with_aligned_numbers():
    lines = render(whole(), width=100).split("\n")
    start = lines.index("Who holds the workers, and who waits")
    head, culprit, victim = lines[start + 1 : start + 4]
    assert culprit.startswith("  GET /reports/{id}/export  culprit")
    assert victim.startswith("  GET /orders/{id}")
    assert head.index("role") == culprit.index("culprit") == victim.index("victim")
    assert len({len(one) for one in (head, culprit, victim)}) == 1
    assert "25.1 s" in culprit


def test_without_roles_the_failing_endpoints_are_shown_and_on_a_healthy_day_none():
    said = whole(endpoints=[endpoint("/a", errors=2), endpoint("/b")])
    assert "Where it fails" in render(said)
    assert "GET /b" not in render(said)
    calm = whole(verdict={"status": "healthy", "slug": "", "sentence": "Nothing."}, findings=[])
    assert "Where it fails" not in render(calm)
    assert "Since" not in render(calm)


def test_at_most_three_commands_each_once_with_the_app_and_a_mark_where_they_change_it():
    remedies = [
        {"text": f"Do {name}.", "command": f"heroku {name}"}
        for name in ("ps", "ps", "ps:restart web.1", "releases", "logs")
    ]
    said = whole(findings=[finding(remedies=remedies)])
    said["ticket"]["fields"]["app"] = "shop"
    text = render(said)
    assert re.findall(r"^  \$ (.+)$", text, re.MULTILINE) == [
        "heroku ps -a shop",
        "heroku ps:restart -a shop web.1",
        "heroku releases -a shop",
    ]
    assert "Do ps:restart web.1. (changes the app)" in text
    assert "Do releases.\n" in text


def test_a_command_is_never_wrapped():
    command = "heroku logs -n 1500 -d web.1 -s app " + "x" * 60
    said = whole(findings=[finding(remedies=[{"text": "t", "command": command}])])
    assert f"  $ {command}" in render(said, width=40).split("\n")


def test_a_proof_is_its_line_number_and_as_much_of_the_line_as_fits():
    text = render(whole(), width=60)
    proof = text.split("Proof\n")[1].split("\n")[0]
    assert proof.startswith("  1  2026-03-14T09:12:07.353034+00:00 heroku[router]")
    assert proof.endswith("…")
    assert columns(proof) <= 60


def test_proofs_of_several_files_name_the_file():
    sources = [document()["sources"][0], document()["sources"][0] | {"name": "second.log"}]
    said = whole(sources=sources, findings=[finding(evidence=[evidence(7, "app[web.1]: x", source=1)])])
    assert "second.log:7" in render(said)


def test_consequences_and_further_causes_stand_apart():
    said = whole(
        findings=[
            finding(ruled_out=["memory: no R14 in this log"]),
            finding("worker-timeout", summary="gunicorn killed a worker.", folded_into="slow-endpoint"),
            finding("redis-oom", title="Redis is full", summary="Redis refused writes.", severity="normal"),
        ]
    )
    text = render(said)
    assert "- As a consequence: gunicorn killed a worker." in text
    assert "- normal: Redis is full. Redis refused writes." in text
    assert "Ruled out: memory: no R14 in this log" in text


def test_holes_and_assumptions_are_said():
    source = document()["sources"][0] | {"assumptions": ["times without a zone are UTC"], "unparsed": 3}
    gap = {"from_utc": None, "to_utc": None, "lost_lines": 500, "reason": "L10"}
    text = render(whole(sources=[source], gaps=[gap]))
    assert "Assumed: times without a zone are UTC" in text
    assert "60 lines, 3 not read" in text
    assert "500 lines never arrived (L10)" in text


def test_the_ticket_is_announced_with_what_it_lacks():
    text = " ".join(render(whole()).split())
    assert "Normal priority" in text
    assert "It lacks permission for Heroku staff" in text
    assert "debug the platform, not the app" in text


@pytest.mark.parametrize("width", [0, 40, 60, 80, 120, 500])
@pytest.mark.parametrize("color", [False, True])
def test_no_line_but_a_command_is_wider_than_the_terminal(width, color):
    said = whole(findings=[finding(summary="word " * 80, title="t" * 90, evidence=[evidence(1, "x" * 500)])])
    limit = min(max(width, 40), 160)
    for one in ANSI.sub("", render(said, color=color, width=width)).split("\n"):
        assert columns(one) <= limit or one.lstrip().startswith("$ "), one


def test_colour_adds_nothing_but_colour():
    said = whole()
    colored = render(said, color=True)
    assert colored != render(said)
    assert ANSI.sub("", colored) == render(said)


def test_without_colour_there_is_no_escape():
    assert "\x1b" not in render(whole())


def test_a_terminal_without_unicode_gets_ascii():
    said = whole(findings=[finding(summary="café ☕ “quoted” – done…")])
    text = render(said, ascii_only=True)
    assert text.isascii()
    assert text.startswith("* LIKELY")


def test_nothing_of_the_log_is_obeyed_by_the_terminal():
    nasty = "a\x1b]0;owned\x07\x1b[2Jb\rc\x9b31md\u202ee\u200bf"
    said = whole(
        findings=[
            finding(
                summary=nasty, title=nasty, evidence=[evidence(1, nasty)], remedies=[{"text": nasty, "command": nasty}]
            )
        ],
        verdict={"status": "likely", "slug": "slow-endpoint", "sentence": nasty},
        endpoints=[endpoint(f"/{nasty}", errors=1, role="culprit")],
        timeline=[event("deploy", "09:06:00", nasty, 1)],
        sources=[document()["sources"][0] | {"name": nasty, "assumptions": [nasty]}],
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", render(said))


def test_wide_characters_count_twice_and_combining_ones_not():
    assert columns("日本") == 4
    assert columns("e\u0301") == 1


def test_a_document_that_says_nothing_still_renders():
    said = whole(
        codes={}, findings=[], endpoints=[], slowest_request=None, dynos=[], timeline=[],
        verdict={"status": "inconclusive", "slug": "unknown", "sentence": "Something failed."},
        onset={"utc": None, "low_utc": None, "high_utc": None}, window={"first_utc": None, "last_utc": None},
    )  # fmt: skip
    text = render(said)
    assert "cannot be told from this log" in text
    assert "no requests and no error codes in this log" in text
