"""All settings, from environment variables. Whatever is missing or makes no sense stops the start with a sentence.

============================  ==========================================================
SECRET_KEY                    signs sessions; default: the one that bin/run keeps in TRIAGE_DATA_DIR
DEBUG                         1 shows tracebacks to whoever visits; never on a public address
ALLOWED_HOSTS                 host names, separated by commas; ``.herokuapp.com`` on Heroku unless given
DATABASE_URL                  ``postgres://…`` or ``sqlite:////path``; default: SQLite in TRIAGE_DATA_DIR
REDIS_URL                     ``redis://``, ``rediss://`` or ``unix:///path/socket``
TRIAGE_DATA_DIR               where the embedded database lives; default ``./data``
S3_BUCKET, S3_ENDPOINT        keep log segments in a bucket, not in the database (credentials: the usual AWS_ names)
TRIAGE_LEASE_SECONDS          how long a dead worker holds its chunk; default 30
TRIAGE_SOFT_SHUTDOWN_SECONDS  how long a worker that is asked to stop goes on with its chunk; default 20
TRIAGE_MAX_UPLOAD_MB          largest file that is accepted; default 2048
TRIAGE_MAX_TEXT_MB            most text that one upload may unpack to; default 10240
TRIAGE_DRAIN_KB_PER_S         what the drains of one app may send; default 2048
TRIAGE_SPOOL_MB               room on the disk of each web process for what drains send while the database is away
TRIAGE_PIPES_PER_PROCESS      pipes that a web process serves at a time, each with a thread of its own; default 3
TRIAGE_UNDO_SECONDS           how long a deleted incident can be brought back; default 900
TRUST_PROXY                   1 behind a proxy that sets X-Forwarded-Proto and -For; on Heroku 1 unless given
TRIAGE_PROXY_HOPS             how many such proxies there are; default 1
HTTPS_ONLY                    1 sends everybody to https, with HSTS and ``__Host-`` cookies; on Heroku 1 unless given
TRIAGE_URL                    where people reach this site, for links in alerts; default: as they last reached it
TRIAGE_WEBHOOK_PRIVATE        1 lets webhooks of alerts reach private addresses and plain http; default 0
TRIAGE_ADMIN                  1 serves Django's admin pages at /admin/ to staff; default 0
============================  ==========================================================

Accounts, mail and single sign-on have theirs in `triage.settings_accounts`.
"""

from __future__ import annotations

import secrets
import ssl
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from triage import env
from triage.settings_accounts import *  # noqa: F403 - its names are settings, too
from triage.settings_accounts import OIDC_ORIGINS, SOCIALACCOUNT_APPS

BASE_DIR = Path(__file__).resolve().parent.parent
ON_HEROKU = bool(env.text("DYNO"))
BUILDING = "collectstatic" in sys.argv

DEBUG = env.boolean("DEBUG", default=False)
STYLEGUIDE = env.boolean("TRIAGE_STYLEGUIDE", default=DEBUG)
"""Whether /styleguide/ shows every component in every state: for development."""
DATA_DIR = Path(env.text("TRIAGE_DATA_DIR") or BASE_DIR / "data").resolve()
SECRET_KEY = env.text("SECRET_KEY") or env.first_line(DATA_DIR / "secret_key")
SECRET_KEY_IS_TEMPORARY = not SECRET_KEY
if SECRET_KEY_IS_TEMPORARY:
    # Commands sign nothing that outlives them; whatever serves pages needs a key that stays.
    if not DEBUG and Path(sys.argv[0]).name != "manage.py":
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set it to a long random text (bin/run makes one itself), or DEBUG=1 to try things."
        )
    SECRET_KEY = secrets.token_urlsafe(50)
if len(SECRET_KEY) < 32 and not DEBUG:
    raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters; make one with: openssl rand -hex 32")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ".herokuapp.com" if ON_HEROKU else "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# -- application ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "incidents",  # before allauth, so that its templates and commands win
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    *SOCIALACCOUNT_APPS,
]
ADMIN_IS_ON = env.boolean("TRIAGE_ADMIN", default=False)
if ADMIN_IS_ON:
    INSTALLED_APPS.insert(0, "django.contrib.admin")
