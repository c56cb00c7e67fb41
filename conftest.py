"""Who is in the tests: Alice owns an account, Bob is her teammate, Charlie is a stranger."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connection

from accounts.api_keys import mint_key
from accounts.models import Account, Membership, User
from accounts.plans import UNLIMITED
from accounts.signup import open_account
from tests.api import Api
from tracen.lib import waking


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is in, and a thread of the last test may still hold a connection."""
    yield
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@dataclass
class Person:
    """Somebody with an account, and the API as their program sees it."""

    user: User
    account: Account
    api: Api


def _person(name: str) -> Person:
    user = User.objects.create_user(f"{name}@example.com")
    account = open_account(user)
    return Person(user, account, Api(mint_key(account, f"{name}'s key")[1]))


@pytest.fixture
def alice(db) -> Person:
    """On Free, with a key."""
    return _person("alice")


@pytest.fixture
def bob(alice) -> Person:
    """In Alice's account, with a key of his own."""
    user = User.objects.create_user("bob@example.com")
    Membership.objects.create(account=alice.account, user=user, role=Membership.Role.MEMBER)
    return Person(user, alice.account, Api(mint_key(alice.account, "Bob's key", "nexus")[1]))


@pytest.fixture
def charlie(db) -> Person:
    """In an account of his own."""
    return _person("charlie")


@pytest.fixture
def unlimited(alice) -> Person:
    """Alice without the plan's limits, for tests that are about something else."""
    alice.account.plan_slug = UNLIMITED.slug
    alice.account.save()
    return alice


@pytest.fixture
def prompt_waker(monkeypatch) -> None:
    """Messages to the worker leave in the test's own thread, where it can see or replace them."""

    class Prompt:
        def send(self, task, arguments) -> None:
            task.delay(*arguments)

    monkeypatch.setattr(waking, "_waker_of_this_process", Prompt)
