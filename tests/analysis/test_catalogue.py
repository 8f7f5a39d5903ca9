"""The catalogue is complete, its entries bear source and date, and its advice is advice that works."""

from __future__ import annotations

import re
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from incidents.analysis import catalogue, rules
from incidents.analysis.catalogue import CAUSES, CODES, COMMANDS, lookup
from incidents.analysis.catalogue.commands import DEFAULTS, OTHER_TOOLS
from incidents.analysis.catalogue.loading import CatalogueError, Entry
from incidents.analysis.rules import all_rules

DOCUMENTED = {
    *(f"H{n}" for n in [*range(10, 29), 31, 32, 33, 34, 80, 81, 82, 83, 99]),
    *(f"R{n}" for n in [10, 12, 13, 14, 15, 16, 17, 99]),
    *(f"L{n}" for n in range(10, 16)),
}
HISTORIC = {"R11", "L20"}

CONTRACT = """
missing-dependency dependency-conflict port-binding boot-timeout syntax-or-import-error missing-procfile-or-process-type
no-web-dynos bad-start-command missing-config-var db-connection-failure db-connection-limit db-misconfigured
db-statement-slow db-lock migration-failed missing-table release-phase-failed redis-connection-failure
redis-connection-limit redis-oom memory-quota memory-leak heap-out-of-memory worker-timeout slow-endpoint
external-api-slow request-queueing client-disconnect connection-closed-early idle-connection-timeout websocket-h15
backlog-too-deep dyno-sleeping dyno-cycling maintenance-mode blank-app static-files asset-precompile node-version
native-build-failure build-failed slug-too-large ssl-or-dns disallowed-host permission-or-auth app-exception
platform-incident sigterm-not-handled log-drain-overflow unknown
"""

EVERY_REMEDY = [
    (owner, remedy)
    for owner, remedies in chain(
        ((code.code, (*code.checks, *code.remedies)) for code in CODES.values()),
        ((cause.slug, cause.remedies) for cause in CAUSES.values()),
    )
    for remedy in remedies
]


def advice(entry):
    """Everything that an entry tells people, without the note on how others describe it."""
    if hasattr(entry, "causes"):
        parts = [entry.meaning, entry.users_saw, *entry.causes]
    else:
        parts = [entry.title, entry.meaning]
    remedies = [*getattr(entry, "checks", ()), *entry.remedies]
    return " ".join([*parts, *(f"{remedy.text} {remedy.command}" for remedy in remedies)])


# Completeness


def test_every_documented_code_has_an_entry_and_none_is_invented():
    assert set(CODES) == DOCUMENTED | HISTORIC


def test_every_slug_of_the_contract_is_in_the_one_list():
    assert set(CONTRACT.split()) <= set(catalogue.SLUGS)
    assert len(catalogue.SLUGS) == len(set(catalogue.SLUGS))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in catalogue.SLUGS)


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.code)
def test_a_code_says_what_it_means_what_to_check_and_where_that_stands(code):
    assert code.meaning.endswith((".", ")"))
    assert 20 < len(code.meaning) < 400
    assert code.users_saw
    assert code.causes
    assert code.checks
    assert code.remedies
    assert code.samples
    assert code.link.startswith("https://devcenter.heroku.com/articles/error-codes")
    assert code.fir
    assert code.layer == {"H": "router", "R": "dyno manager", "L": "log system"}[code.code[0]]
    assert code.level in {"critical", "warning", "info", ""}


@pytest.mark.parametrize(
    "entry",
    [
        *CODES.values(),
        *CAUSES.values(),
        *catalogue.DYNO_TYPES,
        *catalogue.LIMITS.values(),
        *catalogue.POSTGRES_PLANS.values(),
        *catalogue.REDIS_PLANS.values(),
        *catalogue.EXIT_STATUSES.values(),
        *catalogue.SQLSTATES.values(),
    ],
    ids=lambda entry: f"{type(entry).__name__}-{next(iter(getattr(entry, name) for name in entry.__slots__))}",
)
def test_every_entry_bears_its_source_and_a_date(entry):
    assert entry.source
    assert date.fromisoformat(entry.date) <= date(2026, 12, 31)


def test_codes_and_sqlstates_point_to_causes_that_exist():
    named = {slug for code in CODES.values() for slug in code.slugs}
    named |= {state.slug for state in catalogue.SQLSTATES.values() if state.slug}
    assert named <= set(catalogue.SLUGS)


