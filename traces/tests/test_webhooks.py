"""What webhooks are told, how it is signed, and what becomes of what could not be delivered."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.receiver import Receiver, receiver, trust
from tracen.outbox import delivery as outbox
from tracen.outbox.models import Delivery
from traces.ingest import record_trace
from traces.models import Alert, Trace, Webhook, WebhookDelivery
from traces.records import TraceRecord, TraceStatus
from traces.removal import delete_traces
from traces.tasks import forget_webhook_deliveries
from traces.tests.runs import failed, run, span
from traces.webhooks import endpoints, events, payload, sending, slack
from traces.webhooks.endpoints import add_webhook, disable, enable
from traces.webhooks.signing import make_secret, sign

SECRET = "the-canary-of-the-prompt"


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[Receiver]:
    with receiver(tmp_path) as listening:
        yield trust(monkeypatch, listening)


@pytest.fixture
def hook(unlimited, server) -> Webhook:
    """Alice's, at the receiver."""
    return add_webhook(unlimited.account, server.address_url)


def failing(name: str = "answer", status: TraceStatus = TraceStatus.ERROR, **more) -> TraceRecord:
    return run(failed("search", error="ConnectionError: refused"), name=name, status=status, **more)


def fail(person, *words, **more) -> Trace:
    record = failing(*words, **more)
    record_trace(person.account, record)
    return Trace.objects.get(pk=record.id)


def deliver() -> None:
    outbox.deliver_due("webhook")


def entry() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def mails() -> list[dict]:
    return [json.loads(row.body) for row in Delivery.objects.filter(kind="mail")]


def test_a_failure_is_announced_to_each_live_webhook(unlimited):
    live = [add_webhook(unlimited.account, f"https://example.com/{number}") for number in range(2)]
    disable(add_webhook(unlimited.account, "https://example.com/disabled"))

    fail(unlimited)

    entries = WebhookDelivery.objects.order_by("webhook_id")
    assert [entry.webhook_id for entry in entries] == [webhook.pk for webhook in live]
    stored = Delivery.objects.filter(kind="webhook").values_list("body", "account_id")
    assert {(json.loads(body)["delivery"], owner) for body, owner in stored} == {
        (str(entry.pk), unlimited.account.pk) for entry in entries
    }


def test_a_failure_is_not_announced_to_a_strangers_webhook(unlimited, charlie):
    add_webhook(charlie.account, "https://example.com/")

    fail(unlimited)

    assert not WebhookDelivery.objects.exists()


def test_what_is_not_stored_is_not_announced(hook, unlimited):
    with transaction.atomic():
        fail(unlimited)
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_the_free_plan_has_webhooks(alice):
    add_webhook(alice.account, "https://example.com/")

    fail(alice)

    assert entry().event == "trace.error"


def test_an_account_without_webhooks_pays_one_query(unlimited):
    fail(unlimited)
    alert = Alert.objects.get()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        events.announce(alert)

    assert len(queries) == 1


def test_each_status_is_announced_once(hook, unlimited):
    trace = unlimited.api.create_trace(status="running")
    for status in ("error", "error", "timeout", "success", "error"):
        unlimited.api.patch(f"/api/v1/traces/{trace}", {"status": status})

    assert sorted(WebhookDelivery.objects.values_list("event", flat=True)) == ["trace.error", "trace.timeout"]


def test_a_success_is_not_announced(hook, unlimited):
    record_trace(unlimited.account, run())

    assert not WebhookDelivery.objects.exists()


