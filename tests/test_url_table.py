"""What is true of every address, read from the URL table itself: a new one without an entry here fails.

A stranger's object is 404 whatever the method, a visitor without a session is sent to the sign-in page, and no browser
form is taken without its CSRF token.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import ApiKey, Export
from tests.api import NEXUS, Api
from traces.models import Agent, ShareLink, Trace, Webhook, WebhookDelivery
from traces.sharing import share
from traces.webhooks.endpoints import add_webhook

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PRIVATE, API, PUBLIC, OWN_TOKEN = "private", "api", "public", "token"


@dataclass
class Things:
    """One of each kind of object that Alice owns, for the ids in addresses."""

    trace: Trace
    span: str
    agent: Agent
    key: ApiKey
    link: ShareLink
    export: Export
    webhook: Webhook
    delivery: WebhookDelivery


@pytest.fixture
def things(alice) -> Things:
    trace_id = alice.api.create_trace(agent_id="alices-agent")
    span = alice.api.add_span(trace_id)
    trace = Trace.objects.get(pk=trace_id)
    export = Export.objects.create(account=alice.account, size=1, finished_at=timezone.now())
    webhook = add_webhook(alice.account, "https://example.com/hook")
    delivery = WebhookDelivery.objects.create(webhook=webhook, event="test", failed_at=timezone.now())
    key = ApiKey.objects.get(account=alice.account)
    return Things(trace, span, Agent.objects.get(), key, share(trace), export, webhook, delivery)


Maker = Callable[[Things], str]
# Every named address with an id in it: who may use it, and how its path is made of Alice's things.
WITH_ID: dict[str, tuple[str, Maker]] = {
    "revoke_key": (PRIVATE, lambda it: f"/dashboard/keys/{it.key.pk}/revoke"),
    "agent": (PRIVATE, lambda it: f"/dashboard/agents/{it.agent.pk}"),
    "rename_agent": (PRIVATE, lambda it: f"/dashboard/agents/{it.agent.pk}/rename"),
    "delete_agent": (PRIVATE, lambda it: f"/dashboard/agents/{it.agent.pk}/delete"),
    "trace": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}"),
    "trace_json": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}.json"),
    "trace_live": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}/live"),
    "trace_span": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}/spans/{it.span}"),
    "trace_find": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}/find"),
    "share_trace": (PRIVATE, lambda it: f"/dashboard/traces/{it.trace.pk}/share"),
    "revoke_link": (PRIVATE, lambda it: f"/dashboard/links/{it.link.pk}/revoke"),
    "download_export": (PRIVATE, lambda it: f"/dashboard/settings/exports/{it.export.pk}"),
    "webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}"),
    "test_webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/test"),
    "roll_webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/roll"),
    "disable_webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/disable"),
    "enable_webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/enable"),
    "delete_webhook": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/delete"),
    "redeliver_failed": (PRIVATE, lambda it: f"/dashboard/webhooks/{it.webhook.pk}/redeliver"),
    "redeliver": (PRIVATE, lambda it: f"/dashboard/webhooks/deliveries/{it.delivery.pk}/redeliver"),
    "api_v1_trace": (API, lambda it: f"{NEXUS}/{it.trace.pk}"),
    "api_v1_spans": (API, lambda it: f"{NEXUS}/{it.trace.pk}/spans"),
    # Whoever has the address may read: the id is the key.
    "shared_trace": (PUBLIC, lambda it: f"/traces/{it.link.pk}"),
    "shared_trace_json": (PUBLIC, lambda it: f"/traces/{it.link.pk}.json"),
    "shared_find": (PUBLIC, lambda it: f"/traces/{it.link.pk}/find"),
    "shared_span": (PUBLIC, lambda it: f"/traces/{it.link.pk}/spans/{it.span}"),
    "docs_library": (PUBLIC, lambda it: "/docs/tracing/langfuse"),
    # Their ids are one's own session or a token from a mail; accounts/tests has their stories.
    "end_session": (OWN_TOKEN, lambda it: "/dashboard/settings/sessions/1/end"),
    "account_confirm_email": (OWN_TOKEN, lambda it: "/accounts/confirm-email/x"),
    "account_reset_password_from_key": (OWN_TOKEN, lambda it: "/accounts/password/reset/key/1-x"),
    "mfa_remove_webauthn": (OWN_TOKEN, lambda it: "/accounts/2fa/webauthn/keys/1/remove"),
    "mfa_edit_webauthn": (OWN_TOKEN, lambda it: "/accounts/2fa/webauthn/keys/1/edit"),
}


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from walk(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


TABLE = [(route, pattern) for route, pattern in walk(get_resolver()) if pattern.name]
HAS_ID = re.compile(r"<|\(\?P")


def test_every_address_with_an_id_has_an_entry_here():
    assert {pattern.name for route, pattern in TABLE if HAS_ID.search(route)} == set(WITH_ID)


def signed_in(person, **options) -> Client:
    client = Client(**options)
    client.force_login(person.user)
    return client


def of_kind(kind: str) -> list[str]:
    return [name for name, (entry, _) in WITH_ID.items() if entry == kind]


@pytest.mark.parametrize("name", of_kind(PRIVATE))
def test_a_strangers_object_is_not_there(things, alice, charlie, name):
    path = WITH_ID[name][1](things)
    stranger = signed_in(charlie)
    answers = {method: stranger.generic(method, path).status_code for method in METHODS}

    assert set(answers.values()) <= {404, 405}, answers
    assert 404 in answers.values(), answers


@pytest.mark.parametrize("name", of_kind(PRIVATE))
def test_a_visitor_is_sent_to_the_sign_in_page(things, name):
    path = WITH_ID[name][1](things)
    for method in METHODS:
        answer = Client().generic(method, path)
        assert answer.status_code in (302, 405), method
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login?next=")


@pytest.mark.parametrize("name", of_kind(API))
def test_a_strangers_trace_is_not_there_for_the_api_either(things, charlie, name):
    path = WITH_ID[name][1](things)
    for method in METHODS:
        assert charlie.api.send(method, path, {}).status_code in (404, 405)
        assert Api(None).send(method, path, {}).status_code in (401, 405)


@pytest.mark.parametrize("name", of_kind(PUBLIC))
def test_a_public_page_is_read_and_nothing_else(things, name):
    path = WITH_ID[name][1](things)
    for method in METHODS:
        status = Client().generic(method, path).status_code
        assert status == (200 if method in ("GET", "HEAD") else 405), method


def paths(things: Things) -> Iterator[str]:
    """Every address of the product, with Alice's ids filled in."""
    for route, pattern in TABLE:
        if pattern.name in WITH_ID:
            yield WITH_ID[pattern.name][1](things)
        else:
            always = re.sub(r"\(\?:[^)]*\)\?", "", route)
            yield "/" + always.replace("^", "").removesuffix(r"/?\Z").removesuffix(r"\Z").replace("\\.", ".")


