"""Alerts: who is told of which failure, how often, and what the mail says."""

import json
import re
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import Account, Membership, User
from accounts.plans import FREE, PRO
from tests.api import NEXUS, TRACES, span_body, tracen_body
from tracen.outbox import delivery
from tracen.outbox.models import Delivery
from traces import alerts
from traces.ingest import record_trace
from traces.models import Agent, Alert, Trace
from traces.records import TraceStatus
from traces.tests.runs import failed, run, span

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def transport(settings, monkeypatch):
    """Mails that the outbox hands over land in mail.outbox; nothing is delivered before a test says so."""
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(delivery, "wake_for", lambda kind: None)


@pytest.fixture
def pro(alice):
    """Alice on Pro."""
    Account.objects.filter(pk=alice.account.pk).update(plan_slug=PRO.slug)
    alice.account.refresh_from_db()
    EmailAddress.objects.create(user=alice.user, email=alice.user.email, verified=True, primary=True)
    return alice


def deliver() -> list[str]:
    """Deliver what is due; the subjects of the mails that went out."""
    del mail.outbox[:]
    delivery.deliver_due("alert")
    delivery.deliver_due("mail")
    return [str(message.subject) for message in mail.outbox]


def fail(person, name="nightly-report", agent="research-agent", status="error") -> str:
    return person.api.create_trace(name=name, agent_id=agent, status=status)


def later(minutes: float):
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True)


def test_a_failed_trace_is_mailed_to_the_member(pro):
    fail(pro)
    assert deliver() == ["research-agent failed: nightly-report"]
    assert mail.outbox[0].to == ["alice@example.com"]
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize(("status", "word"), [("error", "failed"), ("timeout", "timed out")])
def test_a_trace_that_is_patched_into_a_failure_is_mailed(pro, status, word):
    trace_id = pro.api.create_trace(agent_id="a", name="n", status="running")
    assert deliver() == []
    pro.api.patch(f"{NEXUS}/{trace_id}", {"status": status})
    assert deliver() == [f"a {word}: n"]


def test_a_failed_tracen_trace_is_mailed_under_its_model(pro):
    pro.api.post(TRACES, tracen_body(model="gpt-4o", prompt="Summarise", status="error"))
    assert [subject.split(":")[0] for subject in deliver()] == ["gpt-4o failed"]


def test_a_status_that_is_said_twice_is_told_once(pro):
    trace_id = fail(pro)
    for status in ("error", "running", "error", "success", "error"):
        pro.api.patch(f"{NEXUS}/{trace_id}", {"status": status})
    assert Alert.objects.count() == 1
    assert Delivery.objects.filter(kind="alert").count() == 1


def test_error_and_then_timeout_are_two_alerts_of_one_trace(pro):
    trace_id = fail(pro)
    pro.api.patch(f"{NEXUS}/{trace_id}", {"status": "timeout"})
    assert set(Alert.objects.values_list("trace_id", "status")) == {
        (Trace.objects.get().pk, "error"),
        (Trace.objects.get().pk, "timeout"),
    }


def test_a_trace_that_recovered_is_still_told_as_it_failed(pro):
    trace_id = fail(pro)
    pro.api.patch(f"{NEXUS}/{trace_id}", {"status": "success"})
    assert deliver() == ["research-agent failed: nightly-report"]


def test_what_fails_within_five_minutes_is_counted_into_the_next_mail(pro):
    fail(pro, "first")
    assert deliver() == ["research-agent failed: first"]
    for number in range(7):
        fail(pro, f"run {number}")
    assert deliver() == []
    with later(5.1):
        assert deliver() == ["research-agent failed: run 6 (and 6 more)"]
        body = mail.outbox[0].body
        assert "And 6 more since the last mail:" in body
        assert [body.count(f"run {number} failed at") for number in range(7)] == [0, 1, 1, 1, 1, 1, 0]
        assert "- 1 not named here" in body
        assert deliver() == []
    assert Delivery.objects.count() == 0


def test_each_agent_has_a_pause_of_its_own(pro):
    fail(pro, agent="one")
    fail(pro, agent="two")
    assert deliver() == ["one failed: nightly-report", "two failed: nightly-report"]


def test_traces_without_an_agent_share_one_pause(pro):
    for prompt in ("first", "second"):
        pro.api.post(TRACES, tracen_body(prompt=prompt, status="error"))
        assert len(deliver()) == (prompt == "first")
    with later(5.1):
        assert [subject.endswith(": second") for subject in deliver()] == [True]


def test_a_free_account_gets_none(alice):
    fail(alice)
    assert Delivery.objects.count() == 0


