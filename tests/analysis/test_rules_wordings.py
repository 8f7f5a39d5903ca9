"""The words in which servers, languages and frameworks say what ended them: each must lead to its cause, and stand as evidence."""

from __future__ import annotations

import pytest

from incidents.analysis import diagnose
from incidents.analysis.types import Finding
from tests.analysis.logs import facts_of, line, log, router

SAME = (
    {"missing-dependency", "dependency-conflict"},
    {"migration-failed", "missing-table"},
    {"bad-start-command", "missing-procfile-or-process-type"},
    {"app-exception", "syntax-or-import-error"},
)


def boot_crash(command: str, *said: str, status: int = 1) -> str:
    """A web dyno that starts, says this, and exits; twice, as the dyno manager tries again at once. Then a visitor comes."""
    lines = []
    for minute in ("00", "01"):
        lines.append(line(f"09:{minute}:01", "heroku[web.1]", "State changed from crashed to starting"))
        lines.append(line(f"09:{minute}:04", "heroku[web.1]", f"Starting process with command `{command}`"))
        lines += [line(f"09:{minute}:07.{place:06d}", "app[web.1]", text) for place, text in enumerate(said)]
        lines.append(line(f"09:{minute}:08.100000", "heroku[web.1]", f"Process exited with status {status}"))
        lines.append(line(f"09:{minute}:08.130000", "heroku[web.1]", "State changed from starting to crashed"))
    lines.append(router("09:01:20", code="H10", desc="App crashed", dyno="", service=0, status=503))
    return log(*lines)


def failed_request(*said: str) -> str:
    """A dyno that serves, says this, and answers 500."""
    lines = [router(f"09:00:{second:02d}", "/ok") for second in range(10, 20)]
    lines += [line(f"09:00:21.{place:06d}", "app[web.1]", text) for place, text in enumerate(said)]
    lines.append(router("09:00:21.100000", "/orders/7", status=500, service=80))
    return log(*lines)


def first_finding(text: str) -> Finding:
    found = diagnose.findings(facts_of(text))
    assert found
    return found[0]


def agrees(found: str, expected: str) -> bool:
    return found == expected or any({found, expected} <= pair for pair in SAME)


PY = "gunicorn shop.wsgi --log-file -"
NODE = "npm start"
RAILS = "bundle exec puma -C config/puma.rb"
JAVA = "java -Dserver.port=$PORT -jar target/shop.jar"

