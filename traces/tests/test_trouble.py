"""Contract §3, trouble: a database that is away is 503 with Retry-After, never a 2xx and never a page of HTML."""

from types import SimpleNamespace

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client

from tests.api import NEXUS, TRACES, Api, nexus_body, span_body, tracen_body
from tracen import health
from traces import ingest
from traces.models import Trace

pytestmark = pytest.mark.django_db

UNAVAILABLE = {"error": "Service temporarily unavailable"}


def broken(error):
    def execute(_execute, sql, _parameters, _many, _context):
        if "INSERT" in sql or "SELECT" in sql:
            raise error("the disk is full, and here is a secret path")

    return connection.execute_wrapper(execute)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_the_api_is_unavailable_while_the_database_is(alice, error):
    trace_id = alice.api.create_trace()
    requests = [
        ("POST", TRACES, tracen_body()),
        ("POST", NEXUS, nexus_body()),
        ("POST", f"{NEXUS}/{trace_id}/spans", span_body()),
        ("PATCH", f"{NEXUS}/{trace_id}", {}),
        ("GET", f"{NEXUS}/{trace_id}", None),
        ("GET", NEXUS, None),
    ]
    with broken(error):
        answers = [alice.api.send(*request) for request in requests]

    for answer in answers:
        assert (answer.status_code, answer.json(), answer["Retry-After"]) == (503, UNAVAILABLE, "1")


def test_trouble_in_the_middle_of_a_write_stores_nothing(alice, monkeypatch):
    def full(*_arguments, **_more):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(ingest, "insert_spans", full)

    answer = alice.api.post(TRACES, tracen_body())

    assert (answer.status_code, answer.json()) == (503, UNAVAILABLE)
    assert Trace.objects.count() == 0


def test_health_needs_no_database():
    with broken(OperationalError):
        assert Api(None).get("/health").status_code == 200


def test_ready_says_what_is_missing():
    assert Api(None).get("/ready").status_code == 200
    with broken(OperationalError):
        answer = Api(None).get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"error": "Not ready", "missing": ["database"]})


def test_a_page_says_that_trouble_passes(alice):
    trace_id = alice.api.post(TRACES, tracen_body()).json()["trace_id"]
    with broken(OperationalError):
        answer = Api(None).get(f"/traces/{trace_id}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "secret" not in answer.content.decode()


def test_a_damaged_file_is_trouble_of_storage_too(alice):
    with broken(DatabaseError):
        answer = alice.api.post(TRACES, tracen_body())
    assert (answer.status_code, answer.json()) == (503, UNAVAILABLE)


def test_a_full_disk_is_named_by_ready(monkeypatch):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=0))

    assert Api(None).get("/ready").json()["missing"] == ["disk"]


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_health_refuses_other_methods_without_asking_for_a_token(path):
    answer = Client(enforce_csrf_checks=True).post(path)

    assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})