def test_the_event_tells_what_failed(hook, unlimited, server, settings):
    trace = fail(unlimited, agent="helper", input_tokens=12, output_tokens=3)
    deliver()

    (taken,) = server.taken
    assert taken.json == {
        "id": str(entry().pk),
        "type": "trace.error",
        "created_at": payload.render_time(Alert.objects.get().raised_at),
        "trace": {
            "id": str(trace.pk),
            "name": "answer",
            "agent": "helper",
            "model": None,
            "status": "error",
            "started_at": "2026-04-06T12:00:00Z",
            "ended_at": "2026-04-06T12:00:00.100Z",
            "duration_ms": 100,
            "input_tokens": 12,
            "output_tokens": 3,
            "error": "ConnectionError: refused",
            "path": ["search"],
            "sentence": "search failed after 100 ms: refused.",
            "url": f"{settings.BASE_URL}/dashboard/traces/{trace.pk}?span={trace.spans.get().id}",
        },
    }


def test_the_event_is_that_of_the_alert_whatever_the_trace_has_become(hook, unlimited, server):
    trace = fail(unlimited, status=TraceStatus.TIMEOUT)
    Trace.objects.filter(pk=trace.pk).update(status="success")
    deliver()

    assert server.taken[0].json["trace"]["status"] == "timeout"


def test_the_event_says_nothing_of_what_went_in_and_came_out(hook, unlimited, server):
    record_trace(
        unlimited.account,
        run(
            span("tool", input={"q": SECRET}, output=SECRET),
            failed("search", 100, 200, input=SECRET),
            status=TraceStatus.ERROR,
            prompt=SECRET,
            response=SECRET,
            metadata=json.dumps({"a": SECRET}),
        ),
    )
    deliver()

    assert SECRET not in server.taken[0].body.decode()


def test_a_test_has_the_fields_of_a_real_event(hook, unlimited, server):
    fail(unlimited)
    events.send_test(hook)
    deliver()

    real, example = (taken.json for taken in server.taken)
    assert list(example) == list(real)
    assert list(example["trace"]) == list(real["trace"])


def test_a_request_says_what_it_is_and_is_signed(hook, unlimited, server, settings):
    fail(unlimited)
    deliver()

    (taken,) = server.taken
    assert taken.headers["Tracen-Event"] == "trace.error"
    assert taken.headers["Tracen-Delivery"] == str(entry().pk)
    assert taken.headers["Content-Type"] == "application/json"
    assert taken.headers["User-Agent"] == f"Tracen-Webhook (+{settings.BASE_URL}/docs/webhooks)"
    moment = int(taken.headers["Tracen-Signature"].split(",")[0].removeprefix("t="))
    assert abs(moment - time.time()) < 60
    assert taken.headers["Tracen-Signature"] == sign(hook.secret, taken.body, moment)


def test_a_signature_depends_on_secret_body_and_time():
    made = [sign("a", b"{}", 1), sign("b", b"{}", 1), sign("a", b"[]", 1), sign("a", b"{}", 2)]

    digests = {signature.partition(",v1=")[2] for signature in made}
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {64}


def test_a_secret_is_long_and_never_the_same():
    made = {make_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(secret) for secret in made} == {len("whsec_") + 43}


def test_a_delivery_is_logged(hook, unlimited, server):
    server.statuses = [204]
    fail(unlimited)
    deliver()

    done = entry()
    assert (done.attempts, done.answer_status, done.error) == (1, 204, "")
    assert done.delivered_at is not None
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_failed_try_is_logged_and_made_again_under_the_same_id(hook, unlimited, server):
    server.statuses = [500, 200]
    fail(unlimited)
    deliver()
    failed_once = entry()
    assert (failed_once.attempts, failed_once.answer_status, failed_once.error) == (1, 500, "Answered 500")
    assert failed_once.is_waiting

    with time_machine.travel(timezone.now() + endpoints.FIRST_PAUSE):
        deliver()

    first, second = server.taken
    assert first.headers["Tracen-Delivery"] == second.headers["Tracen-Delivery"]
    assert first.body == second.body
    assert entry().delivered_at is not None
    assert entry().attempts == 2
    hook.refresh_from_db()
    assert (hook.failures, hook.failing_since, hook.quiet_until) == (0, None, None)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 10), (1, 20), (4, 160), (9, 5_120), (10, 7_200), (18, 7_200)])
