"""Dyno sizes, thresholds, plans, exit statuses and SQLSTATEs."""

from __future__ import annotations

import pytest

from incidents.analysis import catalogue


@pytest.mark.parametrize(
    ("name", "memory_mb", "r14", "r15"),
    [
        ("Eco", 512, 100, 200),
        ("Basic", 512, 100, 200),
        ("Standard-1X", 512, 100, 200),
        ("Standard-2X", 1024, 100, 200),
        ("Performance-M", 2560, 100, 200),
        ("Performance-L", 14 * 1024, 100, 200),
        ("Performance-L-RAM", 30 * 1024, 100, 120),
        ("Performance-XL", 62 * 1024, 100, 120),
        ("Performance-2XL", 126 * 1024, 100, 120),
        ("Private-S", 1024, None, 100),
        ("Shield-L", 14 * 1024, None, 100),
        ("dyno-1c-0.5gb", 512, None, 100),
        ("dyno-16c-128gb", 128 * 1024, None, 100),
    ],
)
def test_memory_and_thresholds_of_each_size(name, memory_mb, r14, r15):
    kind = catalogue.dyno_type(name)
    assert kind is not None
    assert (kind.memory_mb, kind.r14_percent, kind.r15_percent) == (memory_mb, r14, r15)
    assert catalogue.quota_for(name) == memory_mb


@pytest.mark.parametrize(
    ("old", "now"), [("PX", "Performance-L"), ("2X", "Standard-2X"), ("hobby", "Basic"), ("Free", "Eco")]
)
def test_old_names_still_mean_a_size(old, now):
    assert catalogue.dyno_type(old).name == now


def test_a_size_nobody_knows_has_no_quota():
    assert catalogue.quota_for("Mega-9X") is None


@pytest.mark.parametrize(
    ("used_mb", "percent", "quota_mb"),
    [
        (533, 104.3, 512),
        (2565, 501.0, 512),
        (1028, 103.3, 1024),
        (526, 102.8, 512),
        (2700, 105.4, 2560),
        (29000, 101.1, 28684),  # between the sizes: the plain quotient, not a guess
    ],
)
def test_the_quota_follows_from_a_memory_line(used_mb, percent, quota_mb):
    assert catalogue.infer_quota_mb(used_mb, percent) == quota_mb


@pytest.mark.parametrize(("used_mb", "percent"), [(0, 100.0), (512, 0.0), (-1, 10.0)])
def test_impossible_memory_lines_give_no_quota(used_mb, percent):
    assert catalogue.infer_quota_mb(used_mb, percent) is None


def test_a_quota_can_speak_for_several_sizes_and_their_thresholds_differ():
    assert {kind.name for kind in catalogue.types_with_quota(512)} == {"Eco", "Basic", "Standard-1X", "dyno-1c-0.5gb"}
    assert catalogue.kill_percents(512) == (100, 200)
    assert catalogue.kill_percents(126 * 1024) == (100, 120)


def test_the_kill_threshold_is_given_in_megabytes():
    assert catalogue.dyno_type("Performance-XL").kill_mb == pytest.approx(62 * 1024 * 1.2)


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [("first-byte", 30, "s"), ("rolling-window", 55, "s"), ("boot", 60, "s"), ("router-boot-wait", 75, "s"),
     ("shutdown", 30, "s"), ("log-lines", 1500, "lines"), ("log-line", 10_000, "bytes"), ("slug", 500, "MB")],
)  # fmt: skip
def test_limits_of_the_platform(name, value, unit):
    limit = catalogue.LIMITS[name]
    assert (limit.value, limit.unit) == (value, unit)
    assert limit.text.endswith(".")


@pytest.mark.parametrize(
    ("plan", "connections"),
    [("essential-0", 20), ("essential-2", 40), ("standard-0", 120), ("premium-2", 400), ("standard-3", 500),
     ("heroku-postgresql:premium-7", 500), ("Hobby-Dev", 20)],
)  # fmt: skip
def test_connection_limits_of_postgres_plans(plan, connections):
    assert catalogue.postgres_plan(plan).connections == connections


@pytest.mark.parametrize("plan", ["standard-1", "gold-9", "", "essential-3"])
def test_a_plan_nobody_knows_has_no_limit(plan):
    assert catalogue.postgres_plan(plan) is None


def test_redis_plans_have_memory_and_connections():
    assert catalogue.REDIS_PLANS["mini"].connections == 20
    assert catalogue.REDIS_PLANS["premium-0"].memory_mb == 50


def test_143_is_a_normal_stop_and_137_is_not():
    assert catalogue.exit_status(143).normal
    assert not catalogue.exit_status(137).normal
    assert catalogue.exit_status(137).signal == "SIGKILL"


def test_status_0_of_a_web_process_is_told_as_a_crash():
    assert not catalogue.exit_status(0).normal
    assert "counts as crashed" in catalogue.exit_status(0).meaning


@pytest.mark.parametrize(("status", "title"), [(135, "ended by a signal"), (77, "an error of its own")])
def test_other_statuses_are_read_too(status, title):
    assert catalogue.exit_status(status).title == title
    assert catalogue.exit_status(status).source


@pytest.mark.parametrize(
    ("state", "slug"),
    [("53300", "db-connection-limit"), ("42P01", "missing-table"), ("40P01", "db-lock"), ("28P01", "db-misconfigured"),
     ("57P01", "db-connection-failure"), ("00000", "")],
)  # fmt: skip
def test_sqlstates_speak_for_causes(state, slug):
    assert catalogue.SQLSTATES[state].slug == slug
