"""Deleting an account: proven, typed, and then nothing of it is left in any table."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.mail import send_mail
from django.db import connection, models
from django.test import Client
from django.utils import timezone

from accounts import closing
from accounts.belongings import belongings
from accounts.models import Account, ApiKey, Membership, Session, User
from accounts.tasks import erase_closed_accounts
from accounts.tests.people import PASSWORD, copy_of, member, prove, sign_in
from tests.api import NEXUS, TRACES, span_body, tracen_body
from tracen.outbox.models import Delivery

pytestmark = pytest.mark.django_db

DELETE = "/dashboard/settings/delete"
CANARY = "canary-7f3a"
# By name: accounts know nothing of traces, not even in a test.
Span, Trace = apps.get_model("traces", "Span"), apps.get_model("traces", "Trace")


def every_row() -> Iterator[tuple[str, str]]:
    """The name of each table in the database, and each of its rows as text; the catalogue is asked, not the models."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if connection.vendor == "sqlite" and table.startswith("trace_search"):
                continue  # the index's own pages: asked below in its own language
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield table, "|".join(str(bytes(v) if isinstance(v, memoryview) else v) for v in row)


def tables_with(*texts: str) -> set[str]:
    return {table for table, row in every_row() if any(text in row for text in texts)}


def enter_password(person) -> Client:
    person.user.set_password(PASSWORD)
    person.user.save()
    EmailAddress.objects.create(user=person.user, email=person.user.email, primary=True, verified=True)
    return sign_in(person.user.email)


@pytest.fixture
def full(alice, monkeypatch) -> Client:
    """Alice with something in every table; signed in, her password given again."""
    monkeypatch.setattr("accounts.settings_views._SECONDS_TO_ERASE", 60)
    client = enter_password(alice)
    api = alice.api
    shared = api.post(TRACES, tracen_body(prompt=CANARY), headers={"Idempotency-Key": f"{CANARY}-1"}).json()
    assert "url" in shared
    trace_id = api.create_trace(name=CANARY, agent_id=CANARY, metadata={"note": CANARY})
    span = span_body(name=CANARY, input={"text": CANARY}, output={"text": CANARY})
    api.post(f"{NEXUS}/{trace_id}/spans", span, headers={"Idempotency-Key": f"{CANARY}-2"})
    Authenticator.objects.create(user=alice.user, type=Authenticator.Type.TOTP, data={"secret": CANARY})
    return client


@pytest.fixture
def proven(full) -> Client:
    Authenticator.objects.all().delete()
    prove(full)
    return full


def ids_of(account: Account) -> list[str]:
    """The ids by which rows refer to the account's own, where they are long enough to be told from a number."""
    own = [row.pk for belonging in belongings() for row in belonging.rows(account.pk)]
    return [text for pk in own if isinstance(pk, uuid.UUID) for text in (str(pk), pk.hex)]


def test_it_takes_the_password_and_then_the_address(proven, alice):
    fresh = sign_in("alice@example.com")
    assert fresh.get(DELETE)["Location"].startswith("/accounts/reauthenticate?next=")
    assert fresh.post(DELETE, {"confirmation": "alice@example.com"})["Location"].startswith("/accounts/reauthenticate")
    for typed in ("", "alice", "charlie@example.com", "yes"):
        assert 'id="id_confirmation_error"' in proven.post(DELETE, {"confirmation": typed}).text
    assert Account.objects.filter(pk=alice.account.pk, closed_at=None).exists()


def test_nothing_of_it_is_left_in_any_table(full, alice, charlie):
    canaries = [CANARY, "alice@example.com", alice.api.key[10:16], *ids_of(alice.account)]
    found = tables_with(*canaries)
    assert {"traces_trace", "traces_span", "traces_sharelink", "accounts_user", "mfa_authenticator"} <= found
    assert {"traces_idempotentrequest", "traces_tracepayload", "traces_spanpack", "traces_agent"} <= found
    kept = set(every_row()) - {(t, r) for t, r in every_row() if any(c in r for c in canaries)}

    Authenticator.objects.filter(data__secret=CANARY).delete()
    prove(full)
    Authenticator.objects.create(user=alice.user, type=Authenticator.Type.TOTP, data={"secret": CANARY})
    assert full.post(DELETE, {"confirmation": "alice@example.com"})["Location"] == "/"

    assert tables_with(*canaries) == set()
    assert not Account.objects.filter(pk=alice.account.pk).exists()
    assert not Session.objects.exclude(user=None).exists()
    strangers = {row for row in kept if "charlie" in row[1]}
    assert strangers
    assert strangers <= set(every_row())