def test_the_pause_doubles_up_to_a_limit(hook, failures, seconds):
    Webhook.objects.update(failures=failures)
    hook.refresh_from_db()

    assert endpoints.note_failure(hook, "no", is_gone=False) == timedelta(seconds=seconds)


def test_twenty_failures_in_a_row_take_most_of_a_day():
    pauses = [min(endpoints.FIRST_PAUSE * 2**number, endpoints.LONGEST_PAUSE) for number in range(19)]

    assert timedelta(hours=18) < sum(pauses, timedelta()) < endpoints.LONGEST_FAILING


def test_what_comes_after_a_failure_waits_without_a_try(hook, unlimited, server):
    server.statuses = [500]
    fail(unlimited, "first")
    deliver()
    fail(unlimited, "second")
    deliver()

    assert len(server.taken) == 1
    assert sorted(WebhookDelivery.objects.values_list("attempts", flat=True)) == [0, 1]


def test_another_webhook_of_the_account_does_not_wait(hook, unlimited, server):
    server.statuses = [500, 200]
    fail(unlimited, "first")
    deliver()
    add_webhook(unlimited.account, f"{server.address_url}/other")
    fail(unlimited, "second")
    deliver()

    assert [taken.path for taken in server.taken] == ["/hook", "/hook/other"]


def test_what_waited_follows_at_once_when_the_address_works_again(hook, unlimited, server):
    server.statuses = [500, 200]
    for number in range(4):
        fail(unlimited, f"run {number}")
    deliver()
    Delivery.objects.filter(kind="webhook").update(due_at=timezone.now() + timedelta(hours=2))
    Webhook.objects.update(quiet_until=timezone.now())
    events.send_test(hook)
    deliver()

    assert len(server.taken) == 6
    assert not WebhookDelivery.objects.filter(delivered_at=None).exists()


def test_a_redirect_is_a_failure(hook, unlimited, server):
    server.statuses, server.location = [302], server.address_url
    fail(unlimited)
    deliver()

    assert len(server.taken) == 1
    assert entry().error == "Answered 302: redirects are not followed"


def test_an_address_inside_is_a_failure_without_a_connection(hook, unlimited, server, settings):
    settings.WEBHOOK_NETWORKS = ()
    fail(unlimited)
    deliver()

    assert server.connections == 0
    assert entry().error == "The host's address is not a public one"


def test_gone_disables_the_webhook_at_once_and_tells_its_owner(hook, unlimited, bob, server):
    server.statuses = [410]
    fail(unlimited, "first")
    fail(unlimited, "second")
    deliver()

    hook.refresh_from_db()
    assert hook.disabled_because == "It answered 410, which means: gone for good."
    assert len(server.taken) == 1
    (mail,) = mails()
    assert mail["to"] == unlimited.user.email
    assert hook.url in mail["text"]
    assert f"/dashboard/webhooks/{hook.pk}" in mail["text"]
    assert not WebhookDelivery.objects.filter(failed_at=None).exists()


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ({"failures": 19}, "20 tries in a row failed. The last: Answered 500."),
        (
            {"failures": 3, "failing_since": timedelta(hours=24)},
            "For a day no try succeeded. The last: Answered 500.",
        ),
    ],
)
def test_a_webhook_that_keeps_failing_is_disabled_with_a_mail(hook, unlimited, server, before, why):
    server.statuses = [500]
    since = timezone.now() - before.get("failing_since", timedelta(hours=1))
    Webhook.objects.update(failures=before["failures"], failing_since=since)
    fail(unlimited)
    deliver()

    hook.refresh_from_db()
    assert hook.disabled_because == why
    assert [mail["subject"] for mail in mails()] == ["A webhook was disabled"]
    assert why in mails()[0]["text"]


def test_a_webhook_that_failed_for_a_while_is_not_disabled(hook, unlimited, server):
    server.statuses = [500]
    Webhook.objects.update(failures=18, failing_since=timezone.now() - timedelta(hours=23))
    fail(unlimited)
    deliver()

    hook.refresh_from_db()
    assert (hook.failures, hook.disabled_at) == (19, None)
    assert mails() == []


