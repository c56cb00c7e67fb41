"""Every setting of the product, top to bottom, read from the environment once.

A wrong value raises `ImproperlyConfigured` with a sentence for the person who set it; `manage.py` prints that
sentence and stops. docs/architecture.md lists the variables.
"""

import ipaddress
import re
from email.utils import formataddr, parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from tracen.lib.secret_key import read_or_create_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _chosen(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.str(name, default) or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of: {', '.join(allowed)}.")
    return value


def _whole(name: str, default: int, lowest: int, highest: int) -> int:
    raw = env.str(name, "") or str(default)
    if not raw.isascii() or not raw.isdigit() or not lowest <= int(raw) <= highest:
        raise ImproperlyConfigured(f"{name} is {raw!r}; it must be a whole number from {lowest} to {highest}.")
    return int(raw)


def _networks(name: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    raw = env.str(name, "")
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {raw!r}; it must be networks with commas between them, such as 10.1.0.0/16, fd00::/8."
        ) from error


def _sender(name: str, default: str) -> str:
    raw = env.str(name, "").strip()
    if not raw:
        return default
    called, address = parseaddr(raw)
    try:
        validate_email(address)
    except ValidationError as error:
        raise ImproperlyConfigured(
            f"{name} is {raw!r}; it must be one address, such as Tracen <tracen@example.com>."
        ) from error
    return formataddr((called or "Tracen", address))


# Where it runs ------------------------------------------------------------------------------------------------------

DEBUG = _chosen("DEBUG", "false", ("true", "false")) == "true"
HOST = env.str("HOST", "") or "127.0.0.1"
PORT = _whole("PORT", 8000, 1, 65535)
DATA_DIR = Path(env.str("TRACEN_DATA_DIR", "") or BASE_DIR / "data").expanduser().resolve()

BASE_URL = (env.str("BASE_URL", "") or f"http://{'127.0.0.1' if HOST == '0.0.0.0' else HOST}:{PORT}").rstrip("/")  # noqa: S104 - compared, not bound
_base = urlsplit(BASE_URL)
_is_host = re.fullmatch(r"[\w.-]+|[0-9a-f:]+", _base.hostname or "", re.IGNORECASE)
if _base.scheme not in ("http", "https") or not _is_host or _base.path or _base.query or _base.fragment:
    raise ImproperlyConfigured(f"BASE_URL is {BASE_URL!r}; it must look like https://tracen.example.com.")
IS_HTTPS = _base.scheme == "https"
IS_LOCAL = _base.hostname in ("127.0.0.1", "localhost", "::1")
if DEBUG and not IS_LOCAL:
    raise ImproperlyConfigured("DEBUG shows secrets to visitors, so it works only while BASE_URL is on this machine.")

try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    SECRET_KEY = env.str("SECRET_KEY", "") or read_or_create_secret_key(DATA_DIR / "secret_key")
    if len(SECRET_KEY) < 32:
        raise ImproperlyConfigured("SECRET_KEY is too short to keep sessions safe; give it 50 random characters.")
except OSError as error:
    raise ImproperlyConfigured(f"TRACEN_DATA_DIR {str(DATA_DIR)!r} cannot be used: {error.strerror}.") from error

# Only names that the operator gave are answered: a foreign Host header must never end up in a link.
# Programs in the same network may know the server by other names: ALLOWED_HOSTS, comma-separated, adds them.
ALLOWED_HOSTS = list({_base.hostname, HOST, "localhost", "127.0.0.1", "[::1]", *env.list("ALLOWED_HOSTS", default=[])})
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]

# What is installed --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "tracen",
    "tracen.outbox",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "accounts",
    "traces",
    "billing",
]
ROOT_URLCONF = "tracen.urls"
WSGI_APPLICATION = "tracen.wsgi.application"
APPEND_SLASH = False

MIDDLEWARE = [
    "tracen.middleware.ApiBoundary",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tracen.middleware.PageHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.LocalTime",
]
# What the API's requests go through instead (tracen/wsgi.py): the Host is checked, answers get a length.
API_MIDDLEWARE = [
    "tracen.middleware.ApiBoundary",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tracen.context.page",
            ],
        },
    }
]

# Where things are kept ----------------------------------------------------------------------------------------------


