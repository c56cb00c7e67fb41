"""The webhooks' pages: adding, testing, the secret, the log. Strangers are in tests/test_url_table.py."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.receiver import LOOPBACK
from tracen.lib.wording import day_and_time
from tracen.outbox.models import Delivery
from traces.ingest import record_trace
from traces.models import Webhook, WebhookDelivery
from traces.records import TraceStatus
from traces.tests.runs import run
from traces.webhooks import events
from traces.webhooks.endpoints import MAX_WEBHOOKS, add_webhook, disable
from traces.webhooks.log import PAGE as ROWS

PAGE = "/dashboard/webhooks"
URL = "https://example.com/hooks/tracen"


@pytest.fixture
def as_alice(alice, client) -> Client:
    client.force_login(alice.user)
    return client


@pytest.fixture
def hook(alice) -> Webhook:
    return add_webhook(alice.account, URL)


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def logged(hook: Webhook, **values) -> WebhookDelivery:
    return WebhookDelivery.objects.create(webhook=hook, **{"event": "test", **values})


def test_a_webhook_is_added_with_a_secret_of_its_own(as_alice, alice):
    answer = as_alice.post(PAGE, {"url": f"  {URL} "})

    made = Webhook.objects.get()
    assert (made.account, made.url) == (alice.account, URL)
    assert re.fullmatch(r"whsec_[\w-]{43}", made.secret)
    assert answer["Location"] == f"{PAGE}/{made.pk}"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "This field is required."),
        ("http://example.com/", "That is not an address we can send to"),
        ("example.com", "That is not an address we can send to"),
        ("https://user:word@example.com/", "That is not an address we can send to"),
        ("https://exämple.com/", "Write the address in plain ASCII"),
        ("https://127.0.0.1/", "The host's address is not a public one."),
        ("https://[::ffff:10.0.0.1]/", "The host's address is not a public one."),
        ("https://0x7f.1/", "That is neither the name of a host nor an address"),
        ("https://example.com:8000/", "Only the ports 443 and 8443 are allowed."),
        (f"https://example.com/{'a' * 2_000}", "Ensure this value has at most 2000 characters"),
    ],
)
def test_an_address_that_we_never_send_to_is_not_taken(as_alice, url, complaint):
    answer = as_alice.post(PAGE, {"url": url})

    assert complaint in text_of(answer)
    assert not Webhook.objects.exists()


def test_a_network_that_the_operator_opened_is_taken(as_alice, settings):
    settings.WEBHOOK_NETWORKS = LOOPBACK

    assert as_alice.post(PAGE, {"url": "https://127.0.0.1:9000/"}).status_code == 302


def test_the_same_address_is_taken_once(as_alice, hook):
    assert "This account has a webhook with this address." in text_of(as_alice.post(PAGE, {"url": URL}))
    assert Webhook.objects.count() == 1


def test_a_stranger_may_have_the_same_address(hook, charlie, client):
    client.force_login(charlie.user)

    assert client.post(PAGE, {"url": URL}).status_code == 302


def test_an_account_has_only_so_many(as_alice, alice):
    for number in range(MAX_WEBHOOKS):
        add_webhook(alice.account, f"{URL}/{number}")

    answer = as_alice.post(PAGE, {"url": URL})

    assert "An account has at most 5 webhooks." in text_of(answer)
    assert Webhook.objects.count() == MAX_WEBHOOKS


def test_the_list_shows_ones_own_and_nobody_elses(as_alice, hook, charlie):
    add_webhook(charlie.account, "https://charlie.example/")

    page = text_of(as_alice.get(PAGE))
    assert URL in page
    assert "charlie.example" not in page


def test_a_teammate_sees_and_tests_it(hook, bob, client):
    client.force_login(bob.user)

    assert client.get(f"{PAGE}/{hook.pk}").status_code == 200
    assert client.post(f"{PAGE}/{hook.pk}/test").status_code == 302
    assert WebhookDelivery.objects.get().event == "test"


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_the_list_asks_as_often_for_three_as_for_one(as_alice, alice, hook):
    queries_of(as_alice, PAGE)
    one = queries_of(as_alice, PAGE)
    for number in range(2):
        logged(add_webhook(alice.account, f"{URL}/{number}"))

    assert queries_of(as_alice, PAGE) == one


def test_the_log_asks_as_often_for_three_as_for_one(as_alice, alice, hook):
    record_trace(alice.account, run(status=TraceStatus.ERROR))
    path = f"{PAGE}/{hook.pk}"
    queries_of(as_alice, path)
    one = queries_of(as_alice, path)
    for _ in range(2):
        record_trace(alice.account, run(status=TraceStatus.ERROR))

    assert queries_of(as_alice, path) == one


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "On its way A test test – 0 tries"),
        (
            {"error": "Answered 500", "attempts": 2, "event": "trace.error"},
            "Retrying A test trace.error Answered 500 2 tries",
        ),
        ({"failed_at": timezone.now(), "error": "No answer in time", "attempts": 20}, "Failed A test test No answer"),
        (
            {"delivered_at": timezone.now(), "answer_status": 204, "duration_ms": 84, "attempts": 1},
            "Delivered A test test 204 in 84 ms 1 try",
        ),
    ],
)
def test_the_log_tells_what_became_of_each(as_alice, hook, values, shown):
    logged(hook, **values)

    assert shown in text_of(as_alice.get(f"{PAGE}/{hook.pk}"))


def test_the_log_is_paged_newest_first(as_alice, hook):
    for number in range(ROWS + 2):
        # Two at a time are of the same moment.
        logged(hook, event=f"number-{number}.", created_at=timezone.now().replace(microsecond=number // 2))

    first = as_alice.get(f"{PAGE}/{hook.pk}")
    older = re.search(r"\?after=[\w-]+(?=#deliveries)", first.content.decode())[0]
    second = as_alice.get(f"{PAGE}/{hook.pk}{older}")

    seen = [re.findall(r"number-\d+\.(?=</td>)", page.content.decode()) for page in (first, second)]
    assert [len(page) for page in seen] == [ROWS, 2]
    assert len({*seen[0], *seen[1]}) == ROWS + 2
    assert b'href="?after=' not in second.content


def test_a_page_behind_a_strangers_delivery_is_none(as_alice, hook, charlie):
    theirs = logged(add_webhook(charlie.account, URL))

    assert as_alice.get(f"{PAGE}/{hook.pk}?after={theirs.pk}").status_code == 404
    assert as_alice.get(f"{PAGE}/{hook.pk}?after=x").status_code == 404


def test_all_that_failed_is_sent_again(as_alice, hook):
    for number in range(3):
        logged(hook, event="trace.error", failed_at=timezone.now(), error=f"Answered 50{number}")
    logged(hook, failed_at=timezone.now(), error="a test")
    logged(hook, event="trace.error", delivered_at=timezone.now())
    assert "Send the 3 that failed again" in text_of(as_alice.get(f"{PAGE}/{hook.pk}"))

    answer = as_alice.post(f"{PAGE}/{hook.pk}/redeliver", follow=True)

    assert "3 events will be sent again." in text_of(answer)
    assert "that failed again" not in text_of(answer)
    assert [delivery.event for delivery in WebhookDelivery.objects.all() if delivery.is_waiting] == ["trace.error"] * 3
    assert Delivery.objects.filter(kind="webhook", group=f"webhook-{hook.pk}").count() == 3


def test_what_failed_is_sent_again_in_bounds(as_alice, hook, monkeypatch):
    monkeypatch.setattr(events, "SENT_AGAIN_AT_ONCE", 2)
    for number in range(3):
        logged(hook, event=f"trace.{number}", created_at=timezone.now() + timedelta(number), failed_at=timezone.now())

    as_alice.post(f"{PAGE}/{hook.pk}/redeliver")

    assert WebhookDelivery.objects.exclude(failed_at=None).get().event == "trace.0"


def test_a_disabled_webhook_sends_nothing_of_what_failed(as_alice, hook):
    logged(hook, event="trace.error", failed_at=timezone.now())
    disable(hook)

    assert "Enable the webhook first." in text_of(as_alice.post(f"{PAGE}/{hook.pk}/redeliver", follow=True))
    assert not Delivery.objects.exists()


def test_a_pause_says_when_it_ends(as_alice, hook):
    logged(hook, event="trace.error")
    until = timezone.now() + timedelta(hours=2)
    Webhook.objects.update(failures=3, failing_since=timezone.now(), quiet_until=until)

    page = text_of(as_alice.get(f"{PAGE}/{hook.pk}"))

    assert f"the next try: {day_and_time(until, timezone.now())}" in page
    assert "Waiting A test trace.error – 0 tries" in page


@pytest.mark.parametrize(("error", "label"), [("Answered 500", "Last try failed"), ("", "Enabled")])
def test_a_webhook_is_not_called_well_after_a_failed_test(as_alice, hook, error, label):
    now = timezone.now()
    logged(hook, tried_at=now - timedelta(1), error="" if error else "Answered 500")
    logged(hook, tried_at=now, error=error)

    for path in (PAGE, f"{PAGE}/{hook.pk}"):
        assert label in text_of(as_alice.get(path))


def test_the_page_looks_again_only_while_something_is_about_to_be_sent(as_alice, hook):
    path, entry = f"{PAGE}/{hook.pk}", logged(hook)
    assert b"data-running" in as_alice.get(path).content

    Webhook.objects.update(quiet_until=timezone.now() + timedelta(minutes=1))
    assert b"data-running" not in as_alice.get(path).content

    Webhook.objects.update(quiet_until=None)
    WebhookDelivery.objects.filter(pk=entry.pk).update(delivered_at=timezone.now())
    assert b"data-running" not in as_alice.get(path).content


def test_the_page_shows_the_secret(as_alice, hook):
    assert hook.secret in text_of(as_alice.get(f"{PAGE}/{hook.pk}"))


def test_rolling_makes_another_secret(as_alice, hook):
    as_alice.post(f"{PAGE}/{hook.pk}/roll")

    assert Webhook.objects.get().secret != hook.secret


def test_an_address_of_slack_shows_no_secret(as_alice, alice):
    hook = add_webhook(alice.account, "https://hooks.slack.com/services/T0/B0/x")

    page = text_of(as_alice.get(f"{PAGE}/{hook.pk}"))
    assert hook.secret not in page
    assert "so it gets Slack's messages" in page


def test_a_member_disables_and_enables(as_alice, hook):
    as_alice.post(f"{PAGE}/{hook.pk}/disable")
    page = text_of(as_alice.get(f"{PAGE}/{hook.pk}"))
    assert "just now : A member switched it off." in page
    assert "Send a test" not in page

    as_alice.post(f"{PAGE}/{hook.pk}/enable")
    hook.refresh_from_db()
    assert hook.disabled_at is None


def test_a_disabled_webhook_is_neither_tested_nor_sent_to_again(as_alice, hook):
    entry = logged(hook, failed_at=timezone.now())
    disable(hook)

    for path in (f"{hook.pk}/test", f"deliveries/{entry.pk}/redeliver"):
        assert "Enable the webhook first." in text_of(as_alice.post(f"{PAGE}/{path}", follow=True))
    assert not WebhookDelivery.objects.get().is_waiting


def test_a_second_test_is_not_sent(as_alice, hook):
    as_alice.post(f"{PAGE}/{hook.pk}/test")

    assert "A test is under way already." in text_of(as_alice.post(f"{PAGE}/{hook.pk}/test", follow=True))
    assert WebhookDelivery.objects.count() == 1


def test_a_delivery_is_sent_again(as_alice, hook):
    entry = logged(hook, failed_at=timezone.now())

    answer = as_alice.post(f"{PAGE}/deliveries/{entry.pk}/redeliver")

    assert answer["Location"] == f"{PAGE}/{hook.pk}#deliveries"
    assert WebhookDelivery.objects.get().is_waiting
    assert "It is about to be sent in any case." in text_of(
        as_alice.post(f"{PAGE}/deliveries/{entry.pk}/redeliver", follow=True)
    )


def test_deleting_takes_the_log_along(as_alice, hook):
    logged(hook)
    as_alice.post(f"{PAGE}/{hook.pk}/delete")

    assert not Webhook.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_nothing_in_an_address_is_markup(as_alice, alice):
    hook = add_webhook(alice.account, "https://example.com/?<script>alert(1)</script>&\"'")

    for path in (PAGE, f"{PAGE}/{hook.pk}"):
        assert b"<script>alert" not in as_alice.get(path).content


def test_the_settings_lead_here(as_alice):
    assert f'href="{PAGE}"' in as_alice.get("/dashboard/settings").content.decode()


def test_nothing_in_a_traces_name_is_markup(as_alice, alice, hook):
    record_trace(alice.account, run(name="\"'><script>alert(1)</script>", status=TraceStatus.ERROR))

    page = as_alice.get(f"{PAGE}/{hook.pk}").content.decode()
    assert "<script>alert" not in page
    assert "&quot;&#x27;&gt;&lt;script&gt;alert(1)" in page
