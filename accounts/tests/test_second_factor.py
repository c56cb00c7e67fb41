"""Two-factor authentication: figures from an app, recovery codes, and that neither is got round."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core import mail

from accounts.tests.people import is_signed_in, member, prove, sign_in

pytestmark = pytest.mark.django_db

ACTIVATE = "/accounts/2fa/totp/activate"


def code_for(secret: str) -> str:
    """What the app shows now: taken for half a minute at the least."""
    _before, now, _after = totp.yield_hotp_counters_from_time()
    return totp.format_hotp_value(totp.hotp_value(secret, now))


def set_up_app(client) -> str:
    """Turn the app on; its secret."""
    prove(client)
    (secret,) = re.findall(r'<code class="secret">([A-Z2-7]+)</code>', client.get(ACTIVATE).text)
    assert client.post(ACTIVATE, {"code": code_for(secret)})["Location"] == "/accounts/2fa/recovery-codes"
    return secret


@pytest.fixture
def protected(db):
    """Ada with an app; her secret and her recovery codes."""
    member()
    client = sign_in()
    secret = set_up_app(client)
    codes = re.findall(r"^(\d{8})$|<code>(\d{8})$", client.get("/accounts/2fa/recovery-codes").text, re.MULTILINE)
    return secret, ["".join(pair) for pair in codes]


def test_setting_it_up_takes_the_password_and_the_figures(db):
    member()
    client = sign_in()
    assert client.get(ACTIVATE)["Location"] == f"/accounts/reauthenticate?next={ACTIVATE.replace('/', '%2F')}"
    prove(client)
    refused = client.post(ACTIVATE, {"code": "000000"})
    assert "Incorrect code" in refused.text
    assert not Authenticator.objects.exists()


def test_the_picture_for_the_phone_is_in_the_page_itself(db):
    member()
    client = sign_in()
    prove(client)
    assert 'src="data:image/svg+xml;base64,' in client.get(ACTIVATE).text


def test_an_unconfirmed_address_cannot_turn_it_on(db):
    member(confirmed=False)
    client = sign_in()
    page = client.get(ACTIVATE, follow=True)
    assert page.redirect_chain == [("/accounts/2fa", 302)]
    assert "until you have verified your email address" in page.text


def test_the_password_alone_opens_nothing_any_more(protected):
    client = sign_in()
    assert not is_signed_in(client)
    assert "<h1>The second step</h1>" in client.get("/accounts/2fa/authenticate").text


def test_the_figures_open_it_and_wrong_ones_do_not(protected):
    client = sign_in()
    assert "Incorrect code" in client.post("/accounts/2fa/authenticate", {"code": "123456"}).text
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate", {"code": code_for(protected[0])})
    assert is_signed_in(client)


def test_a_recovery_code_opens_it_once(protected):
    _, codes = protected
    assert len(codes) == 10
    for expected in (True, False):
        client = sign_in()
        client.post("/accounts/2fa/authenticate", {"code": codes[0]})
        assert is_signed_in(client) is expected


def test_guessing_the_figures_is_stopped(protected):
    client = sign_in()
    answers = [client.post("/accounts/2fa/authenticate", {"code": f"{n:06}"}).text for n in range(12)]
    assert "Too many failed login attempts" in answers[-1]
    client.post("/accounts/2fa/authenticate", {"code": code_for(protected[0])})
    assert not is_signed_in(client)


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_told_of_each_change():
    member()
    client = sign_in()
    set_up_app(client)
    client.post("/accounts/2fa/totp/deactivate")
    assert [(sent.subject, sent.to) for sent in mail.outbox] == [
        ("An authenticator app was set up", ["ada@example.com"]),
        ("The authenticator app was turned off", ["ada@example.com"]),
    ]


def test_turning_it_off_takes_proof_and_makes_the_password_enough_again(protected):
    client = sign_in()
    client.post("/accounts/2fa/authenticate", {"code": code_for(protected[0])})
    assert client.post("/accounts/2fa/totp/deactivate")["Location"].startswith("/accounts/reauthenticate")
    prove(client)
    client.post("/accounts/2fa/totp/deactivate")
    assert not Authenticator.objects.exists()
    assert is_signed_in(sign_in())


def test_a_strangers_passkey_is_not_there(protected):
    key = Authenticator.objects.create(
        user=member("charlie@example.com"), type=Authenticator.Type.WEBAUTHN, data={"name": "mine", "credential": {}}
    )
    client = sign_in()
    client.post("/accounts/2fa/authenticate", {"code": code_for(protected[0])})
    prove(client)
    for action in ("remove", "edit"):
        assert client.get(f"/accounts/2fa/webauthn/keys/{key.pk}/{action}").status_code == 404
        assert client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/{action}", {"name": "x"}).status_code == 404
    assert Authenticator.objects.get(pk=key.pk).data["name"] == "mine"


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("/accounts/2fa", "Two-factor authentication"),
        ("/accounts/2fa/totp/activate", "Set up an authenticator app"),
        ("/accounts/2fa/webauthn", "Passkeys"),
        ("/accounts/2fa/webauthn/add", "Add a passkey"),
        ("/accounts/email", "E-mail address"),
        ("/accounts/sessions", "Sessions"),
        ("/accounts/sessions/", "Sessions"),
        ("/dashboard/settings", "Settings"),
    ],
)
def test_the_pages_are_drawn_in_our_look_without_a_line_of_inline_script(db, address, heading):
    member()
    client = sign_in()
    prove(client)
    page = client.get(address)
    assert f"<h1>{heading}</h1>" in page.text
    assert not re.search(r"<script(?![^>]*src=)|<style|<[a-z][^>]* (?:style|on[a-z]+)=", page.text)
    assert page["Cache-Control"].startswith(("private, no-store", "max-age=0, no-cache, no-store"))
