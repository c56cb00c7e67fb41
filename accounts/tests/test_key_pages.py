"""The keys page: a key is shown once, counted, listed by its prefix and revoked by its own account only."""

import re

import pytest
from django.test import Client

from accounts.api_keys import FORMATS, find_key, mint_key, revoke_key
from accounts.models import ApiKey
from accounts.plans import MAX_LIVE_KEYS

KEYS = "/dashboard/keys"
IN_FULL = re.compile(r"nxs_[0-9a-f]{64}|tracen_sk_[A-Za-z0-9_-]{43}")


@pytest.fixture
def as_alice(alice, client) -> Client:
    client.force_login(alice.user)
    return client


def create(client: Client, **fields: str):
    return client.post(KEYS, {"name": "ci", "key_format": "tracen", **fields})


def text_in(response) -> str:
    """The key that a page shows in full: the same one wherever it stands."""
    (text,) = set(IN_FULL.findall(response.content.decode()))
    return text


def once_of(client: Client) -> str:
    (found,) = re.findall(r'name="once" value="([^"]+)"', client.get(KEYS).content.decode())
    return found


@pytest.mark.parametrize(("key_format", "start"), [("tracen", "tracen_sk_"), ("nexus", "nxs_"), ("", "tracen_sk_")])
def test_a_new_key_works_and_has_the_chosen_format(alice, as_alice, key_format, start):
    text = text_in(create(as_alice, key_format=key_format))

    assert text.startswith(start)
    key = find_key(text)
    assert key is not None
    assert (key.account, key.name) == (alice.account, "ci")


def test_the_page_with_the_key_is_kept_by_nobody_and_carries_a_request_that_is_ready(as_alice, settings):
    response = create(as_alice)

    assert response["Cache-Control"] == "private, no-store"
    page = response.content.decode()
    assert f"curl -X POST {settings.BASE_URL}/api/traces" in page
    assert f"X-Tracen-Key: {text_in(response)}" in page


def test_the_list_does_not_show_it_again(as_alice):
    create(as_alice)

    assert IN_FULL.findall(as_alice.get(KEYS).content.decode()) == []


def test_the_same_form_sent_again_makes_no_second_key_and_shows_none(alice, as_alice):
    once = once_of(as_alice)
    create(as_alice, once=once)
    again = create(as_alice, once=once)

    assert again.status_code == 302
    assert IN_FULL.findall(as_alice.get(KEYS).content.decode()) == []
    assert ApiKey.objects.filter(account=alice.account, name="ci").count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "   "}, "This field is required."),
        ({"name": "x" * 256}, "at most 255 characters"),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"key_format": "jwt"}, None),
        ({"once": "never"}, None),
    ],
)
def test_a_form_that_is_not_right_makes_no_key(alice, as_alice, fields, words):
    response = create(as_alice, **fields)

    assert response.status_code == 200
    assert words is None or words in response.content.decode()
    assert ApiKey.objects.filter(account=alice.account).count() == 1


def test_the_key_too_many_is_refused_in_words_and_a_revoked_one_makes_room(alice, as_alice):
    keys = [mint_key(alice.account, f"key {number}")[0] for number in range(MAX_LIVE_KEYS - 1)]
    refused = create(as_alice)

    assert "An account has at most 50 live keys." in refused.content.decode()
    assert ApiKey.objects.filter(account=alice.account, name="ci").count() == 0

    revoke_key(keys[0])
    assert find_key(text_in(create(as_alice))) is not None


def test_a_name_is_shown_as_text(alice, as_alice):
    name = '"><img src=x onerror=alert(1)>'
    page = create(as_alice, name=name).content.decode()

    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_revoked_key_is_refused_from_then_on(alice, as_alice):
    key, text = mint_key(alice.account, "old")
    response = as_alice.post(f"{KEYS}/{key.pk}/revoke")

    assert response["Location"] == KEYS
    assert find_key(text) is None
    page = as_alice.get(KEYS).content.decode()
    assert "“old” is revoked." in page
    assert f"revoke-{key.pk}" not in page


def test_a_teammate_revokes_it_and_a_stranger_finds_nothing(alice, bob, charlie, client):
    key, text = mint_key(alice.account, "shared")
    client.force_login(charlie.user)
    assert client.post(f"{KEYS}/{key.pk}/revoke").status_code == 404
    assert find_key(text) is not None
    assert key.prefix not in client.get(KEYS).content.decode()

    client.force_login(bob.user)
    assert client.post(f"{KEYS}/{key.pk}/revoke").status_code == 302
    assert find_key(text) is None


def test_a_key_is_not_revoked_by_a_link(alice, as_alice):
    key, text = mint_key(alice.account, "old")

    assert as_alice.get(f"{KEYS}/{key.pk}/revoke").status_code == 405
    assert find_key(text) is not None


def test_anonymous_visitors_are_sent_to_the_sign_in_page(db, client):
    assert client.get(KEYS)["Location"] == f"/accounts/login?next={KEYS}"


@pytest.mark.parametrize("path", ["/app/settings", "/app/settings/"])
def test_the_references_address_leads_here(db, client, path):
    assert client.get(path)["Location"] == KEYS


def test_more_keys_cost_no_more_queries(alice, as_alice, django_assert_num_queries):
    with django_assert_num_queries(6):
        as_alice.get(KEYS)
    for key_format in FORMATS:
        mint_key(alice.account, "another", key_format)
    revoke_key(mint_key(alice.account, "gone")[0])
    with django_assert_num_queries(6):
        as_alice.get(KEYS)
