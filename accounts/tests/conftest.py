"""Passwords are hashed cheaply here: these tests sign in hundreds of times, and none is about the hash."""

import pytest


@pytest.fixture(autouse=True)
def cheap_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
