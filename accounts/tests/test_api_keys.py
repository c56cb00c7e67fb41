"""Contract §2: keys, how they look, what they open, and how they end."""

import re
from datetime import timedelta
from functools import lru_cache
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts import api_keys
from accounts.api_keys import NEXUS, find_key, mint_key, recall_key, revoke_key
from accounts.models import Account, ApiKey, User
from tests.api import NEXUS as NEXUS_ROUTE
from tests.api import TRACES, Api, nexus_body, tracen_body

pytestmark = pytest.mark.django_db


def test_the_default_format(alice):
    key, text = mint_key(alice.account, "laptop")

    assert re.fullmatch(r"tracen_sk_[A-Za-z0-9_-]{43}", text)
    assert key.prefix == text[:16]


def test_the_nexus_format(alice):
    key, text = mint_key(alice.account, "laptop", NEXUS)

    assert re.fullmatch(r"nxs_[0-9a-f]{64}", text)
    assert key.prefix == text[:10]


def test_only_a_digest_is_stored(alice):
    _, text = mint_key(alice.account, "laptop")
    secret = text.removeprefix("tracen_sk_")

    stored = [str(value) for row in ApiKey.objects.values() for value in row.values()]

    assert not [value for value in stored if secret in value or text in value]


def test_either_format_opens_every_route_in_either_header(alice, bob):
    for person in (alice, bob):
        for headers in ({"Authorization": f"Bearer {person.api.key}"}, {"X-Tracen-Key": person.api.key}):
            anonymous = Api(None)
            assert anonymous.post(TRACES, tracen_body(), headers=headers).status_code == 200
            assert anonymous.post(NEXUS_ROUTE, nexus_body(), headers=headers).status_code == 201


def test_keys_act_for_the_account(alice, bob):
    trace_id = alice.api.create_trace()

    assert bob.api.patch(f"{NEXUS_ROUTE}/{trace_id}", {"status": "success"}).status_code == 200


def test_the_same_key_in_both_headers_is_one_key(alice):
    assert alice.api.post(TRACES, tracen_body(), headers={"X-Tracen-Key": alice.api.key}).status_code == 200


def test_the_scheme_is_case_insensitive_and_spaces_are_forgiven(alice):
    for value in (f"bearer {alice.api.key}", f"BEARER   {alice.api.key} "):
        assert Api(None).post(TRACES, tracen_body(), headers={"Authorization": value}).status_code == 200


def _bad_headers(key: str, other: str) -> list[dict[str, str]]:
    return [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": key},
        {"Authorization": f"Basic {key}"},
        {"Authorization": f"Bearer {key}x"},
        {"Authorization": f"Bearer {key[:-1]}"},
        {"Authorization": f"Bearer {key}, Bearer {key}"},
        {"Authorization": f"Bearer {key},Bearer {other}"},
        {"Authorization": f"Bearer {key}", "X-Tracen-Key": other},
        {"Authorization": f"Bearer {key}", "X-Tracen-Key": ""},
        {"Authorization": f"Basic {key}", "X-Tracen-Key": key},
        {"X-Tracen-Key": "tracen_sk_YOUR_KEY_HERE"},
        {"X-Tracen-Key": "ключ"},
        {"X-Tracen-Key": f"nxs_{'0' * 64}"},
        {"Authorization": f"Bearer nxs_{'A' * 64}"},
        {"X-Tracen-Key": "x" * 5_000},
    ]


