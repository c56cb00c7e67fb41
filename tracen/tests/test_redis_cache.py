"""With Redis away people still sign in, soon; the login limits count again as soon as it is back."""

import socket
import time

import pytest
from django.core.cache import caches
from django.test import Client

from tests.bring.system import free_port
from tracen.lib import redis_cache
from tracen.lib.redis_cache import ForgivingRedisCache


@pytest.fixture
def without_redis(settings, monkeypatch):
    """The product's own cache, with nothing at its address."""
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", 0.0)
    address = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {"BACKEND": "tracen.lib.redis_cache.ForgivingRedisCache", "LOCATION": address}}
    return caches["default"]


def test_it_takes_everything_and_remembers_nothing(without_redis):
    assert without_redis.add("lock", 1, 10) is True
    without_redis.set("history", [1, 2])
    assert without_redis.get("history", []) == []
    assert without_redis.delete("history") is False


def test_it_asks_once_in_a_while(without_redis, caplog):
    for _ in range(50):
        without_redis.get("history")
    assert caplog.text.count("Redis is away") == 1
    ForgivingRedisCache._silent_until = time.monotonic() - 1
    without_redis.get("history")
    assert caplog.text.count("Redis is away") == 2


def test_a_frozen_redis_is_not_waited_for(settings, monkeypatch):
    monkeypatch.setattr(redis_cache, "SECONDS_TO_WAIT", 0.25)
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        settings.CACHES = {"default": {"BACKEND": "tracen.lib.redis_cache.ForgivingRedisCache", "LOCATION": address}}
        started = time.monotonic()
        assert [caches["default"].get("history", 0) for _ in range(20)] == [0] * 20
        assert time.monotonic() - started < 3


def test_a_person_signs_in(without_redis, db, django_user_model):
    django_user_model.objects.create_user("ada@example.com", "a long pass phrase")
    client = Client()
    answer = client.post("/accounts/login", {"login": "ada@example.com", "password": "a long pass phrase"})
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard")


def test_ready_names_it(without_redis, db, client):
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis"])