@pytest.mark.parametrize("cause", CAUSES.values(), ids=lambda cause: cause.slug)
def test_a_cause_has_words_help_and_a_remedy(cause):
    assert 10 < len(cause.title) < 70
    assert not cause.title.endswith(".")
    assert 40 < len(cause.meaning) < 400
    assert cause.remedies
    assert cause.links
    for link in cause.links:
        assert re.fullmatch(
            r"https://(devcenter|help)\.heroku\.com/articles/[a-z0-9-]+(#[a-z0-9-]+)?|https://status\.heroku\.com/",
            link,
        ), link


# Codes, one by one


def test_only_h99_and_r99_are_the_platforms_own_fault():
    assert {code.code for code in CODES.values() if code.platform_fault} == {"H99", "R99"}


def test_retired_codes_say_so():
    assert {code.code for code in CODES.values() if code.retired} == {"H16", "H23", "R11"}


@pytest.mark.parametrize(
    ("code", "title", "at", "status"),
    [
        ("H12", "Request timeout", "error", (503,)),
        ("H18", "Server Request Interrupted", "error", (503,)),
        ("H19", "Backend connection timeout", "error", (503,)),
        ("H21", "Backend connection refused", "error", (503,)),
        ("H23", "Endpoint misconfigured", "error", (503,)),
        ("H24", "Forced close", "error", ()),
        ("H25", "HTTP Restriction", "error", (502,)),
        ("H26", "Request Error", "error", (400, 417)),
        ("H27", "Client Request Interrupted", "warning", (499,)),
        ("H28", "Client Connection Idle", "warning", (499,)),
        ("H31", "Misdirected Request", "error", (421,)),
        ("H80", "Maintenance mode", "info", (503,)),
        ("H81", "Blank app", "info", (502, 503)),
        ("R15", "Memory quota vastly exceeded", "", ()),
        ("R16", "Detached", "", ()),
    ],
)
def test_titles_levels_and_statuses_are_herokus_own(code, title, at, status):
    entry = CODES[code]
    assert (entry.title, entry.at, entry.status) == (title, at, status)


def test_every_sample_is_found_by_the_code_pattern_and_by_no_other_code():
    for code in CODES.values():
        for sample in code.samples:
            assert catalogue.codes_in(sample.line) == [code.code], sample


def test_samples_print_a_text_that_the_entry_knows():
    loose = {"H18", "H82", "L12", "L13"}  # older wording, listed under `former`, or no text at all
    for code in CODES.values():
        for sample in code.samples:
            if code.code not in loose:
                assert any(text in sample.line for text in code.descs), sample


def test_samples_hold_no_address_of_a_real_person_or_host():
    text = "\n".join(sample.line for code in CODES.values() for sample in code.samples)
    hosts = set(re.findall(r"host=(\S+)", text)) | set(re.findall(r"//([\w.]+)", text))
    assert hosts <= {
        "www.example.com",
        "old.example.com",
        "example.heroku.com",
        "logs.example.com",
        *(host for host in hosts if re.fullmatch(r"example-[0-9a-f]{12}\.herokuapp\.com", host)),
    }
    assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", text)) <= {"203.0.113.7"}


def test_codes_are_read_only_where_the_log_says_so():
    assert catalogue.codes_in('heroku[router]: at=error code=H12 desc="Request timeout"') == ["H12"]
    assert catalogue.codes_in("app[web.1]: postcode=H123 GH12 H12 stands alone, Error H1") == []
    assert catalogue.codes_in("app[web.1]: error code=E11 Error Q77") == []


def test_lookup_forgives_case_and_blanks():
    assert lookup(" h12 ") is CODES["H12"]


def test_an_unknown_code_is_answered_honestly():
    entry = lookup("A78")
    assert entry is not None
    assert not entry.known
    assert "not among the codes" in entry.meaning
    assert entry.remedies == ()
    assert lookup("H77").layer == "router"


@pytest.mark.parametrize("text", ["", "12", "H1", "H123", "HTTP", "H١٢", "../H12", "H12\nx"])
def test_what_has_not_the_shape_of_a_code_has_no_entry(text):
    assert lookup(text) is None


# Advice


@pytest.mark.parametrize(("owner", "remedy"), EVERY_REMEDY, ids=lambda value: value if isinstance(value, str) else "")
def test_every_suggested_command_exists_and_can_be_run(owner, remedy):
    assert remedy.text
    if not remedy.command:
        return
    filled = catalogue.fill(remedy.command)
    assert "{" not in filled
    tool = filled.split()[0]
    assert tool == "heroku" or tool in OTHER_TOOLS
    if tool == "heroku":
        assert catalogue.command_of(filled), f"{owner} suggests {filled!r}, which is no known command"


def test_every_blank_of_a_command_has_a_default():
    blanks = {name for _, remedy in EVERY_REMEDY for name in re.findall(r"\{(\w+)\}", remedy.command)}
    assert blanks <= set(DEFAULTS)


