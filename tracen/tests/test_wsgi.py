"""Which requests may share a thread, those that store a little and do nothing else, and what they are answered."""

import json
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory

from tests.api import NEXUS, TRACES, tracen_body
from tracen.server.bridge import TAKES_TURNS
from tracen.wsgi import application, is_brief


def scope(method="POST", path="/api/traces", *headers):
    return {"method": method, "path": path, "headers": [(b"host", b"x"), *headers]}


@pytest.mark.parametrize(
    "asked",
    [
        scope(),
        scope("PATCH", "/api/v1/traces/1"),
        scope("POST", "/v1/traces"),
        scope("POST", "/api/public/otel/v1/traces"),
    ],
)
def test_what_stores_a_little_is_brief(asked):
    assert is_brief(asked, 65_536)


@pytest.mark.parametrize(
    ("asked", "length"),
    [
        (scope(), 65_537),
        (scope("GET"), 0),
        (scope("POST", "/accounts/login"), 100),
        (scope("POST", "/apiary"), 100),
        (scope("POST", "/v1/traces", (b"content-encoding", b"gzip")), 100),
        (scope("POST", "/api/traces", (b"idempotency-key", b"1")), 100),
    ],
)
def test_what_may_take_longer_is_not(asked, length):
    assert not is_brief(asked, length)


def ask(method, path, key="", body=b"", **more):
    """The status, the headers and the body of one request to the application."""
    told = []
    environ = RequestFactory().generic(method, path, body, content_type="application/json").environ
    environ |= {"HTTP_X_TRACEN_KEY": key, **more}
    answer = application(environ, lambda status, headers: told.extend((status, dict(headers))))
    return (*told, b"".join(answer))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TRACES, json.dumps(tracen_body()).encode(), "200 OK"),
        ("POST", f"{TRACES}/", b"{", "400 Bad Request"),
        ("PATCH", TRACES, b"{}", "405 Method Not Allowed"),
        ("PATCH", f"{NEXUS}/unknown", b"{}", "404 Not Found"),
    ],
)
def test_a_request_that_takes_turns_gets_the_same_answer(alice, method, path, body, status):
    for _ in range(2):
        alone = ask(method, path, alice.api.key, body)
        in_turn = ask(method, path, alice.api.key, body, **{TAKES_TURNS: True})
        assert (alone[0], in_turn[0]) == (status, status)
        assert alone[1].keys() == in_turn[1].keys()
        assert {**alone[1], "Content-Length": ""} == {**in_turn[1], "Content-Length": ""}
        assert json.loads(alone[2]).keys() == json.loads(in_turn[2]).keys()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_broke_in_a_turn_is_given_up(alice):
    def broken(*_):
        connection.errors_occurred = True
        raise OperationalError("gone")

    connection.ensure_connection()
    before = connection.connection
    with connection.execute_wrapper(broken), mock.patch.object(connection, "is_usable", return_value=False):
        answer = ask("POST", TRACES, alice.api.key, json.dumps(tracen_body()).encode(), **{TAKES_TURNS: True})
    assert answer[0] == "503 Service Unavailable"
    assert connection.connection is None or connection.connection is not before


@pytest.mark.django_db(transaction=True)
def test_addresses_are_not_gathered_without_end(alice):
    for number in range(200):
        ask("POST", f"{TRACES}/{number}", alice.api.key)
        ask("POST", f"/api/{number}", alice.api.key)
    assert len(application._known) < 64
