"""The made-up month: the same every time, everything in it that is hard to show, and never on a public server."""

import random
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Account, User
from traces.models import ShareLink, Trace
from traces.seeding import LARGE_TRACE_SPANS, month_of_runs

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_the_month_is_the_same_every_time():
    months = [list(month_of_runs(random.Random(1), NOW)) for _ in range(2)]

    assert months[0] == months[1]
    assert {run.status for run in months[0]} == {"running", "success", "error", "timeout"}
    assert max(len(run.spans) for run in months[0]) >= LARGE_TRACE_SPANS
    assert all(run.started_at < NOW for run in months[0])


@pytest.mark.django_db
def test_the_command_fills_an_account_that_can_be_signed_in_to(client):
    out = StringIO()

    call_command("seed_demo", stdout=out)

    password = out.getvalue().split()[-1]
    assert client.login(email="demo@example.com", password=password)
    assert Account.objects.get().plan_slug == "pro"
    assert Trace.objects.filter(received_at__lt=timezone.now() - timedelta(days=20)).count() > 100
    assert ShareLink.objects.exclude(pk__in=Trace.objects.values("pk")).count() == 1


@pytest.mark.django_db
def test_it_is_refused_on_a_public_server_and_for_a_known_address(settings):
    User.objects.create_user("demo@example.com")
    with pytest.raises(CommandError, match="has an account already"):
        call_command("seed_demo")
    settings.IS_LOCAL = False
    with pytest.raises(CommandError, match="only while BASE_URL is on this machine"):
        call_command("seed_demo", "--email", "new@example.com")
