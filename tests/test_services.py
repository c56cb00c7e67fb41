"""The run's promises about its own services."""

import pytest
from django.db import connection

from tests.services import VENDORS, claimed_database


@pytest.mark.django_db
def test_the_run_uses_the_database_that_it_claims():
    assert connection.vendor == VENDORS[claimed_database()]


@pytest.mark.django_db(transaction=True)
def test_sqlite_is_a_file_that_writes_ahead():
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_redis_is_real(redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as client:
        assert client.info("server")["redis_mode"] == "standalone"