BOOT = [
    # missing-dependency
    ("missing-dependency", PY, 3, ["[ERROR] Exception in worker process", "Traceback (most recent call last):", 'File "/app/shop/settings.py", line 13, in <module>', "import environ", "ModuleNotFoundError: No module named 'environ'"]),
    ("missing-dependency", "python app.py", 1, ["Traceback (most recent call last):", '  File "app.py", line 1, in <module>', "    from flask import Flask", "ImportError: No module named flask"]),
    ("missing-dependency", PY, 3, ["django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 module: No module named 'psycopg2'"]),
    ("missing-dependency", PY, 1, ["pkg_resources.DistributionNotFound: The 'celery>=5.0' distribution was not found and is required by the application"]),
    ("missing-dependency", "bash run.sh", 127, ["bash: line 1: gunicorn: command not found"]),
    ("missing-dependency", "gunicorn app:app", 127, ["bash: gunicorn: command not found"]),
    ("missing-dependency", NODE, 1, ["node:internal/modules/cjs/loader:1080", "  throw err;", "  ^", "Error: Cannot find module 'express'", "Require stack:", "- /app/server.js", "    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)", "    at Object.<anonymous> (/app/server.js:1:17) {", "  code: 'MODULE_NOT_FOUND',", "  requireStack: [ '/app/server.js' ]", "}"]),
    ("missing-dependency", NODE, 1, ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'dotenv' imported from /app/index.js", "    at packageResolve (node:internal/modules/esm/resolve:858:9)"]),
    ("missing-dependency", NODE, 1, ["sh: 1: nodemon: not found", "npm ERR! code ELIFECYCLE", "npm ERR! syscall spawn"]),
    ("missing-dependency", NODE, 127, ["> shop@1.0.0 start", "> next start -p $PORT", "sh: 1: next: not found"]),
    ("missing-dependency", "yarn start", 127, ["$ ts-node src/index.ts", "/bin/sh: 1: ts-node: not found", "error Command failed with exit code 127."]),
    ("missing-dependency", RAILS, 1, ["bundler: failed to load command: puma (/app/vendor/bundle/ruby/3.2.0/bin/puma)", "/app/config/application.rb:9:in `require': cannot load such file -- sprockets/railtie (LoadError)"]),
    ("missing-dependency", RAILS, 7, ["Could not find puma-6.4.0 in any of the sources", "Run `bundle install` to install missing gems."]),
    ("missing-dependency", RAILS, 1, ["Gem::LoadError: Specified 'postgresql' for database adapter, but the gem is not loaded. Add `gem 'pg'` to your Gemfile (and ensure its version is at the minimum required by ActiveRecord)."]),
    ("missing-dependency", RAILS, 127, ["bundler: command not found: puma", "Install missing gem executables with `bundle install`"]),
    ("missing-dependency", JAVA, 1, ["Exception in thread \"main\" java.lang.NoClassDefFoundError: org/postgresql/Driver", "\tat com.example.shop.Main.main(Main.java:12)", "Caused by: java.lang.ClassNotFoundException: org.postgresql.Driver"]),
    ("missing-dependency", "vendor/bin/heroku-php-apache2 public/", 255, ["PHP Fatal error:  Uncaught Error: Failed opening required '/app/vendor/autoload.php' (include_path='.:/app/.heroku/php/lib/php') in /app/artisan:18"]),
    # dependency-conflict
    ("dependency-conflict", PY, 3, ["ImportError: cannot import name 'escape' from 'jinja2' (/app/.heroku/python/lib/python3.11/site-packages/jinja2/__init__.py)"]),
    ("dependency-conflict", PY, 3, ["AttributeError: module 'collections' has no attribute 'MutableMapping'"]),
    ("dependency-conflict", "python bot.py", 1, ["A module that was compiled using NumPy 1.x cannot be run in", "NumPy 2.0.1 as it may crash."]),
    ("dependency-conflict", RAILS, 1, ["Your Ruby version is 3.1.2, but your Gemfile specified 3.2.1"]),
    ("dependency-conflict", RAILS, 1, ["You have already activated rack 3.0.0, but your Gemfile requires rack 2.2.4. Prepending `bundle exec` to your command may solve this. (Gem::LoadError)"]),
    ("dependency-conflict", JAVA, 1, ["Error: LinkageError occurred while loading main class com.example.Main", "java.lang.UnsupportedClassVersionError: com/example/Main has been compiled by a more recent version of the Java Runtime (class file version 61.0)"]),
    # bad-start-command
    ("bad-start-command", "python manage.py runserver", 2, ["python: can't open file '/app/manage.py': [Errno 2] No such file or directory"]),
    ("bad-start-command", NODE, 1, ["npm ERR! Missing script: \"start\"", "npm ERR!", "npm ERR! To see a list of scripts, run:"]),
    ("bad-start-command", NODE, 1, ["npm error Missing script: \"start\""]),
    ("bad-start-command", "node index.js", 1, ["node:internal/modules/cjs/loader:1143", "  throw err;", "Error: Cannot find module '/app/index.js'", "    at Module._resolveFilename (node:internal/modules/cjs/loader:1140:15)", "    at node:internal/main/run_main_module:23:47 {", "  code: 'MODULE_NOT_FOUND',", "  requireStack: []", "}"]),
    ("bad-start-command", "gunicorn shop.wsg", 3, ["ModuleNotFoundError: No module named 'shop.wsg'", "[INFO] Worker exiting (pid: 9)", "[ERROR] Reason: Worker failed to boot."]),
    ("bad-start-command", "gunicorn app:application", 4, ["Failed to find attribute 'application' in 'app'.", "[INFO] Worker exiting (pid: 9)", "[ERROR] Reason: App failed to load."]),
    ("bad-start-command", "uvicorn main:api --host 0.0.0.0 --port 5000", 1, ["ERROR:    Error loading ASGI app. Attribute \"api\" not found in module \"main\"."]),
    ("bad-start-command", "uvicorn app.main:app", 1, ["ERROR:    Error loading ASGI app. Could not import module \"app.main\"."]),
    ("bad-start-command", "./bin/server", 126, ["bash: ./bin/server: Permission denied"]),
    ("bad-start-command", "bin/shop", 127, ["bash: bin/shop: No such file or directory"]),
    ("bad-start-command", "shop-server", 127, ["bash: shop-server: command not found"]),
    ("bad-start-command", JAVA, 1, ["Error: Unable to access jarfile target/shop.jar"]),
    ("bad-start-command", JAVA, 1, ["Error: Could not find or load main class com.example.Main", "Caused by: java.lang.ClassNotFoundException: com.example.Main"]),
    ("bad-start-command", JAVA, 1, ["no main manifest attribute, in target/shop.jar"]),
    ("bad-start-command", "bundle exec rackup", 1, ["configuration /app/config.ru not found"]),
    ("bad-start-command", "bundle exec rake jobs:work", 1, ["rake aborted!", "Don't know how to build task 'jobs:work' (See the list of available tasks with `rake --tasks`)"]),
    ("port-binding", "mix phx.server", 1, ["{shutdown,{ranch_listener_sup,{listen_error,'Elixir.Shop.Endpoint.HTTP',eaddrinuse}}}"]),
    ("db-connection-failure", NODE, 1, ["error Make sure your MongoDB database is running..."]),
    ("port-binding", "nginx", 1, ["nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)"]),
    ("heap-out-of-memory", NODE, 134, ["<--- Last few GCs --->", "[21:0x5]   90210 ms: Mark-sweep 251.6 (257.0) -> 251.1 (257.3) MB, 179.4 / 0.0 ms  (average mu = 0.141) allocation failure scavenge might not succeed"]),
    ("heap-out-of-memory", NODE, 134, ["16: 0xd83588 v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace) [node]"]),
    ("bad-start-command", "bin/start-web", 127, ["bin/start-web: line 4: /app/tools/serve: No such file or directory"]),
    ("bad-start-command", "bin/start-web", 1, ["bin/start-web: line 12: LISTEN_ON: unbound variable"]),
    ("bad-start-command", "vendor/bin/heroku-php-nginx shop/", 1, ["DOCUMENT_ROOT 'shop/' does not exist"]),
    ("bad-start-command", "flask run", 2, ["Error: Could not locate a Flask application. You did not provide the \"FLASK_APP\" environment variable"]),
    # syntax-or-import-error
    ("syntax-or-import-error", PY, 3, ['  File "/app/shop/views.py", line 41', "    def index(request)", "                      ^", "SyntaxError: expected ':'"]),
    ("syntax-or-import-error", PY, 3, ['  File "/app/shop/views.py", line 41', "    return x", "IndentationError: unexpected indent"]),
    ("syntax-or-import-error", PY, 3, ["Traceback (most recent call last):", 'File "/app/shop/urls.py", line 3, in <module>', "from . import views", "ImportError: cannot import name 'views' from partially initialized module 'shop' (most likely due to a circular import) (/app/shop/__init__.py)"]),
    ("syntax-or-import-error", PY, 3, ["Traceback (most recent call last):", 'File "/app/orders/models.py", line 3, in <module>', "from orders.helpers import total", "ModuleNotFoundError: No module named 'orders.helpers'"]),
    ("syntax-or-import-error", NODE, 1, ["/app/src/server.js:10", "import express from 'express';", "^^^^^^", "SyntaxError: Cannot use import statement outside a module", "    at internalCompileFunction (node:internal/vm:73:18)"]),
    ("syntax-or-import-error", NODE, 1, ["Error: Cannot find module '../models/User'", "Require stack:", "- /app/routes/users.js", "    at Module._resolveFilename (node:internal/modules/cjs/loader:1077:15)", "    at Object.<anonymous> (/app/routes/users.js:3:14)"]),
    ("syntax-or-import-error", NODE, 1, ["/app/app.js:22", "app.use(session({", "^", "ReferenceError: session is not defined", "    at Object.<anonymous> (/app/app.js:22:9)"]),
    ("syntax-or-import-error", NODE, 1, ["Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/node-fetch/src/index.js from /app/server.js not supported.", "    at Object.<anonymous> (/app/server.js:2:15)"]),
    ("syntax-or-import-error", RAILS, 1, ["/app/config/environments/production.rb:3:in `<top (required)>': uninitialized constant ShopApp (NameError)", "\tfrom /app/config/environment.rb:5:in `<top (required)>'"]),
    ("syntax-or-import-error", RAILS, 1, ["/app/app/models/order.rb:12: syntax error, unexpected end-of-input, expecting keyword_end (SyntaxError)"]),
    ("syntax-or-import-error", "vendor/bin/heroku-php-nginx", 255, ["PHP Parse error:  syntax error, unexpected token \"}\" in /app/index.php on line 12"]),
    ("db-connection-failure", NODE, 1, ["error no mongos proxy available"]),
    # missing-config-var
    ("missing-config-var", PY, 3, ["Traceback (most recent call last):", 'File "/app/shop/settings.py", line 20, in <module>', "SECRET_KEY = os.environ['DJANGO_SECRET_KEY']", 'File "<frozen os>", line 679, in __getitem__', "KeyError: 'DJANGO_SECRET_KEY'"]),
    ("missing-config-var", PY, 3, ["django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty."]),
    ("missing-config-var", PY, 3, ["decouple.UndefinedValueError: EMAIL_HOST not found. Declare it as envvar or define a default value."]),
    ("missing-config-var", PY, 3, ["django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable"]),
    ("missing-config-var", "python bot.py", 1, ["pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings", "api_token", "  Field required [type=missing, input_value={}, input_type=dict]"]),
    ("missing-config-var", RAILS, 1, ["KeyError: key not found: \"STRIPE_KEY\"", "/app/config/initializers/stripe.rb:2:in `fetch'"]),
    ("missing-config-var", RAILS, 1, ["ArgumentError: Missing `secret_key_base` for 'production' environment"]),
    ("missing-config-var", RAILS, 1, ["Missing encryption key to decrypt file with. Ask your team for your master key and write it to /app/config/master.key or put it in the ENV['RAILS_MASTER_KEY']."]),
    ("missing-config-var", NODE, 1, ["MongooseError: The `uri` parameter to `openUri()` must be a string, got \"undefined\". Make sure the first parameter to `mongoose.connect()` or `mongoose.createConnection()` is a string.", "    at NativeConnection.openUri (/app/node_modules/mongoose/lib/connection.js:713:11)"]),
    ("missing-config-var", NODE, 1, ["OpenAIError: The OPENAI_API_KEY environment variable is missing or empty; either provide it, or instantiate the OpenAI client with an apiKey option", "    at new OpenAI (/app/node_modules/openai/index.js:53:19)"]),
    ("missing-config-var", NODE, 1, ["Error: Missing required environment variable: JWT_SECRET", "    at Object.<anonymous> (/app/config/env.js:7:9)"]),
    ("missing-config-var", NODE, 1, ["Error: secretOrPrivateKey must have a value", "    at module.exports [as sign] (/app/node_modules/jsonwebtoken/sign.js:105:20)"]),
    ("missing-config-var", JAVA, 1, ["java.lang.IllegalArgumentException: Could not resolve placeholder 'SPRING_DATASOURCE_URL' in value \"${SPRING_DATASOURCE_URL}\""]),
    ("missing-config-var", "bin/shop", 1, ["2026/03/14 09:00:07 $PORT must be set"]),
    ("missing-config-var", "bin/shop", 2, ["panic: required key API_TOKEN missing value", "", "goroutine 1 [running]:", "main.main()", "\t/tmp/build/main.go:31 +0x1d"]),
    # migrations and tables
    ("missing-table", PY, 3, ["django.db.utils.ProgrammingError: relation \"shop_setting\" does not exist", "LINE 1: SELECT \"shop_setting\".\"id\" FROM \"shop_setting\""]),
    ("missing-table", NODE, 1, ["Error: P2021: The table `public.User` does not exist in the current database."]),
    ("missing-table", JAVA, 1, ["org.hibernate.tool.schema.spi.SchemaManagementException: Schema-validation: missing table [orders]"]),
    ("migration-failed", JAVA, 1, ["org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have failed validation", "Migration checksum mismatch for migration version 3"]),
    ("migration-failed", JAVA, 1, ["liquibase.exception.MigrationFailedException: Migration failed for changeset db/changelog/002.xml::1::ana:"]),
    ("migration-failed", RAILS, 1, ["StandardError: An error has occurred, this and all later migrations canceled:", "PG::DuplicateTable: ERROR:  relation \"users\" already exists"]),
    ("migration-failed", "npm run migrate && npm start", 1, ["Error: P3009", "migrate found failed migrations in the target database, new migrations will not be applied."]),
    ("migration-failed", "alembic upgrade head && gunicorn app:app", 1, ["FAILED: Target database is not up to date."]),
    # node-version, native
    ("node-version", NODE, 1, ["/app/node_modules/undici/lib/web/fetch/index.js:40", "    this.#opts ??= {}", "               ^^^", "SyntaxError: Unexpected token '??='", "    at wrapSafe (internal/modules/cjs/loader.js:1001:16)"]),
    ("node-version", NODE, 1, ["You are using Node.js 16.20.0. For Next.js, Node.js version >= v18.17.0 is required."]),
    ("node-version", NODE, 1, ["error form@5.1.0: The engine \"node\" is incompatible with this module. Expected version \">=18\". Got \"16.20.2\""]),
    ("node-version", NODE, 1, ["fs.js:44", "} = primordials;", "    ^", "ReferenceError: primordials is not defined", "    at fs.js:44:5"]),
    ("node-version", NODE, 1, ["Error: The module '/app/node_modules/sqlite3/build/Release/node_sqlite3.node'", "was compiled against a different Node.js version using", "NODE_MODULE_VERSION 83. This version of Node.js requires", "NODE_MODULE_VERSION 108."]),
    ("node-version", NODE, 1, ["Error: error:0308010C:digital envelope routines::unsupported", "    at new Hash (node:internal/crypto/hash:71:19)", "  opensslErrorStack: [ 'error:03000086:digital envelope routines::initialization error' ],", "  code: 'ERR_OSSL_EVP_UNSUPPORTED'"]),
    ("native-build-failure", NODE, 1, ["Error: /app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: invalid ELF header", "    at Module._extensions..node (node:internal/modules/cjs/loader:1340:18)"]),
    ("missing-dependency", PY, 3, ["ImportError: libGL.so.1: cannot open shared object file: No such file or directory"]),
    ("native-build-failure", "bin/shop", 1, ["bin/shop: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by bin/shop)"]),
    # app-exception at boot
    ("app-exception", "python app.py", 1, ["Traceback (most recent call last):", 'File "/app/app.py", line 9, in <module>', "model = pickle.load(open('model.pkl', 'rb'))", "FileNotFoundError: [Errno 2] No such file or directory: 'model.pkl'"]),
    ("app-exception", NODE, 1, ["/app/bot.js:14", "client.on(config.events.ready, () => {", "                        ^", "TypeError: Cannot read properties of undefined (reading 'ready')", "    at Object.<anonymous> (/app/bot.js:14:25)", "Node.js v20.11.0"]),
    ("app-exception", "bin/shop", 2, ["panic: runtime error: invalid memory address or nil pointer dereference", "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x6a1f2c]", "", "goroutine 1 [running]:", "main.main()", "\t/tmp/build_1/main.go:22 +0x2c"]),
    # permission
    ("permission-or-auth", "node bot.js", 1, ["Error [TOKEN_INVALID]: An invalid token was provided.", "    at Client.login (/app/node_modules/discord.js/src/client/Client.js:223:40)"]),
    ("permission-or-auth", "python bot.py", 1, ["discord.errors.LoginFailure: Improper token has been passed."]),
    # ports
    ("port-binding", NODE, 1, ["Error: listen EADDRINUSE: address already in use :::3000", "    at Server.setupListenHandle [as _listen2] (node:net:1463:16)"]),
    ("port-binding", NODE, 1, ["Error: listen EACCES: permission denied 0.0.0.0:80", "    at Server.setupListenHandle [as _listen2] (node:net:1440:21)"]),
    # wordings added beside the common ones
    ("port-binding", "gunicorn app:app --bind 0.0.0.0:$PORT", 1, ["Error: '$PORT' is not a valid port number."]),
    ("bad-start-command", "gunicorn", 1, ["gunicorn: error: No application module specified."]),
    ("bad-start-command", "bin/rails server", 1, ["A server is already running. Check /app/tmp/pids/server.pid."]),
    ("bad-start-command", "bin/rails server", 127, ["/usr/bin/env: 'ruby3.0': No such file or directory"]),
    ("syntax-or-import-error", RAILS, 1, ["(<unknown>): did not find expected key while parsing a block mapping at line 2 column 3 (Psych::SyntaxError)"]),
    ("missing-config-var", "target/universal/stage/bin/shop", 255, ["Configuration error: Configuration error[The application secret has not been set, and we are in prod mode. Your application is not secure.]"]),
    ("permission-or-auth", "node bot.js", 1, ["Error [DISALLOWED_INTENTS]: Privileged intent provided is not enabled or whitelisted.", "    at WebSocketManager.createShards (/app/node_modules/discord.js/src/client/websocket/WebSocketManager.js:250:15)"]),
    ("app-exception", JAVA, 1, ["***************************", "APPLICATION FAILED TO START", "***************************", "Description:", "Parameter 0 of constructor in com.example.shop.OrderController required a bean of type 'com.example.shop.Orders' that could not be found."]),
]  # fmt: skip

REQUEST = [
    ("app-exception", ["Internal Server Error: /orders/7", "Traceback (most recent call last):", '  File "/app/.heroku/python/lib/python3.11/site-packages/django/core/handlers/exception.py", line 55, in inner', "    response = get_response(request)", '  File "/app/orders/views.py", line 85, in show', "    return rows[0]", "IndexError: list index out of range"]),
    ("app-exception", ["F, [2026-03-14T09:00:21.000000 #4] FATAL -- : [0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b] ActionView::Template::Error (undefined method `total' for nil:NilClass):", "F, [2026-03-14T09:00:21.000000 #4] FATAL -- : [0b6f2d6e-8a55-4f0e-9b1d-5c7a1e2f3a4b] app/views/orders/show.html.erb:3:in `_app_views_orders_show'"]),
    ("app-exception", ["TypeError: Cannot read properties of null (reading 'total')", "    at /app/routes/orders.js:31:24", "    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)"]),
    ("app-exception", ["2026-03-14 09:00:21.000 ERROR 4 --- [nio-8080-exec-1] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception", "java.lang.NullPointerException: Cannot invoke \"com.example.shop.Order.getTotal()\" because \"order\" is null", "\tat com.example.shop.OrderController.show(OrderController.java:31) ~[classes!/:na]", "\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)"]),
    ("app-exception", ["[14-Mar-2026 09:00:21 UTC] PHP Fatal error:  Uncaught TypeError: Unsupported operand types: string + int in /app/public/index.php:14", "Stack trace:", "#0 /app/public/index.php(20): total()", "#1 {main}", "  thrown in /app/public/index.php on line 14"]),
    ("app-exception", ["2026/03/14 09:00:21 http: panic serving 10.1.12.7:51234: runtime error: index out of range [3] with length 2", "goroutine 21 [running]:", "net/http.(*conn).serve.func1(0xc0000ad040)", "\t/usr/local/go/src/net/http/server.go:1769 +0x139", "main.show(0x8db260)", "\t/tmp/build_1/orders.go:31 +0x1b5"]),
    ("missing-table", ["PG::UndefinedTable: ERROR:  relation \"orders\" does not exist", "LINE 1: SELECT \"orders\".* FROM \"orders\""]),
    ("missing-table", ["sqlite3.OperationalError: no such table: orders"]),
    ("missing-table", ["SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.orders' doesn't exist (SQL: select * from `orders`)"]),
    ("migration-failed", ["django.db.utils.ProgrammingError: column orders_order.state does not exist"]),
    ("migration-failed", ["ActiveModel::UnknownAttributeError (unknown attribute 'state' for Order.):"]),
    ("migration-failed", ["ActiveRecord::PendingMigrationError (", "Migrations are pending. To resolve this issue, run:", "        bin/rails db:migrate RAILS_ENV=production"]),
    ("asset-precompile", ["ActionView::Template::Error (The asset \"orders.css\" is not present in the asset pipeline.):"]),
    ("asset-precompile", ["Webpacker::Manifest::MissingEntryError (Webpacker can't find application in /app/public/packs/manifest.json. Possible causes:"]),
    ("asset-precompile", ["[2026-03-14 09:00:21] production.ERROR: Vite manifest not found at: /app/public/build/manifest.json"]),
    ("static-files", ["ValueError: Missing staticfiles manifest entry for 'css/app.css'"]),
    ("static-files", ["Error: ENOENT: no such file or directory, stat '/app/client/build/index.html'"]),
    ("permission-or-auth", ["smtplib.SMTPAuthenticationError: (535, b'5.7.8 Username and Password not accepted.')"]),
    ("permission-or-auth", ["Net::SMTPAuthenticationError (535 Authentication failed: account disabled"]),
    ("permission-or-auth", ["botocore.exceptions.ClientError: An error occurred (InvalidAccessKeyId) when calling the PutObject operation: The AWS Access Key Id you provided does not exist in our records."]),
    ("permission-or-auth", ["OAuth2::Error (invalid_client: Client authentication failed"]),
    ("permission-or-auth", ["openai.AuthenticationError: Error code: 401 - {'error': {'message': 'Incorrect API key provided'}}"]),
    ("disallowed-host", ["Invalid HTTP_HOST header: 'www.example.com'. You may need to add 'www.example.com' to ALLOWED_HOSTS."]),
    ("disallowed-host", ["[ActionDispatch::HostAuthorization::DefaultResponseApp] Blocked hosts: shop.example.com"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "command", "status", "said"), BOOT, ids=[f"{row[0]}: {row[3][-1][:50]}" for row in BOOT]
)
def test_words_before_an_exit_name_the_cause(slug, command, status, said):
    found = first_finding(boot_crash(command, *said, status=status))
    assert agrees(found.slug, slug), (found.slug, found.summary)
    assert any(text.strip() and text.strip() in proof.text for proof in found.evidence for text in said)
    assert found.confidence >= 0.85


@pytest.mark.parametrize(("slug", "said"), REQUEST, ids=[f"{row[0]}: {row[1][0][:50]}" for row in REQUEST])
def test_words_beside_a_failed_request_name_the_cause(slug, said):
    found = first_finding(failed_request(*said))
    assert agrees(found.slug, slug), (found.slug, found.summary)
    assert any(text.strip() and text.strip() in proof.text for proof in found.evidence for text in said)


def rejected_build(*said: str) -> str:
    """The pasted output of a build that fails while it collects static files."""
    return "\n".join((
        "-----> Python app detected", "-----> $ python manage.py collectstatic --noinput",
        *(f"       {text}" for text in ("Traceback (most recent call last):", *said)),
        " !     Error while running '$ python manage.py collectstatic --noinput'.",
        " !     Push rejected, failed to compile Python app.", "",
    ))  # fmt: skip


REJECTED = [
    ("missing-config-var", "KeyError: 'PAYMENT_KEY'"),
    ("missing-dependency", "ModuleNotFoundError: No module named 'storages'"),
    ("syntax-or-import-error", "SyntaxError: '{' was never closed"),
    ("db-connection-failure", "django.db.utils.OperationalError: could not connect to server: Connection refused"),
    ("static-files", "django.core.exceptions.ImproperlyConfigured: You're using the staticfiles app without having set the STATIC_ROOT setting to a filesystem path."),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "said"), REJECTED, ids=[row[0] for row in REJECTED])
def test_what_broke_a_build_step_is_named_before_the_step(slug, said):
    found = diagnose.findings(facts_of(rejected_build(said)))
    assert found[0].slug == slug, (found[0].slug, found[0].summary)
    assert not any(
        finding.slug in ("build-failed", "static-files") and not finding.folded_into for finding in found[1:]
    )


def killed_at_boot(command: str, *said: str) -> str:
    """A web dyno that says this three seconds after its start, and is killed because it opened no port."""
    return log(
        line("09:00:04", "heroku[web.1]", f"Starting process with command `{command}`"),
        *(line(f"09:00:07.{place:06d}", "app[web.1]", text) for place, text in enumerate(said)),
        line("09:01:04", "heroku[web.1]", "Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 60 seconds of launch"),
        line("09:01:04.1", "heroku[web.1]", "Stopping process with SIGKILL"),
        line("09:01:04.2", "heroku[web.1]", "Process exited with status 137"),
        line("09:01:04.3", "heroku[web.1]", "State changed from starting to crashed"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("slug", "output"),
    [
        ("build-failed", "-----> Installing dependencies\n       cp: cannot stat 'shop.conf'\n-----> Build failed\n"),
        ("node-version", "       Downloading and installing node 99.1.0...\n       Unable to download node 99.1.0; does it exist?\n-----> Build failed\n"),
        ("static-files", "2026-03-14T09:00:01.000000+00:00 app[web.1]: Error: ENOENT: no such file or directory, stat '/app/web/dist/index.html'\n"),
    ],
)  # fmt: skip
def test_a_short_paste_tells_its_cause(slug, output):
    assert first_finding(output).slug == slug


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("port-binding", "All set, ready!"),
        ("port-binding", "Postgres is connected"),
        ("port-binding", "Launching the web server with {:port 3000}"),
        ("missing-procfile-or-process-type", "Logged in as helper"),
        ("boot-timeout", "Loading model weights"),
        ("boot-timeout", "Reading 20000 rows"),
    ],
)
def test_what_a_killed_process_said_last_tells_why_it_opened_no_port(slug, said):
    assert first_finding(killed_at_boot("python main.py", said)).slug == slug


