"""The ticket draft: what Heroku asks for, proved line by line, without a secret."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from incidents.analysis import ticket
from incidents.analysis.ticket.excerpt import MOST_LINES
from tests.analysis.documents import document, endpoint, event, evidence, finding
from tests.analysis.logs import facts_of, line, log, router

SAMPLES = Path(__file__).parent / "samples"
UTC = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def section(markdown, title):
    """The text below a heading of the second level; '' if there is none."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", markdown, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def healthy(**changes):
    return document(
        verdict={"status": "healthy", "slug": "", "sentence": "Nothing in this log harmed users."}, findings=[], codes={},
        onset={"utc": None, "low_utc": None, "high_utc": None}, timeline=[],
        endpoints=[endpoint("/", errors=0)], **changes,
    )  # fmt: skip


@pytest.mark.parametrize("case", ["ticket-slow-endpoint", "ticket-missing-module"])
def test_the_draft_of_a_known_incident_is_the_known_ticket(case):
    said = json.loads((SAMPLES / case / "document.json").read_text())
    facts = facts_of((SAMPLES / case / "app.log").read_text(), names=(said["sources"][0]["name"],))
    assert ticket.draft(said, facts)["markdown"] == (SAMPLES / case / "ticket.md").read_text()


def test_a_draft_has_what_the_document_promises():
    draft = ticket.draft(document())
    assert set(draft) == {"priority", "title", "markdown", "completeness", "gate", "fields"}
    assert draft["completeness"]["missing"] == [gap["text"] for gap in draft["completeness"]["gaps"]]
    assert 0 < draft["completeness"]["score"] < 1


def test_the_fields_alone_render_the_same_text():
    said = document()
    draft = ticket.draft(said)
    assert ticket.render(draft["fields"], said) == draft["markdown"]
    json.dumps(draft)


# Every sentence names its lines


def sentences(markdown):
    for title in ("What happens", "What changed"):
        for one in section(markdown, title).split("\n"):
            if one.startswith("- "):
                yield one


@pytest.mark.parametrize("case", ["ticket-slow-endpoint", "ticket-missing-module"])
def test_no_sentence_stands_without_its_lines(case):
    found = list(sentences((SAMPLES / case / "ticket.md").read_text()))
    assert len(found) >= 3
    for one in found:
        assert re.search(r"\((?:counted over all router lines of )?`[^`]+`", one), one


def test_every_cited_line_of_evidence_is_quoted():
    for case in ("ticket-slow-endpoint", "ticket-missing-module"):
        markdown = (SAMPLES / case / "ticket.md").read_text()
        cited = set(re.findall(r"`(\S+\.log:\d+)`", "\n".join(sentences(markdown))))
        quoted = set(re.findall(r"^(\S+\.log:\d+)  ", section(markdown, "Logs"), re.MULTILINE))
        assert cited
        assert cited <= quoted


def test_a_finding_without_evidence_is_not_told():
    said = document(findings=[finding(evidence=[], summary="A claim without proof.")])
    assert "A claim without proof" not in ticket.draft(said)["markdown"]
    assert "holds the workers of web.1" not in section(ticket.draft(said)["markdown"], "What happens")


def test_many_cited_lines_are_counted_not_listed():
    proofs = [evidence(number, "app[web.1]: boom") for number in range(1, 10)]
    text = section(ticket.draft(document(findings=[finding(evidence=proofs)]))["markdown"], "What happens")
    assert "`app.log:6`, and 3 more" in text


def test_the_excerpt_never_exceeds_its_limit():
    proofs = [evidence(number, "app[web.1]: boom") for number in range(1, 90)]
    fields = ticket.draft(document(findings=[finding(evidence=proofs)]))["fields"]
    assert len(fields["lines"]) == MOST_LINES


# Times


def test_every_time_is_utc_in_the_form_that_heroku_asks_for():
    markdown = ticket.draft(document())["markdown"]
    outside = re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)
    assert re.search(rf"\*\*Began:\*\* {UTC} \(between {UTC} and {UTC}\)", outside)
    assert len(re.findall(r"\d{4}-\d\d-\d\d", outside)) == len(re.findall(UTC, outside))