def test_an_account_gets_only_so_many_of_these_mails_a_day(hook, unlimited, server):
    server.statuses = [410]
    for number in range(endpoints.MAILS_A_DAY + 2):
        enable(hook)
        fail(unlimited, f"run {number}")
        deliver()

    assert len(mails()) == endpoints.MAILS_A_DAY


def test_enabling_starts_anew(hook, unlimited, server):
    Webhook.objects.update(failures=20, failing_since=timezone.now() - timedelta(days=2))
    disable(hook)
    enable(hook)
    fail(unlimited)
    deliver()

    hook.refresh_from_db()
    assert (hook.failures, hook.disabled_at, hook.disabled_because) == (0, None, "")
    assert len(server.taken) == 1


def test_a_disabled_webhook_gets_nothing(hook, unlimited, server):
    fail(unlimited)
    disable(hook)
    deliver()

    assert server.connections == 0
    assert entry().error == "The webhook was disabled"
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_delivery_is_given_up_after_a_day(hook, unlimited, server):
    server.statuses = [500]
    fail(unlimited)
    Delivery.objects.update(failing_since=timezone.now() - timedelta(hours=24))
    deliver()

    assert entry().failed_at is not None
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_row_that_comes_twice_is_sent_once(hook, unlimited, server):
    """A worker that is killed after the answer was noted leaves its row behind."""
    fail(unlimited)
    row = Delivery.objects.get(kind="webhook")
    sending.send(row, json.loads(row.body))
    sending.send(row, json.loads(row.body))

    assert len(server.taken) == 1


def test_a_delivery_can_be_sent_again_after_a_success(hook, unlimited, server):
    fail(unlimited)
    deliver()

    assert events.redeliver(entry())
    deliver()

    first, second = server.taken
    assert first.headers["Tracen-Delivery"] == second.headers["Tracen-Delivery"]
    assert entry().attempts == 2


def test_what_waits_cannot_be_sent_again(hook, unlimited):
    fail(unlimited)

    assert not events.redeliver(entry())
    assert Delivery.objects.filter(kind="webhook").count() == 1


def test_a_test_that_fails_is_not_repeated_and_harms_nothing(hook, server):
    server.statuses = [500]
    assert events.send_test(hook)
    deliver()

    hook.refresh_from_db()
    assert hook.failures == 0
    assert entry().failed_at is not None
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_test_does_not_wait_for_a_pause(hook, server):
    Webhook.objects.update(failures=5, quiet_until=timezone.now() + timedelta(hours=2))
    events.send_test(hook)
    deliver()

    hook.refresh_from_db()
    assert server.taken[0].json["type"] == "test"
    assert hook.failures == 0


def test_a_test_has_less_time_than_an_event(hook, unlimited, monkeypatch):
    given = []

    def post(*_request, seconds):
        given.append(seconds)
        return sending.Outcome("", 200, 5)

    monkeypatch.setattr(sending, "post", post)
    events.send_test(hook)
    fail(unlimited)
    deliver()

    assert given == [sending.SECONDS_FOR_TEST, None]


def test_a_long_queue_behind_a_failure_is_put_off_at_once(hook, unlimited, server, django_assert_max_num_queries):
    server.statuses = [500]
    for number in range(60):
        fail(unlimited, f"run {number}")
    with django_assert_max_num_queries(60):
        deliver()

    assert len(server.taken) == 1
    assert not Delivery.objects.filter(kind="webhook", due_at__lte=timezone.now()).exists()


def test_what_waits_in_a_pause_is_not_given_up(hook, unlimited):
    Webhook.objects.update(failures=9, quiet_until=timezone.now() + timedelta(hours=2))
    fail(unlimited)
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=2))
    deliver()

    assert Delivery.objects.get(kind="webhook").given_up_at is None
    assert entry().is_waiting


