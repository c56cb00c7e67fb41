"""A passkey in a real browser with a virtual device: added, used as the second step and in place of the password."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.live import LiveServer, live_server

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

PASSWORD = "a long pass phrase"
EMAIL = "ada@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def device(server, browser) -> Iterator[Page]:
    """A page in a browser that has a fingerprint reader, signed in with a confirmed address; no complaint is allowed."""
    # Browsers know passkeys for names only, and 127.0.0.1 is none.
    context = browser.new_context(base_url=f"http://localhost:{server.port}", reduced_motion="reduce")
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    reader = {**options, "isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": reader})
    make_person(server)
    page.goto("/accounts/login")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    assert complaints == []


def make_person(server: LiveServer) -> None:
    script = (
        "from accounts.models import User; from allauth.account.models import EmailAddress; "
        f"User.objects.all().delete(); user = User.objects.create_user('{EMAIL}', '{PASSWORD}'); "
        f"EmailAddress.objects.create(user=user, email='{EMAIL}', primary=True, verified=True)"
    )
    server.run_command("shell", "-v", "0", "-c", script)


def add_passkey(page: Page, *, passwordless: bool) -> None:
    page.goto("/accounts/2fa/webauthn/add")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    wait_for_script(page, "Add the passkey")
    if passwordless:
        page.get_by_label("Let it sign me in without the password").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert Axe().run(page).response["violations"] == []


def wait_for_script(page: Page, button: str) -> None:
    """What asks the device is a script, which is the last thing that comes with the page of the button."""
    expect(page.get_by_role("button", name=button)).to_be_visible()
    page.wait_for_load_state()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_a_passkey_signs_in_without_a_password(device):
    add_passkey(device, passwordless=True)
    sign_out(device)
    device.goto("/accounts/login")
    assert Axe().run(device).response["violations"] == []
    device.get_by_role("button", name="Sign in with a passkey").click()
    device.wait_for_url("**/dashboard")


def test_a_passkey_is_the_second_step_after_the_password(device):
    add_passkey(device, passwordless=False)
    sign_out(device)
    device.goto("/accounts/login?next=/dashboard/settings")
    device.get_by_label("E-mail").fill(EMAIL)
    device.get_by_label("Password").fill(PASSWORD)
    device.get_by_role("button", name="Sign in", exact=True).click()
    expect(device.get_by_role("heading", level=1)).to_have_text("The second step")
    assert Axe().run(device).response["violations"] == []
    wait_for_script(device, "Use a passkey")
    device.get_by_role("button", name="Use a passkey").click()
    device.wait_for_url("**/dashboard/settings")


def test_a_device_without_the_passkey_is_told_so(device):
    sign_out(device)
    device.goto("/accounts/login")
    device.get_by_role("button", name="Sign in with a passkey").click()
    expect(device.get_by_role("alert")).to_contain_text("Nothing was chosen")
