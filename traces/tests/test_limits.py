"""Contract §6 and the hourly window of §5: what each limit refuses, says and leaves alone; one client at a time.

tests/test_parallel_clients.py has the same limits under fifty clients at once.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from accounts.api_keys import mint_key
from accounts.plans import FREE, PLANS, PRO, UNLIMITED
from tests.api import NEXUS, TRACES, Api, nexus_body, span_body, tracen_body
from traces.models import Agent, IdempotentRequest, MonthlyUsage, RateWindow, ShareLink, Trace
from traces.quotas import usage_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def put_on(person, plan, *, used: int = 0, month: date = date(2026, 11, 1)) -> None:
    person.account.plan_slug = plan.slug
    person.account.save()
    MonthlyUsage.objects.update_or_create(account=person.account, month=month, defaults={"traces": used})


# The plans ----------------------------------------------------------------------------------------------------------


def test_the_plans_numbers():
    assert [(plan.traces_per_month, plan.agents, plan.retention_days, plan.has_alerts) for plan in PLANS.values()] == [
        (1_000, 1, 30, False),
        (50_000, None, 90, True),
        (None, None, None, True),
    ]
    assert (FREE.price_usd, PRO.price_usd) == (0, 9)


# Traces a month -----------------------------------------------------------------------------------------------------


def test_trace_1000_is_accepted_and_1001_is_not(alice, clock):
    put_on(alice, FREE, used=999)

    assert alice.api.post(TRACES, tracen_body()).status_code == 200
    for _ in range(2):
        answer = alice.api.post(TRACES, tracen_body())
        assert answer.status_code == 429
        assert answer.json() == {
            "error": "Monthly trace limit reached. Upgrade to Pro.",
            "limit": 1000,
            "current": 1001,
            "upgrade_url": "/dashboard/billing",
        }
    seconds_to_december = (datetime(2026, 12, 1, tzinfo=UTC) - NOW).total_seconds()
    assert answer["Retry-After"] == str(int(seconds_to_december))
    assert (Trace.objects.count(), ShareLink.objects.count()) == (1, 1)


def test_all_dialects_count_together(alice, clock):
    put_on(alice, FREE, used=998)

    assert alice.api.post(TRACES, tracen_body()).status_code == 200
    assert alice.api.post(NEXUS, nexus_body()).status_code == 201
    assert alice.api.post(NEXUS, nexus_body()).status_code == 429
    assert alice.api.post(TRACES, tracen_body()).status_code == 429


def test_on_pro_the_text_offers_no_upgrade(alice, clock):
    put_on(alice, PRO, used=50_000)

    answer = alice.api.post(NEXUS, nexus_body())

    assert (answer.status_code, answer.json()["error"]) == (429, "Monthly trace limit reached.")
    assert (answer.json()["limit"], answer.json()["current"]) == (50_000, 50_001)


def test_unlimited_has_no_limit(alice, clock):
    put_on(alice, UNLIMITED, used=1_000_000)

    assert alice.api.post(NEXUS, nexus_body()).status_code == 201
    assert usage_of(alice.account).traces == 1_000_001


def test_over_the_limit_everything_but_a_new_trace_works(alice, clock):
    trace_id = alice.api.create_trace()
    put_on(alice, FREE, used=1_000)

    assert alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body()).status_code == 201
    assert alice.api.patch(f"{NEXUS}/{trace_id}", {"status": "success"}).status_code == 200
    assert alice.api.get(f"{NEXUS}/{trace_id}").status_code == 200
    assert alice.api.get(NEXUS).status_code == 200
    assert usage_of(alice.account).traces == 1_000


def test_only_a_stored_trace_uses_quota(alice, clock):
    alice.api.post(TRACES, {})
    alice.api.post(NEXUS, nexus_body(status="bad"))
    trace_id = alice.api.create_trace()
    alice.api.post(NEXUS, nexus_body(agent_id="a second agent"))
    alice.api.add_span(trace_id)

    assert usage_of(alice.account).traces == 1


@pytest.mark.parametrize(
    ("last", "first"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, 900_000, tzinfo=UTC), datetime(2026, 12, 1, 0, 0, 0, 100_000, tzinfo=UTC)),
        (datetime(2028, 2, 29, 23, 59, 59, 900_000, tzinfo=UTC), datetime(2028, 3, 1, 0, 0, 0, 100_000, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, 59, 900_000, tzinfo=UTC), datetime(2027, 1, 1, 0, 0, 0, 100_000, tzinfo=UTC)),
    ],
)
def test_a_month_ends_in_utc_by_the_servers_clock(alice, last, first):
    with time_machine.travel(last, tick=False) as clock:
        put_on(alice, FREE, used=1_000, month=last.date().replace(day=1))
        refused = alice.api.post(NEXUS, nexus_body(started_at="2027-06-01T00:00:00Z"))
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
        clock.move_to(first)
        assert alice.api.post(NEXUS, nexus_body()).status_code == 201
        assert usage_of(alice.account).traces == 1


def test_a_plan_changes_on_the_next_request(alice, clock):
    put_on(alice, FREE, used=1_000)
    assert alice.api.post(NEXUS, nexus_body()).status_code == 429

    put_on(alice, PRO, used=1_000)
    assert alice.api.post(NEXUS, nexus_body()).status_code == 201

    put_on(alice, FREE, used=5_000)
    answer = alice.api.post(NEXUS, nexus_body())
    assert (answer.json()["limit"], answer.json()["current"]) == (1_000, 5_001)


def test_another_account_has_a_limit_of_its_own(alice, charlie, clock):
    put_on(alice, FREE, used=1_000)

    assert charlie.api.post(NEXUS, nexus_body()).status_code == 201


# Agents -------------------------------------------------------------------------------------------------------------


def test_a_second_agent_on_free_is_refused_and_nothing_is_stored(alice):
    alice.api.create_trace(agent_id="first")

    answer = alice.api.post(NEXUS, nexus_body(agent_id="second"))

    assert answer.status_code == 403
    assert answer.json() == {"error": "Free plan limited to 1 agent", "upgrade_url": "/dashboard/billing"}
    assert (Trace.objects.count(), Agent.objects.count(), usage_of(alice.account).traces) == (1, 1, 1)


def test_a_tracen_trace_needs_no_agent(alice):
    alice.api.create_trace()

    assert alice.api.post(TRACES, tracen_body()).status_code == 200


def test_pro_has_any_number_of_agents_and_keeps_them_after_a_downgrade(alice):
    put_on(alice, PRO)
    for name in ("a", "b", "c"):
        alice.api.create_trace(agent_id=name)
    put_on(alice, FREE)

    assert alice.api.post(NEXUS, nexus_body(agent_id="b")).status_code == 201
    assert alice.api.post(NEXUS, nexus_body(agent_id="d")).status_code == 403


def test_over_both_limits_the_monthly_one_is_told(alice, clock):
    alice.api.create_trace(agent_id="first")
    put_on(alice, FREE, used=1_000)

    assert alice.api.post(NEXUS, nexus_body(agent_id="second")).status_code == 429


# 100 requests an hour -----------------------------------------------------------------------------------------------


def fill_window(person, requests: int = 100) -> None:
    for _ in range(requests):
        person.api.post(TRACES, {})


def test_request_101_of_an_hour_is_refused(alice, clock):
    fill_window(alice)

    answer = alice.api.post(TRACES, tracen_body())

    assert answer.status_code == 429
    assert answer.json() == {
        "error": "Rate limit exceeded. 100 requests per hour per API key.",
        "limit": 100,
        "retry_after": 3600,
    }
    assert answer["Retry-After"] == "3600"


def test_whoever_waits_as_told_succeeds_at_once(alice, clock):
    alice.api.post(TRACES, {})
    clock.shift(timedelta(seconds=10, microseconds=300_000))
    fill_window(alice, 99)
    clock.shift(timedelta(seconds=0.4))
    wait = alice.api.post(TRACES, {}).json()["retry_after"]
    assert wait == 3_590

    clock.shift(timedelta(seconds=wait - 1))
    assert alice.api.post(TRACES, {}).status_code == 429
    clock.shift(timedelta(seconds=1))
    assert alice.api.post(TRACES, tracen_body()).status_code == 200
    assert alice.api.post(TRACES, tracen_body()).status_code == 429


def test_the_window_rolls(alice, clock):
    for _ in range(100):
        alice.api.post(TRACES, {})
        clock.shift(timedelta(seconds=36))

    # The first has just left; each 36 s another leaves.
    for _ in range(3):
        assert alice.api.post(TRACES, {}).status_code == 400
        assert alice.api.post(TRACES, {}).status_code == 429
        clock.shift(timedelta(seconds=36))


def test_refused_requests_do_not_count(alice, clock):
    fill_window(alice, 150)

    clock.shift(timedelta(seconds=3_600))

    assert alice.api.post(TRACES, tracen_body()).status_code == 200


def test_a_clock_set_back_opens_no_second_window(alice, clock):
    fill_window(alice)

    clock.shift(timedelta(hours=-1))

    assert alice.api.post(TRACES, {}).status_code == 429


def test_the_window_comes_right_after_the_key(alice, clock):
    fill_window(alice)

    assert alice.api.post(TRACES, raw=b"{", content_type="application/xml").status_code == 429
    assert alice.api.send("GET", TRACES).status_code == 405
    assert Api("tracen_sk_wrong").post(TRACES).status_code == 401


def test_the_window_belongs_to_the_key_and_to_this_route(alice, clock):
    fill_window(alice)

    assert Api(mint_key(alice.account, "second")[1]).post(TRACES, tracen_body()).status_code == 200
    assert alice.api.post(NEXUS, nexus_body()).status_code == 201


def test_the_window_keeps_no_more_than_it_needs(alice, clock):
    for _ in range(3):
        fill_window(alice)
        clock.shift(timedelta(hours=1))

    assert len(bytes(RateWindow.objects.get().hits)) == 100 * 8


# The window and an Idempotency-Key ------------------------------------------------------------------------------------

KEY = {"Idempotency-Key": "order 66"}


def counted_requests() -> int:
    """How many requests the one key's window holds."""
    return sum(len(bytes(window.hits)) // 8 for window in RateWindow.objects.all())


@pytest.mark.parametrize("headers", [{}, KEY], ids=["without-a-key", "with-a-key"])
def test_a_trace_that_the_month_has_no_room_for_does_not_count(alice, clock, headers):
    put_on(alice, FREE, used=1_000)

    assert alice.api.post(TRACES, tracen_body(), headers=headers).status_code == 429

    assert counted_requests() == 0


def test_a_trace_and_its_replay_are_two_requests(alice, clock):
    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200
    assert counted_requests() == 1

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200
    assert counted_requests() == 2


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        (tracen_body(status="bad"), "order 67", 400),
        (tracen_body(), "x" * 256, 400),
        (tracen_body(prompt="other"), "order 66", 422),
    ],
    ids=["bad-body", "bad-key", "key-used-before"],
)
def test_a_request_with_a_key_that_is_refused_for_what_it_says_counts(alice, clock, body, key, status):
    alice.api.post(TRACES, tracen_body(), headers=KEY)

    assert alice.api.post(TRACES, body, headers={"Idempotency-Key": key}).status_code == status

    assert counted_requests() == 2


def test_a_request_whose_twin_is_still_running_counts(alice, clock):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    IdempotentRequest.objects.update(answer_status=None, answer=None)

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 409

    assert counted_requests() == 2


@pytest.mark.parametrize("key", ["order 66", "order 67"], ids=["replay", "new"])
def test_the_window_comes_before_what_a_key_is_answered(alice, clock, key):
    alice.api.post(TRACES, tracen_body(), headers=KEY)
    fill_window(alice, 99)

    answer = alice.api.post(TRACES, tracen_body(), headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["limit"]) == (429, 100)
    assert counted_requests() == 100


def test_a_key_that_the_window_refused_can_be_used_later(alice, clock):
    fill_window(alice)
    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 429

    clock.shift(timedelta(hours=1))

    assert alice.api.post(TRACES, tracen_body(), headers=KEY).status_code == 200