def test_an_onset_before_the_log_is_told_as_such():
    said = document(
        onset={"utc": "2026-03-14T09:00:00.000000Z", "low_utc": None, "high_utc": "2026-03-14T09:00:09.000000Z"}
    )
    assert (
        ticket.draft(said)["fields"]["began"]
        == "2026-03-14 09:00:00 UTC or earlier: the log starts later than the trouble"
    )


def test_without_an_onset_the_first_sign_is_the_beginning():
    said = document(onset={"utc": None, "low_utc": None, "high_utc": None})
    assert ticket.draft(said)["fields"]["began"] == "2026-03-14 09:12:07 UTC"


def test_trouble_up_to_the_end_of_the_log_is_ongoing():
    assert ticket.draft(document())["fields"]["ended"] == "ongoing when the log ends, at 2026-03-14 09:31:30 UTC"


def test_trouble_that_ended_long_before_the_log_did_is_told_with_both_times():
    said = document(window={"first_utc": "2026-03-14T09:00:00.000000Z", "last_utc": "2026-03-14T12:00:00.000000Z"})
    assert ticket.draft(said)["fields"]["ended"] == (
        "last seen at 2026-03-14 09:31:02 UTC; the log goes on until 2026-03-14 12:00:00 UTC"
    )


def test_a_known_end_is_the_end():
    onset = document()["onset"] | {"ended_utc": "2026-03-14T09:20:00.000000Z"}
    assert ticket.draft(document(onset=onset))["fields"]["ended"] == "2026-03-14 09:20:00 UTC"


# What changed


def test_changes_are_told_with_their_distance_to_the_onset():
    text = section(ticket.draft(document())["markdown"], "What changed")
    assert text == "- 2026-03-14 09:06:00 UTC: Release v42: deploy of 8c456a46, 6 min before it began. (`app.log:12`)"


def test_no_change_is_said_with_the_span_that_the_log_covers():
    text = section(ticket.draft(document(timeline=[]))["markdown"], "What changed")
    assert text.startswith(
        "No release, deploy, config or scaling line in this log, which covers 2026-03-14 09:00:00 UTC to"
    )


def test_of_many_changes_the_nearest_are_told_in_order():
    entries = [event("release", f"{hour:02d}:00:00", f"Release v{hour}", hour) for hour in range(20)]
    text = section(ticket.draft(document(timeline=entries))["markdown"], "What changed")
    assert re.findall(r"Release v(\d+)", text) == ["6", "7", "8", "9", "10", "11", "12", "13"]


# Who is affected


def test_the_affected_share_is_an_estimate_from_requests_and_clients():
    lines = [router(f"09:00:{second:02d}", "/x") for second in range(6)]
    lines += [
        router(
            "09:01:00", "/x", code="H12", desc="Request timeout", service=30001, status=503, fwd=f"203.0.113.{number}"
        )
        for number in (1, 1, 2)
    ]
    users = ticket.draft(document(), facts_of(log(*lines)))["fields"]["users"]
    assert users.startswith(
        "3 of 9 requests in this log failed (33.3 %), from 2 different client addresses. An estimate:"
    )


# Kinds of lines


def test_a_missing_kind_of_line_is_named_with_the_command_that_brings_it():
    only_router = document(findings=[finding(evidence=[evidence(1, "heroku[router]: at=error code=H12")])])
    draft = ticket.draft(only_router)
    assert "_To fill in: log lines of the app itself_" in section(draft["markdown"], "Logs")
    assert any("heroku logs -n 1500 -s app" in gap["how_to_fill"] for gap in draft["completeness"]["gaps"])


def test_a_line_of_the_app_beside_the_first_error_is_added():
    facts = facts_of(
        log(
            line("08:00:00", "app[web.1]", "long before"),
            router(
                "09:12:07.353034", "/reports/7/export", code="H12", desc="Request timeout", service=30001, status=503
            ),
            line("09:12:08", "app[web.1]", "just after"),
        )
    )
    fields = ticket.draft(
        document(findings=[finding(evidence=[evidence(2, "heroku[router]: at=error code=H12")])]), facts
    )["fields"]
    assert "just after" in ticket.excerpt_text(fields)
    assert "long before" not in ticket.excerpt_text(fields)


# Configuration and services