def _database() -> dict[str, object]:
    url = env.str("DATABASE_URL", "")
    if not url:
        return _sqlite(str(DATA_DIR / "tracen.sqlite3"))
    if urlsplit(url).scheme not in ("postgres", "postgresql", "sqlite"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgres:// (or be left out for SQLite).")
    try:
        chosen = env.db_url_config(url)
    except (ValueError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not a database address; try postgres://user:password@host/name."
        ) from error
    if not chosen.get("NAME"):
        raise ImproperlyConfigured("DATABASE_URL names no database; try postgres://user:password@host/name.")
    return _sqlite(chosen["NAME"]) if urlsplit(url).scheme == "sqlite" else _postgresql(chosen)


def _sqlite(path: str) -> dict[str, object]:
    # IMMEDIATE takes the write lock at BEGIN: a read that later wants to write cannot fail with "locked".
    # FULL syncs each commit to disk, so a 2xx survives a power cut. 8 KB pages suit rows of about 1 KB, and
    # count only before the first table is made. secure_delete overwrites what is deleted where that costs no I/O.
    # A log of 4,000 pages is copied by whoever commits; before that tracen/lib/checkpoints.py does it for them.
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": (
            "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST;"
            "PRAGMA wal_autocheckpoint=4000;"
        ),
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options, "CONN_MAX_AGE": None}


def _postgresql(chosen: dict[str, object]) -> dict[str, object]:
    # The limits of time turn a frozen or overloaded server into a 503 instead of a stuck thread.
    options = {
        # For the web server's 16 threads, the one of brief requests, and a few to spare.
        "pool": {"min_size": 1, "max_size": 20, "timeout": 5},
        "connect_timeout": 3,
        # A network that swallows everything is noticed as well.
        "tcp_user_timeout": 20_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        # Compiling a statement (jit) takes longer than any of ours runs.
        "options": "-c statement_timeout=15s -c lock_timeout=10s -c idle_in_transaction_session_timeout=20s -c jit=off",
    }
    return {
        **chosen,
        "ENGINE": "tracen.lib.postgresql",
        "OPTIONS": options,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL and urlsplit(REDIS_URL).scheme not in ("redis", "rediss", "unix"):
    raise ImproperlyConfigured("REDIS_URL must look like redis://host:6379/0.")
CACHES = {
    "default": {"BACKEND": "tracen.lib.redis_cache.ForgivingRedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    # The login limits are counted here. Without Redis the product is one web process, so its own memory is enough;
    # roomy, so that nobody pushes their own count out by filling it.
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
}

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "tracen.lib.static_files.HashedStaticFiles"
    },
}

# Who signs in -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PasswordBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login"
LOGIN_REDIRECT_URL = "/dashboard"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# "mandatory" makes the confirmed address a wall in place of a banner; docs/decisions/0010 says what else it changes.
ACCOUNT_EMAIL_VERIFICATION = _chosen("TRACEN_EMAIL_VERIFICATION", "optional", ("optional", "mandatory"))
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
# A reset asked for an unknown address shows the same page and sends nothing: no letters to whoever a stranger names.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
PASSWORD_RESET_TIMEOUT = 3_600
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm"}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
# Wrong passwords are counted for an address from one place, not for the address alone: a stranger's thirty guesses
# must not keep its owner out. Nothing here lasts longer than the window it names.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/m/ip,10/5m/key", "signup": "10/m/ip"}
SESSION_ENGINE = "accounts.sessions"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Tracen"
# A phone's clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
# Passkeys work on https and, for trying them out, on this machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_LOCAL and not IS_HTTPS

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if IS_HTTPS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_HSTS_SECONDS = 31_536_000
# On plain HTTP browsers ignore it, and say so in the console of every page.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if IS_HTTPS or IS_LOCAL else None
CSRF_FAILURE_VIEW = "tracen.views.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
# Django's advice for deployments that does not fit: our own middleware forbids framing (W002), and the proxy in front
# decides about redirects to HTTPS (W008), other subdomains (W005) and browsers' preload lists (W021).
SILENCED_SYSTEM_CHECKS = ["security.W002", "security.W005", "security.W008", "security.W021"]

