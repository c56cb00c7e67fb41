"""Icons, moments and limits as templates write them."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.template import Context, Template

from accounts.plans import FREE, PRO

MOMENT = datetime(2026, 3, 14, 9, 41, 7, 250_000, tzinfo=UTC)


def render(source: str, **values) -> str:
    return Template("{% load page %}" + source).render(Context(values))


def test_an_icon_beside_a_word_is_silent():
    drawn = render('{% icon "copy" %}')
    assert drawn.startswith('<svg class="ico" viewBox="0 0 24 24" aria-hidden="true"><rect')
    assert drawn.endswith("</svg>")


def test_an_icon_that_stands_alone_has_a_name():
    assert 'class="ico ico-s bad"' in render('{% icon "circle-x" "failed" "ico-s bad" %}')
    assert 'role="img" aria-label="&lt;b&gt;"' in render('{% icon "circle-x" label %}', label="<b>")


def test_a_sprite_defines_what_the_rows_refer_to():
    assert '<symbol id="i-bot" viewBox="0 0 24 24">' in render('{% icon_sprite "bot" "globe" %}')
    assert render('{% icon_use "bot" "Agent" "k-agent" %}') == (
        '<svg class="ico k-agent" role="img" aria-label="Agent"><use href="#i-bot"/></svg>'
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [("{% when moment %}", "5 minutes ago"), ("{% when moment relative=False %}", "14 Mar, 09:41")],
)
def test_a_moment_has_the_exact_time_on_hover(source, text):
    with time_machine.travel(MOMENT.replace(minute=46, second=30), tick=False):
        drawn = render(source, moment=MOMENT)
    assert drawn == (f'<time datetime="2026-03-14T09:41:07.250Z" title="14 Mar 2026, 09:41:07.250 UTC">{text}</time>')


def test_limits_are_exact():
    assert render("{{ plan.traces_per_month|limit }} {{ plan.agents|limit }}", plan=FREE) == "1,000 1"
    assert render("{{ plan.traces_per_month|limit }} {{ plan.agents|limit }}", plan=PRO) == "50,000 unlimited"


def test_figures_are_written_as_everywhere():
    assert render("{{ 2680|duration }} {{ 12400|count }} {{ 34816|bytes }}") == "2.68 s 12.4k 34 KB"
