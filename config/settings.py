"""Settings of every Sanshi process, read from the environment.

Policy (caps, windows, packs) lives in rows; only capability and secrets live here. Unsafe values
are refused by the system checks in `config/checks.py`.
"""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from config.env import database_from_url, env_bool, env_int, env_list, env_str

BASE_DIR = Path(__file__).resolve().parent.parent

#: The sandbox plays customers and may set the clock. Production refuses it (config/checks.py).
SANDBOX = env_bool("SANDBOX", False)
DEBUG = env_bool("DEBUG", False)
#: The default serves tools that need settings and no secret; a check refuses it in production.
UNSAFE_SECRET_KEY = "unsafe-development-key"  # noqa: S105
SECRET_KEY = env_str("SECRET_KEY", UNSAFE_SECRET_KEY)

PUBLIC_BASE_URL = env_str("PUBLIC_BASE_URL", "http://127.0.0.1:8000")
LIVE_BASE_URL = env_str("LIVE_BASE_URL", "http://127.0.0.1:8001")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or ["127.0.0.1", "localhost", "testserver"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

#: The application's role: it may add to the ledgers and not change them (config/checks.py).
DATABASE_URL = env_str("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/sanshi")
#: The owner of the tables, for `manage.py migrate` alone.
MIGRATION_DATABASE_URL = env_str("MIGRATION_DATABASE_URL", DATABASE_URL)
REDIS_URL = env_str("REDIS_URL", "redis://127.0.0.1:6379/0")

DATABASES = {
    "default": {
        **database_from_url(DATABASE_URL),
        "CONN_MAX_AGE": env_int("DATABASE_CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # each transaction is opened by the code that means it (the gate's must be durable)
        "ATOMIC_REQUESTS": False,
        # the tests' databases are copies of one that was migrated once (config/test_database.py)
        "TEST": {"TEMPLATE": env_str("TEST_DATABASE_TEMPLATE", "") or None},
    }
}
MIGRATION_DATABASE = database_from_url(MIGRATION_DATABASE_URL)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

RQ_QUEUES = {
    "placing": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 60},
    "batch": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600},
}
RQ = {"COMMIT_MODE": "on_db_commit"}

# --- the carrier: Twilio's protocol, whoever speaks it -------------------------------------------
TWILIO_API_BASE = env_str("TWILIO_API_BASE", "http://127.0.0.1:8900")
TWILIO_ACCOUNT_SID = env_str("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
TWILIO_AUTH_TOKEN = env_str("TWILIO_AUTH_TOKEN", "sandbox-auth-token")
#: Which carrier this installation dials through: sample customers may only meet "sandbox".
CARRIER = env_str("CARRIER", "sandbox" if SANDBOX else "twilio")
#: What the carrier's contract allows: simultaneous calls, and new calls a second (business time).
CARRIER_LINES = env_int("CARRIER_LINES", 60)
CARRIER_CPS = env_int("CARRIER_CPS", 10)
#: Every call is recorded by the carrier and kept here (dialer/recordings.py). A bank whose own
#: exchange records turns it off.
RECORD_CALLS = env_bool("RECORD_CALLS", True)
SPEECH_LANGUAGE = env_str("SPEECH_LANGUAGE", "cmn-Hans-CN")
SAY_LANGUAGE = env_str("SAY_LANGUAGE", "cmn-CN")
SAY_VOICE = env_str("SAY_VOICE", "Polly.Zhiyu")

# --- the bank's own SMS gateway (dialer/sms_gateway.py); without one no script may promise a text
SMS_GATEWAY_URL = env_str("SMS_GATEWAY_URL", "")
SMS_GATEWAY_SECRET = env_str("SMS_GATEWAY_SECRET", "")

# --- a second opinion on what customers say (robot/arbitrating.py); off unless the bank has a model
#: off, shadow (asked and written down, changes nothing) or live.
ARBITER_MODE = env_str("ARBITER_MODE", "off")
ARBITER_BASE_URL = env_str("ARBITER_BASE_URL", "")
ARBITER_MODEL = env_str("ARBITER_MODEL", "")
ARBITER_API_KEY = env_str("ARBITER_API_KEY", "")

# --- the voice (robot/synthesising.py); without an address the carrier's own <Say> reads the lines
VOICE_TTS_URL = env_str("VOICE_TTS_URL", "")
VOICE_TTS_KEY = env_str("VOICE_TTS_KEY", "")
VOICE_TTS_VOICE = env_str("VOICE_TTS_VOICE", "default")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_rq",
    "clock",
    "live",
    "audit",
    "accounts",
    "approvals",
    "audiences",
    "agents",
    "robot",
    "telephony",
    "compliance",
    "campaigns",
    "dialer",
    "insights",
    "evidence",
    "console",
    "api",
    "sandbox",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.language.UserLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
#: A redirect would turn a webhook's POST into a GET and lose the customer's answer.
APPEND_SLASH = False

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
                "console.context.page",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = PUBLIC_BASE_URL.startswith("https://")
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True

USE_TZ = True
TIME_ZONE = env_str("TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(env_str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

MEDIA_ROOT = Path(env_str("MEDIA_ROOT", str(BASE_DIR / ".state" / "media")))
#: Bytes an uploaded customer file may have.
IMPORT_MAX_BYTES = env_int("IMPORT_MAX_BYTES", 500 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env_str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "rq.worker": {"level": "WARNING"},
        "rq": {"level": "WARNING"},
        "twilio": {"level": "WARNING"},
    },
}

UNFOLD = {
    "SITE_TITLE": "Sanshi 三适",
    "SITE_HEADER": "Sanshi 三适",
    "SITE_SYMBOL": "call",
    "SHOW_LANGUAGES": True,
}