MIDDLEWARE = [
    "triage.logs.RequestIdMiddleware",
    # Above WhiteNoise, which answers for static files and asks nobody below.
    "incidents.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "triage.compression.TextGZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # every view, unless it says otherwise
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "incidents.middleware.SessionMiddleware",
    "incidents.middleware.PageMiddleware",
]
ROOT_URLCONF = "triage.urls"
WSGI_APPLICATION = "triage.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "/"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "incidents.context.people",
            ]
        },
    }
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# -- database ---------------------------------------------------------------------------------------------------------
_database_url = env.text("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'triage.sqlite3'}"
_database: dict[str, Any] = dict(dj_database_url.parse(_database_url, ssl_require=ON_HEROKU))
if _database["ENGINE"].endswith("sqlite3"):
    with suppress(OSError):  # where it can't be made, opening the database says so; `analyze` needs none
        Path(_database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE: a transaction that reads before it writes would else fail as "locked", whatever the timeout.
    # FULL: an upload that was acknowledged must outlive a power cut.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;",
    }
    # A file, as in production: databases in memory lock whole tables, which no test should learn to expect.
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    _database["OPTIONS"] = _database.get("OPTIONS", {}) | {
        "connect_timeout": 5,
        "options": "-c statement_timeout=25000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000",
    }
DATABASES = {"default": _database}

# -- work: the database is the truth, the broker a doorbell -----------------------------------------------------------
LEASE_SECONDS = env.integer("TRIAGE_LEASE_SECONDS", 30, least=2)
MAX_ATTEMPTS = 5
RING_AGAIN_SECONDS = env.integer("TRIAGE_RING_AGAIN_SECONDS", 30, least=1)
REAPER_PERIOD_SECONDS = env.integer("TRIAGE_REAPER_PERIOD_SECONDS", 5, least=1)
WATCHDOG_SECONDS = env.integer("TRIAGE_WATCHDOG_SECONDS", 60, least=5)

REDIS_URL = env.text("REDIS_URL") or "redis://127.0.0.1:6379/0"
CELERY_BROKER_URL = env.broker_url("REDIS_URL", REDIS_URL)
if CELERY_BROKER_URL.startswith("rediss://"):
    # Heroku's Key-Value Store shows a certificate that it signed itself.
    _verify = env.boolean("REDIS_TLS_VERIFY", default=not ON_HEROKU)
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED if _verify else ssl.CERT_NONE}
CELERY_BROKER_POOL_LIMIT = 2
CELERY_BROKER_CONNECTION_TIMEOUT = 5
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
_VISIBILITY_SECONDS = 120  # only a shortcut: the reaper is what guarantees
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": _VISIBILITY_SECONDS,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,  # kombu else looks only every 100 s, whatever the timeout
    "socket_connect_timeout": 5,
    "socket_timeout": 15,
    "health_check_interval": 25,
    "retry_on_timeout": True,
    "max_connections": 10,
    # A request that rings while the broker is away is not held up: the reaper rings again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
if not CELERY_BROKER_URL.startswith("redis+socket://"):
    CELERY_BROKER_TRANSPORT_OPTIONS["socket_keepalive"] = True
