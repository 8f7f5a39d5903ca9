"""Short pastes, as people bring them: cut off, without an exit, out of order, wrapped by other tools. Each still has a cause."""

from __future__ import annotations

import pytest

from incidents.analysis import diagnose
from tests.analysis.logs import facts_of, line, log, router

AT = "09:00:07"


def app(*said: str, process: str = "web.1") -> str:
    """What a process says, and nothing of its end."""
    return log(*(line(f"{AT}.{place:06d}", f"app[{process}]", text) for place, text in enumerate(said)))


def build(*said: str) -> str:
    return "".join(f"remote:        {text}\n" for text in said)


def started(command: str, *said: str) -> str:
    return log(line("09:00:04", "heroku[web.1]", f"Starting process with command `{command}`")) + app(*said)


def killed(*said: str) -> str:
    """A paste that begins after the start of the process and ends with its being killed for an unopened port."""
    return app(*said) + log(
        line("09:01:06", "heroku[web.1]", "State changed from starting to crashed"),
        line("09:01:04", "heroku[web.1]", "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch"),
    )  # fmt: skip


PASTES = [
    # frames of loaders tell that the app was being loaded, though the exit is not in the paste
    ("syntax-or-import-error", app("Error: Cannot find module './routes/orders'", "at Function.Module._load (module.js:474:25)", "at Object.<anonymous> (/app/server.js:11:17)", "at Function.Module.runMain (module.js:693:10)")),
    ("missing-config-var", app('File "/app/.heroku/python/lib/python3.11/site-packages/gunicorn/util.py", line 359, in import_app', "django.core.exceptions.ImproperlyConfigured: 'SHOP_SETTINGS' environment variable must be set")),
    ("syntax-or-import-error", "Traceback (most recent call last):\n  File \"run.py\", line 3, in <module>\n    from shop.cart import Cart\n  File \"/app/shop.py\", line 5, in <module>\n    import shop.rates\nModuleNotFoundError: No module named 'shop.rates'; 'shop' is not a package\n"),
    ("port-binding", app("[0] events.js:154", "[0]       throw er; // Unhandled 'error' event", "[0] Error: listen EADDRINUSE :::23456", "[0]     at Server._listen2 (net.js:1227:14)")),
    ("node-version", app("/app/bot.js:18", "        if (order?.open) close(order);", "                 ^", "SyntaxError: Unexpected token .", "at createScript (vm.js:80:10)", "at Function.Module.runMain (module.js:693:10)")),
    ("node-version", "4|helper  | /srv/helper/node_modules/form/request.js:33\n4|helper  |     agent ??= new Agent({});\n4|helper  | SyntaxError: Unexpected token '??='\n4|helper  |     at wrapSafe (internal/modules/cjs/loader.js:1001:16)\n"),
    # ports
    ("port-binding", killed("listening on *:3000")),
    ("port-binding", killed("Now visit: http://localhost:3000")),
    ("port-binding", app("shop running on port 5649.", "Unable to listen on port 5649. The port is already in use.") + log(line("09:00:08", "heroku[web.1]", "Process exited with status 0"), line("09:00:08.1", "heroku[web.1]", "State changed from up to crashed"))),
    # start commands
    ("bad-start-command", build("env: 'target/shop-1.0.jar': Permission denied")),
    ("bad-start-command", log(line("09:00:04", "heroku[web.1]", "Starting process with command `node loader.js`"), line("09:00:05", "heroku[web.1]", "Process exited with status 0"), line("09:00:05.1", "heroku[web.1]", "State changed from starting to crashed"))),
    ("bad-start-command", app("/app/vendor/gems/bundler-1.3.0/lib/bundler/definition.rb:16:in `build': /app/vendor/ruby/Gemfile not found (Bundler::GemfileNotFound)")),
    # builds without their last line
    ("dependency-conflict", build("Could not find 'bundler' (2.0.0) required by your /tmp/build_1/Gemfile.lock.", "!", "!     Failed to install gems via Bundler.")),
    ("dependency-conflict", build("form-2.7.1 requires ruby version >= 3.2, which is incompatible with the current version, 3.1.3", "! Error installing your applications's dependencies")),
    ("native-build-failure", build("An error occurred while installing json (1.8.3), and Bundler cannot continue.", "!     Push rejected, failed to compile Ruby app.")),
    ("build-failed", build("/app/tmp/buildpacks/1/bin/steps/pip-install: line 7: /app/.heroku/python/bin/pip: No such file or directory", "!     Push rejected, failed to compile Python app.")),
    ("migration-failed", build("Tasks: TOP => db:migrate", "(See full trace by running task with --trace)")),
    # the words of one system that look like those of another
    ("ssl-or-dns", app('** (Postgrex.Error) FATAL 28000 (invalid_authorization_specification) no pg_hba.conf entry for host "192.0.2.7", user "shop", database "shop", SSL off')),
    ("client-disconnect", log(router(AT, "/stats", code="H18", desc="Request Interrupted", status=503).replace("at=error", "sock=client at=error"))),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "text"), PASTES, ids=[f"{slug}: {text[:70]!r}" for slug, text in PASTES])
def test_a_paste_without_its_end_tells_its_cause(slug, text):
    found = diagnose.findings(facts_of(text))
    assert found, text
    assert found[0].slug == slug, (found[0].slug, found[0].summary)


UNCERTAIN = [
    app("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>"),
    log(line(AT, "heroku[web.1]", "- Process exited with status 1"), line("09:00:07.1", "heroku[web.1]", "- State changed from up to crashed")),
    "5 fwd=\"192.0.2.7\" dyno= connect= service= status=503 by\ntes=\n" + log(router(AT, code="H10", desc="App crashed", dyno="", service=0, status=503)),
]  # fmt: skip


@pytest.mark.parametrize("text", UNCERTAIN, ids=["master only", "dashed", "piece of a line"])
def test_harm_without_a_reason_is_not_explained(text):
    facts = facts_of(text)
    found = diagnose.findings(facts)
    assert diagnose.verdict(found, facts).status == "inconclusive"
    assert found[0].slug == "unknown"


def served(*said: str) -> str:
    """Lines of a process that then serves requests."""
    return app(*said) + log(*(router(f"09:00:{second}", "/ok") for second in range(10, 30)))


LIVED = [
    ("a module that is optional", served("Error: Cannot find module './colours'", "at Function.Module.runMain (module.js:693:10)")),
    ("an old bundler", build("Warning: the running version of Bundler (1.15.2) is older than the version that created the lockfile (1.16.1).", "Installing rake 12.3.0")),
    ("a page to visit", served("Now visit: http://localhost:3000")),
]  # fmt: skip


@pytest.mark.parametrize("text", [text for _, text in LIVED], ids=[name for name, _ in LIVED])
def test_what_a_process_lives_with_is_no_sure_cause(text):
    facts = facts_of(text)
    assert diagnose.verdict(diagnose.findings(facts), facts).status in ("healthy", "inconclusive", "likely")
