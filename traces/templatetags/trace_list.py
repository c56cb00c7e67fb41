"""The rows of the list of traces, drawn here: a template took a third of the page's time for them."""

from collections.abc import Iterable
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from tracen.lib.wording import count_text, money_text
from tracen.templatetags.page import icon_use, when
from traces.reading.looks import TRACE_STATUSES
from traces.reading.trace_list import ListedTrace

register = template.Library()

_NOTHING = "–"


@register.simple_tag
def trace_rows(rows: Iterable[ListedTrace]) -> SafeString:
    """A <tr> for each trace, with a box to select it and a link to its page."""
    addresses = reverse("traces")
    signs = {
        status: f'<span class="st {status.tone}">{icon_use(status.icon)}{status.label}</span>'
        for status in TRACE_STATUSES.values()
    }
    html = "".join(_row(trace, addresses, signs[trace.status]) for trace in rows)
    return mark_safe(html)  # noqa: S308 - name and agent, all that is not ours, were escaped


def _row(trace: ListedTrace, addresses: str, sign: str) -> str:
    name, who = escape(trace.name), escape(trace.who)
    return (
        f'<tr data-id="{trace.id}"><td class="sel">'
        f'<input type="checkbox" name="id" value="{trace.id}" aria-label="Select {name}" autocomplete="off"></td>'
        f"<td>{sign}</td>"
        f'<th scope="row" class="w"><a class="go clip" dir="auto" href="{addresses}/{trace.id}" title="{name}">{name}</a>'
        f'</th><td class="clip ag" title="{who}"><bdi>{who or _NOTHING}</bdi></td>'
        f'<td class="num">{when(trace.started_at)}</td><td class="num end">{_duration(trace)}</td>'
        f'<td class="num opt">{count_text(trace.span_count)}</td>'
        f'<td class="num opt">{count_text(trace.input_tokens) or _NOTHING}</td>'
        f'<td class="num opt">{count_text(trace.output_tokens) or _NOTHING}</td>'
        f'<td class="num opt">{_cost(trace)}</td></tr>\n'
    )


def _duration(trace: ListedTrace) -> str:
    if trace.is_running:
        return f'<span class="faint" title="So far, since it was received">{trace.duration}</span>'
    return trace.duration or _NOTHING


def _cost(trace: ListedTrace) -> str:
    if trace.cost_nanodollars is not None:
        return money_text(trace.cost_nanodollars)
    return '<span class="faint">no price</span>' if trace.input_tokens or trace.output_tokens else _NOTHING
