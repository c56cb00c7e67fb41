"""The settings page: theme, time zone, and the banner about an address that is not confirmed."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.utils import timezone

from accounts.models import User
from accounts.tests.people import member, sign_in

pytestmark = pytest.mark.django_db


def test_anonymous_visitors_are_sent_to_the_sign_in_page(client):
    for path in ("/dashboard/settings", "/dashboard/settings/"):
        assert client.get(path)["Location"] == f"/accounts/login?next={path}"


def test_the_time_zone_is_kept_and_used(db):
    member()
    client = sign_in()
    assert (
        client.post("/dashboard/settings/time-zone", {"time_zone": "Asia/Tokyo"})["Location"] == "/dashboard/settings"
    )
    assert User.objects.get().time_zone == "Asia/Tokyo"
    page = client.get("/dashboard/settings").text
    assert '<option value="Asia/Tokyo" selected>' in page
    assert "Times are shown as in Asia/Tokyo." in page


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "UTC\0", "Etc/GMT+3", "x" * 65])
def test_a_place_that_is_none_is_refused(db, zone):
    member()
    page = sign_in().post("/dashboard/settings/time-zone", {"time_zone": zone})
    assert 'id="id_time_zone_error"' in page.text
    assert User.objects.get().time_zone == "UTC"


def test_a_date_is_told_in_the_readers_zone_with_utc_on_hover():
    moment = datetime(2024, 1, 15, 20, 30, tzinfo=UTC)
    draw = Template("{% load page %}{% when moment %}").render
    with timezone.override("Asia/Tokyo"):
        shown = draw(Context({"moment": moment}))
    assert ">16 Jan 2024, 05:30</time>" in shown
    assert 'title="15 Jan 2024, 20:30:00.000 UTC"' in shown
    assert ">15 Jan 2024, 20:30</time>" in draw(Context({"moment": moment}))


def test_the_theme_is_chosen_here_too(db):
    member()
    client = sign_in()
    assert client.post("/theme", {"theme": "dark", "next": "/dashboard/settings"})["Location"] == "/dashboard/settings"
    page = " ".join(client.get("/dashboard/settings").text.split())
    assert 'value="dark" aria-pressed="true"' in page


def test_the_banner_says_where_mails_lie_while_none_are_sent(db, settings):
    member(confirmed=False)
    client = sign_in()
    settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
    assert "is not confirmed yet" in client.get("/dashboard/settings").text
    assert "<code>mail</code>" not in client.get("/dashboard/settings").text
    settings.MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"
    assert "<code>mail</code>" in client.get("/dashboard/settings").text


def test_a_confirmed_address_has_no_banner(db):
    member()
    assert "is not confirmed yet" not in sign_in().get("/dashboard/settings").text
