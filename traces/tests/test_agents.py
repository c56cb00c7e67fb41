"""Agents as their owner sees them: health, a new name, and a deletion that keeps the traces."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from traces.agents import FAILING, HEALTHY, QUIET, SLOW, judge
from traces.ingest import record_trace
from traces.listing import TraceFilter, find_traces
from traces.measures import Numbers
from traces.models import Agent, Trace
from traces.records import TraceStatus
from traces.tasks import refresh_search_names
from traces.tests.runs import run

AGENTS = "/dashboard/agents"


@pytest.fixture
def as_alice(alice, client) -> Client:
    client.force_login(alice.user)
    return client


@pytest.fixture
def helper(alice) -> Agent:
    """Alice's only agent, with one trace."""
    record_trace(alice.account, run(agent="helper", name="first"))
    return Agent.objects.get()


@pytest.fixture(autouse=True)
def worker(monkeypatch, prompt_waker):
    """What would be sent to the worker is done at once."""
    monkeypatch.setattr(refresh_search_names, "delay", refresh_search_names)


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


@pytest.mark.parametrize(
    ("today", "before", "look", "why"),
    [
        (Numbers(), Numbers(), QUIET, "No trace in the last 24 hours"),
        (Numbers(10, 0, 50, 100), Numbers(10, 0, 50, 51), HEALTHY, "0 of 10 failed in the last 24 hours"),
        (Numbers(10, 1, 50, 100), Numbers(), FAILING, "1 of 10 failed in the last 24 hours"),
        (Numbers(11, 1, 50, 100), Numbers(), HEALTHY, "1 of 11 failed in the last 24 hours"),
        (
            Numbers(10, 0, 50, 100),
            Numbers(5, 0, 50, 50),
            SLOW,
            "The 95th percentile is at least 2 times that of the day before",
        ),
        (Numbers(10, 0, 50, 100), Numbers(4, 0, 50, 50), HEALTHY, "0 of 10 failed in the last 24 hours"),
        (Numbers(10, 0, None, None), Numbers(5, 0, 50, 50), HEALTHY, "0 of 10 failed in the last 24 hours"),
    ],
)
def test_health_is_judged_by_failures_then_by_slowness(today, before, look, why):
    assert judge(today, before) == (look, why)


def test_the_list_says_how_each_agent_does(unlimited, as_alice):
    record_trace(unlimited.account, run(agent="good", until=1_240))
    record_trace(unlimited.account, run(agent="bad", until=70_000, status=TraceStatus.TIMEOUT))
    Agent.objects.create(account=unlimited.account, name="unused")

    page = text_of(as_alice.get(AGENTS))
    assert "bad Failing 1 100.0 % failed 1 m 10 s 1 m 10 s just now" in page
    assert "good Healthy 1 0.0 % failed 1.24 s 1.24 s just now" in page
    assert "unused Quiet 0 0.0 % failed – – never" in page


def test_the_latest_active_come_first(unlimited, as_alice):
    for hours, name in ((2, "older"), (1, "newer")):
        record = run(agent=name)
        record_trace(unlimited.account, record)
        Trace.objects.filter(pk=record.id).update(received_at=timezone.now() - timedelta(hours=hours))
    Agent.objects.create(account=unlimited.account, name="a-unused")

    assert [agent.name for agent in as_alice.get(AGENTS).context["agents"]] == ["newer", "older", "a-unused"]


def test_many_agents_stand_on_pages(unlimited, as_alice):
    Agent.objects.bulk_create(Agent(account=unlimited.account, name=f"agent {number:03}") for number in range(51))

    assert "1 to 50 of 51" in text_of(as_alice.get(AGENTS))
    second = as_alice.get(f"{AGENTS}?page=2")
    assert [agent.name for agent in second.context["agents"]] == ["agent 050"]
    assert as_alice.get(f"{AGENTS}?page=x").status_code == 200


def test_without_an_agent_the_page_says_how_one_comes(as_alice):
    assert "No agent yet" in text_of(as_alice.get(AGENTS))


def test_an_agents_page_has_its_traces_and_no_others(unlimited, as_alice, helper):
    record_trace(unlimited.account, run(agent="other", name="not mine"))

    page = text_of(as_alice.get(f"{AGENTS}/{helper.pk}"))
    assert "first" in page
    assert "not mine" not in page


