"""Cause before symptom, with a time order; and no verdict where the log does not carry one."""

from __future__ import annotations

from dataclasses import replace

from incidents.analysis import diagnose
from incidents.analysis.rules import Rule
from incidents.analysis.types import Evidence, Finding
from tests.analysis.logs import document_of, facts_of, line, log, router

CALM = [router(f"08:59:{second:02d}", "/ok") for second in range(20)]


def finding(
    slug: str, confidence: float, *, at: int = 0, until: int | None = None, line_number: int = 1, **more: object
) -> Finding:
    proof = [Evidence(0, line_number, at, "text")]
    return Finding(slug, f"{slug}.", confidence, proof, first_us=at, last_us=at if until is None else until, **more)


def ranked(*found: Finding) -> list[tuple[str, str]]:
    return [(one.slug, one.folded_into) for one in diagnose.rank([replace(one) for one in found], facts_of(log(*CALM)))]


def web(at: str, text: str) -> str:
    return line(at, "heroku[web.1]", text)


def app(at: str, text: str) -> str:
    return line(at, "app[web.1]", text)


def crash(minute: str, *said: str, state: str = "starting") -> list[str]:
    return [
        web(f"09:{minute}:01", "Starting process with command `npm start`"),
        *([web(f"09:{minute}:02", "State changed from starting to up")] if state == "up" else []),
        *(app(f"09:{minute}:{'40' if state == 'up' else '03'}.{place:06d}", text) for place, text in enumerate(said)),
        web(f"09:{minute}:41.1", "Process exited with status 1"),
        web(f"09:{minute}:41.2", f"State changed from {state} to crashed"),
    ]


def test_a_symptom_is_folded_under_its_cause():
    assert ranked(finding("boot-timeout", 0.93), finding("port-binding", 0.9), finding("unknown", 0.35)) == [
        ("port-binding", ""),
        ("boot-timeout", "port-binding"),
        ("unknown", "port-binding"),
    ]


def test_an_unlikely_cause_explains_nothing():
    assert ranked(finding("boot-timeout", 0.86), finding("missing-procfile-or-process-type", 0.4)) == [
        ("boot-timeout", ""),
        ("missing-procfile-or-process-type", ""),
    ]


def test_a_symptom_that_was_over_before_the_cause_began_stands_for_itself():
    late = finding("memory-quota", 0.9, at=3_600_000_000)
    early = finding("worker-timeout", 0.8, at=0, until=60_000_000)
    assert ranked(late, early) == [("memory-quota", ""), ("worker-timeout", "")]


def test_what_is_harmless_comes_last_and_explains_nothing():
    calm = finding("dyno-cycling", 0.95, harmless=True, explains=("unknown",))
    assert ranked(calm, finding("unknown", 0.3)) == [("unknown", ""), ("dyno-cycling", "")]


def test_two_causes_do_not_fold_each_other():
    found = ranked(finding("missing-dependency", 0.95), finding("bad-start-command", 0.95, line_number=9))
    assert sorted(folded for _, folded in found) in (["", "bad-start-command"], ["", "missing-dependency"])


def test_an_exception_in_one_request_is_not_the_reason_for_a_timeout_of_another():
    text = log(
        *CALM,
        app("09:00:00", "TypeError: Cannot read properties of null (reading 'total')"),
        app("09:00:00.000001", "    at show (/app/routes/orders.js:31:24)"),
        router("09:00:00.1", "/orders/7", status=500),
        router("09:10:00", "/report", code="H12", desc="Request timeout", service=30001, status=503),
        router("09:10:40", "/report", code="H12", desc="Request timeout", service=30001, status=503),
    )
    found = document_of(text)["findings"]
    slow = next(one for one in found if one["slug"] == "slow-endpoint")
    assert slow["folded_into"] == ""
    assert next(one for one in found if one["slug"] == "app-exception")["folded_into"] == ""


def test_the_last_crash_wins():
    text = log(
        *crash("00", "Error: connect ECONNREFUSED 192.0.2.9:27017", state="up"),
        *crash("10", "Error: connect ECONNREFUSED 192.0.2.9:27017", state="up"),
        *crash("20", "Error: Cannot find module './server/db'", "    at Object.<anonymous> (/app/server.js:4:19)"),
        router("09:21:00", code="H10", desc="App crashed", dyno="", service=0, status=503),
    )
    document = document_of(text)
    assert document["verdict"]["slug"] == "syntax-or-import-error"
    assert "db-connection-failure" in [one["slug"] for one in document["findings"]]


def test_the_last_of_several_errors_in_a_boot_ended_it():
    text = log(
        web("09:00:01", "Starting process with command `npm start`"),
        app("09:00:02", "Module not found: Error: Cannot resolve module 'json-loader' in /app/node_modules/request"),
        app("09:00:09", "/app/knexfile.js:3"),
        app(
            "09:00:09.1",
            "SyntaxError: Block-scoped declarations (let, const, function, class) not yet supported outside strict mode",
        ),
        web("09:00:09.2", "Process exited with status 1"),
        web("09:00:09.3", "State changed from starting to crashed"),
    )
    assert document_of(text)["verdict"]["slug"] == "node-version"


