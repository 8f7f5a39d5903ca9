"""Stack traces: joined over records, in six languages, with lines of others between, out of order, trimmed or in JSON."""

from __future__ import annotations

import json
import random

import pytest

from incidents.analysis.events import traces
from incidents.analysis.readers.traces import Trace, clean
from tests.analysis.logs import facts_of, line, log, router


def read(*said: str, process: str = "web.1") -> list[Trace]:
    return traces(
        facts_of(log(*(line(f"09:00:00.{place:06d}", f"app[{process}]", text) for place, text in enumerate(said))))
    )


def one(*said: str) -> Trace:
    found = read(*said)
    assert len(found) == 1, [(trace.type, trace.message) for trace in found]
    return found[0]


PYTHON = (
    "Traceback (most recent call last):",
    '  File "/app/.heroku/python/lib/python3.11/site-packages/flask/app.py", line 1823, in full_dispatch_request',
    "    rv = self.dispatch_request()",
    "         ^^^^^^^^^^^^^^^^^^^^^^^",
    '  File "/app/shop/views.py", line 85, in show',
    "    return rows[0]",
    "           ~~~~^^^",
    "IndexError: list index out of range",
)  # fmt: skip


def test_python_with_and_without_indentation():
    for said in (PYTHON, tuple(text.strip() for text in PYTHON)):
        trace = one(*said)
        assert (trace.language, trace.type, trace.message) == ("python", "IndexError", "list index out of range")
        assert (trace.culprit.file, trace.culprit.line, trace.culprit.function) == ("/app/shop/views.py", 85, "show")
        assert trace.headline.text.strip() == "IndexError: list index out of range"


def test_python_syntax_errors_name_their_file():
    trace = one("Traceback (most recent call last):", '  File "/app/wsgi.py", line 3, in <module>', "    from shop import views", '  File "/app/shop/views.py", line 9', "    def x(", "         ^", "SyntaxError: '(' was never closed")  # fmt: skip
    assert (trace.type, trace.culprit.file, trace.culprit.line) == ("SyntaxError", "/app/shop/views.py", 9)


def test_python_chains_are_one_error_with_its_causes():
    trace = one(
        "Traceback (most recent call last):", '  File "/app/db.py", line 3, in connect', "    sock.connect()", "ConnectionRefusedError: [Errno 111] Connection refused",
        "", "The above exception was the direct cause of the following exception:", "",
        "Traceback (most recent call last):", '  File "/app/app.py", line 9, in <module>', "    db.connect()", "shop.errors.DatabaseDown: cannot connect",
    )  # fmt: skip
    assert (trace.type, trace.causes) == (
        "shop.errors.DatabaseDown",
        [("ConnectionRefusedError", "[Errno 111] Connection refused")],
    )


def test_python_messages_may_go_on():
    trace = one("Traceback (most recent call last):", '  File "/app/app.py", line 9, in <module>', "    run()", 'psycopg2.errors.UndefinedTable: relation "x" does not exist', 'LINE 1: SELECT * FROM "x"')  # fmt: skip
    assert trace.message == 'relation "x" does not exist LINE 1: SELECT * FROM "x"'


NODE = (
    "/app/routes/orders.js:31",
    "    throw err;",
    "    ^",
    "",
    "TypeError: Cannot read properties of null (reading 'total')",
    "    at show (/app/routes/orders.js:31:24)",
    "    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {",
    "  code: 'ERR_X',",
    "}",
    "",
    "Node.js v20.11.0",
)


def test_node():
    trace = one(*NODE)
    assert (trace.language, trace.type, trace.message) == (
        "node",
        "TypeError",
        "Cannot read properties of null (reading 'total')",
    )
    assert (trace.culprit.file, trace.culprit.line) == ("/app/routes/orders.js", 31)
    assert trace.headline.text == NODE[4]
    assert trace.last.text == NODE[-1]


def test_node_messages_of_several_lines():
    trace = one("Error: Cannot find module './db'", "Require stack:", "- /app/server.js", "    at Module._load (node:internal/modules/cjs/loader:922:27)", "    at Object.<anonymous> (/app/server.js:3:12)")  # fmt: skip
    assert (trace.type, trace.message, trace.culprit.line) == (
        "Error",
        "Cannot find module './db' Require stack: - /app/server.js",
        3,
    )


def test_rails_with_request_and_template():
    tag = "[0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b]"
    trace = one(
        f'I, [2026-03-14T09:00:00.000000 #4]  INFO -- : {tag} Started GET "/orders/7" for 203.0.113.7 at 2026-03-14 09:00:00 +0000',
        f"F, [2026-03-14T09:00:00.000000 #4] FATAL -- : {tag} ActionView::Template::Error (undefined method `total' for nil:NilClass):",
        f"F, [2026-03-14T09:00:00.000000 #4] FATAL -- : {tag}     1: <%= @order.total %>",
        f"F, [2026-03-14T09:00:00.000000 #4] FATAL -- : {tag}   ",
        f"{tag} app/views/orders/show.html.erb:1:in `_app_views_orders_show_html_erb'",
        f"{tag} vendor/bundle/ruby/3.2.0/gems/actionview-7.0.4/lib/action_view/base.rb:244:in `public_send'",
    )
    assert (trace.language, trace.type, trace.message) == (
        "ruby",
        "ActionView::Template::Error",
        "undefined method `total' for nil:NilClass",
    )
    assert (trace.path, trace.request_id) == ("/orders/7", "0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b")
    assert (trace.culprit.file, trace.culprit.line) == ("app/views/orders/show.html.erb", 1)


