"""Sessions: listed, ended one by one or all, and never alive again from a copied cookie."""

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions import SessionStore, end_sessions
from accounts.tasks import forget_ended_sessions
from accounts.tests.people import ANOTHER, PASSWORD, copy_of, is_signed_in, link_in, member, prove, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db) -> User:
    return member()


def test_a_session_knows_whose_it_is(ada):
    sign_in()
    assert [session.user for session in Session.objects.all()] == [ada]


def test_the_list_names_each_browser_and_marks_this_one(ada):
    here = sign_in()
    sign_in()
    UserSession.objects.update(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
    page = here.get("/accounts/sessions").text
    assert page.count("Firefox on Linux") == 2
    assert page.count("This one") == 1


def test_one_other_browser_is_signed_out(ada):
    here, there = sign_in(), sign_in()
    other = UserSession.objects.get(session_key=there.session.session_key)
    assert here.post(f"/dashboard/settings/sessions/{other.pk}/end")["Location"] == "/accounts/sessions"
    assert not is_signed_in(there)
    assert is_signed_in(here)


def test_a_strangers_session_is_not_there(ada):
    member("charlie@example.com")
    theirs, here = sign_in("charlie@example.com"), sign_in()
    other = UserSession.objects.get(session_key=theirs.session.session_key)
    assert here.post(f"/dashboard/settings/sessions/{other.pk}/end").status_code == 404
    assert is_signed_in(theirs)


def test_signing_out_everywhere_else(ada):
    here, there = sign_in(), sign_in()
    here.post("/accounts/sessions")
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_signing_in_changes_the_key(ada, client):
    client.get("/accounts/login")
    before = client.session.session_key
    sign_in(client=client)
    assert client.session.session_key != before


def sign_out(client):
    client.post("/accounts/logout")


def change_password(client):
    passwords = {"oldpassword": PASSWORD, "password1": ANOTHER, "password2": ANOTHER}
    assert client.post("/accounts/password/change", passwords).status_code == 302


def change_address(client):
    prove(client)
    client.post("/accounts/email", {"email": "ada@example.org", "action_add": ""})
    client.post(link_in(mail.outbox[-1].body))
    assert User.objects.get().email == "ada@example.org"


def reset_password(client):
    client.post("/accounts/password/reset", {"email": "ada@example.com"})
    page = client.get(link_in(mail.outbox[-1].body), follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": ANOTHER, "password2": ANOTHER})


@pytest.mark.parametrize("event", [sign_out, change_password, change_address, reset_password])
def test_a_copied_cookie_opens_nothing_after(ada, event):
    client, elsewhere = sign_in(), sign_in()
    thief = copy_of(client)
    assert is_signed_in(thief)
    event(client)
    assert thief.get("/dashboard/settings").status_code == 302
    if event is not sign_out:
        assert elsewhere.get("/dashboard/settings").status_code == 302


@pytest.mark.parametrize("event", [change_password, change_address])
def test_who_made_the_change_stays_signed_in_and_in_the_list(ada, event):
    client = sign_in()
    event(client)
    assert is_signed_in(client)
    assert client.get("/accounts/sessions").text.count("This one") == 1


def test_all_of_a_persons_sessions_can_be_ended_at_once(ada):
    member("charlie@example.com")
    client, stranger = sign_in(), sign_in("charlie@example.com")
    end_sessions(ada)
    assert not is_signed_in(client)
    assert is_signed_in(stranger)


def test_ended_sessions_are_forgotten(ada):
    sign_in()
    Session.objects.update(expire_date=timezone.now())
    forget_ended_sessions()
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "a\0b", "A" * 32, "a" * 33, "'; drop table", "é" * 32])
def test_what_is_no_key_is_not_asked_for(db, key):
    assert SessionStore(key).session_key is None


@pytest.mark.parametrize("path", ["/dashboard/settings", "/accounts/sessions"])
def test_more_sessions_cost_no_more_queries(ada, django_assert_num_queries, path):
    client = sign_in()
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    number = len(few)
    for _ in range(2):
        sign_in()
    with django_assert_num_queries(number):
        client.get(path)


def test_one_that_has_expired_is_not_listed(ada):
    here, there = sign_in(), sign_in()
    Session.objects.filter(session_key=there.session.session_key).update(expire_date=timezone.now())
    assert here.get("/accounts/sessions").text.count("Sign out</button>") == 1


@pytest.mark.parametrize(
    ("referer", "way_back"),
    [
        ("http://testserver/dashboard/billing?x=1", "/dashboard/billing"),
        ("http://evil.example/dashboard/billing", "/dashboard"),
        ("http://[::1", "/dashboard"),
        ("", "/dashboard"),
    ],
)
def test_a_button_without_a_session_leads_back_to_its_page_after_signing_in(db, referer, way_back):
    answer = Client().post("/dashboard/billing/upgrade", headers={"Referer": referer})
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login?next={way_back}")


def test_the_address_of_a_button_explains_itself(db):
    member()
    answer = sign_in().get("/dashboard/billing/upgrade")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address belongs to a button" in answer.text
