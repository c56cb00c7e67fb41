"""People who sign in with a password, the way a browser does; for the tests of the account pages."""

import re

from allauth.account.models import EmailAddress
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.signup import open_account

PASSWORD = "a long pass phrase"
ANOTHER = "quite another phrase"


def member(email: str = "ada@example.com", *, confirmed: bool = True) -> User:
    """A person with a password, an account and an address."""
    user = User.objects.create_user(email, PASSWORD)
    open_account(user)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=confirmed)
    return user


def sign_in(email: str = "ada@example.com", password: str = PASSWORD, client: Client | None = None) -> Client:
    client = client or Client()
    client.post("/accounts/login", {"login": email, "password": password})
    return client


def prove(client: Client, password: str = PASSWORD) -> None:
    """Give the password again, as what changes an account asks."""
    assert client.post("/accounts/reauthenticate", {"password": password}).status_code == 302


def is_signed_in(client: Client) -> bool:
    return client.get("/dashboard/settings").status_code == 200


def copy_of(client: Client) -> Client:
    """Another browser with the same session cookie, as a thief has it."""
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return thief


def link_in(body: object) -> str:
    """The path of the first address of ours in a mail."""
    found = re.search(rf"{re.escape(settings.BASE_URL)}(/\S+)", str(body))
    assert found, body
    return found[1]
