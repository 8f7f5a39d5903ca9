"""The timeline tells what happened, briefly and in one order."""

from __future__ import annotations

import pytest

from incidents.analysis import timeline
from incidents.analysis.onset import Onset
from incidents.analysis.timeline.entry import Entry
from incidents.analysis.types import Evidence, Finding
from incidents.analysis.utc import parse_iso
from tests.analysis.logs import facts_of, line, log, router


def titles(*lines, kind=None, findings=(), began=None):
    built = timeline.build(facts_of(log(*lines)), list(findings), began)
    return [
        entry["title"] for entry in built if kind in (None, entry["kind"]) and not entry["title"].startswith("The log ")
    ]


def api(at, text):
    return line(at, "app[api]", f"{text} by user ana@example.com")


def test_a_release_is_told_with_the_deploy_it_was_made_for():
    assert titles(
        api("09:13:58.412233", "Deploy 8c456a46"),
        api("09:13:58.412240", "Release v42 created"),
    ) == ["Release v42: deploy of 8c456a46"]


def test_the_two_lines_of_one_change_may_stand_in_either_order():
    assert titles(
        api("09:13:58.412233", "Release v43 created"),
        api("09:13:58.512233", "Set SECRET_KEY, DEBUG config vars"),
    ) == ["Release v43: config SECRET_KEY and DEBUG set"]


def test_changes_far_apart_are_told_apart():
    assert titles(
        api("09:00:00", "Deploy 8c456a46"),
        api("09:10:00", "Release v43 created"),
    ) == ["Deploy of 8c456a46", "Release v43"]


def test_two_deploys_at_once_each_keep_their_release():
    assert titles(
        api("09:00:00", "Deploy aaaaaaaa"),
        api("09:00:00", "Release v1 created"),
        api("09:00:01", "Deploy bbbbbbbb"),
        api("09:00:01", "Release v2 created"),
    ) == ["Release v1: deploy of aaaaaaaa", "Release v2: deploy of bbbbbbbb"]


@pytest.mark.parametrize(
    ("text", "kind", "title"),
    [
        ("Scaled to web@2:Standard-1X worker@0:Basic", "scale", "Scaled to web@2:Standard-1X worker@0:Basic"),
        ("Remove OLD_KEY config vars", "config", "Config OLD_KEY removed"),
        ("Rollback to v7", "release", "Rollback to v7"),
        ("Running release v27 commands", "release", "Release phase of v27 began"),
        ("Stack changed from heroku-22 to heroku-24", "release", "Stack changed to heroku-24"),
        ("Attach DATABASE (@ref:postgresql-flat-02648)", "config", "Add-on DATABASE attached"),
    ],
)
def test_each_kind_of_change_has_its_words(text, kind, title):
    assert titles(api("09:00:00", text), kind=kind) == [title]


def test_a_failed_build_is_told_and_a_successful_one_is_not():
    assert titles(
        line("09:00:00", "app[api]", "Build started by user ana@example.com"),
        line("09:01:00", "app[api]", "Build succeeded"),
        line(
            "09:02:00",
            "app[api]",
            "Build failed -- check your build output: https://dashboard.heroku.com/apps/x/builds/y",
        ),
    ) == ["Build failed: no new release"]


def test_nobody_is_named():
    every = " ".join(titles(api("09:00:00", "Deploy 8c456a46"), api("09:00:00", "Release v42 created")))
    assert "ana" not in every


def test_a_secret_in_a_one_off_command_is_masked():
    secret = "s3cr3t" + "pass"
    (title,) = titles(api("09:00:00", f"Starting process with command `psql postgres://u:{secret}@db.example.com/d`"))
    assert title.startswith("One-off dyno: psql")
    assert secret not in title


def crash(at, *, status=1, dyno="web.1"):
    minute = at[:5]
    return [
        line(f"{minute}:00", f"heroku[{dyno}]", "State changed from crashed to starting"),
        line(f"{minute}:03", f"heroku[{dyno}]", "Starting process with command `gunicorn app`"),
        line(f"{minute}:08", f"heroku[{dyno}]", f"Process exited with status {status}"),
        line(f"{minute}:08.2", f"heroku[{dyno}]", "State changed from starting to crashed"),
    ]


def test_repeated_crashes_are_told_once_with_number_and_span():
    lines = [one for minute in range(14) for one in crash(f"09:{minute:02d}")]
    (title,) = titles(*lines, kind="crash")
    assert title == "web.1 crashed 14 times within 13 min, until 09:13:08 UTC (exit status 1 while starting)"


def test_two_crashes_are_no_chain():
    assert len(titles(*crash("09:00"), *crash("09:05"), kind="crash")) == 2


def test_crashes_of_different_kinds_are_not_mixed():
    lines = [one for minute in range(3) for one in crash(f"09:{minute:02d}", status=1)]
    lines += [one for minute in range(3, 6) for one in crash(f"09:{minute:02d}", status=137)]
    assert len(titles(*lines, kind="crash")) == 2


def test_dynos_that_restart_together_are_one_entry():
    lines = [
        one
        for number in (1, 2, 3)
        for one in (
            line(f"09:14:0{number}", f"heroku[web.{number}]", "Restarting"),
            line(f"09:14:0{number}.5", f"heroku[web.{number}]", "State changed from up to starting"),
        )
    ]
    assert titles(*lines, kind="restart") == ["web.1, web.2 and web.3 restarted"]