def test_no_form_is_taken_without_its_token(things, alice):
    member = signed_in(alice, enforce_csrf_checks=True)
    before = [model.objects.count() for model in (Trace, Agent, ApiKey, ShareLink)]
    for path in paths(things):
        # A key or a signature is asked for instead.
        if path.startswith(("/api/", "/v1/", "/billing/webhook")):
            continue
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert member.generic(method, path).status_code in (403, 405), (method, path)
    assert [model.objects.count() for model in (Trace, Agent, ApiKey, ShareLink)] == before


def test_the_api_takes_no_cookie_for_a_key(things, alice):
    member = signed_in(alice)
    for path in ("/api/traces", NEXUS, f"{NEXUS}/{things.trace.pk}/spans", "/v1/traces"):
        assert member.post(path, {}, content_type="application/json").status_code == 401


def test_every_page_forbids_foreign_scripts_and_frames(things, alice):
    member = signed_in(alice)
    for path in paths(things):
        answer = member.get(path)
        assert answer.status_code < 500, path
        policy = answer.headers.get("Content-Security-Policy", "")
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert "unsafe-inline" not in policy, path
        assert answer["X-Content-Type-Options"] == "nosniff", path


def test_no_private_page_is_kept_by_a_cache(things, alice):
    member = signed_in(alice)
    for path in paths(things):
        if path.startswith(("/dashboard", "/accounts")):
            kept = member.get(path).headers.get("Cache-Control", "")
            assert "no-store" in kept, (path, kept)