def test_ruby_that_ends_a_process():
    trace = one("/app/config/environments/production.rb:3:in `<top (required)>': uninitialized constant ShopApp (NameError)", "\tfrom /app/config/environment.rb:5:in `<top (required)>'", "\tfrom /app/vendor/bundle/ruby/3.2.0/gems/rack-2.2/lib/rack/builder.rb:5:in `eval'")  # fmt: skip
    assert (trace.type, trace.message, trace.culprit.line) == ("NameError", "uninitialized constant ShopApp", 3)


def test_jvm_with_causes():
    trace = one(
        "org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'dataSource'",
        "\tat org.springframework.beans.factory.support.AbstractBeanFactory.doGetBean(AbstractBeanFactory.java:322) ~[spring-beans-6.0.jar!/:6.0]",
        "\tat com.example.shop.Main.main(Main.java:12)",
        "\t... 27 common frames omitted",
        'Caused by: org.postgresql.util.PSQLException: ERROR: relation "team" does not exist',
        "  Position: 72",
        "\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2675)",
    )
    assert (trace.language, trace.type) == ("jvm", "org.springframework.beans.factory.BeanCreationException")
    assert trace.causes == [("org.postgresql.util.PSQLException", 'ERROR: relation "team" does not exist Position: 72')]
    assert trace.culprit.function == "com.example.shop.Main.main"


def test_go():
    trace = one("panic: runtime error: index out of range [3] with length 2", "", "goroutine 1 [running]:", "runtime.gopanic(0x1)", "\t/usr/local/go/src/runtime/panic.go:522 +0x1b5", "main.show(0x8db260)", "\t/tmp/build_1/orders.go:31 +0x1b5", "exit status 2")  # fmt: skip
    assert (trace.language, trace.type, trace.culprit.file, trace.culprit.function) == (
        "go",
        "panic",
        "/tmp/build_1/orders.go",
        "main.show",
    )


def test_php_and_laravel():
    plain = one("PHP Fatal error:  Uncaught TypeError: Unsupported operand types in /app/public/index.php:14", "Stack trace:", "#0 /app/public/index.php(20): total()", "#1 {main}", "  thrown in /app/public/index.php on line 14")  # fmt: skip
    assert (plain.type, plain.message, plain.culprit.line) == ("TypeError", "Unsupported operand types", 14)
    laravel = one('[2026-03-14 09:00:00] production.ERROR: Class X does not exist {"exception":"[object] (ReflectionException(code: -1): Class X does not exist at /app/vendor/laravel/Container.php:752)"}')  # fmt: skip
    assert (laravel.type, laravel.message) == ("ReflectionException", "Class X does not exist")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("thread 'main' panicked at src/main.rs:12:5:", "panic", ""),
        ("** (RuntimeError) no database", "RuntimeError", "no database"),
        ("MongoServerSelectionError: connection timed out", "MongoServerSelectionError", "connection timed out"),
        ("Unhandled rejection SequelizeConnectionError: nope", "SequelizeConnectionError", "nope"),
        ("[ERROR] redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379", "redis.exceptions.ConnectionError", "Error 111 connecting to localhost:6379"),
    ],
)  # fmt: skip
def test_errors_without_frames(text, kind, message):
    trace = one(text)
    assert (trace.type, trace.message) == (kind, message)


@pytest.mark.parametrize(
    "text",
    [
        "0 errors",
        "error handler installed",
        "Error rate: 0.1",
        "the exception proves the rule",
        "at 9:00 all is well",
        "GET /errors/500 200",
    ],
)
def test_talk_about_errors_is_none(text):
    assert read(text) == []


def test_json_lines_carry_their_stack():
    record = {"level": "error", "message": "boom", "stack": "Error: boom\n    at show (/app/routes/orders.js:31:24)"}
    trace = one(json.dumps(record))
    assert (trace.type, trace.message, trace.culprit.line) == ("Error", "boom", 31)


def test_traces_of_two_dynos_that_are_mixed():
    lines = []
    for place, (one_text, other) in enumerate(zip(PYTHON, NODE, strict=False)):
        lines.append(line(f"09:00:00.{2 * place:06d}", "app[web.1]", one_text))
        lines.append(router(f"09:00:00.{2 * place:06d}"))
        lines.append(line(f"09:00:00.{2 * place + 1:06d}", "app[web.2]", other))
    found = traces(facts_of(log(*lines)))
    assert [(trace.process, trace.type) for trace in found] == [("web.1", "IndexError"), ("web.2", "TypeError")]


def test_lines_of_one_moment_in_any_order_are_still_one_error():
    said = [
        "ActionView::Template::Error (undefined method `total' for nil:NilClass):",
        "  app/views/orders/show.html.erb:1:in `show'",
        "  app/controllers/orders_controller.rb:9:in `index'",
        "    1: <%= @order.total %>",
    ]
    for seed in range(6):
        mixed = random.Random(seed).sample(said, len(said))
        trace = one(*mixed)
        assert (trace.type, {frame.line for frame in trace.frames}) == ("ActionView::Template::Error", {1, 9})


def test_a_cut_beginning_leaves_the_type_open():
    trace = one(
        "    at Module._load (node:internal/modules/cjs/loader:922:27)",
        "    at Object.<anonymous> (/app/server.js:3:12)",
    )
    assert (trace.type, trace.message, trace.culprit.file) == ("", "", "/app/server.js")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("E, [2026-03-14T09:00:00.000000 #4] ERROR -- : boom", "boom"),
        ("[2026-03-14 09:00:00 +0000] [10] [ERROR] boom", "boom"),
        ("2026-03-14 09:00:00,353 ERROR boom", "boom"),
        ("\x1b[31mboom\x1b[0m", "boom\x1b[0m"),
        ("(node:4) boom", "boom"),
        ("Error: boom", "Error: boom"),
    ],
)
def test_prefixes_of_loggers_are_taken_off(text, rest):
    assert clean(text) == rest
