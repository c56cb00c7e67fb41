"""Retention: what goes, what stays, and what the owner is told of it before."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.plans import FREE, PRO, UNLIMITED
from traces import removal, retention
from traces.access import shared_trace
from traces.errors import TraceNotFound
from traces.ingest import record_trace
from traces.models import ShareLink, Span, SpanPack, Trace, TracePayload
from traces.sharing import revoke, share
from traces.tasks import prune_traces
from traces.tests.runs import call, run, shared, span

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PAGE = "/dashboard/retention"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def restless(monkeypatch):
    """The pauses between batches are for others who write; here there are none."""
    monkeypatch.setattr(retention, "_REST", 0.0)


def received(person, days_ago: float, record=None) -> Trace:
    """A trace of `person` that was received so many days ago."""
    record = record or run(span("search", input={"q": 1}))
    record_trace(person.account, record)
    Trace.objects.filter(pk=record.id).update(received_at=timezone.now() - timedelta(days=days_ago))
    return Trace.objects.get(pk=record.id)


def on_plan(person, plan) -> None:
    person.account.plan_slug = plan.slug
    person.account.save()


@pytest.mark.parametrize(("plan", "days"), [(FREE, 30), (PRO, 90), (UNLIMITED, 90)])
def test_a_trace_goes_after_the_days_of_its_plan_and_not_before(alice, plan, days):
    on_plan(alice, plan)
    old, young = received(alice, days + 0.001), received(alice, days - 0.001)
    assert retention.prune(alice.account) == 1
    assert list(Trace.objects.values_list("pk", flat=True)) == [young.pk] != [old.pk]


def test_the_operator_chooses_the_days_of_the_unlimited_plan_alone(alice, settings):
    settings.RETENTION_DAYS = 400
    assert [retention.days_kept(plan) for plan in (FREE, PRO, UNLIMITED)] == [30, 90, 400]


def test_everything_of_it_goes(alice):
    received(alice, 31)
    retention.prune(alice.account)
    assert [model.objects.count() for model in (Trace, TracePayload, Span, SpanPack)] == [0, 0, 0, 0]


def test_age_counts_from_the_receipt_not_from_what_the_client_says(alice):
    trace = received(alice, 1)
    Trace.objects.update(started_at=NOW - timedelta(days=5_000))
    assert retention.prune(alice.account) == 0
    assert Trace.objects.get() == trace


def test_a_live_link_spares_a_trace(alice):
    link = shared(alice.account, call(span("search")))
    Trace.objects.update(received_at=NOW - timedelta(days=3_000))
    assert retention.prune(alice.account) == 0
    assert shared_trace(str(link.pk)) == link


def test_it_goes_when_its_last_link_has_closed(alice, clock):
    trace = received(alice, 31)
    first, second = share(trace), share(trace, timedelta(days=1))
    revoke(first)
    assert retention.prune(alice.account) == 0
    clock.shift(timedelta(days=1, seconds=1))
    assert retention.prune(alice.account) == 1
    with pytest.raises(Http404):
        shared_trace(str(second.pk))


def test_the_months_count_stays(alice):
    received(alice, 31)
    retention.prune(alice.account)
    assert alice.account.monthly_usage.get().traces == 1


def test_a_strangers_traces_stay(alice, charlie):
    received(charlie, 31)
    assert retention.prune(alice.account) == 0
    assert Trace.objects.count() == 1


def test_it_goes_in_batches_of_traces_and_of_spans(alice, monkeypatch):
    monkeypatch.setattr(retention, "_TRACES_AT_ONCE", 3)
    monkeypatch.setattr(retention, "_SPANS_AT_ONCE", 2)
    batches = []
    delete = removal.delete_unshared

    def note(account, batch):
        batches.append(len(batch))
        return delete(account, batch)

    monkeypatch.setattr(retention, "delete_unshared", note)
    for spans in (5, 1, 1, 1, 0, 0):
        received(alice, 40 - len(Trace.objects.all()) / 10, run(*[span(f"s{n}") for n in range(spans)]))
    assert retention.prune(alice.account) == 6
    assert batches == [1, 2, 3]


def test_a_link_that_was_made_since_it_was_chosen_saves_it(alice):
    trace = received(alice, 31)
    share(trace)
    assert removal.delete_unshared(alice.account, [trace.pk]) == 0


def test_a_trace_that_went_meanwhile_cannot_be_shared(alice):
    trace = received(alice, 31)
    retention.prune(alice.account)
    with pytest.raises(TraceNotFound):
        share(trace)
    assert not ShareLink.objects.exists()


def test_the_task_prunes_every_account(alice, charlie):
    received(alice, 31)
    received(charlie, 31)
    prune_traces()
    assert not Trace.objects.exists()


def test_the_dry_run_tells_and_removes_nothing(alice, charlie, capsys):
    received(alice, 31)
    received(alice, 32)
    received(charlie, 3)
    call_command("prune_traces", "--dry-run")
    assert capsys.readouterr().out == "alice@example.com (Free, 30 days): 2 traces\n2 traces would be removed.\n"
    assert Trace.objects.count() == 3


def test_the_command_removes(alice, capsys):
    received(alice, 31)
    call_command("prune_traces")
    assert capsys.readouterr().out == "alice@example.com (Free, 30 days): 1 trace\n1 trace removed.\n"
    assert not Trace.objects.exists()


def test_a_year_leaves_exactly_what_should_remain(alice, charlie, clock):
    """A Free account that is Pro from March to September, and an unlimited one; pruned daily, with links of all kinds."""
    random, on_pro = Random(7), range(60, 240)
    on_plan(charlie, UNLIMITED)
    alive: dict = {}
    for day in range(366):
        on_plan(alice, PRO if day in on_pro else FREE)
        for person in (alice, charlie):
            record = run(name=f"day {day}")
            record_trace(person.account, record)
            alive[record.id] = {"person": person, "at": timezone.now(), "until": None, "link": None}
            fate = random.choice(["private", "private", "for ever", "for a while", "revoked later"])
            if fate != "private":
                lifetime = timedelta(days=random.randint(1, 200)) if fate == "for a while" else None
                link = share(Trace.objects.get(pk=record.id), lifetime)
                alive[record.id] |= {"link": link, "until": link.expires_at}
                if fate == "revoked later":
                    alive[record.id]["revoke_on"] = day + random.randint(1, 200)
        clock.shift(timedelta(days=1))
        for fact in alive.values():
            if fact.get("revoke_on") == day:
                revoke(fact["link"])
                fact["until"] = timezone.now()
        prune_traces()
        alive = {pk: fact for pk, fact in alive.items() if _should_stay(fact, alice, on_pro=day in on_pro)}
        assert set(Trace.objects.values_list("pk", flat=True)) == set(alive), f"after day {day}"
    kept = [sum(fact["person"] is person for fact in alive.values()) for person in (alice, charlie)]
    assert kept[0] > 30, "some of Alice's must be older than her plan's days, or nothing was spared"
    assert kept[1] > 90


def _should_stay(fact: dict, alice, *, on_pro: bool) -> bool:
    if fact["link"] is not None and (fact["until"] is None or fact["until"] > timezone.now()):
        return True
    return fact["at"] >= timezone.now() - timedelta(days=30 if fact["person"] is alice and not on_pro else 90)


def page_of(person) -> str:
    client = Client()
    client.force_login(person.user)
    return client.get(PAGE).text


def test_the_outlook_counts_by_day(alice):
    received(alice, 31)
    for days_ago in (29.2, 29.1, 20):
        received(alice, days_ago)
    received(alice, 3)
    share(received(alice, 50))
    outlook = retention.outlook(alice.account)
    assert (outlook.days_kept, outlook.due, outlook.spared) == (30, 1, 1)
    assert outlook.leaving == [
        retention.Leaving((NOW + timedelta(days=0.8)).date(), 2),
        retention.Leaving((NOW + timedelta(days=10)).date(), 1),
    ]
    assert outlook.oldest == NOW - timedelta(days=31)


def test_the_page_says_it(alice):
    received(alice, 29)
    page = page_of(alice)
    assert '30<span class="u">&#8239;days</span>' in page
    assert "Mon 23 Nov" in page
    assert "Pro keeps traces for 90 days" in page


def test_the_page_of_an_empty_account_says_that_nothing_goes(alice):
    assert "Nothing goes in these days." in page_of(alice)


def test_a_teammate_sees_it_and_a_stranger_sees_their_own(alice, bob, charlie):
    received(alice, 29)
    assert "Mon 23 Nov" in page_of(bob)
    assert "Mon 23 Nov" not in page_of(charlie)


def test_the_page_asks_the_same_however_much_there_is(alice, django_assert_num_queries):
    received(alice, 29)
    client = Client()
    client.force_login(alice.user)
    with CaptureQueriesContext(connection) as with_one:
        client.get(PAGE)
    received(alice, 28)
    received(alice, 27)
    with django_assert_num_queries(len(with_one)):
        client.get(PAGE)