def test_configuration_holds_names_and_never_values():
    secret = "hunter2" + "hunter2"
    facts = facts_of(
        log(
            line("09:00:00", "app[api]", "Set STRIPE_KEY, GREETING config vars by user ana@example.com"),
            line("09:00:01", "app[api]", "Scaled to web@2:Standard-1X worker@1:Basic by user ana@example.com"),
            line("09:00:03", "heroku[web.1]", f"Starting process with command `env KEY={secret} gunicorn shop.wsgi`"),
            line("09:00:05", "app[web.1]", "[2026-03-14 09:00:05 +0000] [2] [INFO] Starting gunicorn 23.0.0"),
            router("09:00:09"),
        )
    )
    text = ticket.draft(document(), facts)["fields"]["configuration"]
    assert "`STRIPE_KEY, GREETING`" in text
    assert "`web@2:Standard-1X worker@1:Basic`" in text
    assert "`gunicorn 23.0.0`" in text
    assert "`Router 2.0`" in text
    assert secret not in text


def test_the_app_is_known_from_its_herokuapp_host():
    assert (
        ticket.draft(document(), facts_of(log(router("09:00:00", code="H12", desc="Request timeout", status=503))))[
            "fields"
        ]["app"]
        == "example"
    )
    own = facts_of(log(router("09:00:00", code="H12", desc="Request timeout", status=503, host="www.example.com")))
    assert ticket.draft(document(), own)["fields"]["app"] == ""


def test_services_that_the_app_calls_are_listed_with_their_line_and_documentation_is_not():
    facts = facts_of(
        log(
            router("09:00:00", code="H12", desc="Request timeout", status=503, host="www.example.com"),
            line(
                "09:00:01",
                "app[web.1]",
                "requests.exceptions.ReadTimeout: https://api.payments.example.net/v1/pay timed out",
            ),
            line("09:00:02", "app[web.1]", "Error: getaddrinfo ENOTFOUND cache.example.org"),
            line(
                "09:00:03", "app[web.1]", "See https://docs.djangoproject.com/en/5.2/ and https://www.example.com/own"
            ),
        )
    )
    text = ticket.draft(document(), facts)["fields"]["services"]
    assert text == "- `api.payments.example.net` (`app.log:2`)\n- `cache.example.org` (`app.log:3`)"


# Reproduction


def test_the_culprits_request_is_the_one_to_repeat():
    facts = facts_of(
        log(
            router("09:00:00", "/orders/1", code="H12", desc="Request timeout", service=30001, status=503),
            router(
                "09:00:09", "/reports/7/export?page=2", code="H12", desc="Request timeout", service=30001, status=503
            ),
        )
    )
    assert "/reports/7/export?page=2'" in ticket.draft(document(), facts)["fields"]["reproduce"]


def test_a_changing_request_carries_its_warning():
    said = document(endpoints=[], findings=[finding(subject="POST /pay")])
    facts = facts_of(
        log(router("09:00:00", "/pay", method="POST", code="H12", desc="Request timeout", service=30001, status=503))
    )
    text = ticket.draft(said, facts)["fields"]["reproduce"]
    assert "-X POST" in text
    assert "- POST may change data" in text


# Permission, gate, a healthy day


def test_permission_is_never_given_beforehand():
    draft = ticket.draft(document())
    assert draft["fields"]["permission"] is False
    assert "[ ] Heroku staff may access this app" in draft["markdown"]
    assert "[x]" not in draft["markdown"]


def test_permission_shows_once_it_is_given():
    fields = ticket.draft(document())["fields"] | {"permission": True}
    assert "[x] Heroku staff may access this app" in ticket.render(fields)
    assert "[ ] Heroku staff may look at the app's code" in ticket.render(fields)


def test_the_advice_before_filing_stays_out_of_the_ticket_itself():
    draft = ticket.draft(document())
    assert "debug the platform, not the app" in draft["gate"]
    assert "debug the platform" not in draft["markdown"]


def test_a_healthy_log_gives_a_question_of_low_priority():
    draft = ticket.draft(healthy())
    assert draft["priority"] == "low"
    assert "Question" in draft["title"]
    assert draft["fields"]["reproduce"] == ""


