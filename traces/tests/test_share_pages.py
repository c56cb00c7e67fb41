"""Sharing: a link is opened for as long as was said, listed, revoked, and gone for the public from then on."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from traces.access import link_of, own_trace
from traces.ingest import record_trace
from traces.models import ShareLink, Trace
from traces.reading.links import LINKS_ON_PAGE
from traces.share_views import MAX_LIVE_LINKS
from traces.sharing import revoke, share
from traces.tests.runs import call, run, span

LINKS = "/dashboard/links"


@pytest.fixture
def as_alice(unlimited, client):
    client.force_login(unlimited.user)
    return client


def store(person, record=None) -> Trace:
    record = record or run(span("a"))
    record_trace(person.account, record)
    return Trace.objects.get(pk=record.id)


def share_page(trace: Trace) -> str:
    return f"/dashboard/traces/{trace.pk}/share"


def text_of(response) -> str:
    return response.content.decode()


@pytest.mark.parametrize(("expires", "days"), [("never", None), ("1", 1), ("7", 7), ("30", 30), (None, None)])
def test_a_new_link_opens_the_trace_for_as_long_as_was_said(as_alice, unlimited, expires, days):
    trace = store(unlimited)
    as_alice.post(share_page(trace), {"expires": expires} if expires else {})
    link = ShareLink.objects.get()
    left = link.expires_at and link.expires_at - timezone.now()
    assert left is None if days is None else timedelta(days=days, minutes=-1) < left <= timedelta(days=days)
    assert link.pk != trace.pk
    as_alice.logout()
    assert as_alice.get(f"/traces/{link.pk}").status_code == 200


def test_the_new_link_is_shown_first_and_marked(as_alice, unlimited, settings):
    trace = store(unlimited)
    old = share(trace)
    response = as_alice.post(share_page(trace), {"expires": "7"}, follow=True)
    new = ShareLink.objects.exclude(pk=old.pk).get()
    urls = re.findall(r'data-copy="([^"]*)"', text_of(response))
    assert urls == [f"{settings.BASE_URL}/traces/{new.pk}", f"{settings.BASE_URL}/traces/{old.pk}"]
    assert text_of(response).count("New link") == 1


@pytest.mark.parametrize("expires", ["0", "8", "", "-1", "never?", "7 "])
def test_a_lifetime_that_was_not_offered_opens_nothing(as_alice, unlimited, expires):
    response = as_alice.post(share_page(store(unlimited)), {"expires": expires}, follow=True)
    assert "Choose when the link expires." in text_of(response)
    assert not ShareLink.objects.exists()


def test_there_is_an_end_to_the_links_of_one_trace(as_alice, unlimited):
    trace = store(unlimited)
    for _ in range(MAX_LIVE_LINKS):
        share(trace)
    response = as_alice.post(share_page(trace), {"expires": "never"}, follow=True)
    assert f"at most {MAX_LIVE_LINKS} live links" in text_of(response)
    assert ShareLink.objects.count() == MAX_LIVE_LINKS


def test_the_page_warns_that_everything_becomes_public(as_alice, unlimited):
    assert "everything in this trace" in text_of(as_alice.get(share_page(store(unlimited))))


def test_revoked_and_expired_links_are_not_listed(as_alice, unlimited):
    trace = store(unlimited)
    revoke(share(trace))
    share(trace, timedelta(seconds=-1))
    assert "No live link" in text_of(as_alice.get(share_page(trace)))
    assert "No live link" in text_of(as_alice.get(LINKS))


@pytest.mark.parametrize(("back", "leads"), [("trace", "share"), ("account", LINKS), ("//evil.example", LINKS)])
def test_after_revoking_the_next_visit_finds_nothing(as_alice, unlimited, back, leads):
    link = share(store(unlimited))
    assert as_alice.get(f"/traces/{link.pk}").status_code == 200
    response = as_alice.post(f"{LINKS}/{link.pk}/revoke", {"back": back})
    assert response["Location"] == (share_page(link.trace) if leads == "share" else leads)
    assert as_alice.get(f"/traces/{link.pk}").status_code == 404


def test_the_permanent_link_of_a_call_can_be_revoked(as_alice, unlimited):
    trace = store(unlimited, call(span("a")))
    assert "the address your POST answered with" in text_of(as_alice.get(share_page(trace)))
    as_alice.post(f"{LINKS}/{trace.pk}/revoke")
    assert as_alice.get(f"/traces/{trace.pk}").status_code == 404
    assert as_alice.get(f"/dashboard/traces/{trace.pk}").status_code == 200


def test_revoking_twice_changes_nothing(as_alice, unlimited):
    link = share(store(unlimited))
    as_alice.post(f"{LINKS}/{link.pk}/revoke")
    first = ShareLink.objects.get().revoked_at
    assert as_alice.post(f"{LINKS}/{link.pk}/revoke").status_code == 302
    assert ShareLink.objects.get().revoked_at == first


def test_a_teammate_may_share_and_revoke_and_a_stranger_may_not(client, alice, bob, charlie):
    trace = store(alice)
    link = share(trace)
    client.force_login(charlie.user)
    answers = [
        client.get(share_page(trace)),
        client.post(share_page(trace), {"expires": "never"}),
        client.post(f"{LINKS}/{link.pk}/revoke"),
        client.get(f"{LINKS}?after={link.pk}"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert str(link.pk) not in text_of(client.get(LINKS))
    client.force_login(bob.user)
    assert str(link.pk) in text_of(client.get(LINKS))
    assert client.post(f"{LINKS}/{link.pk}/revoke").status_code == 302
    assert ShareLink.objects.get().revoked_at is not None


@pytest.mark.parametrize("link_id", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_link_is_a_404(as_alice, link_id):
    assert as_alice.post(f"{LINKS}/{link_id}/revoke").status_code == 404
    assert as_alice.get(f"{LINKS}?after={link_id}").status_code == 404


def test_revoking_needs_a_post(as_alice, unlimited):
    assert as_alice.get(f"{LINKS}/{share(store(unlimited)).pk}/revoke").status_code == 405


def test_every_live_link_of_the_account_is_listed_newest_first(as_alice, unlimited):
    links = [share(store(unlimited, run(name=f"run-{number}"))) for number in range(3)]
    ShareLink.objects.filter(pk=links[1].pk).update(view_count=1_234)
    html = text_of(as_alice.get(LINKS))
    assert re.findall(r"<bdi>(run-\d)</bdi>", html) == ["run-2", "run-1", "run-0"]
    assert "1.2k" in html


def test_many_links_come_in_pages_without_a_gap(as_alice, unlimited):
    trace = store(unlimited)
    for _ in range(LINKS_ON_PAGE + 3):
        share(trace)
    first = text_of(as_alice.get(LINKS))
    older = re.search(r'href="(\?after=[^"]*)"', first)[1]
    second = text_of(as_alice.get(LINKS + older))
    found = re.findall(r'data-copy="[^"]*/traces/([^"]*)"', first + second)
    assert len(found) == len(set(found)) == LINKS_ON_PAGE + 3


def test_three_links_cost_what_one_does(as_alice, unlimited, django_assert_num_queries):
    share(store(unlimited))
    with CaptureQueriesContext(connection) as one:
        as_alice.get(LINKS)
    share(store(unlimited))
    share(store(unlimited))
    with django_assert_num_queries(len(one)):
        as_alice.get(LINKS)


def test_lookups_are_scoped_by_account(alice, charlie):
    link = share(store(alice))
    assert link_of(alice.account, str(link.pk)) == link
    assert own_trace(alice.account, str(link.trace_id)) == link.trace
    for lookup, text in ((link_of, link.pk), (own_trace, link.trace_id), (link_of, "x"), (own_trace, "x")):
        with pytest.raises(Http404):
            lookup(charlie.account, str(text))
