"""Settings of the naive build: what `startproject` writes, a database from the environment, DRF."""

import os
from urllib.parse import urlsplit

SECRET_KEY = "only for measuring: nothing is signed with it that anybody keeps"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
    "bench.naive",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "bench.naive.urls"
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["bench.naive.authentication.KeyAuthentication"]}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

_address = urlsplit(os.environ["NAIVE_DATABASE"])
if _address.scheme == "sqlite":
    _database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _address.path,
        "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
else:
    _database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _address.path.lstrip("/"),
        "USER": _address.username,
        "PASSWORD": _address.password,
        "HOST": _address.hostname,
        "PORT": _address.port,
    }
DATABASES = {"default": {**_database, "ATOMIC_REQUESTS": True}}
