"""The shell of the signed-in pages: where one is, how much is used, who is signed in; and how figures are set."""

import re

import pytest
from django.test import Client

from traces.ingest import record_trace
from traces.models import Agent, MonthlyUsage
from traces.templatetags.dashboard import units
from traces.tests.runs import run


@pytest.fixture
def as_alice(alice, client) -> Client:
    client.force_login(alice.user)
    return client


def current(response) -> list[tuple[str, str]]:
    """Each marked item of the navigation: its address and its mark."""
    nav = re.search(r'<nav class="nav" aria-label="Main">.*?</nav>', response.content.decode(), re.DOTALL)
    assert nav is not None
    return re.findall(r'href="([^"]+)"\s+aria-current="(\w+)"', nav.group())


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/dashboard", [("/dashboard", "page")]),
        ("/dashboard/", [("/dashboard", "page")]),
        ("/dashboard/agents", [("/dashboard/agents", "page")]),
        ("/dashboard/keys/", [("/dashboard/keys", "page")]),
    ],
)
def test_the_navigation_marks_the_page(as_alice, path, marked):
    assert current(as_alice.get(path)) == marked


def test_the_navigation_marks_what_a_page_lies_below(alice, as_alice):
    agent = Agent.objects.create(account=alice.account, name="helper")

    assert current(as_alice.get(f"/dashboard/agents/{agent.pk}")) == [("/dashboard/agents", "true")]


@pytest.mark.parametrize(("used", "filled"), [(0, "0.0"), (500, "50.0"), (1_000, "100"), (2_000, "100")])
def test_the_meter_shows_the_use_of_the_plan(alice, as_alice, used, filled):
    record_trace(alice.account, run())
    MonthlyUsage.objects.update(traces=used)
    page = as_alice.get("/dashboard/keys").content.decode()

    assert f"{used:,} / 1,000" in page
    assert f'<rect width="{filled}%" height="4" rx="2" />' in page


def test_without_a_limit_the_meter_only_counts(unlimited, as_alice):
    record_trace(unlimited.account, run())
    page = as_alice.get("/dashboard/keys").content.decode()

    assert 'class="meter"' not in page
    assert "1<span" in page


def test_the_menu_names_the_person_and_lets_them_out(as_alice):
    page = as_alice.get("/dashboard/keys").content.decode()

    assert 'title="alice@example.com"' in page
    assert 'action="/accounts/logout"' in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("840 ms", '840<span class="u">\u202fms</span>'),
        ("3 m 05 s", '3<span class="u">\u202fm</span> 05<span class="u">\u202fs</span>'),
        ("2.4M", '2.4<span class="u">M</span>'),
        ("812", "812"),
        ("", ""),
    ],
)
def test_units_are_set_lighter(text, shown):
    assert units(text) == shown