def test_every_other_presentation_is_401(alice, bob):
    for headers in _bad_headers(alice.api.key, bob.api.key):
        answer = Api(None).post(TRACES, tracen_body(), headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API key"}), headers
        assert answer["WWW-Authenticate"] == "Bearer"


def test_a_key_in_the_query_is_no_key(alice):
    assert Api(None).post(f"{TRACES}?key={alice.api.key}", tracen_body()).status_code == 401


def test_a_revoked_key_is_401_on_the_next_request(alice):
    assert alice.api.post(TRACES, tracen_body()).status_code == 200
    revoke_key(find_key(alice.api.key))

    answer = alice.api.post(TRACES, tracen_body())

    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API key"})


def test_last_used_is_written_at_most_once_a_minute(alice):
    key = find_key(alice.api.key)
    alice.api.get(NEXUS_ROUTE)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    alice.api.get(NEXUS_ROUTE)
    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first

    with time_machine.travel(first + timedelta(minutes=2), tick=False):
        alice.api.get(NEXUS_ROUTE)

    assert ApiKey.objects.get(pk=key.pk).last_used_at == first + timedelta(minutes=2)


# What a process remembers ------------------------------------------------------------------------------------------


@pytest.fixture
def memory_of_two(monkeypatch) -> None:
    """A process that has seen no key yet and has room for two."""
    forgetful = lru_cache(2)(api_keys._remembered_key.__wrapped__)
    monkeypatch.setattr(api_keys, "_remembered_key", forgetful)


def test_a_key_that_was_seen_is_known_without_a_query(alice, memory_of_two, django_assert_num_queries):
    first = recall_key(alice.api.key)

    with django_assert_num_queries(0):
        assert recall_key(alice.api.key) == first


def test_of_too_many_keys_the_one_not_seen_for_longest_is_looked_up_anew(
    alice, bob, charlie, memory_of_two, django_assert_num_queries
):
    for person in (bob, alice, bob, charlie):
        recall_key(person.api.key)

    with django_assert_num_queries(0):
        recall_key(bob.api.key)
        recall_key(charlie.api.key)
    with django_assert_num_queries(1):
        recall_key(alice.api.key)


def test_guesses_push_no_key_out(alice, memory_of_two, django_assert_num_queries):
    recall_key(alice.api.key)
    assert [recall_key(f"nxs_{number:064x}") for number in range(3)] == [None] * 3

    with django_assert_num_queries(0):
        recall_key(alice.api.key)


def test_a_key_that_was_asked_for_before_it_was_made_is_found(alice, memory_of_two, monkeypatch):
    text = f"nxs_{'0' * 64}"
    assert recall_key(text) is None

    monkeypatch.setattr("secrets.token_hex", lambda _: "0" * 64)
    mint_key(alice.account, "made late", NEXUS)

    assert recall_key(text).name == "made late"


# The command --------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_api_key", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_makes_the_account_and_prints_the_key_alone():
    text = run("new@example.com")

    assert re.fullmatch(r"tracen_sk_[A-Za-z0-9_-]{43}\n", text)
    account = Account.objects.get()
    assert (account.plan_slug, [user.email for user in account.members.all()]) == ("free", ["new@example.com"])
    assert Api(text.strip()).post(TRACES, tracen_body()).status_code == 200


def test_the_command_finds_an_account_whatever_the_case(alice):
    run("ALICE@example.com", "--name", "CI", "--format", "nexus", "--plan", "pro")

    account = Account.objects.get()
    assert (User.objects.count(), account.plan_slug) == (1, "pro")
    assert [key.name for key in account.api_keys.order_by("pk")] == ["alice's key", "CI"]


def test_the_command_leaves_the_plan_alone_unless_told(alice):
    run("alice@example.com", "--plan", "unlimited")
    run("alice@example.com")

    assert Account.objects.get().plan_slug == "unlimited"


def test_a_new_account_is_on_the_operators_default_plan(settings):
    settings.DEFAULT_PLAN = "unlimited"

    run("new@example.com")

    assert Account.objects.get().plan_slug == "unlimited"


@pytest.mark.parametrize(
    "arguments", [["nobody"], ["a@example.com", "--name", " "], ["a@example.com", "--name", "x" * 256]]
)
def test_the_command_says_what_is_wrong(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
    assert Account.objects.count() == 0