def test_a_rename_keeps_the_history_and_a_search_finds_it(alice, as_alice, helper, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = as_alice.post(f"{AGENTS}/{helper.pk}/rename", {"name": "assistant"})

    assert response["Location"] == f"{AGENTS}/{helper.pk}"
    assert [trace.agent.name for trace in Trace.objects.all()] == ["assistant"]
    assert find_traces(alice.account, TraceFilter(text="assistant")).count() == 1
    assert find_traces(alice.account, TraceFilter(text="helper")).count() == 0
    assert find_traces(alice.account, TraceFilter(text="first")).count() == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "This field is required."),
        ("x" * 256, "at most 255 characters"),
        ("other", "Another agent of this account has this name."),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_a_name_that_does_not_do_changes_nothing(alice, as_alice, helper, name, words):
    Agent.objects.create(account=alice.account, name="other")
    response = as_alice.post(f"{AGENTS}/{helper.pk}/rename", {"name": name})

    assert words in response.content.decode()
    helper.refresh_from_db()
    assert helper.name == "helper"


def test_its_own_name_again_is_fine(as_alice, helper):
    assert as_alice.post(f"{AGENTS}/{helper.pk}/rename", {"name": "helper"}).status_code == 302


def test_two_accounts_may_use_one_name(charlie, as_alice, helper):
    Agent.objects.create(account=charlie.account, name="assistant")

    assert as_alice.post(f"{AGENTS}/{helper.pk}/rename", {"name": "assistant"}).status_code == 302


def test_a_deleted_agent_leaves_its_traces_and_frees_its_place(alice, as_alice, helper):
    response = as_alice.post(f"{AGENTS}/{helper.pk}/delete")

    assert response["Location"] == AGENTS
    assert [trace.agent for trace in Trace.objects.all()] == [None]
    assert alice.api.get(f"/api/v1/traces/{Trace.objects.get().pk}").json()["agent_id"] is None
    record_trace(alice.account, run(agent="the right name"))
    assert [agent.name for agent in Agent.objects.all()] == ["the right name"]


@pytest.mark.parametrize(("method", "ending"), [("get", ""), ("post", "/rename"), ("post", "/delete")])
def test_a_stranger_finds_nothing(charlie, client, helper, method, ending):
    client.force_login(charlie.user)

    assert getattr(client, method)(f"{AGENTS}/{helper.pk}{ending}", {"name": "mine"}).status_code == 404
    assert Agent.objects.get().name == "helper"


def test_a_teammate_may_change_it(bob, client, helper):
    client.force_login(bob.user)

    assert client.post(f"{AGENTS}/{helper.pk}/delete").status_code == 302


@pytest.mark.parametrize("ending", ["/rename", "/delete"])
def test_a_link_changes_nothing(as_alice, helper, ending):
    assert as_alice.get(f"{AGENTS}/{helper.pk}{ending}").status_code == 405


@pytest.mark.parametrize("path", [AGENTS, f"{AGENTS}/1"])
def test_anonymous_visitors_are_sent_to_the_sign_in_page(db, client, path):
    assert client.get(path)["Location"] == f"/accounts/login?next={path}"


def test_more_rows_cost_no_more_queries(unlimited, as_alice, helper, django_assert_num_queries):
    paths = {AGENTS: 10, f"{AGENTS}/{helper.pk}": 17}
    for path, queries in paths.items():
        record_trace(unlimited.account, run(agent="helper", status=TraceStatus.ERROR))
        with django_assert_num_queries(queries):
            as_alice.get(path)
    for name in ("helper", "second", "third"):
        record_trace(unlimited.account, run(agent=name, status=TraceStatus.ERROR))
    for path, queries in paths.items():
        with django_assert_num_queries(queries):
            as_alice.get(path)


def test_a_rename_outlives_a_broker_that_is_away(as_alice, helper, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*_arguments):
        raise OSError("no broker")

    monkeypatch.setattr(refresh_search_names, "delay", refuse)

    with django_capture_on_commit_callbacks(execute=True) as sent:
        answer = as_alice.post(f"{AGENTS}/{helper.pk}/rename", {"name": "new"})

    assert (answer.status_code, Agent.objects.get().name, len(sent)) == (302, "new", 1)
