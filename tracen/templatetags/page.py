"""Tags and filters that any template of the product may load: icons, durations, counts and moments."""

from datetime import datetime
from functools import cache

from django import template
from django.forms import BoundField
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from tracen.lib import wording

register = template.Library()
register.filter("duration", wording.duration_text)
register.filter("count", wording.count_text)
register.filter("bytes", wording.bytes_text)
register.filter("cost", wording.money_text)
register.filter("iso", wording.iso_z)

# A bar of trouble is hatched: the first pattern is for what failed, the second for what was retried.
_HATCHES = format_html_join(
    "",
    '<pattern id="{}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="h0" width="5" height="5"/><rect class="{}" width="2" height="5"/></pattern>',
    (("hatch", "h1"), ("hatch2", "h2")),
)


@cache
def _shapes(name: str) -> SafeString:
    """Return what stands inside the icon's <svg>; the names come from our templates only."""
    drawn = str(lucide(name, size=None))
    lines = drawn[drawn.index(">") + 1 : drawn.rindex("</svg>")].replace(" />", "/>").splitlines()
    return mark_safe("".join(line.strip() for line in lines))  # noqa: S308 - drawn by the icon package, nobody's input


def _meaning(label: str) -> SafeString:
    """An icon beside a word is silent; one that stands alone is an image with a name."""
    if not label:
        return mark_safe('aria-hidden="true"')
    return format_html('role="img" aria-label="{}"', label)


def _svg_class(extra: str) -> str:
    return f"ico {extra}".rstrip()


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """Draw a lucide icon in place: `{% icon "copy" %}`, `{% icon "circle-x" "failed" "ico-s bad" %}`."""
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" {}>{}</svg>', _svg_class(extra), _meaning(label), _shapes(name)
    )


@register.simple_tag
def icon_use(name: str, label: str = "", extra: str = "") -> SafeString:
    """Refer to an icon of the page's `{% icon_sprite %}`: a tenth of the bytes, for lists of thousands of rows."""
    return format_html('<svg class="{}" {}><use href="#i-{}"/></svg>', _svg_class(extra), _meaning(label), name)


@register.simple_tag
def icon_sprite(*names: str) -> SafeString:
    """Define the icons (and the two hatches) that `{% icon_use %}` and the bars of a timeline refer to."""
    symbols = format_html_join(
        "", '<symbol id="i-{}" viewBox="0 0 24 24">{}</symbol>', ((name, _shapes(name)) for name in names)
    )
    return format_html(
        '<svg class="sr" aria-hidden="true" width="0" height="0"><defs>{}</defs>{}</svg>', _HATCHES, symbols
    )


@register.filter
def utc(moment: datetime) -> str:
    """Write "22 Nov, 09:41" in UTC, with the year when it is not this one."""
    return wording.day_and_time(moment, timezone.now())


@register.simple_tag
def when(moment: datetime, relative: bool = True) -> SafeString:
    """A <time> that reads "5 minutes ago" (or, not relative, "22 Nov, 09:41") and has the exact UTC time on hover.

    A date is told in the reader's time zone, which is UTC for who has not chosen one.
    """
    write = wording.relative_time if relative else wording.day_and_time
    text = write(moment, timezone.now(), timezone.get_current_timezone())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', wording.iso_z(moment), wording.exact_time(moment), text
    )


@register.filter("input")
def input_of(field: BoundField) -> SafeString:
    """Draw a form's field as our input; the placeholder goes, since the label says the same and stays readable."""
    return field.as_widget(attrs={"class": "inp", "placeholder": False})


@register.filter
def limit(number: int | None) -> str:
    """Write a plan's limit exactly: "50,000", or "unlimited" for None."""
    return "unlimited" if number is None else f"{number:,}"