WRONG_ADVICE = [
    (r"-n ?[2-9]\d{3,}|-n ?1[6-9]\d\d|-n ?\d{5,}", "heroku logs returns at most 1,500 lines"),
    (r"DEBUG=", "debug mode in production leaks data"),
    (r"fake-initial|--fake\b|migrate \w+ zero", "can skew or destroy a schema"),
    (r"config:set DATABASE_URL", "an add-on's variable cannot be set by hand"),
    (r"\btotal_time\b", "renamed total_exec_time in PostgreSQL 13"),
    (r"\bqueue=|\bqueue time in the router", "router lines have had no queue field since 2013"),
    (r"\bheroku config\b(?!:)", "prints secrets"),
    (r"CPU quota", "there is no such error"),
    (r"all dynos busy|[Ee]ndpoint exhaustion", "H23 never meant that"),
    (r"client issue|client's fault", "H18 is the server's side"),
]


@pytest.mark.parametrize(("pattern", "why"), WRONG_ADVICE, ids=[why for _, why in WRONG_ADVICE])
def test_no_entry_repeats_advice_that_is_known_to_be_wrong(pattern, why):
    for entry in [*CODES.values(), *CAUSES.values()]:
        assert not re.search(pattern, advice(entry)), f"{entry}: {why}"


def test_r14_does_not_kill_and_r15_does():
    assert "keeps running" in CODES["R14"].meaning
    assert "SIGKILL" in CODES["R15"].meaning
    assert "CPU" not in advice(CODES["R15"])


def test_h18_is_the_servers_side_and_h27_the_clients():
    assert "sock=backend" in CODES["H18"].meaning
    assert "sock=client" in CODES["H27"].meaning


def test_boot_limits_of_the_router_and_of_the_dyno_manager_are_told_apart():
    assert "75 seconds" in CODES["H20"].meaning
    assert "60 seconds" in CODES["R10"].meaning


def test_a_failed_release_phase_is_not_answered_with_a_rollback():
    assert not any("rollback" in remedy.command for remedy in CAUSES["release-phase-failed"].remedies)


# Commands


def test_a_command_gets_its_blanks_filled_and_the_app_named():
    command = catalogue.fill("heroku rollback {previous_release}", previous_release="v41")
    assert catalogue.with_app(command, "shop") == "heroku rollback -a shop v41"
    assert catalogue.fill("heroku rollback {previous_release}") == "heroku rollback"
    assert catalogue.with_app("heroku run bash", "shop") == "heroku run -a shop bash"


def test_a_command_that_takes_no_app_stays_as_it_is():
    assert catalogue.with_app("heroku status", "shop") == "heroku status"
    assert catalogue.with_app("curl -sI https://www.example.com/", "shop") == "curl -sI https://www.example.com/"


@pytest.mark.parametrize("hostile", ["$(reboot)", "web.1; rm -rf /", "a b", "`id`", "'", "x" * 65])
def test_words_from_a_log_cannot_enter_a_command_as_code(hostile):
    assert catalogue.fill("heroku ps:restart {dyno}", dyno=hostile) == "heroku ps:restart web.1"
    assert catalogue.with_app("heroku ps", hostile) == "heroku ps"


def test_a_blank_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError, match="dino"):
        catalogue.fill("heroku ps", dino="web.1")


def test_commands_that_change_the_app_are_marked():
    assert COMMANDS["ps:scale"].changes
    assert COMMANDS["maintenance:on"].changes
    assert not COMMANDS["ps"].changes
    assert not COMMANDS["logs"].changes


# Loading


def test_a_misspelt_field_is_named():
    entry = Entry("codes_h.toml", "H12", {"titel": "x"}, {})
    with pytest.raises(CatalogueError, match=r"codes_h\.toml: H12 has unknown fields: titel"):
        entry.end()


def test_a_missing_field_is_named():
    with pytest.raises(CatalogueError, match=r"codes_h\.toml: H12 lacks 'meaning'"):
        Entry("codes_h.toml", "H12", {}, {}).text("meaning")


def test_a_field_of_the_wrong_type_is_named():
    with pytest.raises(CatalogueError, match="'status' should be list"):
        Entry("codes_h.toml", "H12", {"status": 503}, {}).numbers("status")


# The rules keep to the catalogue


def test_rules_raise_no_slug_that_the_deck_does_not_have():
    for rule in all_rules():
        assert set(rule.slugs) <= set(catalogue.SLUGS), rule.name


def test_rules_suggest_no_command_that_does_not_exist():
    for path in sorted(Path(rules.__file__).parent.glob("*.py")):
        for command in re.findall(r"[\"'`](heroku [a-z][a-z:-]*)", path.read_text()):
            assert catalogue.command_of(command), f"{path.name} suggests {command!r}"