def test_the_chain_is_told_with_times():
    text = log(
        *CALM,
        line("08:59:50", "app[api]", "Deploy 8c456a46 by user ana@example.com"),
        line("08:59:50", "app[api]", "Release v42 created by user ana@example.com"),
        *crash("00", "Error: Cannot find module 'express'", "    at Object.<anonymous> (/app/server.js:4:19)"),
        router("09:01:00", code="H10", desc="App crashed", dyno="", service=0, status=503),
    )
    verdict = document_of(text)["verdict"]
    assert (verdict["status"], verdict["slug"]) == ("confirmed", "missing-dependency")
    assert verdict["sentence"] == (
        "`express` is not installed: it began 11 s after release v42 (a deploy); "
        "web.1 exited with status 1 at 2026-03-14 09:00:41 UTC; so the router answered H10 (1 request)."
    )
    remedies = document_of(text)["findings"][0]["remedies"]
    assert "heroku rollback v41" in [remedy["command"] for remedy in remedies]


def test_a_crash_without_a_word_is_inconclusive_and_says_what_would_decide_it():
    text = log(
        *CALM, web("09:00:01", "Process exited with status 1"), web("09:00:01.1", "State changed from up to crashed")
    )
    verdict = document_of(text)["verdict"]
    assert (verdict["status"], verdict["slug"]) == ("inconclusive", "unknown")
    assert "`heroku logs -n 1500 -d web.1`" in verdict["sentence"]


def test_a_500_without_a_traceback_is_inconclusive_and_says_what_to_switch_on():
    text = log(*CALM, router("09:00:21", "/signup", method="POST", status=500))
    document = document_of(text)
    assert (document["verdict"]["status"], document["verdict"]["slug"]) == ("inconclusive", "app-exception")
    assert "no traceback was written" in document["verdict"]["sentence"]


def test_router_errors_alone_are_inconclusive():
    text = log(
        *(
            router(f"09:00:{second:02d}", code="H10", desc="App crashed", dyno="", service=0, status=503)
            for second in range(5)
        )
    )
    verdict = document_of(text)["verdict"]
    assert verdict["status"] == "inconclusive"
    assert "heroku logs" in verdict["sentence"]


def test_a_normal_day_is_healthy():
    text = log(
        *CALM,
        web("09:00:01", "Cycling"),
        web("09:00:01.1", "State changed from up to starting"),
        web("09:00:02", "Stopping all processes with SIGTERM"),
        app("09:00:02.1", "[2026-03-14 09:00:02 +0000] [2] [INFO] Handling signal: term"),
        app("09:00:02.2", "[2026-03-14 09:00:02 +0000] [9] [INFO] Worker exiting (pid: 9)"),
        web("09:00:03", "Process exited with status 143"),
        web("09:00:04", "Starting process with command `gunicorn shop.wsgi`"),
        web("09:00:06", "State changed from starting to up"),
        router("09:00:09", "/wp-login.php", status=404),
        web("09:40:00", "Idling"),
        web("09:40:00.1", "State changed from up to down"),
        web("09:40:01", "Stopping all processes with SIGTERM"),
        web("09:40:02", "Process exited with status 143"),
    )
    assert document_of(text)["verdict"]["status"] == "healthy"


def test_an_exit_timeout_at_a_deploy_is_told_and_is_no_incident():
    text = log(
        *CALM,
        web("09:00:01", "Restarting"),
        web("09:00:01.1", "State changed from up to starting"),
        web("09:00:02", "Stopping all processes with SIGTERM"),
        web("09:00:32", "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM"),
        web("09:00:32.1", "Stopping remaining processes with SIGKILL"),
        web("09:00:32.2", "Process exited with status 137"),
        web("09:00:35", "Starting process with command `npm start`"),
        web("09:00:38", "State changed from starting to up"),
    )
    document = document_of(text)
    assert document["verdict"]["status"] == "healthy"
    assert document["findings"][0]["slug"] == "sigterm-not-handled"


def test_requests_that_an_exit_timeout_cuts_off_make_it_an_incident():
    text = log(
        *CALM,
        web("09:00:01", "Restarting"),
        web("09:00:01.1", "State changed from up to starting"),
        web("09:00:02", "Stopping all processes with SIGTERM"),
        web("09:00:32", "Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM"),
        router(
            "09:00:32.15", "/upload", code="H13", desc="Connection closed without response", service=29000, status=503
        ),
        web("09:00:32.2", "Process exited with status 137"),
    )
    assert document_of(text)["verdict"]["slug"] == "sigterm-not-handled"


def test_a_rule_that_breaks_does_not_silence_the_others(monkeypatch, caplog):
    def broken(facts: object) -> list[Finding]:
        raise ZeroDivisionError

    rules = (Rule(slugs=("unknown",), check=broken, name="broken"), *diagnose.all_rules())
    monkeypatch.setattr(diagnose, "all_rules", lambda: rules)
    text = log(*crash("00", "Error: Cannot find module 'express'"))
    assert diagnose.findings(facts_of(text))[0].slug == "missing-dependency"
    assert "rule broken failed" in caplog.text


def test_every_link_leads_between_known_causes():
    from incidents.analysis import catalogue

    for cause, symptoms in diagnose.LINKS.items():
        assert cause in catalogue.SLUGS
        assert set(symptoms) <= set(catalogue.SLUGS)
        assert cause not in symptoms