def test_one_test_at_a_time(hook, server, monkeypatch):
    monkeypatch.setattr(events, "BETWEEN_TESTS", timedelta(hours=1))
    assert events.send_test(hook)
    assert not events.send_test(hook)
    deliver()
    assert not events.send_test(hook)

    with time_machine.travel(timezone.now() + events.BETWEEN_TESTS):
        assert events.send_test(hook)


def test_a_deleted_trace_is_not_told_of(hook, unlimited, server):
    trace = fail(unlimited)
    delete_traces(unlimited.account, [trace.pk])
    deliver()

    assert server.connections == 0
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_deleted_webhook_is_not_told_anything(hook, unlimited, server):
    fail(unlimited)
    hook.delete()
    deliver()

    assert server.connections == 0
    assert not Delivery.objects.filter(kind="webhook").exists()


def test_a_closed_account_sends_nothing(hook, unlimited, server):
    fail(unlimited)
    unlimited.account.closed_at = timezone.now()
    unlimited.account.save()
    deliver()

    assert server.connections == 0


def test_the_log_forgets_after_a_month(hook, unlimited):
    fail(unlimited, "old")
    WebhookDelivery.objects.update(created_at=timezone.now() - events.KEPT - timedelta(seconds=1))
    fail(unlimited, "new")

    forget_webhook_deliveries()

    assert entry().alert.trace.name == "new"


def slack_message(monkeypatch, person, record: TraceRecord) -> tuple[str, dict, dict]:
    """What is sent to an address of Slack's about a failure: address, body and headers."""
    sent = []

    def post(url, body, headers, _trusted, seconds):
        sent.append((url, json.loads(body), headers))
        return sending.Outcome("", 200, 5)

    monkeypatch.setattr(sending, "post", post)
    add_webhook(person.account, "https://hooks.slack.com/services/T0/B0/x")
    record_trace(person.account, record)
    deliver()
    return sent[0]


def test_slack_gets_a_message_of_its_own_format(unlimited, monkeypatch, settings):
    _, message, headers = slack_message(monkeypatch, unlimited, failing(agent="helper"))

    trace = Trace.objects.get()
    link = f"{settings.BASE_URL}/dashboard/traces/{trace.pk}?span={trace.spans.get().id}"
    assert message["text"] == "helper failed: search failed after 100 ms: refused."
    assert [block["text"]["text"] for block in message["blocks"]] == [
        "*helper* failed: answer\nsearch failed after 100 ms: refused.\n`search`",
        f"<{link}|Open the trace>",
    ]
    assert headers.keys() == {"Content-Type", "User-Agent"}


def test_nobodys_text_mentions_a_channel_or_makes_a_link(unlimited, monkeypatch):
    _, message, _ = slack_message(monkeypatch, unlimited, failing("<!channel> & <https://evil.example|x>\n*b*"))

    title = message["blocks"][0]["text"]["text"]
    assert title.startswith("*assistant* failed: &lt;!channel&gt; &amp; &lt;https://evil.example|x&gt; ∗b∗\n")
    assert "<" not in message["text"]


def test_a_slack_message_is_short(unlimited, monkeypatch):
    """Slack refuses a section of more than 3,000 characters."""
    long = "&" * 255
    record = run(
        span(long, 0, 100, id=uuid4()), failed(long, error=long * 4), name=long, agent=long, status=TraceStatus.ERROR
    )
    _, message, _ = slack_message(monkeypatch, unlimited, record)

    assert all(1_000 < len(block["text"]["text"]) <= 3_000 for block in message["blocks"][:1])


@pytest.mark.parametrize(
    ("url", "is_it"),
    [
        ("https://hooks.slack.com/services/x", True),
        ("https://HOOKS.slack.com/x", True),
        ("https://hooks.slack.com.evil.example/x", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://evil.example?https://hooks.slack.com/", False),
    ],
)
def test_slack_is_known_by_its_host(url, is_it):
    assert slack.is_slack(url) is is_it