def test_failures_from_before_the_upgrade_are_not_counted(pro):
    Account.objects.update(plan_slug=FREE.slug)
    fail(pro, "on Free")
    Account.objects.update(plan_slug=PRO.slug)
    fail(pro, "on Pro")
    assert deliver() == ["research-agent failed: on Pro"]


def test_a_downgrade_before_the_delivery_ends_it(pro):
    fail(pro)
    Account.objects.update(plan_slug=FREE.slug)
    assert deliver() == []
    assert Delivery.objects.count() == 0


@pytest.mark.parametrize("gone", [Trace, Alert])
def test_what_is_gone_before_the_delivery_is_not_told(pro, gone):
    fail(pro)
    gone.objects.all().delete()
    assert deliver() == []
    assert Delivery.objects.count() == 0


def test_a_closed_account_is_told_nothing(pro):
    fail(pro)
    Account.objects.update(closed_at=timezone.now())
    assert deliver() == []


def test_a_deleted_agent_keeps_its_traces_alert(pro):
    fail(pro)
    Agent.objects.all().delete()
    assert [subject.endswith("ailed: nightly-report") for subject in deliver()] == [True]


def test_each_member_decides_alone(pro, bob):
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, verified=True)
    Membership.objects.filter(user=pro.user).update(wants_alerts=False)
    fail(pro)
    deliver()
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]


def test_each_member_gets_a_mail_of_their_own(pro, bob):
    fail(pro)
    deliver()
    assert sorted(message.to[0] for message in mail.outbox) == ["alice@example.com", "bob@example.com"]


def test_a_strangers_address_cannot_be_flooded(pro, bob):
    for number in range(15):
        fail(pro, agent=f"agent {number}")
    deliver()
    got = [message.to[0] for message in mail.outbox]
    assert (got.count("alice@example.com"), got.count("bob@example.com")) == (15, alerts.UNCONFIRMED_A_DAY.mails)


def test_beyond_what_an_unconfirmed_address_gets_in_a_day_failures_are_counted_into_the_next(pro):
    EmailAddress.objects.update(verified=False)
    for number in range(alerts.UNCONFIRMED_A_DAY.mails):
        fail(pro, agent=f"agent {number}")
    assert len(deliver()) == alerts.UNCONFIRMED_A_DAY.mails
    fail(pro, "first", agent="late")
    fail(pro, "second", agent="late")
    for hours in (0, 1, 23):
        with later(60 * hours):
            assert deliver() == []
    with later(60 * 24 + 1):
        assert deliver() == ["late failed: second (and 1 more)"]


def test_an_account_gets_only_so_many_alert_mails_an_hour(pro, monkeypatch):
    monkeypatch.setattr(alerts, "AN_HOUR", alerts._Allowance(3, timedelta(hours=1)))
    for number in range(5):
        fail(pro, agent=f"agent {number}")
    assert len(deliver()) == 3
    with later(59):
        assert deliver() == []
    with later(61):
        assert sorted(deliver()) == ["agent 3 failed: nightly-report", "agent 4 failed: nightly-report"]


def test_an_alert_of_long_ago_is_told_and_the_others_beside_it(pro):
    fail(pro, "old")
    Alert.objects.update(raised_at=timezone.now() - timedelta(days=8))
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=8), given_up_at=timezone.now())
    fail(pro, "new")
    delivery.try_given_up_again()
    assert deliver() == ["research-agent failed: new (and 1 more)"]
    assert Delivery.objects.count() == 0


def test_a_deleted_agents_last_mail_holds_up_no_trace_without_an_agent(pro):
    fail(pro)
    assert len(deliver()) == 1
    Agent.objects.all().delete()
    pro.api.post(TRACES, tracen_body(prompt="alone", status="error"))
    assert [subject.endswith(": alone") for subject in deliver()] == [True]


def test_an_alert_that_nobody_wants_holds_nobody_up(pro):
    User.objects.update(is_active=False)
    fail(pro)
    assert deliver() == []
    User.objects.update(is_active=True)
    fail(pro, "second")
    assert deliver() == ["research-agent failed: second"]


def test_mails_that_wait_go_with_their_account(pro):
    fail(pro)
    delivery.deliver_due("alert")
    assert Delivery.objects.get().account_id == pro.account.pk


HOSTILE = "evil\r\nBcc: charlie@example.com\r\n\r\nhello\u2028<script>alert(1)</script> ✨ مرحبا"


