"""The overview: its ranges, its sentences, the latest failures, and the guide before the first trace."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.api_keys import find_key, mint_key
from accounts.models import ApiKey
from accounts.plans import MAX_LIVE_KEYS
from traces.failures import latest_failures
from traces.ingest import record_trace
from traces.models import Trace
from traces.overview import RANGES, read_trend
from traces.records import TraceStatus
from traces.tests.runs import call, failed, run, span

OVERVIEW = "/dashboard"
NOW = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)
IN_FULL = re.compile(r"tracen_sk_[A-Za-z0-9_-]{43}")


@pytest.fixture
def as_alice(alice, client) -> Client:
    client.force_login(alice.user)
    return client


def store(account, received_at: datetime, *spans, **more) -> None:
    record = run(*spans, **more)
    record_trace(account, record)
    Trace.objects.filter(pk=record.id).update(received_at=received_at)


def page_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(
    ("slug", "start", "end", "count", "before"),
    [
        ("24h", "2026-11-21T11", "2026-11-22T11", 24, "2026-11-20T11"),
        ("7d", "2026-11-15T12", "2026-11-22T12", 28, "2026-11-08T12"),
        ("month", "2026-11-01T00", "2026-12-01T00", 30, "2026-10-01T00"),
    ],
)
def test_a_range_ends_with_now_and_has_as_much_before_it(slug, start, end, count, before):
    slots = RANGES[slug].slots(NOW)

    assert (f"{slots.start:%Y-%m-%dT%H}", f"{slots.end:%Y-%m-%dT%H}", slots.count) == (start, end, count)
    earlier = RANGES[slug].before(slots)
    assert (f"{earlier.start:%Y-%m-%dT%H}", earlier.end) == (before, slots.start)


def test_the_month_before_january_is_december():
    slots = RANGES["month"].slots(datetime(2027, 1, 31, 23, 59, tzinfo=UTC))

    assert (slots.count, RANGES["month"].before(slots).start) == (31, datetime(2026, 12, 1, tzinfo=UTC))


def test_a_trend_says_what_changed(unlimited):
    for number in range(4):
        store(unlimited.account, NOW - timedelta(days=1), until=1_000)
        store(unlimited.account, NOW, until=3_000, status=TraceStatus.ERROR if number == 0 else TraceStatus.SUCCESS)
    trend = read_trend(unlimited.account, "24h", NOW)

    assert (trend.total.traces, trend.total.failed) == (4, 1)
    assert trend.failed_note == "1 trace; 0.0 % the day before"
    assert trend.p50_note == "2.00 s slower than the day before"
    assert trend.bars_spoken == (
        "Traces per hour over the last 24 hours: 4 in all, 1 failed; most failures, 1, at 10:00"
    )
    assert trend.lines_spoken == "Duration over the last 24 hours: median 3.00 s, 95th percentile 3.00 s"
    assert [(row.label, row.is_now) for row in trend.rows if row.numbers.traces] == [("10:00", True)]


def test_a_trend_without_anything_has_words_too(alice):
    trend = read_trend(alice.account, "no such range", NOW)

    assert trend.range.slug == "24h"
    assert (trend.failed_note, trend.p50_note) == ("0 traces", "no trace has ended")
    assert trend.lines_spoken == "Duration over the last 24 hours: no trace has ended"


def test_the_numbers_go_by_time_of_receipt(alice, as_alice):
    record_trace(alice.account, run(name="dated long ago"))

    assert as_alice.get(OVERVIEW).context["trend"].total.traces == 1


@pytest.mark.parametrize("query", ["", "?range=24h", "?range=7d", "?range=month", "?range=<script>", "?range=%00"])
def test_every_range_opens(alice, as_alice, query):
    record_trace(alice.account, run())
    response = as_alice.get(OVERVIEW + query)

    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert "1 of 1,000 this month" in page_of(response)


def test_a_quiet_day_says_so(alice, as_alice):
    store(alice.account, timezone.now() - timedelta(days=2))

    assert "No trace over the last 24 hours" in page_of(as_alice.get(OVERVIEW))


def test_a_failure_names_the_step_where_the_trouble_began(alice):
    root = failed("agent", error="RuntimeError: a tool failed")
    tool = failed("search", parent_id=root.id, error="ConnectError: connection refused")
    store(alice.account, NOW, root, tool, span("fine"), status=TraceStatus.ERROR)
    (failure,) = latest_failures(alice.account)

    assert (failure.span, failure.span_id, failure.reason) == ("search", tool.id, "connection refused")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (run(status=TraceStatus.TIMEOUT, until=300_000), "Timed out after 5 m 00 s"),
        (run(status=TraceStatus.TIMEOUT, until=None), "Fell silent"),
        (run(status=TraceStatus.TIMEOUT, until=-5), "Timed out"),
        (run(status=TraceStatus.ERROR), "Failed without a message"),
        (call(status=TraceStatus.ERROR, error="ValueError: no such model"), "no such model"),
    ],
)
def test_a_failure_without_a_failed_step_says_what_is_known(alice, record, reason):
    record_trace(alice.account, record)
    (failure,) = latest_failures(alice.account)

    assert (failure.reason, failure.span) == (reason, "")


def test_the_latest_failures_come_first_and_successes_not_at_all(unlimited):
    for hours, status in enumerate([TraceStatus.ERROR, TraceStatus.TIMEOUT, TraceStatus.SUCCESS] * 3):
        store(unlimited.account, NOW - timedelta(hours=hours), status=status, name=f"{hours} hours ago")

    assert [failure.name for failure in latest_failures(unlimited.account, 4)] == [
        f"{hours} hours ago" for hours in (0, 1, 3, 4)
    ]


def test_nobody_elses_traces_are_seen(charlie, as_alice):
    record_trace(charlie.account, run(name="secret", status=TraceStatus.ERROR))

    assert "secret" not in page_of(as_alice.get(OVERVIEW))
    assert as_alice.get("/dashboard/first-trace").json() == {"url": None, "name": None}


def test_names_are_shown_as_text(alice, as_alice):
    name = "<img src=x onerror=alert(1)>"
    store(alice.account, timezone.now(), failed(name, error=name), agent=name, name=name, status=TraceStatus.ERROR)

    assert "<img" not in as_alice.get(OVERVIEW).content.decode()


def test_more_rows_cost_no_more_queries(unlimited, as_alice, django_assert_num_queries):
    store(unlimited.account, timezone.now(), failed("tool"), status=TraceStatus.ERROR)
    with django_assert_num_queries(20):
        as_alice.get(OVERVIEW)
    for name in ("second", "third"):
        store(unlimited.account, timezone.now(), failed("tool"), agent=name, status=TraceStatus.ERROR)
    with django_assert_num_queries(20):
        as_alice.get(OVERVIEW)


class TestBeforeTheFirstTrace:
    def test_the_guide_is_the_page_and_makes_no_key_by_itself(self, alice, as_alice, settings):
        page = as_alice.get(OVERVIEW).content.decode()

        assert "Send your first trace" in page
        assert f"curl -X POST {settings.BASE_URL}/api/traces" in page
        assert IN_FULL.findall(page) == []
        assert ApiKey.objects.filter(account=alice.account).count() == 1

    def test_a_key_made_there_is_filled_into_every_snippet_and_works(self, alice, as_alice):
        response = as_alice.post("/dashboard/first-key")
        shown = IN_FULL.findall(response.content.decode())

        assert len(shown) == 5
        (text,) = set(shown)
        assert find_key(text).account == alice.account
        assert response["Cache-Control"] == "private, no-store"
        assert IN_FULL.findall(as_alice.get(OVERVIEW).content.decode()) == []

    def test_the_same_form_sent_again_makes_no_second_key(self, alice, as_alice):
        (once,) = re.findall(r'name="once" value="([^"]+)"', as_alice.get(OVERVIEW).content.decode())
        as_alice.post("/dashboard/first-key", {"once": once})

        assert as_alice.post("/dashboard/first-key", {"once": once})["Location"] == OVERVIEW
        assert ApiKey.objects.filter(account=alice.account).count() == 2

    def test_an_address_typed_by_hand_leads_to_the_overview(self, as_alice):
        assert as_alice.get("/dashboard/first-key")["Location"] == OVERVIEW

    def test_the_key_too_many_leads_to_the_keys(self, alice, as_alice):
        for number in range(MAX_LIVE_KEYS - 1):
            mint_key(alice.account, str(number))
        response = as_alice.post("/dashboard/first-key", follow=True)

        assert "An account has at most 50 live keys." in page_of(response)

    def test_the_page_learns_of_the_first_trace(self, alice, as_alice):
        waiting = as_alice.get("/dashboard/first-trace")
        assert waiting.json() == {"url": None, "name": None}
        tag = {"If-None-Match": waiting["ETag"]}
        assert as_alice.get("/dashboard/first-trace", headers=tag).status_code == 304

        record = run(name="hello")
        record_trace(alice.account, record)
        arrived = as_alice.get("/dashboard/first-trace", headers=tag)
        assert arrived.json() == {"url": f"/dashboard/traces/{record.id}", "name": "hello"}

    @pytest.mark.parametrize("path", ["/dashboard", "/dashboard/first-trace", "/dashboard/first-key"])
    def test_anonymous_visitors_are_sent_to_the_sign_in_page(self, db, client, path):
        assert client.get(path)["Location"] == f"/accounts/login?next={path}"
