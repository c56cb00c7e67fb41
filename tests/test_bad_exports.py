"""Sends the exports of tests/bad_input: each gets exactly its answer, and what was stored opens everywhere."""

import pytest
from django.test import Client

from tests.api import NEXUS, Api
from tests.bad_input.case import Case
from tests.bad_input.exports import CASES
from traces.models import Span, Trace

pytestmark = pytest.mark.django_db

EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=[f"{case.ref} {case.name!a:.60}" for case in CASES])
STORED = [case for case in CASES if case.status == 200]


@pytest.fixture
def owner(unlimited) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(unlimited.user)
    return client


def send(person, case: Case):
    headers = {name: text.replace("<my key>", person.api.key) for name, text in case.headers.items()}
    content_type = headers.pop("Content-Type")
    return Api(None).post(case.path, raw=case.raw, content_type=content_type, headers=headers)


@EVERY_CASE
def test_an_export_gets_exactly_its_answer_and_is_readable(unlimited, owner, case):
    answer = send(unlimited, case)

    is_empty = case.answer == {} and not answer.content
    assert (answer.status_code, {} if is_empty else answer.json()) == (case.status, case.answer)
    for trace in Trace.objects.all():
        read = unlimited.api.trace(str(trace.pk))
        assert len(read["spans"]) == trace.span_count
        if case.comes_back:
            assert {name: read["spans"][0][name] for name in case.comes_back} == case.comes_back
        assert_pages_are_sound(owner, trace)
    assert unlimited.api.get(NEXUS).status_code == 200


def assert_pages_are_sound(owner: Client, trace: Trace) -> None:
    page = owner.get(f"/dashboard/traces/{trace.pk}")
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert "\0" not in page.text
    for span in Span.objects.filter(trace=trace)[:2]:
        assert owner.get(f"/dashboard/traces/{trace.pk}/spans/{span.id}").status_code == 200
    assert owner.get("/dashboard/traces").status_code == 200


@pytest.mark.parametrize("case", STORED, ids=[f"{case.ref} {case.name!a:.60}" for case in STORED])
def test_an_export_that_comes_again_is_stored_once(unlimited, case):
    send(unlimited, case)
    before = (Trace.objects.count(), Span.objects.count())
    send(unlimited, case)
    assert (Trace.objects.count(), Span.objects.count()) == before