# PostgreSQL's index is one of the table and has no rows of its own.
@pytest.mark.one_database
def test_the_search_finds_nothing_of_it(proven, alice):
    proven.post(DELETE, {"confirmation": "alice@example.com"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trace_search WHERE trace_search MATCH 'canary'")
        assert cursor.fetchone() == (0,)
        cursor.execute("INSERT INTO trace_search(trace_search) VALUES ('integrity-check')")


def test_keys_pages_and_cookies_are_dead_at_once(proven, alice):
    url = alice.api.post(TRACES, tracen_body()).json()["url"]
    path = "/traces/" + url.rpartition("/")[2]
    assert Client().get(path).status_code == 200
    thief = copy_of(proven)
    proven.post(DELETE, {"confirmation": "Alice@Example.com "})
    assert alice.api.post(TRACES, tracen_body()).status_code == 401
    assert Client().get(path).status_code == 404
    assert thief.get("/dashboard").status_code == 302
    assert "The account is deleted." in proven.get("/").text


def test_who_is_in_another_account_keeps_their_sign_in(proven, alice, bob, charlie):
    Membership.objects.create(account=charlie.account, user=bob.user, role=Membership.Role.MEMBER)
    proven.post(DELETE, {"confirmation": "alice@example.com"})
    assert set(User.objects.all()) == {bob.user, charlie.user}
    assert [membership.account for membership in bob.user.memberships.all()] == [charlie.account]


def test_who_was_in_no_other_account_goes_with_it(proven, alice, bob, charlie):
    proven.post(DELETE, {"confirmation": "alice@example.com"})
    assert set(User.objects.all()) == {charlie.user}


def test_a_teammate_leaves_and_the_account_stays(full, alice, bob):
    client = enter_password(bob)
    prove(client)
    assert "<h1>Leave the account?</h1>" in client.get(DELETE).text
    client.post(DELETE, {"confirmation": "bob@example.com"})
    assert set(User.objects.all()) == {alice.user}
    assert Account.objects.get(pk=alice.account.pk).closed_at is None
    assert alice.api.get(NEXUS).status_code == 200


def test_what_takes_long_is_left_to_a_worker(
    proven, alice, monkeypatch, prompt_waker, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr("accounts.settings_views._SECONDS_TO_ERASE", -1)
    monkeypatch.setattr(erase_closed_accounts, "delay", lambda: sent.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        proven.post(DELETE, {"confirmation": "alice@example.com"})
    assert sent == [True]
    assert Trace.objects.filter(account=alice.account).exists()
    assert not ApiKey.objects.filter(account=alice.account).exists()
    erase_closed_accounts()
    assert not Account.objects.filter(pk=alice.account.pk).exists()
    assert tables_with(CANARY) == set()


def test_mails_to_its_members_go_too_and_nobody_elses(proven, alice, bob, charlie, settings):
    settings.EMAIL_BACKEND = "tracen.outbox.mail.EmailBackend"
    for reader in ("Alice@example.com", "bob@example.com", "charlie@example.com"):
        send_mail("Hello", CANARY, None, [reader])
    Delivery.objects.filter(group="bob@example.com").update(given_up_at=timezone.now())
    proven.post(DELETE, {"confirmation": "alice@example.com"})
    assert [row.group for row in Delivery.objects.filter(kind="mail")] == ["charlie@example.com"]


def test_it_is_erased_in_batches(full, alice, monkeypatch):
    monkeypatch.setattr(closing, "_BATCH", 2)
    trace_id = alice.api.create_trace(agent_id=CANARY)
    for _ in range(7):
        alice.api.add_span(trace_id)
    closing.close_account(alice.account)
    assert closing.erase_account(alice.account.pk)
    assert (Span.objects.count(), Trace.objects.count()) == (0, 0)


def test_an_open_account_is_never_erased(full, alice):
    assert closing.erase_account(alice.account.pk)
    erase_closed_accounts()
    assert Trace.objects.filter(account=alice.account).exists()


def test_erasing_twice_is_erasing_once(full, alice):
    closing.close_account(alice.account)
    closing.close_account(alice.account)
    assert closing.erase_account(alice.account.pk)
    assert closing.erase_account(alice.account.pk)


def test_every_table_that_refers_to_an_account_is_among_its_belongings():
    found = {belonging.model for belonging in belongings()}
    referring = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in {Account, *found}
    }
    assert referring == found


def test_a_person_can_come_back_to_an_empty_account(proven):
    proven.post(DELETE, {"confirmation": "alice@example.com"})
    client = Client()
    client.post("/accounts/signup", {"email": "alice@example.com", "password1": PASSWORD})
    assert client.get("/dashboard/settings").status_code == 200
    assert not Trace.objects.exists()


def test_the_proof_of_who_it_is_grows_old(db):
    member()
    client = sign_in()
    prove(client)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = (timezone.now() - timedelta(minutes=6)).timestamp()
    session.save()
    assert client.get(DELETE)["Location"].startswith("/accounts/reauthenticate")