def test_daily_cycling_is_named_as_such():
    assert titles(
        line("09:00:00", "heroku[web.1]", "Cycling"),
        line("09:00:01", "heroku[web.1]", "State changed from up to starting"),
        kind="restart",
    ) == ["web.1 restarted (daily cycling)"]


def h12(at, **more):
    return router(at, "/report", code="H12", desc="Request timeout", service=30001, status=503, **more)


def test_a_burst_of_a_code_has_a_beginning_and_an_end():
    lines = [h12(f"09:{minute:02d}:00") for minute in range(5)]
    assert titles(*lines, kind="code") == [
        "H12 Request timeout begins: 5 until 09:04:00 UTC",
        "H12 Request timeout: the last of 5",
    ]


def test_a_short_burst_is_one_entry_and_a_single_code_too():
    assert titles(*(h12(f"09:00:0{second}") for second in range(4)), kind="code") == [
        "H12 Request timeout, 4 times within 3 s"
    ]
    assert titles(h12("09:00:00"), kind="code") == ["H12 Request timeout"]


def test_bursts_are_parted_by_silence():
    lines = [h12("09:00:00"), h12("09:00:01"), h12("09:30:00")]
    assert titles(*lines, kind="code") == ["H12 Request timeout, 2 times within 1 s", "H12 Request timeout"]


def test_many_bursts_of_one_code_are_told_as_one():
    lines = [h12(f"{9 + hour:02d}:00:00") for hour in range(8)]
    assert len(titles(*lines, kind="code")) == 2


def test_dyno_codes_are_told_with_their_lines():
    built = timeline.build(
        facts_of(
            log(
                line("09:00:00", "heroku[web.1]", "Process running mem=526M(102.8%)"),
                line("09:00:00.02", "heroku[web.1]", "Error R14 (Memory quota exceeded)"),
            )
        ),
        [],
    )
    assert [(entry["title"], entry["line"]) for entry in built if entry["kind"] == "code"] == [
        ("R14 Memory quota exceeded", 2)
    ]


def test_lost_lines_are_a_hole_with_number_and_span_and_no_code():
    text = "Error L10 (output buffer overflow): 500 messages dropped since 2026-03-14T09:13:58+00:00."
    built = timeline.build(facts_of(log(line("09:14:09", "heroku[logplex]", text))), [])
    (hole,) = [entry for entry in built if entry["kind"] == "gap"]
    assert hole["title"] == "Hole in the log: 500 log lines lost until 09:14:09 UTC (L10)"
    assert hole["utc"] == "2026-03-14T09:13:58.000000Z"
    assert not [entry for entry in built if entry["kind"] == "code"]


def test_the_go_style_time_of_l11_is_read():
    text = (
        "Error L11 (Tail buffer overflow) -> This tail session dropped 12 messages "
        "since 2026-03-14 09:13:57.035136457 +0000 UTC."
    )
    (gap,) = timeline.gaps(facts_of(log(line("09:14:09", "heroku[logplex]", text))))
    assert gap.lost_lines == 12
    assert gap.from_us == parse_iso("2026-03-14T09:13:57.035136Z")


def test_the_onset_is_an_entry_and_says_when_the_log_starts_too_late():
    at = parse_iso("2026-03-14T09:00:00Z")
    assert titles(h12("09:00:00"), kind="onset", began=Onset(at, at - 1, at + 1)) == ["The trouble begins"]
    (title,) = titles(h12("09:00:00"), kind="onset", began=Onset(at, None, at + 1))
    assert "starts later than the trouble" in title


def test_first_signs_of_causes_are_told_but_not_of_what_they_explain():
    at = parse_iso("2026-03-14T09:00:00Z")
    proof = Evidence(0, 1, at, "x")
    found = [
        Finding("db-lock", "s", 0.9, [proof]),
        Finding("slow-endpoint", "s", 0.9, [proof], folded_into="db-lock"),
        Finding("dyno-cycling", "s", 0.9, [proof], harmless=True),
    ]
    assert titles(h12("09:00:00"), kind="note", findings=found) == ["First sign: Database locks hold requests up"]


def test_entries_of_one_instant_stand_cause_before_effect():
    at = 5
    shuffled = [Entry(at, kind, "t") for kind in ("note", "code", "crash", "deploy", "onset", "release")]
    ordered = sorted(shuffled, key=lambda entry: entry.place)
    assert [entry.kind for entry in ordered] == ["deploy", "release", "crash", "code", "onset", "note"]


def test_equal_entries_are_ordered_by_source_and_line():
    one, other = Entry(5, "code", "t", 1, 2), Entry(5, "code", "t", 0, 9)
    assert sorted([one, other], key=lambda entry: entry.place) == [other, one]


def test_a_timeline_stays_short_and_says_what_it_left_out():
    lines = [
        api(f"{hour:02d}:{minute:02d}:00", f"Deploy {hour:04d}{minute:04d}")
        for hour in range(24)
        for minute in range(0, 60, 4)
    ]
    built = timeline.build(facts_of(log(*lines)), [])
    assert len(built) == timeline.MOST
    assert built[-1]["title"].endswith("left out here")


def test_the_same_facts_give_the_same_timeline():
    facts = facts_of(
        log(*(h12(f"09:{minute:02d}:00") for minute in range(9)), *crash("09:20"), api("09:05:00", "Deploy 8c456a46"))
    )
    assert timeline.build(facts, []) == timeline.build(facts, [])


def test_a_log_without_times_has_an_empty_timeline():
    assert timeline.build(facts_of("app[web.1]: hello\n"), []) == []
