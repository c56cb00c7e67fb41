"""The settings of alerts: each member's own opt-out, and how long the account waits for a silent run."""

import pytest

from accounts.models import Account, Membership
from accounts.plans import PRO
from accounts.tests.people import member, sign_in

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/settings"


@pytest.fixture
def client(db):
    member()
    return sign_in()


def section(page: str, name: str) -> str:
    return page.split(f'aria-labelledby="set-{name}"')[1].split("</section>")[0]


def test_a_free_account_is_told_that_alerts_are_part_of_pro(client):
    shown = section(client.get(PAGE).text, "alerts")
    assert "Alert mails are part of the Pro plan." in shown
    assert "<button" not in shown


def test_a_member_turns_the_mails_off_and_on_again(client):
    Account.objects.update(plan_slug=PRO.slug)
    assert 'value="yes" aria-pressed="true"' in section(client.get(PAGE).text, "alerts")
    for wants, stored in (("no", False), ("yes", True)):
        assert client.post(f"{PAGE}/alerts", {"wants": wants})["Location"] == PAGE
        assert Membership.objects.get().wants_alerts is stored


def test_it_is_the_persons_own_choice(client):
    other = member("bob@example.com")
    client.post(f"{PAGE}/alerts", {"wants": "no"})
    assert Membership.objects.get(user=other).wants_alerts is True


@pytest.mark.parametrize("minutes", [5, 90, 10_080])
def test_the_silence_is_set_for_the_account(client, minutes):
    assert client.post(f"{PAGE}/silence", {"silent_minutes": minutes})["Location"] == PAGE
    assert Account.objects.get().silent_minutes == minutes
    assert f'value="{minutes}"' in section(client.get(PAGE).text, "silence")


@pytest.mark.parametrize("minutes", ["4", "10081", "-60", "", "soon", "1e3", "5.5", "9" * 400])
def test_a_silence_beyond_its_limits_is_refused(client, minutes):
    page = client.post(f"{PAGE}/silence", {"silent_minutes": minutes})
    assert 'id="id_silent_minutes_error"' in page.text
    assert Account.objects.get().silent_minutes == 60
