"""The pages that belong to no app: landing, sign-in, theme, errors; and that every template compiles."""

import html
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.template.loader import get_template
from django.test import Client

from accounts.models import User
from accounts.plans import FREE, PRO
from tracen import views
from tracen.lib.content_policy import content_policy

TEMPLATES = Path(settings.BASE_DIR / "templates")
PASSWORD = "a long pass phrase"

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client) -> User:
    user = User.objects.create_user("ada@example.org", PASSWORD)
    client.force_login(user)
    return user


def text_of(response) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", response.content.decode()))


# Landing ------------------------------------------------------------------------------------------------------------


def test_the_landing_page_shows_the_request_aimed_at_this_server(client):
    shown = text_of(client.get("/"))
    start = shown.index("curl -X POST")
    curl = shown[start : shown.index("}'", start)]
    assert curl.splitlines()[0] == f"curl -X POST {settings.BASE_URL}/api/traces \\"
    body = json.loads(curl.split("-d '", 1)[1] + "}")
    assert list(body)[:4] == ["prompt", "response", "provider", "model"]


def test_the_plans_are_the_numbers_that_are_enforced(client):
    rows = re.findall(r'<th scope="row">(.+?)</th>\s*<td[^>]*>(.+?)</td>\s*<td[^>]*>(.+?)</td>', client.get("/").text)
    shown = {name: (free, pro) for name, free, pro in rows}
    assert shown["Traces a month"] == (f"{FREE.traces_per_month:,}", f"{PRO.traces_per_month:,}")
    assert shown["Agents"] == ("1", "unlimited")
    assert shown["Private traces kept for"] == ("30 days", "90 days")
    assert shown["Mail on error and timeout"] == ("no", "yes")


def test_a_page_may_load_its_own_files_only(client):
    page = client.get("/")
    assert page["Content-Security-Policy"] == content_policy()
    loaded = re.findall(r'<(?:script|link rel="(?:stylesheet|icon|preload)")[^>]*(?:src|href)="([^"]+)"', page.text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


def test_no_page_has_an_inline_style_or_script(client):
    for address in ("/", "/accounts/login", "/accounts/signup", "/nothing-here"):
        page = client.get(address).text
        assert not re.search(r"<[a-z][^>]* (?:style|on[a-z]+)=", page)
        assert not re.search(r"<script(?![^>]*src=)|<style", page)


def test_a_member_sees_their_address_and_no_sign_up(client, member):
    page = client.get("/").text
    assert member.email in page
    assert "Create an account" not in page


def test_the_demo_leads_to_the_landing_page_when_the_stored_one_is_gone(client):
    assert client.get("/demo")["Location"] == "/#live"


# Theme --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_is_in_the_next_page(client, theme):
    assert client.post("/theme", {"theme": theme}).status_code == 302
    assert f'<html lang="en" data-theme="{theme}">' in client.get("/").text


def test_toggling_goes_back_and_forth(client):
    client.post("/theme", {"theme": "toggle"})
    assert client.cookies["theme"].value == "dark"
    client.post("/theme", {"theme": "toggle"})
    assert client.cookies["theme"].value == "light"


def test_auto_follows_the_device_again(client):
    client.post("/theme", {"theme": "dark"})
    client.post("/theme", {"theme": "auto"})
    assert "data-theme" not in client.get("/").text.split(">", 2)[1]


def test_an_unknown_theme_is_refused_and_an_invented_cookie_ignored(client):
    assert client.post("/theme", {"theme": "neon"}).status_code == 400
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/").text.split(">", 2)[1]


def test_the_theme_is_changed_by_post_from_our_own_pages_only():
    assert Client().get("/theme").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    refused = strict.post("/theme", {"theme": "dark"})
    assert refused.status_code == 403
    assert "This form is too old" in refused.text


@pytest.mark.parametrize("here", ["/accounts/login?next=/x", "http://testserver/traces/1"])
def test_switching_the_theme_returns_to_the_page(client, here):
    assert client.post("/theme", {"theme": "dark", "next": here})["Location"] == here
    assert client.post("/theme", {"theme": "dark"}, headers={"referer": here})["Location"] == here


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "http:evil.example", "javascript:alert(1)", ""],
)
def test_switching_the_theme_never_leads_elsewhere(client, elsewhere):
    assert client.post("/theme", {"theme": "dark", "next": elsewhere})["Location"] == "/"
    assert client.post("/theme", {"theme": "dark"}, headers={"referer": elsewhere})["Location"] == "/"


# Errors -------------------------------------------------------------------------------------------------------------


def test_a_missing_page_looks_like_ours(client):
    page = client.get("/nothing-here")
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    assert '<meta name="robots" content="noindex">' in page.text