def test_an_uncertain_verdict_says_so():
    said = document(
        verdict={
            "status": "inconclusive",
            "slug": "unknown",
            "sentence": "web.1 crashed, and this log does not say why.",
        }
    )
    assert "- Not certain: web.1 crashed" in ticket.draft(said)["markdown"]


# A person's edits


def test_what_a_person_writes_stands_in_its_place_and_closes_the_gap():
    fields = ticket.draft(document())["fields"]
    before = ticket.complete(fields).score
    fields |= {
        "business": "No shop can take **orders**.",
        "staging": "no",
        "differences": "A smaller plan.",
        "app": "shop",
    }
    text = ticket.render(fields, document())
    assert "No shop can take **orders**." in section(text, "Who is affected")
    assert section(text, "Staging") == "Not seen there.\n\nA smaller plan."
    assert "- **App:** `shop`" in text
    assert ticket.complete(fields).score > before


def test_a_secret_that_a_person_typed_is_masked_and_reported():
    secret = "s3cr3t" + "pass"
    fields = ticket.draft(document())["fields"] | {"tried": f"psql postgres://app:{secret}@db.example.com/app"}
    assert secret not in ticket.render(fields)
    assert ticket.secrets(fields) == {"database-password": 1}
    assert ticket.secrets(ticket.draft(document())["fields"]) == {}


@pytest.mark.parametrize("fields", [{}, {"title": None, "excerpt": 5, "permission": "yes"}, {"description": ["a"]}])
def test_fields_that_are_no_text_do_no_harm(fields):
    text = ticket.render(fields)
    assert text.startswith("# Support request\n")
    assert "[x]" not in text


# Hostile logs


def test_credentials_and_personal_data_of_the_log_never_reach_the_ticket():
    password, token = "s3cr3t" + "pass", "ghp_" + "a1B2" * 9
    found = finding(
        subject="GET /users/ana@example.org",
        summary=f"Could not connect to postgres://app:{password}@db.example.com/app for ana@example.org",
        evidence=[evidence(1, f"app[web.1]: Authorization: token {token} from 198.51.100.77")],
    )
    facts = facts_of(
        log(
            line("09:12:07.353034", "app[web.1]", f"Authorization: token {token} from 198.51.100.77"),
            router(
                "09:12:08", f"/login?token={token}", code="H12", desc="Request timeout", status=503, fwd="198.51.100.77"
            ),
        )
    )
    said = document(
        findings=[found], verdict={"status": "likely", "slug": "slow-endpoint", "sentence": found["summary"]}
    )
    draft = ticket.draft(said, facts)
    everything = json.dumps(draft) + ticket.excerpt_log(said, facts)
    for secret in (password, token, "ana@example.org", "198.51.100.77"):
        assert secret not in everything


def test_markup_in_the_log_stays_text():
    nasty = "</pre><script>alert(1)</script> ``` @everyone # head"
    said = document(
        findings=[finding(summary=nasty, title=nasty, subject=nasty, evidence=[evidence(1, f"app[web.1]: {nasty}")])],
        verdict={"status": "likely", "slug": "slow-endpoint", "sentence": nasty},
        endpoints=[endpoint(f"/{nasty}|x", errors=1, role="culprit")],
    )
    outside = re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", ticket.draft(said)["markdown"], flags=re.DOTALL | re.MULTILINE)
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"(?<!\\)<(?!https://)", outside)
    assert "@everyone" not in outside


def test_control_characters_never_reach_the_ticket():
    said = document(findings=[finding(summary="a\x1b]0;title\x07b\u202ec")])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", ticket.draft(said)["markdown"])


def test_the_subject_is_one_line_of_bearable_length():
    title = ticket.draft(document(findings=[finding(title="x" * 300, subject="a\nb")]))["title"]
    assert len(title) <= 115
    assert "\n" not in title
    assert title.endswith("since 2026-03-14 09:12:07 UTC")


def test_the_order_of_sections_is_the_one_heroku_asks_in():
    markdown = ticket.draft(document())["markdown"]
    assert re.findall(r"^## (.+)$", markdown, re.MULTILINE) == [
        "What happens", "Who is affected", "Steps to reproduce", "Staging", "What changed", "Logs", "Configuration",
        "Third-party services", "Read before filing", "Permission",
    ]  # fmt: skip