# Whoever sends mail puts it into the outbox, and the outbox hands it to MAIL_TRANSPORT.
EMAIL_BACKEND = "tracen.outbox.mail.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
_email_url = env.str("EMAIL_URL", "")
if _email_url:
    try:
        _mail = env.email_url_config(_email_url)
        if urlsplit(_email_url).scheme.startswith("smtp") and not _mail["EMAIL_HOST"]:
            raise ValueError(_email_url)
    except (KeyError, ValueError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp+tls://user:password@host:587.") from error
    MAIL_TRANSPORT = _mail.pop("EMAIL_BACKEND")
    vars().update(_mail)
else:
    MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_TIMEOUT = 8
DEFAULT_FROM_EMAIL = _sender("EMAIL_FROM", f"Tracen <tracen@{_base.hostname}>")

# The product --------------------------------------------------------------------------------------------------------

DEFAULT_PLAN = _chosen("TRACEN_DEFAULT_PLAN", "free", ("free", "pro", "unlimited"))
RETENTION_DAYS = _whole("TRACEN_RETENTION_DAYS", 90, 1, 36_500)
# Webhooks go to public addresses only; an operator opens networks of their own, where every port is allowed too.
WEBHOOK_NETWORKS = _networks("TRACEN_WEBHOOK_NETWORKS")

# Payments: all of Stripe's three values, or none of them and everybody is on the plan that the operator gave them.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "").strip()
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", "").strip()
# The first price is the one that is sold; who pays another of them, such as last year's, is on Pro too.
STRIPE_PRICES_PRO = tuple(price.strip() for price in env.str("STRIPE_PRICE_PRO", "").split(",") if price.strip())
_stripe = {
    "STRIPE_SECRET_KEY": STRIPE_SECRET_KEY,
    "STRIPE_WEBHOOK_SECRET": STRIPE_WEBHOOK_SECRET,
    "STRIPE_PRICE_PRO": STRIPE_PRICES_PRO,
}
HAS_PAYMENTS = all(_stripe.values())
if any(_stripe.values()) and not HAS_PAYMENTS:
    _missing = " and ".join(name for name, value in _stripe.items() if not value)
    raise ImproperlyConfigured(f"Payments need {_missing} too; without Stripe, set none of them.")
STRIPE_API_BASE = (env.str("STRIPE_API_BASE", "") or "https://api.stripe.com").rstrip("/")
# The secret key goes there with each request, so nothing but this machine is spoken to in clear.
if not re.fullmatch(
    r"https://[\w.-]+(:\d+)?(/[\w./-]*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", STRIPE_API_BASE
):
    raise ImproperlyConfigured(f"STRIPE_API_BASE is {STRIPE_API_BASE!r}; it must start with https://.")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "EXCEPTION_HANDLER": "traces.api.errors.answer_error",
    "UNAUTHENTICATED_USER": None,
}

# Work after the answer ----------------------------------------------------------------------------------------------

_broker_dir = DATA_DIR / "broker"
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
else:
    CELERY_BROKER_URL = "filesystem://localhost"
    for _folder in ("messages", "control"):
        (_broker_dir / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker_dir / "messages"),
        "data_folder_out": str(_broker_dir / "messages"),
        "control_folder": str(_broker_dir / "control"),
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A request never waits for a broker that is away: what is to be done is in the database.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    "sweep-the-outbox": {"task": "tracen.outbox.tasks.sweep", "schedule": 10.0},
    "forget-given-up-deliveries": {"task": "tracen.outbox.tasks.forget_given_up", "schedule": 86_400.0},
    "forget-mail-files": {"task": "tracen.outbox.tasks.forget_mail_files", "schedule": 86_400.0},
    "forget-ended-sessions": {"task": "accounts.tasks.forget_ended_sessions", "schedule": 86_400.0},
    "write-waiting-exports": {"task": "accounts.tasks.write_waiting_exports", "schedule": 120.0},
    "forget-old-exports": {"task": "accounts.tasks.forget_old_exports", "schedule": 3600.0},
    "end-grace-periods": {"task": "billing.tasks.end_grace_periods", "schedule": 3600.0},
    "reconcile-stripe": {"task": "billing.tasks.reconcile_stripe", "schedule": 86_400.0},
    "forget-old-stripe-events": {"task": "billing.tasks.forget_old_events", "schedule": 86_400.0},
    "erase-closed-accounts": {"task": "accounts.tasks.erase_closed_accounts", "schedule": 3600.0},
    "prune-traces": {"task": "traces.tasks.prune_traces", "schedule": 3600.0},
    "end-silent-traces": {"task": "traces.tasks.end_silent_traces", "schedule": 60.0},
    "summarise-hours": {"task": "traces.tasks.summarise_hours", "schedule": 600.0},
    "forget-deleted-words": {"task": "traces.tasks.forget_deleted_words", "schedule": 86_400.0},
    "forget-webhook-deliveries": {"task": "traces.tasks.forget_webhook_deliveries", "schedule": 86_400.0},
    "forget-idempotency-keys": {"task": "traces.tasks.forget_idempotency_keys", "schedule": 3600.0},
}

# Time, text and logs ------------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "tracen.lib.log_lines.OneLine", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "filters": {"short": {"()": "tracen.lib.log_lines.NoTracebackOfLostConnections"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
        # It would tell of each statement that was sent behind one that failed.
        "psycopg": {"level": "ERROR"},
        "celery.worker": {"filters": ["short"]},
        "celery.worker.request": {"filters": ["short"]},
        "celery.bootsteps": {"filters": ["short"]},
        # It would tell of its start, and of every request that is none.
        "uvicorn": {"level": "ERROR"},
    },
}