def test_names_can_write_neither_headers_nor_markup_nor_lines(pro):
    trace_id = fail(pro, HOSTILE, HOSTILE)
    pro.api.add_span(trace_id, name=HOSTILE, status="error", error=f"{HOSTILE}")
    (subject,) = deliver()
    (message,) = mail.outbox
    assert "\n" not in subject
    sent = message.message()
    assert sent["Bcc"] is None
    assert message.recipients() == ["alice@example.com"]
    assert not [line for line in message.body.splitlines() if line.startswith("Bcc")]
    html = message.alternatives[0].content
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "✨ مرحبا" in message.body


def test_the_mail_says_what_is_known_of_the_failure(pro, settings):
    good = pro.api.create_trace(agent_id="research-agent", name="monday", status="success")
    for name in ("plan", "search_web", "write"):
        pro.api.add_span(good, name=name, started_at="2026-04-06T12:00:00Z", ended_at="2026-04-06T12:00:01Z")
    bad = pro.api.create_trace(
        agent_id="research-agent", name="tuesday", status="running", started_at="2026-04-07T12:00:00Z", ended_at=None
    )
    times = {"started_at": "2026-04-07T12:00:00Z", "ended_at": "2026-04-07T12:00:02Z"}
    plan = pro.api.add_span(bad, name="plan", status="error", error="it broke", **times)
    pro.api.post(
        f"{NEXUS}/{bad}/spans",
        span_body(
            name="search_web",
            input={"q": "tea"},
            status="error",
            error="ConnectError: refused",
            parent_span_id=plan,
            **times,
        ),
    )
    pro.api.patch(f"{NEXUS}/{bad}", {"status": "error", "ended_at": "2026-04-07T12:00:02Z"})
    deliver()
    (message,) = mail.outbox
    lines = message.body.splitlines()
    assert lines[2] == "search_web failed after 2.00 s: refused."
    assert "Where:      plan › search_web" in lines
    assert "Error:      ConnectError: refused" in lines
    assert 'Last tool:  search_web {"q":"tea"}' in lines
    assert "Duration:   2.00 s" in lines
    assert "- It ended after step 2 of 3; write would have been next." in lines
    link = next(line for line in lines if line.startswith(f"{settings.BASE_URL}/dashboard/traces/{bad}"))
    assert "?span=" in link
    assert f"To get no more of these mails: {settings.BASE_URL}/dashboard/settings#alerts" in lines


def test_a_subject_has_both_names_and_what_happened_however_long_they_are(pro):
    for number in range(3):
        fail(pro, f"{number}" + "n" * 250, "a" * 250)
    (subject,) = deliver()
    assert subject == f"{'a' * 54}… failed: 2{'n' * 53}… (and 2 more)"


def test_no_name_turns_the_direction_of_what_follows_it(pro):
    record_trace(pro.account, run(span("fine"), agent="a\u202e"))
    fail_with = failed("\u202egnp.exe\u202c", error="\u2066no\u2069")
    record_trace(pro.account, run(fail_with, name="\u202egpj\u202c", agent="a\u202e", status=TraceStatus.ERROR))
    assert deliver() == ["a failed: gpj"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", mail.outbox[0].body + str(mail.outbox[0].alternatives[0]))
    assert "instead of fine" in mail.outbox[0].body


def test_the_settings_say_what_an_unconfirmed_address_gets_and_where_mails_lie(pro, client, settings):
    client.force_login(pro.user)
    limit = f"to get more than {alerts.UNCONFIRMED_A_DAY.mails} a day"
    assert limit not in client.get("/dashboard/settings").text
    EmailAddress.objects.update(verified=False)
    page = client.get("/dashboard/settings").text
    assert limit in page
    assert "alerts lie in the folder" not in page
    settings.MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"
    assert "alerts lie in the folder" in client.get("/dashboard/settings").text


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_patches_raise_one_alert(pro):
    trace_id = pro.api.create_trace(status="running")
    barrier = Barrier(20)

    def patch() -> None:
        barrier.wait()
        pro.api.patch(f"{NEXUS}/{trace_id}", {"status": "error"})
        connection.close()

    crowd = [Thread(target=patch) for _ in range(20)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert Alert.objects.count() == 1
    assert Delivery.objects.filter(kind="alert").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_mail_about_an_agent(pro):
    for number in range(8):
        fail(pro, f"run {number}")
    rows, barrier = list(Delivery.objects.filter(kind="alert")), Barrier(8)
    bodies = {row.pk: json.loads(row.body) for row in rows}

    def tell(row: Delivery) -> None:
        barrier.wait()
        with suppress(delivery.NotYet):
            alerts.tell_members(row, bodies[row.pk])
        connection.close()

    workers = [Thread(target=tell, args=[row]) for row in rows]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Delivery.objects.filter(kind="mail").count() == 1
    assert Alert.objects.filter(mailed_at=None).count() == 0