@pytest.mark.parametrize("address", ["/api/nothing-here", "/api/v1/nothing", "/v1/nothing"])
def test_a_missing_address_of_the_api_is_json_whatever_is_accepted(client, address):
    answer = client.get(address, headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


def test_our_own_failure_is_told_without_the_request(client, monkeypatch, caplog):
    monkeypatch.setattr(views, "demo_timeline", lambda: 1 / 0)
    client.raise_request_exception = False
    page = client.get("/")
    assert page.status_code == 500
    assert "Something broke on our side" in page.text
    assert "ZeroDivisionError" not in page.text


@pytest.mark.parametrize("status", [400, 500, 503])
def test_error_pages_that_may_be_drawn_while_the_database_is_gone_need_none(status, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert views.plain_error_page(status).status_code == status


@pytest.mark.parametrize(
    ("handler", "status", "error"),
    [
        (views.bad_request, 400, "Bad request"),
        (views.forbidden, 403, "Forbidden"),
        (views.csrf_failure, 403, "Forbidden"),
        (views.not_found, 404, "Not found"),
        (views.server_error, 500, "Internal server error"),
    ],
)
def test_every_error_has_a_page_and_a_json_form(rf, handler, status, error):
    page, answer = handler(rf.get("/x")), handler(rf.get("/api/x"))
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert (answer.status_code, json.loads(answer.content)) == (status, {"error": error})


# Accounts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/accounts/login", "Sign in"),
        ("/accounts/login/", "Sign in"),
        ("/accounts/signup", "Create an account"),
        ("/accounts/password/reset", "Reset the password"),
        ("/accounts/password/reset/done", "Look into your mail"),
        ("/accounts/password/reset/key/abc-def", "This link no longer works"),
        ("/accounts/password/reset/key/done", "The password is changed"),
        ("/accounts/confirm-email", "Look into your mail"),
        ("/accounts/confirm-email/abc", "This link no longer works"),
        ("/accounts/inactive", "This account is switched off"),
    ],
)
def test_the_way_in_is_drawn_in_our_look(client, address, heading):
    page = client.get(address)
    assert page.status_code == 200
    assert f"<h1>{heading}</h1>" in page.text
    assert '<meta name="robots" content="noindex">' in page.text


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/accounts/email", "E-mail address"),
        ("/accounts/password/change", "Change the password"),
        ("/accounts/logout", "Sign out?"),
        ("/accounts/reauthenticate", "Is it you?"),
    ],
)
def test_a_members_pages_are_drawn_in_our_look(client, member, address, heading):
    assert f"<h1>{heading}</h1>" in client.get(address).text


def test_signing_up_signs_in_at_once_and_sends_a_link(client):
    client.post("/accounts/signup", {"email": "ada@example.org", "password1": PASSWORD})
    assert "ada@example.org" in client.get("/").text
    (sent,) = mail.outbox
    assert sent.to == ["ada@example.org"]
    assert f"{settings.BASE_URL}/accounts/confirm-email/" in sent.body


def test_an_error_stands_beside_its_field_and_is_tied_to_it(client):
    page = client.post("/accounts/signup", {"email": "nope", "password1": PASSWORD}).text
    field = re.search(r'<input[^>]*name="email"[^>]*>', page)[0]
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_email_error"' in field
    assert '<ul class="errs" id="id_email_error">' in page


def test_fields_say_what_a_password_manager_may_fill_in(client):
    assert 'autocomplete="current-password"' in client.get("/accounts/login").text
    assert 'autocomplete="new-password"' in client.get("/accounts/signup").text


def test_a_wrong_password_and_an_unknown_address_read_the_same(client):
    User.objects.create_user("ada@example.org", PASSWORD)
    known = client.post("/accounts/login", {"login": "ada@example.org", "password": "wrong"})
    unknown = client.post("/accounts/login", {"login": "nobody@example.org", "password": "wrong"})
    assert re.findall('role="alert".*', known.text) == re.findall('role="alert".*', unknown.text) != []


def test_the_link_in_a_reset_mail_names_the_public_address_and_sets_a_password(client):
    user = User.objects.create_user("ada@example.org", PASSWORD)
    client.post("/accounts/password/reset", {"email": user.email})
    link = re.search(rf"{re.escape(settings.BASE_URL)}(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    assert "<h1>Choose a new password</h1>" in form.text
    address = form.redirect_chain[-1][0]
    client.post(address, {"password1": "another long phrase", "password2": "another long phrase"})
    user.refresh_from_db()
    assert user.check_password("another long phrase")


def test_asking_for_an_unknown_address_looks_the_same(client):
    User.objects.create_user("ada@example.org", PASSWORD)
    known = client.post("/accounts/password/reset", {"email": "ada@example.org"})
    unknown = client.post("/accounts/password/reset", {"email": "nobody@example.org"})
    assert known["Location"] == unknown["Location"] == "/accounts/password/reset/done"
    assert [sent.to for sent in mail.outbox] == [["ada@example.org"]]


# Templates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.*")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_template_compiles(path):
    get_template(str(path.relative_to(TEMPLATES)))
