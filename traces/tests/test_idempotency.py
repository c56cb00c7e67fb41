"""Contract §3, Idempotency-Key: one effect however often a POST is sent."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from traces import idempotency
from traces.idempotency import forget_old_requests
from traces.models import IdempotentRequest, Span, Trace
from traces.quotas import usage_of

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "order 66"}


@pytest.mark.parametrize(("path", "body"), [(TRACES, tracen_body()), (NEXUS, nexus_body())])
def test_a_repeat_gets_the_first_answer_and_uses_no_quota(alice, path, body):
    first = alice.api.post(path, body, headers=KEY)
    again = alice.api.post(path, body, headers=KEY)

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert ("Idempotent-Replayed" in first.headers, again["Idempotent-Replayed"]) == (False, "true")
    assert (Trace.objects.count(), usage_of(alice.account).traces) == (1, 1)


def test_a_repeated_span_is_one_span(alice):
    path = f"{NEXUS}/{alice.api.create_trace()}/spans"

    answers = [alice.api.post(path, span_body(), headers=KEY).json() for _ in range(3)]

    assert answers == [answers[0]] * 3
    assert Span.objects.count() == 1


def test_the_order_of_keys_in_the_body_does_not_matter(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    reordered = dict(reversed(tracen_body().items()))

    assert alice.api.post(TRACES, reordered, headers=KEY)["Idempotent-Replayed"] == "true"


def test_another_body_is_refused(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)

    answer = alice.api.post(TRACES, tracen_body(prompt="other"), headers=KEY)

    assert answer.status_code == 422
    assert answer.json() == {"error": "This Idempotency-Key came before with another body"}
    assert Trace.objects.count() == 1


def test_another_route_or_account_is_another_request(unlimited, bob, charlie):
    spans = [f"{NEXUS}/{unlimited.api.create_trace()}/spans" for _ in range(2)]

    answers = [unlimited.api.post(path, span_body(), headers=KEY) for path in spans]
    answers.append(unlimited.api.post(TRACES, tracen_body(), headers=KEY))
    answers.append(charlie.api.post(TRACES, tracen_body(), headers=KEY))

    assert [answer.status_code for answer in answers] == [201, 201, 200, 200]
    assert [answer for answer in answers if "Idempotent-Replayed" in answer.headers] == []
    assert bob.api.post(TRACES, tracen_body(), headers=KEY)["Idempotent-Replayed"] == "true"


def test_a_slash_makes_no_other_route(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)

    assert alice.api.post(f"{TRACES}/", tracen_body(), headers=KEY)["Idempotent-Replayed"] == "true"


def test_a_replay_comes_before_the_monthly_limit(alice, monkeypatch):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    alice.account.monthly_usage.update(traces=1_000)

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200
    assert alice.api.post(TRACES, tracen_body(), headers={"Idempotency-Key": "new"}).status_code == 429


def test_a_refused_request_leaves_the_key_free(alice):
    alice.account.monthly_usage.create(month=timezone.now().date().replace(day=1), traces=1_000)
    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 429
    assert alice.api.post(TRACES, tracen_body(status="bad"), headers=KEY).status_code == 400
    alice.account.monthly_usage.update(traces=0)

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200


def test_a_failed_request_leaves_the_key_free_and_nothing_stored(alice, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_complete", lambda *_: 1 / 0)
        assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 500
    assert (Trace.objects.count(), usage_of(alice.account).traces) == (0, 0)

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200


def test_a_running_request_is_409(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    IdempotentRequest.objects.update(answer_status=None, answer=None)

    answer = alice.api.post(TRACES, tracen_body(), headers=KEY)

    assert (answer.status_code, answer["Retry-After"]) == (409, "1")
    assert answer.json() == {"error": "A request with this Idempotency-Key is still running"}


def test_a_claim_whose_process_died_is_taken_over(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    IdempotentRequest.objects.update(answer_status=None, answer=None, claimed_at=an_hour_ago)

    answer = alice.api.post(TRACES, tracen_body(), headers=KEY)

    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (200, False)


def test_a_key_lives_for_24_hours(alice):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = alice.api.post(TRACES, tracen_body(), headers=KEY).json()
        clock.shift(timedelta(hours=24))
        assert alice.api.post(TRACES, tracen_body(), headers=KEY).json() == first
        clock.shift(timedelta(seconds=1))
        assert alice.api.post(TRACES, tracen_body(), headers=KEY).json() != first


def test_old_requests_are_forgotten(alice):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    assert forget_old_requests() == 0

    IdempotentRequest.objects.update(claimed_at=timezone.now() - timedelta(hours=25))

    assert forget_old_requests() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb", "a\x7f"])
def test_a_malformed_key_is_refused(alice, key):
    answer = alice.api.post(TRACES, tracen_body(), headers={"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"Idempotency-Key": "Must have 1 to 255 printable ASCII characters"}
    assert Trace.objects.count() == 0


def test_the_longest_key(alice):
    assert alice.api.post(TRACES, tracen_body(), headers={"Idempotency-Key": "~" * 255}).status_code == 200