CALM = [
    line("09:00:01", "app[web.1]", "ActionController::RoutingError (No route matches [GET] \"/wp-login.php\"):"),
    line("09:00:01", "app[web.1]", "Warning: connect.session() MemoryStore is not designed for a production environment, as it will leak memory"),
    line("09:00:01", "app[web.1]", "npm WARN EBADENGINE Unsupported engine { package: 'form@1.0.0', required: { node: '>=18' } }"),
    line("09:00:01", "app[web.1]", "[2026-03-14 09:00:01 +0000] [2] [INFO] Handling signal: term"),
    line("09:00:01", "app[worker.1]", "2026-03-14T09:00:01.000Z pid=4 tid=abc INFO: Shutting down"),
    line("09:00:01", "app[web.1]", "DeprecationWarning: `useNewUrlParser` is not needed"),
    line("09:00:01", "app[web.1]", "0 errors, 0 failures"),
    line("09:00:01", "app[web.1]", "checked error handler: ok"),
    line("09:00:01", "heroku[web.1]", "Idling"),
    line("09:00:01", "heroku[web.1]", "Cycling"),
    router("09:00:01", "/wp-login.php", status=404),
    router("09:00:01", "/favicon.ico", status=404),
    router("09:00:01", "/feed", code="H27", desc="Client Request Interrupted", status=499).replace("at=error", "sock=client at=warning"),
]  # fmt: skip


@pytest.mark.parametrize("text", CALM, ids=[text[34:90] for text in CALM])
def test_a_line_that_harms_nobody_is_no_incident(text):
    traffic = [router(f"09:00:{second:02d}", "/ok") for second in range(2, 20)]
    facts = facts_of(log(text, *traffic))
    assert diagnose.verdict(diagnose.findings(facts), facts).status == "healthy"
