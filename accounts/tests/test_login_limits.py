"""Guessing passwords is slowed where it comes from, and keeps nobody out anywhere else."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.tests.people import PASSWORD, is_signed_in, member, sign_in

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def attempt(client: Client, password: str, email: str = "ada@example.com", **headers: str):
    return client.post("/accounts/login", {"login": email, "password": password}, headers=headers)


@pytest.fixture
def guessed(db):
    """Ada, after thirty wrong passwords from one place; the guesser."""
    member()
    guesser = Client(REMOTE_ADDR=HERE)
    for number in range(30):
        attempt(guesser, f"wrong {number}")
    return guesser


def test_the_guesser_is_stopped_even_with_the_right_one(guessed):
    answer = attempt(guessed, PASSWORD)
    assert answer.status_code == 429 or "Too many failed login attempts" in answer.text
    assert not is_signed_in(guessed)


def test_the_owner_gets_in_from_elsewhere(guessed):
    assert is_signed_in(sign_in(client=Client(REMOTE_ADDR=ELSEWHERE)))


def test_the_guesser_gets_in_with_the_right_one_when_the_window_is_over(guessed):
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        attempt(guessed, PASSWORD)
        assert is_signed_in(guessed)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "Client-IP"])
def test_naming_another_place_in_a_header_changes_nothing(guessed, header):
    attempt(guessed, PASSWORD, **{header: ELSEWHERE})
    assert not is_signed_in(guessed)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_neither_does_another_name_of_the_server(guessed, host):
    attempt(guessed, PASSWORD, Host=host)
    assert not is_signed_in(guessed)


def test_a_right_password_does_not_buy_more_guesses(db):
    member()
    member("charlie@example.com")
    client = Client(REMOTE_ADDR=HERE)
    for number in range(10):
        attempt(client, f"wrong {number}")
    sign_in("charlie@example.com", client=client)
    client.post("/accounts/logout")
    assert "Too many failed login attempts" in attempt(client, PASSWORD).text


def test_too_many_requests_are_told_in_our_look(db):
    client = Client(REMOTE_ADDR=HERE)
    answers = [attempt(client, "x", f"{number}@example.com") for number in range(31)]
    assert answers[-1].status_code == 429
    assert "<h1>Too many tries</h1>" in answers[-1].text
