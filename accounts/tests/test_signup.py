"""Signing up: at once for a new address; for a known one the same answer and no change but a mail to its owner."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client

from accounts.models import Account, Session, User
from accounts.tests.people import ANOTHER, PASSWORD, is_signed_in, link_in, member

pytestmark = pytest.mark.django_db


def sign_up(email: str, client: Client | None = None, **fields: str):
    return (client or Client()).post("/accounts/signup", {"email": email, "password1": ANOTHER, **fields})


def shape(answer) -> tuple[object, ...]:
    """What whoever asked can see of the answer, but for the random values in it."""
    cookies = {
        name: (len(cookie.value), *((key, value) for key, value in cookie.items() if key != "expires"))
        for name, cookie in answer.cookies.items()
        if name != "messages"
    }
    headers = sorted(item for item in answer.headers.items() if item[0] != "Expires")  # the second of the answer
    return answer.status_code, headers, answer.content, cookies


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("address", ["ada@example.com", "ADA@Example.com"])
def test_the_answer_is_the_same_for_a_known_and_a_new_address(db, confirmed, address):
    member(confirmed=confirmed)
    known, new = sign_up(address), sign_up("bob@example.com")
    assert shape(known) == shape(new)
    assert (known.status_code, known["Location"]) == (302, "/dashboard")


def test_the_answer_keeps_the_way_on(db):
    member()
    for email in ("ada@example.com", "new@example.com"):
        assert sign_up(email, next="/dashboard/keys")["Location"] == "/dashboard/keys"


def test_a_known_address_stays_as_it_is(db):
    user = member()
    client = Client()
    sign_up("ada@example.com", client)

    before = user.password
    user.refresh_from_db()
    assert user.password == before
    assert user.check_password(PASSWORD)
    assert (User.objects.count(), Account.objects.count()) == (1, 1)
    assert not is_signed_in(client)
    assert not Session.objects.exclude(user=None).exists()


def test_the_owner_of_a_known_address_is_told_by_mail(db):
    member()
    sign_up("ada@example.com")
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ada@example.com"], "You have an account already")
    assert f"{settings.BASE_URL}/accounts/password/reset" in sent.body


def test_the_page_after_says_the_same(db):
    member()
    for email in ("ada@example.com", "new@example.com"):
        client = Client()
        sign_up(email, client)
        page = client.get("/dashboard", follow=True).text
        assert f"We sent a link to {email}" in page


def test_a_new_address_is_signed_in_at_once_with_an_account(db):
    client = Client()
    sign_up("new@example.com", client)
    assert is_signed_in(client)
    user = User.objects.get()
    assert user.memberships.get().role == "owner"


def test_its_owner_is_not_flooded(db):
    member()
    for _ in range(5):
        sign_up("ada@example.com")
    assert len(mail.outbox) == 1


def test_signing_up_is_limited_by_place(db):
    answers = [sign_up(f"{number}@example.com").status_code for number in range(11)]
    assert answers == [302] * 10 + [429]


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_make_one_person():
    def attempt(_):
        try:
            return sign_up("new@example.com").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(attempt, range(4))) == [302] * 4
    assert (User.objects.count(), Account.objects.count()) == (1, 1)


def test_the_link_in_the_mail_confirms_the_address(db):
    client = Client()
    sign_up("new@example.com", client)
    assert "is not confirmed yet" in client.get("/dashboard/settings").text
    path = link_in(mail.outbox[0].body)
    assert "is not confirmed yet" in client.get("/dashboard/settings").text, "looking at a link must not use it"
    client.get(path)
    client.post(path)
    assert "is not confirmed yet" not in client.get("/dashboard/settings").text


@pytest.mark.parametrize("password", ["short", "password123", "1234567"])
def test_a_password_that_is_guessed_first_is_refused(db, password):
    answer = Client().post("/accounts/signup", {"email": "new@example.com", "password1": password})
    assert 'id="id_password1_error"' in answer.text
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["twelve chars", "пароль и слова", "a" * 128, "  spaces around it  "])
def test_any_other_password_is_taken_unchanged(db, password):
    Client().post("/accounts/signup", {"email": "new@example.com", "password1": password})
    assert User.objects.get().check_password(password)


class TestBehindAWall:
    """With TRACEN_EMAIL_VERIFICATION=mandatory nobody gets in before the link is followed, so nothing differs at all."""

    @pytest.fixture(autouse=True)
    def wall(self, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def test_known_and_new_end_on_the_same_page(self, db):
        member()
        pages = []
        for email in ("ada@example.com", "new@example.com"):
            client = Client()
            sign_up(email, client)
            page = client.get("/accounts/confirm-email").text
            pages.append(re.sub(r'value="[^"]*"', "", page).replace(email, ""))
            assert not is_signed_in(client)
        assert pages[0] == pages[1]
