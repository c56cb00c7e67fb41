"""The timeline in a real browser: choosing, keys, folding, finding, zooming, on a phone and without script."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.live import live_server
from traces.demo import DEMO_SHARE_ID

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}


@pytest.fixture(scope="module")
def server():
    """A new installation, which has the demo trace."""
    with live_server() as running:
        yield running


@pytest.fixture
def visit(browser, server):
    """Opens the demo trace; whatever the browser complains about is a failure."""
    complaints, contexts = [], []

    def go(ending: str = "", viewport=WIDE, **more):
        context = browser.new_context(viewport=viewport, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server.base_url}/traces/{DEMO_SHARE_ID}{ending}")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def row(page, name: str):
    return page.locator(".row").filter(has_text=name).first


def detail(page):
    return page.locator(".t-right h2 bdi")


def test_a_click_shows_the_span_and_names_it_in_the_address(visit):
    page = visit()
    expect(detail(page)).to_have_text("publish_report")
    row(page, "choose_sources").locator("a").click()
    expect(detail(page)).to_have_text("choose_sources")
    expect(page.locator(".msg")).to_have_count(5)
    expect(page).to_have_url(re.compile("#span="))


def test_an_address_with_a_span_opens_it(visit):
    page = visit()
    row(page, "write_draft").locator("a").click()
    expect(detail(page)).to_have_text("write_draft")
    expect(page).to_have_url(re.compile("#span="))
    expect(detail(visit("#" + page.url.split("#")[1]))).to_have_text("write_draft")


def test_the_keys_move_and_find_the_error(visit):
    page = visit()
    row(page, "choose_sources").locator("a").click()
    page.keyboard.press("j")
    expect(detail(page)).to_have_text("fetch_page")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("k")
    expect(detail(page)).to_have_text("GET search.example/v1/web")
    page.keyboard.press("e")
    expect(detail(page)).to_have_text("POST reports.internal:8443/v2/briefs")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_folding_hides_what_is_below_and_a_choice_opens_it_again(visit):
    page = visit()
    page.get_by_label("Fold gather").click()
    expect(page.locator(".row:visible")).to_have_count(11)
    page.get_by_label("Fold research-agent").click()
    expect(page.locator(".row:visible")).to_have_count(1)
    page.locator(".t-what .dim a").click()
    expect(detail(page)).to_have_text("GET search.example/v1/web")
    expect(row(page, "GET search.example")).to_be_visible()


def test_finding_dims_the_rest_and_enter_goes_through_the_hits(visit):
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("vector")
    expect(page.locator("[data-found]")).to_have_text("1 found")
    expect(page.locator(".row.miss")).to_have_count(23)
    page.keyboard.press("Enter")
    expect(detail(page)).to_have_text("vector_search")


def test_finding_reads_what_went_in_and_out(visit):
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("in 2025, **31,400**")
    expect(page.locator(".row:not(.miss)", has_text="write_draft")).to_have_count(1)
    expect(page.locator(".row.miss", has_text=re.compile("^plan"))).to_have_count(1)


def test_a_drag_over_the_minimap_zooms_and_a_double_click_goes_back(visit):
    page = visit()
    bar = row(page, "choose_sources").locator("rect")
    before = bar.get_attribute("width")
    box = page.locator(".t-map").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20, steps=3)
    page.mouse.up()
    expect(bar).not_to_have_attribute("width", before)
    assert float(bar.get_attribute("width").rstrip("%")) > 3 * float(before.rstrip("%"))
    page.locator(".t-map").dblclick()
    expect(bar).to_have_attribute("width", before)


def test_on_a_phone_the_detail_slides_over_and_the_way_back_closes_it(visit):
    page = visit(viewport=PHONE)
    row(page, "choose_sources").locator("a").click()
    expect(page.locator(".t-right.over h2 bdi")).to_have_text("choose_sources")
    page.go_back()
    expect(page.locator(".t-right.over")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_script_a_row_is_a_link_to_its_detail(visit):
    page = visit(java_script_enabled=False)
    row(page, "choose_sources").locator("a").click()
    expect(detail(page)).to_have_text("choose_sources")
    page.get_by_role("link", name="Next error").click()
    expect(detail(page)).to_have_text("POST reports.internal:8443/v2/briefs")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_with_a_conversation_open(visit, theme, viewport):
    page = visit(viewport=viewport, color_scheme=theme)
    row(page, "choose_sources").locator("a").click()
    expect(detail(page)).to_have_text("choose_sources")
    page.locator(".t-right summary").first.click()
    found = Axe().run(page).response["violations"]
    assert [violation["id"] for violation in found] == []
