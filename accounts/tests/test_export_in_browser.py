"""The export against the running product: a real worker writes it while the page looks on."""

import json
import zipfile
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.live import LiveServer, live_server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def settings_page(server, page) -> Page:
    page.goto(f"{server.base_url}/accounts/signup")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill("a long pass phrase")
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url("**/dashboard")
    page.goto(f"{server.base_url}/dashboard/settings")
    return page


def test_it_is_written_and_downloaded(settings_page):
    settings_page.get_by_role("button", name="Export all data").click()
    link = settings_page.get_by_role("link", name="Download,")
    expect(link).to_be_visible(timeout=30_000)
    assert Axe().run(settings_page).response["violations"] == []
    with settings_page.expect_download() as waiting:
        link.click()
    archive = zipfile.ZipFile(waiting.value.path())
    assert archive.testzip() is None
    assert json.loads(archive.read("account.json"))["members"][0]["email"] == "ada@example.com"