CELERY_VISIBILITY_TIMEOUT = _VISIBILITY_SECONDS
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # safe only because attempts are counted in the row
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 40
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False  # ring once and don't wait: the row is safe already
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_DEFAULT_QUEUE = "digest"
# Several, so that the bell of an analysis or of a live log never waits behind a thousand chunks.
_QUEUES = ("live", "ingest", "digest", "analyse")
CELERY_TASK_QUEUES = {name: {"exchange": name, "routing_key": name} for name in _QUEUES}
CELERY_TASK_ROUTES = {
    "incidents.split_source": {"queue": "ingest"},
    "incidents.digest_chunk": {"queue": "digest"},
    "incidents.analyse_incident": {"queue": "analyse"},
    "incidents.record_source": {"queue": "live"},
    "incidents.watch_app": {"queue": "analyse"},
    "incidents.send_delivery": {"queue": "ingest"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# With REMAP_SIGTERM=SIGQUIT. Heroku kills after 30 s; 0 gives running chunks back at once.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = float(env.integer("TRIAGE_SOFT_SHUTDOWN_SECONDS", 20))
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 230_000  # kB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True

# -- alerts -----------------------------------------------------------------------------------------------------------
PUBLIC_URL = env.text("TRIAGE_URL").rstrip("/")
WEBHOOK_PRIVATE = env.boolean("TRIAGE_WEBHOOK_PRIVATE", default=False)

# -- uploads ----------------------------------------------------------------------------------------------------------
PART_BYTES = 8 * 1024 * 1024
"""Largest part of an upload, in bytes."""
MAX_UPLOAD_BYTES = env.integer("TRIAGE_MAX_UPLOAD_MB", 2048, least=1) * 1024 * 1024
MAX_TEXT_BYTES = env.integer("TRIAGE_MAX_TEXT_MB", 10_240, least=1) * 1024 * 1024
MAX_PASTE_BYTES = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_PASTE_BYTES + 1024 * 1024  # form fields; files stream to disk and are capped by us
DATA_UPLOAD_MAX_NUMBER_FILES = 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
ABANDONED_UPLOAD_HOURS = 24
UNDO_SECONDS = env.integer("TRIAGE_UNDO_SECONDS", 900)
"""How long a deleted incident can be brought back before its rows are removed."""

# -- drains -----------------------------------------------------------------------------------------------------------
DRAIN_BYTES_PER_S = env.integer("TRIAGE_DRAIN_KB_PER_S", 2048, least=1) * 1024
"""What one app may send in the long run; five seconds of it may come at once. Apps may have a quota of their own."""
SPOOL_DIR = DATA_DIR / "spool"
SPOOL_BYTES = env.integer("TRIAGE_SPOOL_MB", 64) * 1024 * 1024
"""Most that a web process keeps on its disk while the database is away; 0: nothing."""
PIPES_PER_PROCESS = env.integer("TRIAGE_PIPES_PER_PROCESS", 3, least=1)
"""Each holds a thread of its web process for as long as it runs."""

# -- static files and segments ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [path for path in [BASE_DIR / "static"] if path.is_dir()]
# Hashed names need `collectstatic`; where nobody ran it (tests, bin/run) files are served from where they lie.
_COLLECTED = BUILDING or (not DEBUG and (STATIC_ROOT / "staticfiles.json").exists())
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _COLLECTED
WHITENOISE_AUTOREFRESH = DEBUG
if not _COLLECTED:
    warnings.filterwarnings("ignore", "No directory at", UserWarning)  # of WhiteNoise, which looks for STATIC_ROOT too
S3_BUCKET = env.text("S3_BUCKET")
SEGMENT_STORAGE = "segments" if S3_BUCKET else ""
"""Alias in STORAGES of where segments lie; empty: in the database."""
if S3_BUCKET:
    try:
        from botocore.config import Config  # type: ignore[import-untyped]
    except ImportError:
        raise ImproperlyConfigured(
            "S3_BUCKET is set, but boto3 is not installed: append requirements/s3.txt to requirements.txt."
        ) from None

    STORAGES["segments"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT") or None,
            "region_name": env.text("S3_REGION") or None,
            "default_acl": None,
            "file_overwrite": True,
            "querystring_auth": True,
            # A page or a chunk must not hang on a bucket: boto3's own patience is five times a minute.
            "client_config": Config(
                connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 4}
            ),
        },
    }

# -- cache: rate limits and who is looking; in the database, so that all processes count together --------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "incidents_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    },
    # Parts of pages that are the same for everyone who may see them; a hundred of 80 kB at most, in each process.
    "rendered": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "rendered",
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}

# -- security ---------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *OIDC_ORIGINS],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
TRUST_PROXY = env.boolean("TRUST_PROXY", default=ON_HEROKU)
PROXY_HOPS = env.integer("TRIAGE_PROXY_HOPS", 1, least=1)
"""How many proxies of ours append to X-Forwarded-For; whatever stands before theirs, the visitor wrote."""
HTTPS_ONLY = env.boolean("HTTPS_ONLY", default=ON_HEROKU)
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if HTTPS_ONLY:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
SIGNIN_LINK_OPENS = not HTTPS_ONLY and not TRUST_PROXY
"""Whether a one-time link on this machine's own address (127.0.0.1) signs in at once, as bin/run promises."""
SESSION_IDLE_SECONDS = env.integer("TRIAGE_SESSION_HOURS", 336 if SIGNIN_LINK_OPENS else 12, least=1) * 3600
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SIGNIN_LINK_OPENS  # http://localhost
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

# -- our own log ------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "triage.logs.JsonFormatter"},
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env.text("LOG_FORMAT") or ("text" if DEBUG else "json"),
        }
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL") or "INFO"},
    "loggers": {
        "django": {"level": "INFO", "propagate": True, "handlers": []},
        "django.server": {"level": "WARNING", "propagate": True, "handlers": []},
    },
}
