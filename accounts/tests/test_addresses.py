"""Changing the address, resetting the password, and the links in mails: who may, once, and to nowhere else."""

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.test import Client

from accounts.models import User
from accounts.tests.people import ANOTHER, PASSWORD, is_signed_in, link_in, member, prove, sign_in

pytestmark = pytest.mark.django_db


def ask_change(client: Client, email: str) -> None:
    client.post("/accounts/email", {"email": email, "action_add": ""})


# The address ------------------------------------------------------------------------------------------------------


def test_changing_it_takes_the_password_first(db):
    member()
    client = sign_in()
    answer = client.post("/accounts/email", {"email": "new@example.com", "action_add": ""})
    assert answer["Location"].startswith("/accounts/reauthenticate")
    assert EmailAddress.objects.count() == 1


def test_it_stays_until_the_new_one_is_confirmed_and_the_old_one_is_told(db):
    user = member()
    client = sign_in()
    prove(client)
    ask_change(client, "new@example.com")
    user.refresh_from_db()
    assert user.email == "ada@example.com"

    assert mail.outbox[-1].to == ["new@example.com"]
    client.post(link_in(mail.outbox[-1].body))
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert (mail.outbox[-1].to, mail.outbox[-1].subject) == (["ada@example.com"], "The address of your account changed")
    assert is_signed_in(sign_in("new@example.com"))
    assert not is_signed_in(sign_in("ada@example.com"))


@pytest.mark.parametrize("confirmed", [True, False])
def test_somebody_elses_address_is_not_taken_over(db, confirmed):
    user = member()
    member("charlie@example.com", confirmed=confirmed)
    client = sign_in()
    prove(client)
    ask_change(client, "charlie@example.com")
    for sent in list(mail.outbox):
        if "/confirm-email/" in sent.body:
            client.post(link_in(sent.body))
    user.refresh_from_db()
    assert user.email == "ada@example.com"
    assert User.objects.get(email="charlie@example.com").check_password(PASSWORD)


def test_asking_for_a_known_and_an_unknown_address_looks_the_same(db):
    member("charlie@example.com")
    pages = []
    for name, wanted in (("ada", "charlie@example.com"), ("eve", "nobody@example.com")):
        member(f"{name}@example.com")
        client = sign_in(f"{name}@example.com")
        prove(client)
        ask_change(client, wanted)
        page = client.get("/accounts/email").text
        pages.append([wanted in page, "Not confirmed" in page])
    assert pages[0] == pages[1]


def test_the_link_works_once(db):
    member()
    client = sign_in()
    prove(client)
    ask_change(client, "new@example.com")
    path = link_in(mail.outbox[-1].body)
    assert client.post(path).status_code == 302
    assert client.post(path).status_code == 404


def test_the_mail_can_be_asked_for_again_from_the_banner(db):
    member(confirmed=False)
    client = sign_in()
    mail.outbox.clear()
    client.post("/accounts/email", {"email": "ada@example.com", "action_send": ""})
    assert [sent.to for sent in mail.outbox] == [["ada@example.com"]]


def test_who_came_by_the_command_has_a_banner_and_can_confirm(alice):
    alice.user.set_password(PASSWORD)
    alice.user.save()
    client = sign_in("alice@example.com")
    assert "is not confirmed yet" in client.get("/dashboard/settings").text
    client.post("/accounts/email", {"email": "alice@example.com", "action_send": ""})
    client.post(link_in(mail.outbox[-1].body))
    assert "is not confirmed yet" not in client.get("/dashboard/settings").text


# The password -----------------------------------------------------------------------------------------------------


def ask_reset() -> str:
    Client().post("/accounts/password/reset", {"email": "ada@example.com"})
    return link_in(mail.outbox[-1].body)


def use_reset(path: str, password: str = ANOTHER) -> bool:
    """Whether the link still offered the form."""
    client = Client()
    page = client.get(path, follow=True)
    if "Choose a new password</h1>" not in page.text:
        return False
    client.post(page.redirect_chain[-1][0], {"password1": password, "password2": password})
    return True


def test_a_reset_link_works_once(db):
    member()
    path = ask_reset()
    assert use_reset(path)
    assert not use_reset(path, PASSWORD)
    assert User.objects.get().check_password(ANOTHER)


def test_a_reset_link_ends_with_a_change_of_the_password_or_the_address(db):
    user = member()
    path = ask_reset()
    user.set_password(ANOTHER)
    user.save()
    assert not use_reset(path)

    path = ask_reset()
    user.email = "new@example.com"
    user.save()
    EmailAddress.objects.update(email="new@example.com")
    assert not use_reset(path)


def test_a_reset_link_lives_an_hour():
    assert settings.PASSWORD_RESET_TIMEOUT == 3_600


# Where links lead -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "[::1", "a b"])
def test_a_foreign_host_is_refused_before_any_mail(db, host):
    member()
    answer = Client().post("/accounts/password/reset", {"email": "ada@example.com"}, headers={"Host": host})
    assert answer.status_code == 400
    assert mail.outbox == []


@pytest.mark.parametrize("headers", [{"Host": "localhost"}, {"X-Forwarded-Host": "evil.example"}])
def test_links_in_mails_name_the_public_address_whatever_was_asked(db, headers):
    member()
    Client().post("/accounts/password/reset", {"email": "ada@example.com"}, headers=headers)
    Client().post("/accounts/signup", {"email": "new@example.com", "password1": ANOTHER}, headers=headers)
    assert len(mail.outbox) == 2
    for sent in mail.outbox:
        link_in(sent.body)
        assert "evil.example" not in sent.body
        assert "localhost" not in sent.body


ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http://testserver@evil.example/",
    "http://testserver.evil.example/",
    "http://evil.example#testserver",
    "http://evil.example?testserver",
    "http://evil.example\\@testserver/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "ftp://evil.example/",
    "//[::1",
    "//evil。example/",
    "\x00//evil.example",
    "/\r\nLocation: https://evil.example/",
]


def leads_home(location: str) -> bool:
    """A browser stays here: one slash, then no slash, backslash or blank, however it reads control characters."""
    path = location.strip().replace("\t", "").replace("\n", "").replace("\r", "")
    return path.startswith("/") and path[1:2] not in ("/", "\\")


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_next_leads_elsewhere(db, elsewhere):
    member()
    client = Client()
    fields = {"login": "ada@example.com", "password": PASSWORD, "next": elsewhere}
    assert leads_home(client.post("/accounts/login", fields)["Location"])
    assert leads_home(client.post("/accounts/reauthenticate", {"password": PASSWORD, "next": elsewhere})["Location"])
    assert leads_home(client.post("/accounts/logout", {"next": elsewhere})["Location"])
    signup = {"email": "new@example.com", "password1": ANOTHER, "next": elsewhere}
    assert leads_home(Client().post("/accounts/signup", signup)["Location"])
