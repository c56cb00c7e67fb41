"""Runs that fell silent become timeouts, with their alert, and may still be heard of afterwards."""

from datetime import timedelta
from threading import Event, Thread

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Account
from accounts.plans import PRO
from tests.api import NEXUS
from tracen.outbox.models import Delivery
from traces import timeouts
from traces.ingest import end_trace
from traces.models import Alert, Trace
from traces.records import TraceEnd, TraceStatus
from traces.tests.test_trace_list import store_crowd
from traces.timeouts import end_silent_traces

pytestmark = pytest.mark.django_db


def start(person, minutes_ago: float, **changes) -> Trace:
    """A running trace that was last heard of so long ago."""
    trace = Trace.objects.get(pk=person.api.create_trace(status="running", ended_at=None, **changes))
    Trace.objects.filter(pk=trace.pk).update(heard_at=timezone.now() - timedelta(minutes=minutes_ago))
    return trace


def status_of(trace: Trace) -> str:
    return Trace.objects.get(pk=trace.pk).status


@pytest.mark.parametrize(("minutes", "status"), [(59, "running"), (60.1, "timeout")])
def test_a_run_is_ended_after_an_hour_of_silence(alice, minutes, status):
    trace = start(alice, minutes)
    end_silent_traces()
    assert status_of(trace) == status


@pytest.mark.parametrize(("waits", "minutes", "status"), [(5, 5.1, "timeout"), (10_080, 10_079, "running")])
def test_the_account_says_how_long_it_waits(alice, waits, minutes, status):
    Account.objects.update(silent_minutes=waits)
    trace = start(alice, minutes)
    end_silent_traces()
    assert status_of(trace) == status


def test_each_account_waits_as_long_as_it_says(alice, charlie):
    Account.objects.filter(pk=charlie.account.pk).update(silent_minutes=5)
    traces = [start(person, 30) for person in (alice, charlie)]
    assert end_silent_traces() == 1
    assert [status_of(trace) for trace in traces] == ["running", "timeout"]


@pytest.mark.parametrize("status", ["success", "error"])
def test_a_run_that_has_ended_is_left_alone(alice, status):
    trace = start(alice, 120)
    Trace.objects.update(status=status)
    assert end_silent_traces() == 0
    assert status_of(trace) == status


def test_the_end_stays_unknown(alice):
    trace = start(alice, 120)
    end_silent_traces()
    assert Trace.objects.get(pk=trace.pk).ended_at is None


def test_it_raises_the_alert_once(alice):
    Account.objects.update(plan_slug=PRO.slug)
    trace = start(alice, 120)
    end_silent_traces()
    end_silent_traces()
    assert list(Alert.objects.values_list("trace_id", "status")) == [(trace.pk, "timeout")]
    assert Delivery.objects.filter(kind="alert").count() == 1


def test_a_span_is_a_sign_of_life(alice):
    trace = start(alice, 120)
    alice.api.add_span(str(trace.pk))
    assert end_silent_traces() == 0


def test_a_late_span_is_taken_and_a_late_end_wins(alice):
    trace = start(alice, 120)
    end_silent_traces()
    alice.api.add_span(str(trace.pk))
    assert (status_of(trace), len(alice.api.trace(str(trace.pk))["spans"])) == ("timeout", 1)
    alice.api.patch(f"{NEXUS}/{trace.pk}", {"status": "success", "ended_at": "2026-04-06T13:00:00Z"})
    assert status_of(trace) == "success"


def test_more_than_a_batch_are_ended(unlimited, monkeypatch):
    monkeypatch.setattr(timeouts, "_BATCH", 2)
    for _ in range(5):
        start(unlimited, 120)
    assert end_silent_traces() == 5


def test_the_page_says_that_it_fell_silent(alice, client):
    trace = start(alice, 120, started_at="2026-04-06T12:00:00Z")
    alice.api.add_span(str(trace.pk), name="compare", started_at="2026-04-06T12:00:03Z", ended_at=None)
    Trace.objects.update(heard_at=timezone.now() - timedelta(hours=2))
    end_silent_traces()
    client.force_login(alice.user)
    page = client.get(f"/dashboard/traces/{trace.pk}").text
    assert "Fell silent after 3.00 s" in page
    assert "running" not in page.split("<main")[1].split("</main>")[0].lower().replace("data-running", "")
    assert ">running<" not in client.get("/dashboard/traces").text


def test_the_index_of_running_traces_finds_them(unlimited):
    store_crowd(unlimited)
    found = timeouts._silent_since(timezone.now() - timedelta(hours=1))
    assert "trace_running" in found.explain()


@pytest.mark.django_db(transaction=True)
def test_news_that_come_while_it_is_about_to_end_win(alice):
    trace, held = start(alice, 120), Event()

    def tell_the_end() -> None:
        with transaction.atomic():
            end_trace(alice.account, trace.pk, TraceEnd(status=TraceStatus.SUCCESS))
            held.set()
            sweeper.join(0.3)
        connection.close()

    def sweep() -> None:
        held.wait(60)
        end_silent_traces()
        connection.close()

    sweeper, teller = Thread(target=sweep), Thread(target=tell_the_end)
    sweeper.start()
    teller.start()
    teller.join()
    sweeper.join()
    assert status_of(trace) == "success"
    assert Alert.objects.count() == 0


def test_an_hour_later_it_is_ended_without_any_row_being_touched(alice):
    trace = start(alice, 0)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert end_silent_traces() == 1
    assert status_of(trace) == "timeout"
