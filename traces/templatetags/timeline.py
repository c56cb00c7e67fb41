"""The tags of the timeline: a row of the waterfall, drawn here because there may be ten thousand, and a span's address."""

from html import escape

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from traces.reading.spending import row_cost, row_tokens
from traces.reading.timeline_view import ShownRow, TimelineView
from traces.timeline import Row

register = template.Library()


@register.simple_tag
def span_href(timeline: TimelineView, span_id: str) -> str:
    """Where a link to a span leads: on a sheet to its row, else to a page that shows its detail."""
    return f"#span={span_id}" if timeline.layout == "sheet" else f"{timeline.url}?span={span_id}#detail"


@register.simple_tag
def timeline_row(shown: ShownRow, timeline: TimelineView) -> SafeString:
    """One <li>, in as few bytes as it takes: heights are in the style sheet, a bracket is one symbol of the page."""
    row = shown.row
    anchor = f' id="span={escape(row.id)}"' if timeline.layout == "sheet" else ""
    current = ' aria-current="true"' if shown.is_selected else ""
    html = (
        f'<li class="{shown.css}" aria-level="{row.level}"{anchor}><div class="nm">{_fold(row)}'
        f"{_icon(shown.kind.icon, shown.kind.label)}"
        f'<a href="{escape(span_href(timeline, row.id))}"{current}><bdi>{escape(row.name)}</bdi></a>{_signs(row)}</div>'
        f'<span class="end">{escape(row.duration)}</span><svg class="wf" aria-hidden="true">{_plot(row)}</svg></li>\n'
    )
    return mark_safe(html)  # noqa: S308 - the name and the ids, all that is not ours, were escaped


@register.simple_tag
def timeline_minimap(timeline: TimelineView) -> SafeString:
    """The whole run in lines of two pixels."""
    marks = (
        (mark.tone, " thin" if mark.is_thin else "", mark.x1, mark.x2, mark.y, mark.y) for mark in timeline.minimap
    )
    return format_html_join("", '<line class="k-{}{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>', marks)


@register.simple_tag
def timeline_ticks(timeline: TimelineView) -> SafeString:
    """The marks of the axis with their labels."""
    ticks = ((tick.x, tick.x, tick.edge, tick.x, tick.label) for tick in timeline.ticks)
    return format_html_join(
        "", '<line x1="{}%" x2="{}%" y1="20" y2="24"/><text class="{}" x="{}%" y="15">{}</text>', ticks
    )


@register.simple_tag
def timeline_grid(timeline: TimelineView) -> SafeString:
    """The lines behind the bars, one for each tick that is not an edge."""
    inner = ((tick.x, tick.x) for tick in timeline.ticks if not tick.edge)
    return format_html_join("", '<line x1="{}%" x2="{}%" y2="100%"/>', inner)


def _fold(row: Row) -> str:
    if not row.child_count:
        return ""
    label = escape(f"Fold {row.name}")
    return f'<button class="fold scripted" aria-expanded="true" aria-label="{label}"></button>'


def _signs(row: Row) -> str:
    """What follows the name: how many spans are below, how it ended, what is odd, what it cost."""
    below = f"{row.descendant_count:,}"
    signs = f'<span class="n" title="{below} below">{below}</span>' if row.child_count else ""
    if row.is_failed:
        signs += _icon("circle-x", "failed", " ico-s bad")
    elif row.is_recovered:
        icon, label = ("refresh-cw", "failed, retried") if row.is_retried else ("circle-x", "failed, recovered")
        signs += _icon(icon, label, " ico-s late")
    if row.is_odd:
        signs += _icon("unlink", row.notes[0], " ico-s odd")
    return signs + _spent(row)


def _spent(row: Row) -> str:
    """Tokens and cost that count: what all rows say adds up to what the run says."""
    told = [row_tokens(row.tokens), row_cost(row.tokens, row.cost_nanodollars)]
    if not any(told):
        return ""
    exact = f"{row.tokens or 0:,} tokens, {told[1]}"
    return f'<span class="sp" title="{exact}"><span>{told[0]}</span><span>{told[1]}</span></span>'


def _icon(name: str, label: str, extra: str = "") -> str:
    return f'<svg class="ico{extra}" role="img" aria-label="{escape(label)}"><use href="#i-{name}"/></svg>'


def _plot(row: Row) -> str:
    bracket = "bo" if row.duration_ms is None else "br"
    shape = f'use href="#{bracket}"' if row.child_count else "rect"
    at = "" if row.label_at == "after" else f' class="{row.label_at}"'
    return f'<{shape} x="{row.x}%" width="{row.width}%"/><text{at} x="{row.label_x}%">{escape(row.label)}</text>'
